//! Clients from a file: it is kept until it was imported, a day at most.
//!
//! What is known of an import is in memory: after the server was started anew the file has to be sent again, and what was
//! imported of it before is found as duplicates.

mod erase;
mod file;
mod guess;
mod lines;
mod preview;
mod rows;
mod run;
mod utf16;

use std::collections::HashMap;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::{ImportId, UserId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::error::{Error, Result};
pub use erase::Known;
pub use file::{ImportColumn, Table, scan};
pub use guess::ImportTarget;
pub use preview::{ImportPreview, preview};
pub use rows::check_mapping;
pub use run::run;

/// How long a file is kept.
const KEEP: TimeDelta = TimeDelta::days(1);

/// An import of clients from a file.
pub struct Import {
    /// Which.
    pub id: ImportId,
    /// Who sent the file.
    pub owner: UserId,
    /// When.
    pub made_at: DateTime<Utc>,
    /// What is in the file.
    pub table: Table,
    /// Told when it is to stop.
    pub cancelled: CancellationToken,
    folder: PathBuf,
    progress: Mutex<Progress>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportProgress)]
pub struct Progress {
    /// Where it stands.
    pub state: ImportState,
    /// Lines of the file that are dealt with.
    pub done: u64,
    /// Clients made of them.
    pub created: u64,
    /// Clients changed by them.
    pub updated: u64,
    /// Lines of clients that are there already, and were left as they are.
    pub skipped: u64,
    /// Lines that could not be taken.
    pub rejected: u64,
    /// Lines that were taken without some of what is in them; the file of rejected lines says what.
    pub incomplete: u64,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImportState {
    /// The file is here; nothing was imported yet.
    #[default]
    Uploaded,
    /// It goes on.
    Running,
    /// It is over.
    Done,
    /// It was stopped; what was imported before stays.
    Cancelled,
}

/// What becomes of a line whose client is there already: one with one of its numbers or e-mail addresses; where it has
/// neither, one of its name and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DuplicateRule {
    /// The line is left out.
    Skip,
    /// It makes another client all the same.
    Create,
    /// The client gets what the line has and it has not.
    Update,
}

impl Import {
    /// How far it is.
    pub fn progress(&self) -> Progress {
        *self.lock()
    }

    fn set(&self, progress: Progress) {
        *self.lock() = progress;
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it a running one.
    ///
    /// # Errors
    /// 409 where it was started before.
    pub fn begin(&self) -> Result<()> {
        let mut progress = self.lock();
        if progress.state != ImportState::Uploaded {
            let detail = "This import was started before. Send the file again for another one.";
            return Err(Error::conflict("alreadyStarted", detail));
        }
        progress.state = ImportState::Running;
        Ok(())
    }

    /// Where the file is.
    pub fn file(&self) -> PathBuf {
        file_of(&self.folder, self.id)
    }

    /// Where the lines are that could not be taken.
    pub fn rejected(&self) -> PathBuf {
        self.folder.join(format!("{}.rejected.csv", self.id))
    }
}

fn file_of(folder: &Path, id: ImportId) -> PathBuf {
    folder.join(format!("{id}.csv"))
}

/// The imports there are: the last one of each user.
pub struct Imports {
    folder: PathBuf,
    all: Mutex<HashMap<ImportId, Arc<Import>>>,
}

impl Imports {
    /// None yet. What is left in the folder was of a server that ended.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        let folder = data_dir.join("imports");
        if folder.exists()
            && let Err(error) = std::fs::remove_dir_all(&folder)
        {
            tracing::warn!(%error, folder = %folder.display(), "old imports could not be deleted");
        }
        Self { folder, all: Mutex::default() }
    }

    /// Where the file of a new import goes.
    ///
    /// # Errors
    /// 409 while another import of the user goes on; 500 where the folder cannot be made.
    pub fn place(&self, id: ImportId, owner: UserId) -> Result<PathBuf> {
        self.require_none_running(owner)?;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(Error::internal)?;
        Ok(file_of(&self.folder, id))
    }

    fn require_none_running(&self, owner: UserId) -> Result<()> {
        let running =
            |import: &Arc<Import>| import.owner == owner && import.progress().state == ImportState::Running;
        if self.all().values().any(running) {
            let detail = "Another import of yours is running. Wait for it, or cancel it.";
            return Err(Error::conflict("importRunning", detail));
        }
        Ok(())
    }

    /// Adds an import whose file is in its place, instead of the one that the user had.
    ///
    /// # Errors
    /// As [`Imports::place`].
    pub fn add(&self, id: ImportId, owner: UserId, table: Table, now: DateTime<Utc>) -> Result<Arc<Import>> {
        self.require_none_running(owner)?;
        let import = Arc::new(Import {
            id,
            owner,
            made_at: now,
            table,
            cancelled: CancellationToken::new(),
            folder: self.folder.clone(),
            progress: Mutex::default(),
        });
        self.forget(|other| other.owner == owner);
        self.all().insert(id, Arc::clone(&import));
        Ok(import)
    }

    /// The import with this id.
    pub fn get(&self, id: ImportId) -> Option<Arc<Import>> {
        self.all().get(&id).cloned()
    }

    /// Stops an import that goes on; forgets any other.
    pub fn cancel(&self, import: &Import) {
        import.cancelled.cancel();
        self.forget(|other| other.id == import.id);
    }

    /// Forgets what has had its time.
    pub fn purge(&self, now: DateTime<Utc>) {
        self.forget(|import| import.made_at < now - KEEP);
    }

    /// Forgets such imports, with their files, unless they go on.
    fn forget(&self, which: impl Fn(&Import) -> bool) {
        let mut all = self.all();
        let gone: Vec<Arc<Import>> = all
            .values()
            .filter(|import| which(import) && import.progress().state != ImportState::Running)
            .cloned()
            .collect();
        for import in gone {
            all.remove(&import.id);
            remove(&import.file());
            remove(&import.rejected());
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ImportId, Arc<Import>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Deletes a file that may be there.
fn remove(file: &Path) {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, file = %file.display(), "an imported file could not be deleted");
        }
        _ => {}
    }
}
