//! Runs an import.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hookswitch_model::{ClientId, ClientKind};
use hookswitch_store::{
    AuditAction, AuditChange, Client, ClientFields, ClientSource, ClientWrite, NewClient, StoreError, User,
    folded,
};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use super::guess::ImportTarget;
use super::lines::{Line, Lines};
use super::rows::{Reading, named};
use super::{DuplicateRule, Import, ImportState, Progress};
use crate::calls::Calls;
use crate::clients::fields::empty;
use crate::clock;
use crate::cut::{self, cut};
use crate::error::{Error, Result};
use crate::spreadsheet::plain;

/// Clients written per transaction, which blocks webhooks for its duration.
const BATCH: usize = 100;

/// Maximum number of companies cached by name.
const MAX_COMPANIES: usize = 10_000;

/// Imports a file until it is finished or cancelled, or the server stops.
pub async fn run(
    calls: Arc<Calls>,
    user: User,
    import: Arc<Import>,
    mapping: Vec<Option<ImportTarget>>,
    duplicates: DuplicateRule,
) {
    let ended = all(&calls, &user, &import, &mapping, duplicates).await;
    let complete = match ended {
        Ok(complete) => complete,
        Err(error) => {
            tracing::error!(detail = %cut(error.detail(), cut::ERROR), import = %import.id, "an import of clients failed");
            false
        }
    };
    let state = if complete { ImportState::Done } else { ImportState::Cancelled };
    let progress = Progress { state, ..import.progress() };
    import.set(progress);
    calls.live.missed.changed();
    let Progress { created, updated, skipped, rejected, .. } = progress;
    let to = format!("{created} created, {updated} updated, {skipped} skipped, {rejected} rejected");
    let change = AuditChange { field: "clients".to_owned(), from: None, to: Some(to) };
    calls.audit.record(user.id, AuditAction::Imported, None, None, vec![change]).await;
}

/// Returns whether the whole file was imported.
async fn all(
    calls: &Calls,
    user: &User,
    import: &Arc<Import>,
    mapping: &[Option<ImportTarget>],
    duplicates: DuplicateRule,
) -> Result<bool> {
    let reading = Reading::new(calls, user, import, mapping).await?;
    let mut batch = Batch::new(calls, import).await?;
    let mut lines = import.table.lines(&import.file())?;
    loop {
        let (rest, some) = next(lines).await?;
        lines = rest;
        if some.is_empty() {
            batch.write().await?;
            return Ok(true);
        }
        for line in some {
            if import.cancelled.is_cancelled() || calls.tasks.stopping.is_cancelled() {
                batch.write().await?;
                return Ok(false);
            }
            batch.add(&reading, line, duplicates).await?;
        }
    }
}

/// Reads the next lines off the async threads.
async fn next(mut lines: Lines) -> Result<(Lines, Vec<Line>)> {
    let read = tokio::task::spawn_blocking(move || {
        let some = lines.take(BATCH)?;
        Ok((lines, some))
    });
    read.await.map_err(Error::internal)?
}

/// Writes that share a transaction.
struct Batch<'a> {
    calls: &'a Calls,
    import: &'a Import,
    progress: Progress,
    pending: Vec<Pending>,
    /// Numbers, addresses and names of pending clients: they are not in the database yet.
    keys: BTreeSet<String>,
    /// The companies named so far, by name.
    companies: HashMap<String, ClientId>,
    rejected: File,
    /// Lines for the file of rejected ones.
    report: Vec<u8>,
}

/// A client to write; a company known only by name has no line of its own.
struct Pending {
    line: Option<Line>,
    /// Values of the line that do not become part of the client.
    left_out: Vec<String>,
    write: ClientWrite,
}

