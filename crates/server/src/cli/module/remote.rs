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

/// The longest that a request may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The server and the token to use.
#[derive(Debug, clap::Args)]
pub struct Remote {
    /// The server's URL, as in the browser
    #[arg(long, env = "HOOKSWITCH_SERVER", value_name = "URL")]
    server: String,
    /// An administrator's API token; safer in the environment, as other users can see a command's arguments
    #[arg(long, env = "HOOKSWITCH_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: SecretString,
}

/// A client for a server.
pub struct Server {
    http: reqwest::Client,
    base: PublicUrl,
    token: HeaderValue,
}

/// Why a server refused a request.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Refused {
    /// Message for people.
    pub detail: String,
    /// Errors in the script, if those are the reason.
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
    pub id: ModuleId,
    /// Display name.
    pub name: String,
    /// Country of numbers without a country code.
    pub default_country: Option<String>,
    /// How its provider writes numbers.
    pub numbers: Written,
    /// Whether its script can dial extensions.
    pub dials_extensions: bool,
    /// Declared settings; `None` if the token does not belong to an administrator.
    pub settings: Option<Vec<DeclaredSetting>>,
    /// Newest version of its script.
    pub script_version: Option<i32>,
}

/// A setting, and whether it has a value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredSetting {
    /// The declaration.
    #[serde(flatten)]
    pub setting: Setting,
    /// Whether it has a value other than its default.
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
    /// Returns a client for the server.
    pub fn server(&self) -> Result<Server, Box<dyn std::error::Error + Send + Sync>> {
        // The value is not repeated, since it may contain a password.
        let base = self.server.parse().map_err(
            |_| "--server (HOOKSWITCH_SERVER) must be an http:// or https:// URL without query and password",
        )?;
        let mut token = HeaderValue::from_str(&format!("Bearer {}", self.token.expose_secret().trim()))
            .map_err(|_| "--token (HOOKSWITCH_TOKEN) has characters that cannot be in a token")?;
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
    /// Returns the URL of a page or route.
    pub fn url(&self, path: &str) -> String {
        self.base.join(path)
    }

    /// Sends a GET request.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Refused> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a request and decodes the response.
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
                let detail =
                    format!("{server} sent a response that this program does not understand: {error}");
                Refused::from(detail)
            });
        }
        Err(match serde_json::from_slice::<Problem>(&bytes) {
            Ok(Problem { detail, diagnostics }) => Refused { detail, diagnostics },
            Err(_) if status.is_redirection() => {
                format!("{server} redirects elsewhere; use the URL that it redirects to").into()
            }
            Err(_) => {
                format!("{server} answered {status} without an explanation; is it a Hookswitch server?")
                    .into()
            }
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Refused {
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        format!("cannot reach {}: {cause}", self.url("")).into()
    }

    /// Returns the module with this id or name, if there is one.
    ///
    /// # Errors
    /// Fails if several modules have the name.
    pub async fn find(&self, which: &str) -> Result<Option<Module>, Refused> {
        let modules: Page = self.get("/api/v1/modules").await?;
        let named = |module: &Module| module.id.to_string() == which || module.name == which;
        let mut found: Vec<_> = modules.items.into_iter().filter(named).collect();
        if found.iter().any(|module| module.settings.is_none()) {
            let detail = "the token does not belong to an administrator; create one with `hookswitch token create --user LOGIN`";
            return Err(detail.to_owned().into());
        }
        if found.len() > 1 {
            let ids: Vec<_> = found.iter().map(|module| module.id.to_string()).collect();
            let ids = ids.join(", ");
            return Err(format!("several modules are named {which}; use an id: {ids}").into());
        }
        Ok(found.pop())
    }

    /// Returns the module with this id or name, or an error if there is none.
    pub async fn must_find(&self, which: &str) -> Result<Module, Refused> {
        let found = self.find(which).await?;
        found.ok_or_else(|| format!("{} has no module with the id or name {which}", self.url("")).into())
    }

    /// Returns the newest version of a module's script, or `None` if none has been saved.
    pub async fn script(&self, module: &Module) -> Result<Option<String>, Refused> {
        if module.script_version.is_none() {
            return Ok(None);
        }
        let script: Script = self.get(&format!("/api/v1/modules/{}/script", module.id)).await?;
        Ok(Some(script.source))
    }
}

impl Module {
    /// Returns the declared settings.
    pub fn declared(&self) -> Vec<Setting> {
        self.settings.iter().flatten().map(|declared| declared.setting.clone()).collect()
    }

    /// Returns the labels of required settings without a value.
    pub fn unset(&self) -> Vec<&str> {
        let lacks = |declared: &&DeclaredSetting| {
            declared.setting.required && !declared.is_set && declared.setting.default.is_none()
        };
        self.settings.iter().flatten().filter(lacks).map(|declared| declared.setting.label.as_str()).collect()
    }
}
