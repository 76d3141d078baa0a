//! Plays scenarios: on a whole server in this process, over a database of its own that is thrown away.
//!
//! One [`Stage`] is enough for any number of plays. Each play has a module of its own on it, so that calls do not mix; all of
//! them share the clock, which the scenario sets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hookswitch_model::UserId;
use hookswitch_script::{Compiled, Engine, compile};
use hookswitch_store::{NewUser, Role, SecretKey, Store, User};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::app::{App, Start};
use crate::config::Config;
use crate::web_files;
use hookswitch_core::clock::{Clock, random};
use hookswitch_core::fetch::FetchClient;
use hookswitch_core::modules::builtin::BuiltinModule;
use hookswitch_core::modules::manifest::Manifest;
use hookswitch_core::modules::outgoing::PUBLIC_URL;
use hookswitch_core::modules::sample::Sample;
use hookswitch_core::modules::scenario::Scenario;

mod cast;
mod click;
mod orders;
mod outside;
pub mod report;
mod run;
mod shown;

pub use cast::{Cast, Reply};
pub use report::{OrderKind, Played, PlayedOrder, Problem};
pub use run::{play, play_all};
pub use shown::{Shown, diff};

use outside::Recordings;

/// A module that is tried.
pub struct Subject {
    /// What it is and which settings it has.
    pub manifest: Manifest,
    /// Its TypeScript.
    pub source: String,
    /// The same, compiled.
    pub compiled: Arc<Compiled>,
    /// Its samples, by the file's name without its ending.
    pub samples: Vec<(String, Sample)>,
    /// Its scenarios, in the same way.
    pub scenarios: Vec<(String, Scenario)>,
}

impl Subject {
    /// A module that comes with the program.
    ///
    /// # Errors
    /// What is wrong with its script.
    pub fn of_builtin(module: &BuiltinModule) -> Result<Self, String> {
        let compiled = compile(module.source).map_err(|diagnostics| {
            diagnostics.first().map_or_else(String::new, |first| {
                format!("{} (line {}, column {})", first.message, first.line, first.column)
            })
        })?;
        Ok(Self {
            manifest: module.manifest.clone(),
            source: module.source.to_owned(),
            compiled: Arc::new(compiled),
            samples: module.samples.clone(),
            scenarios: module.scenarios.clone(),
        })
    }

    /// The sample of that name.
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<&Sample> {
        self.samples.iter().find(|(known, _)| known == name).map(|(_, sample)| sample)
    }
}

fn failed(error: &dyn std::fmt::Display) -> String {
    format!("scenarios cannot be played: {error}")
}

fn defaults() -> Result<Config, String> {
    Config::load(None, |_| None).map_err(|error| failed(&error))
}

/// A server to play on.
pub struct Stage {
    app: Arc<App>,
    outside: Arc<Recordings>,
    /// As many operators as any scenario had members.
    users: Mutex<Vec<User>>,
    folder: TempDir,
}

impl Stage {
    /// Starts one under the limits that servers have unless told otherwise.
    ///
    /// # Errors
    /// What cannot be had.
    pub async fn open() -> Result<Self, String> {
        Self::under(&defaults()?).await
    }

    /// Starts one under a server's limits.
    ///
    /// # Errors
    /// What cannot be had.
    pub async fn under(limits: &Config) -> Result<Self, String> {
        let folder = TempDir::with_prefix("hookswitch-").map_err(|error| failed(&error))?;
        let mut config = defaults()?;
        config.script = limits.script.clone();
        config.webhooks = limits.webhooks.clone();
        config.calls = limits.calls.clone();
        config.server.data_dir = folder.path().to_owned();
        config.server.public_url = PUBLIC_URL.parse().ok();
        let key = SecretKey::from_bytes(random());
        let store = Store::open_temporary(&folder.path().join("play.db"), &key).await;
        let store = store.map_err(|error| failed(&error))?;
        let outside = Arc::new(Recordings::default());
        let time = Arc::clone(&outside);
        let fetch = FetchClient::new(&config.fetch).map_err(|error| failed(&error))?;
        let start = Start {
            config,
            clock: Clock::new(move || time.now()),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            web: web_files::BUILT_IN,
        };
        let app = App::over(start, store, fetch, Arc::clone(&outside) as _, None).await;
        let app = app.map_err(|error| failed(&error))?;
        Ok(Self { app, outside, users: Mutex::default(), folder })
    }

    /// What runs its scripts.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.app.modules.engine
    }

    /// Ends it and throws its database away.
    pub async fn close(self) {
        self.app.close().await;
        if let Err(error) = self.folder.close() {
            tracing::warn!(%error, "a folder of scenarios could not be removed");
        }
    }

    /// That many operators.
    async fn users(&self, count: usize) -> Result<Vec<User>, String> {
        let mut users = self.users.lock().await;
        while users.len() < count {
            let now = self.app.clock.now();
            let number = users.len() + 1;
            let new = NewUser {
                id: UserId::new(now, random()),
                login: format!("operator-{number}"),
                name: format!("Operator {number}"),
                email: None,
                role: Role::Operator,
                password_hash: None,
                created_at: now,
            };
            users.push(self.app.store.create_user(&new).await.map_err(|error| error.to_string())?);
            self.app.catalog.directory.reload(&self.app.store).await.map_err(|error| error.to_string())?;
        }
        Ok(users[..count].to_vec())
    }
}
