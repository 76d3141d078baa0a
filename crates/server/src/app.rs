//! The state every handler gets, and running it.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hookswitch_script::Engine;
use hookswitch_store::{KeyError, OpenError, Role, SecretKey, Store, StoreError};
use metrics::Counter;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Auth;
use crate::clients::import::Imports;
use crate::clock::Clock;
use crate::config::Config;
use crate::demo::Panel;
use crate::directory::Directory;
use crate::erasure::Erasures;
use crate::fetch::FetchClient;
use crate::listen::{self, Bounds};
use crate::live::{Activity, ClientChanges, Hub, Missed};
use crate::modules::host::Outside;
use crate::modules::log::ModuleLog;
use crate::modules::registry::{self, Registry};
use crate::modules::templates::{self, Templates};
use crate::outcomes::Outcomes;
use crate::places::Places;
use crate::public_url::PublicUrl;
use crate::settings::CurrentSettings;
use crate::telephony::dials::Dials;
use crate::web::WebFiles;
use crate::{jobs, observe, routes};

/// What the server is made of. Handlers take it as `State(app): State<Arc<App>>`.
pub struct App {
    /// The settings.
    pub config: Config,
    /// What providers and browsers call.
    pub public_url: PublicUrl,
    /// The time.
    pub clock: Clock,
    /// The database.
    pub store: Store,
    /// What signing in remembers.
    pub auth: Auth,
    /// The client for addresses that others chose.
    pub fetch: FetchClient,
    /// What scripts meet outside the server.
    pub outside: Arc<dyn Outside>,
    /// The process's metrics; none where calls are only played, which count nowhere.
    pub metrics: Option<PrometheusHandle>,
    /// Runs the modules' scripts.
    pub engine: Engine,
    /// The modules, as they work now.
    pub modules: Registry,
    /// What modules can be made from.
    pub templates: Templates,
    /// What the modules' scripts log.
    pub module_log: ModuleLog,
    /// Names and roles of the users.
    pub directory: Directory,
    /// The settings that administrators change while the server runs.
    pub settings: CurrentSettings,
    /// The outcome codes.
    pub outcomes: Outcomes,
    /// The requests and sockets of each address that come through a trusted proxy.
    pub requests_of_address: Places<IpAddr>,
    /// The open sockets.
    pub hub: Hub,
    /// The web app.
    pub web: WebFiles,
    /// What the web app drives the demo PBX by, where there is one.
    pub demo: Option<Arc<Panel>>,
    /// Whose number of missed calls may have changed.
    pub missed: Missed,
    /// The clients of whose changes everybody is to be told.
    pub client_changes: ClientChanges,
    /// Calls that were dialled and have not appeared.
    pub dials: Dials,
    /// Wakes the job that erases.
    pub erasures: Erasures,
    /// The files that clients are imported from.
    pub imports: Imports,
    /// What administrators who look on are told of.
    pub activity: Arc<Activity>,
    /// Told when the server is to stop.
    pub stopping: CancellationToken,
    /// What goes on beside the requests and has to be finished before the database is closed.
    pub tasks: TaskTracker,
}

/// What a server is started with.
pub struct Start {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Where it listens.
    pub address: SocketAddr,
    /// The web app.
    pub web: WebFiles,
    /// What the web app drives the demo PBX by, where there is one.
    pub demo: Option<Arc<Panel>>,
}

/// Why the server, or a command, cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("the data folder {path} (server.data_dir) cannot be made: {source}")]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder of modules cannot be read.
    #[error("the folder of modules {path} (server.modules_dir) cannot be read: {source}")]
    ModulesDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key for secrets is not usable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No TLS for outgoing requests.
    #[error("outgoing requests cannot be set up: {0}")]
    Fetch(Box<dyn std::error::Error + Send + Sync>),
    /// Another recorder of metrics is installed.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(String),
}

