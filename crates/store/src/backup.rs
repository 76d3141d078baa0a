//! Makes a consistent copy of the SQLite database while it is in use.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use crate::db::Either;
use crate::error::StoreError;
use crate::open::Store;

impl Store {
    /// Writes a snapshot of the database to a new file (mode 0600). The server may continue meanwhile, in this process
    /// or another.
    ///
    /// # Errors
    /// [`StoreError::BackupUnsupported`] on PostgreSQL, [`StoreError::BackupFile`] if the file exists or cannot be
    /// written.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let Either::Sqlite(pool) = self.read() else { return Err(StoreError::BackupUnsupported) };
        let failed = |source| StoreError::BackupFile { path: path.to_owned(), source: Arc::new(source) };
        let name = path.to_str().ok_or_else(|| failed(std::io::Error::other("its name is not UTF-8")))?;
        // SQLite accepts an empty file, so we set the mode and never overwrite an existing file.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let copied = sqlx::query("vacuum into $1").bind(name.to_owned()).execute(pool).await;
        if let Err(error) = copied {
            // Report the original error; an empty file left behind is clearly not a backup.
            let _ = fs::remove_file(path);
            return Err(error.into());
        }
        File::open(path).and_then(|file| file.sync_all()).map_err(failed)
    }
}
