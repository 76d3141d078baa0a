//! Opens and closes the store.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use crate::committer::Committer;
use crate::db::{Pool, Pools, Tx, on};
use crate::direct::File;
use crate::erase::Hashes;
use crate::error::{OpenError, StoreError};
use crate::faults;
use crate::key::SecretKey;
use crate::migrate;
use crate::probe::Probe;

/// The database. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) pools: Arc<Pools>,
    pub(crate) key: SecretKey,
    pub(crate) committer: Committer,
    pub(crate) probe: Probe,
    pub(crate) hashes: Hashes,
}

/// How long a statement waits for its turn before it fails.
pub(crate) const WAIT: Duration = Duration::from_secs(10);
/// How long to wait for a server that is down: it may be restarting, but a provider is waiting for its answer.
const POSTGRES_WAIT: Duration = Duration::from_secs(5);
/// Prepared statements cached per connection: more than are in use at a time.
pub(crate) const STATEMENTS: usize = 256;
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
/// What every connection to SQLite is told, besides.
pub(crate) const PRAGMAS: [(&str, &str); 6] = [
    // KiB, since it is negative. The operating system caches the file as well.
    ("cache_size", "-4096"),
    ("mmap_size", "0"),
    ("temp_store", "memory"),
    // What is deleted is overwritten: an erased client is not to be found in the file.
    ("secure_delete", "on"),
    ("wal_autocheckpoint", "4000"),
    ("journal_size_limit", "67108864"),
];

impl Store {
    /// Opens the database (`sqlite:path/to/file` or `postgres://…`), creates a missing SQLite file (mode 0600), brings
    /// the schema up to date and starts the committer.
    ///
    /// # Errors
    /// [`OpenError::SchemaTooNew`] if a newer program has used it, [`OpenError::WrongKey`] if its secrets were
    /// encrypted with another key.
    pub async fn open(url: &str, key: &SecretKey) -> Result<Self, OpenError> {
        let pools = match url.split_once(':') {
            Some(("sqlite", _)) => sqlite(url, SqliteSynchronous::Full).await?,
            Some(("postgres" | "postgresql", _)) => postgres(url).await?,
            _ => return Err(OpenError::Url(without_password(url))),
        };
        Self::over(pools, key).await
    }

    /// Opens a SQLite database that is not needed after this process: it never waits for the disk.
    pub async fn open_temporary(file: &Path, key: &SecretKey) -> Result<Self, OpenError> {
        let url = format!("sqlite:{}", file.display());
        Self::over(sqlite(&url, SqliteSynchronous::Off).await?, key).await
    }

    async fn over(pools: Pools, key: &SecretKey) -> Result<Self, OpenError> {
        migrate::run(&pools).await?;
        check_key(&pools, key).await?;
        let pools = Arc::new(pools);
        let hashes = Hashes::new(key);
        let committer = Committer::start(Arc::clone(&pools), hashes.clone()).map_err(sqlx::Error::Io)?;
        Ok(Self {
            inner: Arc::new(Inner { pools, key: key.clone(), committer, probe: Probe::default(), hashes }),
        })
    }

    /// Finishes accepted work and closes all connections. Later calls fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        self.inner.committer.stop().await;
        match &*self.inner.pools {
            Pools::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) fn read(&self) -> Pool<'_> {
        self.inner.pools.read()
    }

    pub(crate) fn write(&self) -> Pool<'_> {
        self.inner.pools.write()
    }

    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(self.inner.pools.begin().await?)
    }
}

async fn sqlite(url: &str, synchronous: SqliteSynchronous) -> Result<Pools, OpenError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url(url.to_owned()))?;
    let file = options.get_filename().to_owned();
    if url.contains(":memory:") || file.as_os_str().is_empty() {
        return Err(OpenError::Url(url.to_owned()));
    }
    create_private(&file).map_err(|source| OpenError::File { path: file.clone(), source })?;
    let options = options
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(WAIT)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let options = PRAGMAS.into_iter().fold(options, |options, (name, value)| options.pragma(name, value));
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
            .max_lifetime(None)
            // A transaction that could not be ended, or was rolled back by SQLite itself, is discarded with its
            // connection. So is everything opened before a disk failure: a file may have been opened read-only.
            .before_acquire(|connection, about| {
                let usable = !connection.is_in_transaction() && !faults::within(about.age);
                Box::pin(async move { Ok(usable) })
            })
    };
    let write = pool(1).idle_timeout(None).connect_with(options.clone()).await?;
    let readers = options.read_only(true).pragma("cache_size", "-2048");
    let read = pool(SQLITE_READERS).idle_timeout(Duration::from_secs(60)).connect_lazy_with(readers);
    let synchronous = if synchronous == SqliteSynchronous::Full { "full" } else { "off" };
    Ok(Pools::Sqlite { read, write, turn: Arc::default(), file: File { path: file, synchronous } })
}

/// Creates the file if it does not exist, readable only by its owner. SQLite gives its side files the same mode.
fn create_private(file: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn postgres(url: &str) -> Result<Pools, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url(without_password(url)))?;
    let options = options.statement_cache_capacity(STATEMENTS).disable_statement_logging();
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(POSTGRES_WAIT);
    Ok(Pools::Postgres(pool.connect_with(options).await?))
}

fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

/// Stores an encrypted value at the first start, to detect a wrong key before it is used.
async fn check_key(pools: &Pools, key: &SecretKey) -> Result<(), OpenError> {
    const WHAT: &str = "key check";
    let insert = "insert into meta (name, value) values ('key_check', $1) on conflict (name) do nothing";
    let sealed = key.encrypt(WHAT, b"hookswitch");
    on!(pools.write(), |db| sqlx::query(insert).bind(sealed).execute(db).await.map(drop))?;
    let select = "select value from meta where name = 'key_check'";
    let sealed: Vec<u8> = on!(pools.write(), |db| sqlx::query_scalar(select).fetch_one(db).await)?;
    key.decrypt(WHAT, &sealed).map(drop).ok_or(OpenError::WrongKey)
}