impl<'a> Batch<'a> {
    async fn new(calls: &'a Calls, import: &'a Import) -> Result<Self> {
        let mut options = OpenOptions::new();
        let rejected = options.write(true).create_new(true).mode(0o600).open(import.rejected()).await;
        let mut batch = Self {
            calls,
            import,
            progress: import.progress(),
            pending: Vec::new(),
            keys: BTreeSet::new(),
            companies: HashMap::new(),
            rejected: rejected.map_err(Error::internal)?,
            report: Vec::new(),
        };
        let columns = import.table.columns.iter().map(|column| column.name.as_str());
        add_line(&mut batch.report, "Line", "Reason", columns)?;
        batch.save_report().await?;
        Ok(batch)
    }

    async fn add(&mut self, reading: &Reading<'_>, line: Line, rule: DuplicateRule) -> Result<()> {
        self.progress.done += 1;
        let row = reading.row(&line);
        let fields = match reading.fields(&row).await? {
            Ok(fields) => fields,
            Err(problem) => {
                self.reject(&line, &problem)?;
                return self.show().await;
            }
        };
        let keys = keys(&fields);
        if rule != DuplicateRule::Create && !self.keys.is_disjoint(&keys) {
            self.write().await?;
        }
        let same = match rule {
            DuplicateRule::Create => None,
            DuplicateRule::Skip | DuplicateRule::Update => reading.duplicate(&fields).await?,
        };
        if same.is_some() && rule == DuplicateRule::Skip {
            self.progress.skipped += 1;
            return self.show().await;
        }
        let company = match &row.company {
            Some(name) => Some(self.company(name).await?),
            None => None,
        };
        let mut left_out = row.left_out;
        if let Some(same) = &same {
            left_out.extend(kept(same, &fields, company, row.kind_is_given));
        }
        let write = match same {
            None => ClientWrite::New(self.new_client(ClientFields { company, ..fields })),
            Some(same) => match added(&same, fields, company) {
                Some(fields) => ClientWrite::Change { id: same.id, version: same.version, fields },
                None => {
                    self.progress.skipped += 1;
                    self.note(&line, &left_out)?;
                    return self.show().await;
                }
            },
        };
        self.keys.extend(keys);
        self.pending.push(Pending { line: Some(line), left_out, write });
        if self.pending.len() >= BATCH { self.write().await } else { Ok(()) }
    }

    /// The company with this name, created if it does not exist.
    async fn company(&mut self, name: &str) -> Result<ClientId> {
        let key = folded(name);
        if let Some(id) = self.companies.get(&key) {
            return Ok(*id);
        }
        let id = match named(self.calls, ClientKind::Company, name).await? {
            Some(company) => company.id,
            None => {
                let company =
                    self.new_client(ClientFields { name: name.to_owned(), ..empty(ClientKind::Company) });
                let id = company.id;
                self.pending.push(Pending {
                    line: None,
                    left_out: Vec::new(),
                    write: ClientWrite::New(company),
                });
                id
            }
        };
        self.companies.insert(key, id);
        Ok(id)
    }

    fn new_client(&self, fields: ClientFields) -> NewClient {
        let now = self.calls.clock.now();
        NewClient {
            id: ClientId::new(now, clock::random()),
            fields,
            source: ClientSource::Import,
            created_at: now,
        }
    }

    /// Writes the pending clients.
    async fn write(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.keys.clear();
        let (lines, writes): (Vec<_>, Vec<_>) =
            pending.into_iter().map(|pending| ((pending.line, pending.left_out), pending.write)).unzip();
        let written = self.written(&writes).await?;
        for (((line, left_out), write), written) in lines.iter().zip(&writes).zip(written) {
            if let (Some(line), true) = (line, written) {
                self.note(line, left_out)?;
            }
            match (line, write) {
                (Some(line), _) if !written => self.reject(line, CHANGED_MEANWHILE)?,
                (_, ClientWrite::New(client)) => {
                    self.progress.created += u64::from(line.is_some());
                    self.calls.live.client_changes.note(client.id);
                }
                (_, ClientWrite::Change { id, .. }) => {
                    self.progress.updated += 1;
                    self.calls.live.client_changes.note(*id);
                }
            }
        }
        // The companies are in the database now and can be found there.
        if self.companies.len() > MAX_COMPANIES {
            self.companies.clear();
        }
        self.show().await
    }

