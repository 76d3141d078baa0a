//! The state shared by all handlers.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hookswitch_store::{KeyError, OpenError, Role, SecretKey, Store, StoreError};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;

use crate::config::Config;
use crate::process_metrics;
use crate::web_files::WebFiles;
use hookswitch_core::accounts::Accounts;
use hookswitch_core::audit::Audit;
use hookswitch_core::calls::Calls;
use hookswitch_core::calls::dials::Dials;
use hookswitch_core::catalog::Catalog;
use hookswitch_core::clients::import::Imports;
use hookswitch_core::clock::Clock;
use hookswitch_core::fetch::FetchClient;
use hookswitch_core::intake::Intake;
use hookswitch_core::live::Live;
use hookswitch_core::modules::host::Outside;
use hookswitch_core::modules::registry::Modules;
use hookswitch_core::modules::templates;
use hookswitch_core::modules::world::World;
use hookswitch_core::places::Places;
use hookswitch_core::public_url::PublicUrl;
use hookswitch_core::retention::erasure::Erasures;
use hookswitch_core::tasks::Tasks;

/// The parts of the server. Handlers take it as `State(app): State<Arc<App>>`.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The base URL for providers and browsers.
    pub public_url: PublicUrl,
    /// The source of the current time.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// Passwords, sessions and tokens.
    pub accounts: Accounts,
    /// Cached users, installation settings and outcome codes.
    pub catalog: Arc<Catalog>,
    /// The audit trail.
    pub audit: Audit,
    /// The open sockets and what they are sent.
    pub live: Arc<Live>,
    /// The HTTP client for addresses chosen by others.
    pub fetch: FetchClient,
    /// The loaded modules.
    pub modules: Arc<Modules>,
    /// The calls and what can be done with them.
    pub calls: Arc<Calls>,
    /// Processes webhooks.
    pub intake: Arc<Intake>,
    /// Uploaded files to import clients from.
    pub imports: Arc<Imports>,
    /// Erases clients and calls.
    pub erasures: Arc<Erasures>,
    /// The process's metrics; `None` if calls are only played, which are not counted.
    pub metrics: Option<PrometheusHandle>,
    /// Requests and sockets through a trusted proxy, by client address.
    pub requests_of_address: Places<IpAddr>,
    /// The web app.
    pub web: WebFiles,
    /// Background tasks.
    pub tasks: Tasks,
}

/// What a server needs to start.
pub struct Start {
    /// The settings.
    pub config: Config,
    /// The source of the current time.
    pub clock: Clock,
    /// The address it listens on.
    pub address: SocketAddr,
    /// The web app.
    pub web: WebFiles,
}

/// Why the server or a command cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be created.
    #[error("cannot create the data folder {path} (server.data_dir): {source}")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The modules folder cannot be read.
    #[error("cannot read the modules folder {path} (server.modules_dir): {source}")]
    ModulesDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key for secrets cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A database query failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// TLS for outgoing requests cannot be set up.
    #[error("cannot set up outgoing requests: {0}")]
    Fetch(Box<dyn std::error::Error + Send + Sync>),
    /// Another metrics recorder is already installed.
    #[error("cannot record metrics: {0}")]
    Metrics(String),
}

impl App {
    /// Opens everything that a server needs.
    ///
    /// # Errors
    /// Fails if anything cannot be opened.
    pub async fn open(start: Start) -> Result<Arc<Self>, StartError> {
        let store = open_store(&start.config).await?;
        let fetch = FetchClient::new(&start.config.fetch).map_err(StartError::Fetch)?;
        let metrics = process_metrics::handle().map_err(StartError::Metrics)?;
        Self::over(start, store, fetch.clone(), Arc::new(fetch), Some(metrics)).await
    }

