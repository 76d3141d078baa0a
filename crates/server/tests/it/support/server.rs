//! The server under test.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use chrono::{TimeDelta, Utc};
use hookswitch_core::clock::Clock;
use hookswitch_model::UserId;
use hookswitch_server::app::{App, Start};
use hookswitch_server::config::Config;
use hookswitch_server::routes::tokens::{self, CreateToken};
use hookswitch_server::web_files::WebFiles;
use hookswitch_store::{NewUser, Role};
use rust_embed::Embed;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Client, Database};

/// The password of a test's users.
pub const PASSWORD: &str = "seven purple herons";

/// A web app with a few files, used even if the real one is built.
#[derive(Embed)]
#[folder = "tests/it/support/web"]
struct SmallWebApp;

/// A server that runs until [`Server::stop`].
pub struct Server {
    pub url: String,
    pub app: Arc<App>,
    /// Secrets that no response may contain.
    secrets: Arc<Mutex<Vec<String>>>,
    ahead_seconds: Arc<AtomicI64>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
    _folder: TempDir,
}

impl Server {
    /// Starts a server; `settings` are environment variables.
    pub async fn start(database: Database, settings: &[(&str, &str)]) -> Self {
        Self::start_with(database, settings, <SmallWebApp as Embed>::get).await
    }

    /// Starts a server with this web app.
    pub async fn start_with(database: Database, settings: &[(&str, &str)], web: WebFiles) -> Self {
        let Database { folder, url: database_url } = database;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let env = |name: &str| match name {
            "HOOKSWITCH_DATA_DIR" => Some(folder.path().display().to_string()),
            "HOOKSWITCH_DATABASE_URL" => Some(database_url.clone()),
            _ => settings.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned()),
        };
        let config = Config::load(None, env).expect("settings");
        let ahead_seconds = Arc::new(AtomicI64::new(0));
        let clock = clock(&ahead_seconds);
        let app = App::open(Start { config, clock, address, web }).await.expect("an app");
        let (stop, stopped) = oneshot::channel();
        let running =
            tokio::spawn(hookswitch_server::serve::serve(Arc::clone(&app), Router::new(), listener, async {
                // A failing test drops the sender, which also stops the server.
                let _ = stopped.await;
            }));
        let secrets = Arc::new(Mutex::new(vec![PASSWORD.to_owned(), "$argon2".to_owned()]));
        Self { url: format!("http://{address}"), app, secrets, ahead_seconds, stop, running, _folder: folder }
    }

    /// Stops the server cleanly.
    pub async fn stop(self) {
        self.stop.send(()).expect("a running server");
        self.running.await.expect("a server that stops in order");
    }

    /// Advances the server's clock.
    pub fn advance(&self, time: TimeDelta) {
        self.ahead_seconds.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }

    /// Forbids responses to contain this from now on.
    pub fn keep_secret(&self, secret: impl Into<String>) {
        self.secrets.lock().expect("secrets").push(secret.into());
    }

    /// Returns a client that is not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.url.clone(), Arc::clone(&self.secrets))
    }

    /// Returns a client with this token.
    pub fn with_token(&self, token: &str) -> Client {
        self.anonymous().header("authorization", &format!("Bearer {token}"))
    }

    /// Creates an administrator, signed in with a token.
    pub async fn admin(&self) -> Client {
        self.new_user("admin", Role::Admin).await.1
    }

    /// Creates an operator, signed in with a token.
    pub async fn operator(&self, login: &str) -> (UserId, Client) {
        self.new_user(login, Role::Operator).await
    }

    /// Returns the user with that login.
    pub async fn user(&self, login: &str) -> UserId {
        self.app.store.user_by_login(login).await.expect("an answer").expect("a user").id
    }

    /// Creates a user with [`PASSWORD`] and signs them in like a browser.
    pub async fn browser(&self, login: &str, role: Role) -> (UserId, Client) {
        let (id, _) = self.new_user(login, role).await;
        let hash = self.app.accounts.passwords.hash(PASSWORD.into()).await.expect("a hash");
        let patch = hookswitch_store::UserPatch { password_hash: Some(Some(hash)), ..Default::default() };
        self.app.store.update_user(id, &patch).await.expect("an answer").expect("a user");
        (id, self.sign_in(login, PASSWORD).await)
    }

    /// Signs in like a browser.
    pub async fn sign_in(&self, login: &str, password: &str) -> Client {
        let answer =
            self.anonymous().post("/api/v1/session", json!({ "login": login, "password": password })).await;
        answer.is(200);
        let cookie = answer.header("set-cookie");
        let (pair, _) = cookie.split_once(';').expect("attributes");
        self.anonymous().header("cookie", pair).header("origin", &self.url)
    }

    async fn new_user(&self, login: &str, role: Role) -> (UserId, Client) {
        let now = self.app.clock.now();
        let user = NewUser {
            id: UserId::new(now, rand::random()),
            login: login.to_owned(),
            name: login.to_owned(),
            email: None,
            role,
            password_hash: None,
            created_at: now,
        };
        let user = self.app.store.create_user(&user).await.expect("a user");
        let body = CreateToken { name: "test".to_owned(), expires_at: None };
        let made = tokens::make(&self.app.store, now, user.id, body).await.expect("a token");
        (user.id, self.with_token(&made.token))
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's clock runs ahead of the system's")]
fn clock(ahead_seconds: &Arc<AtomicI64>) -> Clock {
    let ahead_seconds = Arc::clone(ahead_seconds);
    Clock::new(move || Utc::now() + TimeDelta::seconds(ahead_seconds.load(Ordering::SeqCst)))
}