    /// Which of them were written.
    async fn written(&self, writes: &[ClientWrite]) -> Result<Vec<bool>> {
        let (store, now) = (&self.calls.store, self.calls.clock.now());
        match store.write_clients(writes, now).await {
            // One reference is unknown: write the others separately.
            Err(StoreError::UnknownReference) => {}
            written => return Ok(written?),
        }
        let mut written = Vec::with_capacity(writes.len());
        for write in writes {
            written.push(match store.write_clients(std::slice::from_ref(write), now).await {
                Err(StoreError::UnknownReference) => false,
                done => done?.contains(&true),
            });
        }
        Ok(written)
    }

    fn reject(&mut self, line: &Line, reason: &str) -> Result<()> {
        self.progress.rejected += 1;
        add_line(&mut self.report, &line.number.to_string(), reason, line.cells.iter())
    }

    /// Reports what was left out of an imported line.
    fn note(&mut self, line: &Line, left_out: &[String]) -> Result<()> {
        if left_out.is_empty() {
            return Ok(());
        }
        self.progress.incomplete += 1;
        let reason = format!("Imported without {}.", left_out.join("; "));
        add_line(&mut self.report, &line.number.to_string(), &reason, line.cells.iter())
    }

    /// Publishes the progress.
    async fn show(&mut self) -> Result<()> {
        self.import.set(self.progress);
        self.save_report().await
    }

    async fn save_report(&mut self) -> Result<()> {
        self.rejected.write_all(&self.report).await.map_err(Error::internal)?;
        self.report.clear();
        self.rejected.flush().await.map_err(Error::internal)
    }
}

fn add_line<'a>(
    report: &mut Vec<u8>,
    number: &'a str,
    reason: &'a str,
    cells: impl Iterator<Item = &'a str>,
) -> Result<()> {
    let cells = [number, reason].into_iter().chain(cells).map(|cell| plain(cell.to_owned()));
    let mut csv = csv::Writer::from_writer(report);
    csv.write_record(cells.collect::<Vec<_>>()).map_err(Error::internal)?;
    csv.flush().map_err(Error::internal)
}

const CHANGED_MEANWHILE: &str =
    "The client, its company or its responsible user was changed at the same time. Import the line again.";

/// The keys that identify lines about one client.
pub(super) fn keys(fields: &ClientFields) -> BTreeSet<String> {
    let numbers = fields.phones.iter().filter_map(|phone| phone.e164.clone());
    let keys: BTreeSet<String> = numbers.chain(fields.emails.iter().map(|email| folded(email))).collect();
    if keys.is_empty() { BTreeSet::from([folded(&fields.name)]) } else { keys }
}

/// The client completed with values of the line; `None` if it gains nothing.
fn added(client: &Client, line: ClientFields, company: Option<ClientId>) -> Option<ClientFields> {
    let noted = client.fields.notes.as_deref().unwrap_or_default();
    let notes = line.notes.clone().filter(|notes| !noted.contains(notes.as_str()));
    let fields = client.with(&ClientFields { company, notes, ..line });
    (fields != client.fields).then_some(fields)
}

/// The values of the line that an existing client does not take.
fn kept(client: &Client, line: &ClientFields, company: Option<ClientId>, kind_is_given: bool) -> Vec<String> {
    let has = &client.fields;
    let name = (!line.name.is_empty() && !has.name.is_empty() && folded(&has.name) != folded(&line.name))
        .then(|| format!("the name, since the client is named \"{}\"", has.name));
    let company = (company.is_some() && has.company.is_some() && has.company != company)
        .then(|| "the company, since the client has another".to_owned());
    let responsible =
        (line.responsible.is_some() && has.responsible.is_some() && has.responsible != line.responsible)
            .then(|| "the responsible user, since the client has another".to_owned());
    let kind = (kind_is_given && has.kind != line.kind)
        .then(|| format!("the kind, since the client is a {}", has.kind.as_str()));
    [name, company, responsible, kind].into_iter().flatten().collect()
}
