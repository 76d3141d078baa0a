//! Imports clients from a file, which is kept until it is imported, at most a day.
//!
//! The state of an import is in memory: after a restart the file must be sent again, and the clients imported before
//! are found as duplicates.

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
    pub id: ImportId,
    /// The user who sent the file.
    pub owner: UserId,
    pub made_at: DateTime<Utc>,
    /// The content of the file.
    pub table: Table,
    /// Cancelled to stop the import.
    pub cancelled: CancellationToken,
    folder: PathBuf,
    progress: Mutex<Progress>,
}

/// The progress of an import.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportProgress)]
pub struct Progress {
    /// The import's state.
    pub state: ImportState,
    /// Lines of the file processed so far.
    pub done: u64,
    /// Clients created.
    pub created: u64,
    /// Clients changed.
    pub updated: u64,
    /// Lines of existing clients, which were left unchanged.
    pub skipped: u64,
    /// Lines that were rejected.
    pub rejected: u64,
    /// Lines imported without some of their values; the file of rejected lines says which.
    pub incomplete: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImportState {
    /// The file was uploaded; nothing has been imported yet.
    #[default]
    Uploaded,
    /// The import is running.
    Running,
    /// The import is finished.
    Done,
    /// The import was stopped; what was imported before stays.
    Cancelled,
}

/// What to do with a line whose client exists: one with one of its numbers or email addresses; without either, one of
/// its name and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DuplicateRule {
    /// The line is skipped.
    Skip,
    /// The line creates another client anyway.
    Create,
    /// The client gets values from the line for its empty fields.
    Update,
}

impl Import {
    pub fn progress(&self) -> Progress {
        *self.lock()
    }

    fn set(&self, progress: Progress) {
        *self.lock() = progress;
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the import as running.
    ///
    /// # Errors
    /// 409 if it was started before.
    pub fn begin(&self) -> Result<()> {
        let mut progress = self.lock();
        if progress.state != ImportState::Uploaded {
            let detail = "This import has already been started. Send the file again for another one.";
            return Err(Error::conflict("alreadyStarted", detail));
        }
        progress.state = ImportState::Running;
        Ok(())
    }

    /// The path of the file.
    pub fn file(&self) -> PathBuf {
        file_of(&self.folder, self.id)
    }

    /// The path of the file of rejected lines.
    pub fn rejected(&self) -> PathBuf {
        self.folder.join(format!("{}.rejected.csv", self.id))
    }
}

fn file_of(folder: &Path, id: ImportId) -> PathBuf {
    folder.join(format!("{id}.csv"))
}

/// The known imports: the last one of each user.
pub struct Imports {
    folder: PathBuf,
    all: Mutex<HashMap<ImportId, Arc<Import>>>,
}

impl Imports {
    /// Creates an empty set. Files left in the folder are from a server that ended.
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

    /// The path for the file of a new import.
    ///
    /// # Errors
    /// 409 while another import of the user is running; 500 if the folder cannot be created.
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

    /// Adds an import whose file is in place, replacing the user's previous one.
    ///
    /// # Errors
    /// As for [`Imports::place`].
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

    pub fn get(&self, id: ImportId) -> Option<Arc<Import>> {
        self.all().get(&id).cloned()
    }

    /// Stops a running import; forgets any other.
    pub fn cancel(&self, import: &Import) {
        import.cancelled.cancel();
        self.forget(|other| other.id == import.id);
    }

    /// Forgets old imports.
    pub fn purge(&self, now: DateTime<Utc>) {
        self.forget(|import| import.made_at < now - KEEP);
    }

    /// Forgets matching imports, with their files, unless they are running.
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

/// Deletes a file if it exists.
fn remove(file: &Path) {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, file = %file.display(), "an imported file could not be deleted");
        }
        _ => {}
    }
}