impl App {
    /// Opens everything a server needs.
    ///
    /// # Errors
    /// When something it needs cannot be had.
    pub async fn open(start: Start) -> Result<Arc<Self>, StartError> {
        let store = open_store(&start.config).await?;
        let fetch = FetchClient::new(&start.config.fetch).map_err(StartError::Fetch)?;
        let metrics = observe::metrics_handle().map_err(StartError::Metrics)?;
        Self::over(start, store, fetch.clone(), Arc::new(fetch), Some(metrics)).await
    }

    /// The same over a database that is open, with scripts meeting that outside; it counts in those metrics.
    ///
    /// # Errors
    /// When something it needs cannot be had.
    pub async fn over(
        start: Start,
        store: Store,
        fetch: FetchClient,
        outside: Arc<dyn Outside>,
        metrics: Option<PrometheusHandle>,
    ) -> Result<Arc<Self>, StartError> {
        let Start { config, clock, address, web, demo } = start;
        if let Some(path) = config.server.modules_dir.clone() {
            templates::check_dir(&path).map_err(|source| StartError::ModulesDir { path, source })?;
        }
        let has_admin = has_admin(&store).await?;
        let activity = Arc::new(Activity::default());
        let lost = metrics.as_ref().map(|_| metrics::counter!("hookswitch_module_log_lost_total"));
        let lost = lost.unwrap_or_else(Counter::noop);
        let app = Arc::new(Self {
            public_url: config.server.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(address)),
            auth: Auth::new(config.auth.sign_in_attempts_per_minute, !has_admin),
            engine: Engine::new(config.script.clone(), Handle::current()),
            modules: Registry::default(),
            templates: Templates::new(config.server.modules_dir.clone()),
            module_log: ModuleLog::start(store.clone(), Arc::clone(&activity), lost),
            directory: Directory::default(),
            settings: CurrentSettings::default(),
            outcomes: Outcomes::default(),
            requests_of_address: Places::new(config.server.max_connections_per_address),
            hub: Hub::default(),
            web,
            demo,
            missed: Missed::default(),
            dials: Dials::default(),
            client_changes: ClientChanges::default(),
            erasures: Erasures::default(),
            imports: Imports::new(&config.server.data_dir),
            activity,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            config,
            clock,
            store,
            fetch,
            outside,
            metrics,
        });
        app.directory.reload(&app.store).await?;
        app.settings.reload(&app.store).await?;
        app.outcomes.reload(&app.store).await?;
        templates::refresh(&app, false).await;
        registry::load_all(&app).await?;
        Ok(app)
    }

    /// Adds one to a counter of the process's metrics, where what happens here counts.
    pub fn count(&self, counter: impl FnOnce() -> Counter) {
        if self.metrics.is_some() {
            counter().increment(1);
        }
    }

    /// Finishes what is under way and closes the database.
    pub async fn close(&self) {
        self.stopping.cancel();
        self.tasks.close();
        let patience = Duration::from_secs(self.config.server.shutdown_seconds);
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                tasks = self.tasks.len(),
                "stopped with work unfinished; it is taken up at the next start"
            );
        }
        self.module_log.flush().await;
        self.store.close().await;
    }
}

/// Opens the database that the settings name, making the data folder and the key at the first start.
///
/// # Errors
/// When folder, key or database cannot be had.
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

/// Whether anybody is an administrator, active or not.
///
/// # Errors
/// Only the database's.
pub async fn has_admin(store: &Store) -> Result<bool, StoreError> {
    Ok(store.users().await?.iter().any(|user| user.role == Role::Admin))
}

/// Serves on `listener` until `shutdown` resolves, then finishes what it accepted and closes the app.
pub async fn serve(app: Arc<App>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let server = &app.config.server;
    let bounds = Bounds {
        connections: server.max_connections,
        of_address: server.max_connections_per_address,
        trusted: server.trusted_proxies.clone(),
        head: Duration::from_secs(server.header_seconds),
        write: Duration::from_secs(server.write_seconds.get().into()),
        shutdown: Duration::from_secs(server.shutdown_seconds),
    };
    jobs::start(&app);
    let shutdown = async {
        shutdown.await;
        // Sockets would stay open for ever.
        app.stopping.cancel();
    };
    listen::serve(listener, routes::router(&app), bounds, shutdown).await;
    app.close().await;
}
