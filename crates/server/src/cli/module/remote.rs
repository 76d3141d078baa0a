//! The server that `push`, `pull` and `sample` talk to.

use std::time::Duration;

use axum::http::{HeaderValue, Method, header};
use hookswitch_model::ModuleId;
use hookswitch_model::phone::Written;
use hookswitch_script::Diagnostic;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use hookswitch_core::fetch::tls;
use hookswitch_core::modules::manifest::Setting;
use hookswitch_core::public_url::PublicUrl;

/// A server takes no longer for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server, and who asks.
#[derive(Debug, clap::Args)]
pub struct Remote {
    /// The server's address, as in the browser.
    #[arg(long, env = "HOOKSWITCH_SERVER", value_name = "URL")]
    server: String,
    /// An administrator's API token. Better in the environment: others on this machine see what a command is given.
    #[arg(long, env = "HOOKSWITCH_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: SecretString,
}

/// A server to ask.
pub struct Server {
    http: reqwest::Client,
    base: PublicUrl,
    token: HeaderValue,
}

/// Why a server did not do it.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Refused {
    /// A sentence for people.
    pub detail: String,
    /// What is wrong with the script, where that is it.
    pub diagnostics: Vec<Diagnostic>,
}

impl From<String> for Refused {
    fn from(detail: String) -> Self {
        Self { detail, diagnostics: Vec::new() }
    }
}

/// A module as a server shows it to administrators.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// Which.
    pub id: ModuleId,
    /// What people call it.
    pub name: String,
    /// For numbers without a country code.
    pub default_country: Option<String>,
    /// How its provider writes numbers.
    pub numbers: Written,
    /// Whether its script dials extensions.
    pub dials_extensions: bool,
    /// The settings it declares; none for whoever is not an administrator.
    pub settings: Option<Vec<DeclaredSetting>>,
    /// The newest version of its script.
    pub script_version: Option<i32>,
}

/// A setting, and whether it has a value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredSetting {
    /// As it is declared.
    #[serde(flatten)]
    pub setting: Setting,
    /// Whether it has a value, its default aside.
    pub is_set: bool,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Module>,
}

#[derive(Deserialize)]
struct Script {
    source: String,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    diagnostics: Vec<Diagnostic>,
}

impl Remote {
    /// A client of that server.
    pub fn server(&self) -> Result<Server, Box<dyn std::error::Error + Send + Sync>> {
        // What was given is not repeated: it may hold a password.
        let base = self.server.parse().map_err(
            |_| "--server (HOOKSWITCH_SERVER) must be an http:// or https:// URL without query and password",
        )?;
        let mut token = HeaderValue::from_str(&format!("Bearer {}", self.token.expose_secret().trim()))
            .map_err(|_| "--token (HOOKSWITCH_TOKEN) has characters that no token has")?;
        token.set_sensitive(true);
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .user_agent(concat!("hookswitch/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .tls_backend_preconfigured(tls()?)
            .build()?;
        Ok(Server { http, base, token })
    }
}

impl Server {
    /// The address of a page or route.
    pub fn url(&self, path: &str) -> String {
        self.base.join(path)
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        self.send(Method::GET, path, None).await
    }

    /// Changes something.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Refused> {
        let mut request =
            self.http.request(method, self.url(path)).header(header::AUTHORIZATION, self.token.clone());
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let server = self.url("");
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| {
                let detail = format!("{server} answered what this program does not understand: {error}");
                Refused::from(detail)
            });
        }
        Err(match serde_json::from_slice::<Problem>(&bytes) {
            Ok(Problem { detail, diagnostics }) => Refused { detail, diagnostics },
            Err(_) if status.is_redirection() => {
                format!("{server} is not where the server is: it redirects; give the address it redirects to")
                    .into()
            }
            Err(_) => format!("{server} answered {status} and did not say why; is it Hookswitch?").into(),
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Refused {
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        format!("{} cannot be reached: {cause}", self.url("")).into()
    }

    /// The module with that id or name, if there is one.
    ///
    /// # Errors
    /// Also where several have the name.
    pub async fn find(&self, which: &str) -> Result<Option<Module>, Refused> {
        let modules: Page = self.get("/api/v1/modules").await?;
        let named = |module: &Module| module.id.to_string() == which || module.name == which;
        let mut found: Vec<_> = modules.items.into_iter().filter(named).collect();
        if found.iter().any(|module| module.settings.is_none()) {
            let detail = "the token does not belong to an administrator; make one with `hookswitch token create --user LOGIN`";
            return Err(detail.to_owned().into());
        }
        if found.len() > 1 {
            let ids: Vec<_> = found.iter().map(|module| module.id.to_string()).collect();
            let ids = ids.join(", ");
            return Err(format!("several modules are called {which}; say which by its id: {ids}").into());
        }
        Ok(found.pop())
    }

    /// The same, where there must be one.
    pub async fn must_find(&self, which: &str) -> Result<Module, Refused> {
        let found = self.find(which).await?;
        found.ok_or_else(|| format!("{} has no module with the id or name {which}", self.url("")).into())
    }

    /// The newest version of a module's script; none before one was saved.
    pub async fn script(&self, module: &Module) -> Result<Option<String>, Refused> {
        if module.script_version.is_none() {
            return Ok(None);
        }
        let script: Script = self.get(&format!("/api/v1/modules/{}/script", module.id)).await?;
        Ok(Some(script.source))
    }
}

impl Module {
    /// The settings it declares.
    pub fn declared(&self) -> Vec<Setting> {
        self.settings.iter().flatten().map(|declared| declared.setting.clone()).collect()
    }

    /// What the settings it needs and lacks are called.
    pub fn unset(&self) -> Vec<&str> {
        let lacks = |declared: &&DeclaredSetting| {
            declared.setting.required && !declared.is_set && declared.setting.default.is_none()
        };
        self.settings.iter().flatten().filter(lacks).map(|declared| declared.setting.label.as_str()).collect()
    }
}