    /// Builds a server on an open database. Scripts reach the world through `outside`; `metrics` counts what happens.
    ///
    /// # Errors
    /// Fails if anything else that it needs cannot be opened.
    pub async fn over(
        start: Start,
        store: Store,
        fetch: FetchClient,
        outside: Arc<dyn Outside>,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Arc<Self>, StartError> {
        let Start { config, clock, address, web } = start;
        if let Some(path) = config.server.modules_dir.clone() {
            templates::check_dir(&path).map_err(|source| StartError::ModulesDir { path, source })?;
        }
        let has_admin = has_admin(&store).await?;
        let public_url = config.server.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(address));
        let tasks = Tasks::default();
        let audit = Audit::new(store.clone(), clock.clone());
        let catalog = Arc::new(Catalog::load(&store).await?);
        let live = Arc::new(Live::new(store.clone(), Arc::clone(&catalog)));
        let world = World {
            store: store.clone(),
            clock: clock.clone(),
            public_url: public_url.clone(),
            outside,
            activity: Arc::clone(&live.activity),
            audit: audit.clone(),
            tasks: tasks.clone(),
            counts: metrics.is_some(),
        };
        let (limits, modules_dir) = (config.script.clone(), config.server.modules_dir.clone());
        let modules = Arc::new(Modules::load(world, limits, modules_dir).await?);
        let calls = Arc::new(Calls {
            store: store.clone(),
            clock: clock.clone(),
            modules: Arc::clone(&modules),
            catalog: Arc::clone(&catalog),
            live: Arc::clone(&live),
            audit: audit.clone(),
            dials: Dials::default(),
            silence: config.calls.clone(),
            tasks: tasks.clone(),
        });
        let intake = Arc::new(Intake { calls: Arc::clone(&calls), body_bytes: config.webhooks.body_bytes });
        let imports = Arc::new(Imports::new(&config.server.data_dir));
        let erasures = Arc::new(Erasures {
            calls: Arc::clone(&calls),
            imports: Arc::clone(&imports),
            keep_days: config.webhooks.keep_days,
            wake: Notify::new(),
        });
        let attempts = config.auth.sign_in_attempts_per_minute;
        Ok(Arc::new(Self {
            public_url,
            accounts: Accounts::new(store.clone(), clock.clone(), attempts, !has_admin),
            catalog,
            audit,
            live,
            modules,
            calls,
            intake,
            imports,
            erasures,
            requests_of_address: Places::new(config.server.max_connections_per_address),
            web,
            tasks,
            config,
            clock,
            store,
            fetch,
            metrics,
        }))
    }

    /// Finishes running tasks and closes the database.
    pub async fn close(&self) {
        self.tasks.stopping.cancel();
        self.tasks.running.close();
        let patience = Duration::from_secs(self.config.server.shutdown_seconds);
        if tokio::time::timeout(patience, self.tasks.running.wait()).await.is_err() {
            tracing::warn!(
                tasks = self.tasks.running.len(),
                "stopped with unfinished work, which resumes at the next start"
            );
        }
        self.modules.log.flush().await;
        self.store.close().await;
    }
}

/// Opens the configured database. At the first start, creates the data folder and the key.
///
/// # Errors
/// Fails if the folder, the key or the database cannot be opened.
pub async fn open_store(config: &Config) -> Result<Store, StartError> {
    let folder = &config.server.data_dir;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StartError::DataDir { path: folder.clone(), source })?;
    let key = match config.secret.key.expose_secret() {
        "" => SecretKey::load_or_create(&folder.join("secret.key"))?,
        text => SecretKey::from_base64("the setting secret.key (HOOKSWITCH_SECRET_KEY)", text)?,
    };
    Ok(Store::open(config.database_url().expose_secret(), &key).await?)
}

/// Returns whether there is an administrator, active or not.
///
/// # Errors
/// Fails if the database does.
pub async fn has_admin(store: &Store) -> Result<bool, StoreError> {
    Ok(store.users().await?.iter().any(|user| user.role == Role::Admin))
}
