//! Previews an import.

use std::collections::BTreeSet;
use std::sync::Arc;

use hookswitch_model::ClientKind;
use hookswitch_store::{ClientFields, User};
use serde::Serialize;
use utoipa::ToSchema;

use super::Import;
use super::rows::{Mapping, Reading, Row};
use super::run::keys;
use crate::calls::Calls;
use crate::error::{Error, Result};
use crate::views::NamedClient;
use crate::views::number::Phone;

/// Lines shown.
const SHOWN: usize = 20;
/// Lines checked; more would take too long.
const LOOKED_AT: usize = 2000;

/// What an import would do with a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPreview {
    /// The first lines, at most 20.
    rows: Vec<PreviewRow>,
    /// The number of lines checked, from the first, at most 2000: good ones, bad ones and duplicates.
    checked: u64,
    /// Lines that create a client.
    good: u64,
    /// Lines that would be rejected.
    bad: u64,
    /// Lines of clients that exist or are created by an earlier line.
    duplicates: u64,
}

/// A line as a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRow {
    /// The line's number.
    line: u64,
    client: PreviewedClient,
    /// Why the line would be rejected.
    problem: Option<String>,
    /// The existing client.
    duplicate_of: Option<NamedClient>,
    /// Whether an earlier line is about the same client.
    repeated: bool,
    /// Values of the line that do not fit into the client.
    left_out: Vec<String>,
}

/// A client that does not exist yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedClient {
    /// The kind of the client.
    kind: ClientKind,
    name: String,
    /// The name of its company.
    company: Option<String>,
    /// Its numbers, formatted.
    phones: Vec<String>,
    /// Its e-mail addresses.
    emails: Vec<String>,
    tags: Vec<String>,
    notes: Option<String>,
}

/// Previews the first lines of an import's file.
///
/// # Errors
/// If the file or the database fails.
pub async fn preview(
    calls: &Calls,
    user: &User,
    import: &Arc<Import>,
    mapping: &Mapping,
) -> Result<ImportPreview> {
    let reading = Reading::new(calls, user, import, mapping).await?;
    let of = Arc::clone(import);
    let read = tokio::task::spawn_blocking(move || of.table.lines(&of.file())?.take(LOOKED_AT));
    let lines = read.await.map_err(Error::internal)??;
    let mut preview = ImportPreview { rows: Vec::new(), checked: 0, good: 0, bad: 0, duplicates: 0 };
    let mut seen = BTreeSet::new();
    for line in &lines {
        let row = reading.row(line);
        let fields = reading.fields(&row).await?;
        let duplicate = match &fields {
            Ok(fields) => reading.duplicate(fields).await?,
            Err(_) => None,
        };
        let keys = fields.as_ref().map(keys).unwrap_or_default();
        let repeated = duplicate.is_none() && !seen.is_disjoint(&keys);
        seen.extend(keys);
        preview.checked += 1;
        let count = match &fields {
            Err(_) => &mut preview.bad,
            Ok(_) if repeated || duplicate.is_some() => &mut preview.duplicates,
            Ok(_) => &mut preview.good,
        };
        *count += 1;
        if preview.rows.len() < SHOWN {
            preview.rows.push(PreviewRow {
                line: line.number,
                repeated,
                left_out: row.left_out.clone(),
                client: shown(row, fields.as_ref().ok()),
                problem: fields.err(),
                duplicate_of: duplicate.map(|client| NamedClient { id: client.id, name: client.fields.name }),
            });
        }
    }
    Ok(preview)
}

/// The numbers as parsed; for a rejected line, as written.
fn shown(row: Row, fields: Option<&ClientFields>) -> PreviewedClient {
    let phones = match fields {
        Some(fields) => fields.phones.iter().map(|phone| Phone::new(phone, false).formatted).collect(),
        None => row.phones.into_iter().filter_map(|phone| phone.number).collect(),
    };
    PreviewedClient {
        kind: row.kind,
        name: row.name,
        company: row.company,
        phones,
        emails: row.emails,
        tags: row.tags,
        notes: Some(row.notes.join("\n")).filter(|notes| !notes.is_empty()),
    }
}
