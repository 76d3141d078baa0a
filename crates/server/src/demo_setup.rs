//! `serve --demo`: a server with something to see. Makes, at the first start, an administrator, two operators and the module
//! of the demo PBX, runs the PBX, and tells how to sign in and how to make a call ring.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hookswitch_model::ModuleId;
use hookswitch_store::{Binding, Role, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::app::{App, open_store};
use crate::config::Config;
use crate::demo::Panel;
use crate::demo::pbx::{self, Options, Pbx};
use crate::error::ApiError;
use crate::routes::tokens::{self, CreateToken};
use crate::routes::users::{self, CreateUser};
use hookswitch_core::Error;
use hookswitch_core::accounts::{Passwords, Secret};
use hookswitch_core::clock::{Clock, random};
use hookswitch_core::fetch::AllowRule;
use hookswitch_core::modules::create::{self, Recipe};
use hookswitch_core::modules::registry::Active;
use hookswitch_core::modules::token;

/// Where the PBX listens unless something else does.
const PBX_PORT: u16 = 8701;
/// The built-in module that connects the PBX.
const PROVIDER: &str = "demo";
/// Login, name, and the extension of those who have one.
const PEOPLE: [(&str, &str, Option<&str>); 3] = [
    ("admin", "Administrator", None),
    ("reception", "Reception", Some("101")),
    ("sales", "Sales", Some("102")),
];

/// What the next start needs again; `demo.json` in the data folder, readable by its owner only.
#[derive(Serialize, Deserialize)]
struct Kept {
    passwords: BTreeMap<String, String>,
    token: Option<String>,
    api_key: String,
    webhook_secret: String,
    module: Option<ModuleId>,
}

/// Why the demo cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the demo cannot be set up: {0}")]
pub struct DemoError(String);

impl DemoError {
    fn at(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |error| Self(format!("{}: {error}", path.display()))
    }
}

impl From<ApiError> for DemoError {
    fn from(error: ApiError) -> Self {
        Self(error.detail().to_owned())
    }
}

impl From<Error> for DemoError {
    fn from(error: Error) -> Self {
        Self(error.detail().to_owned())
    }
}

impl From<hookswitch_store::StoreError> for DemoError {
    fn from(error: hookswitch_store::StoreError) -> Self {
        Self(error.to_string())
    }
}

/// A demo whose people exist and whose PBX runs, while this lives.
pub struct Demo {
    /// What the app drives the PBX by.
    pub panel: Arc<Panel>,
    kept: Kept,
    file: PathBuf,
    pbx: Pbx,
}

/// Makes the people, starts the PBX and allows scripts to reach it. To be called before the app is opened.
///
/// # Errors
/// When the data folder is not one of a demo, or something fails.
pub async fn prepare(config: &mut Config, clock: &Clock) -> Result<Demo, DemoError> {
    let store = open_store(config).await.map_err(|error| DemoError(error.to_string()))?;
    let file = config.server.data_dir.join("demo.json");
    let made = make_people(&store, clock, &file).await;
    store.close().await;
    let kept = made?;
    let pbx = start_pbx(&kept, clock)
        .await
        .map_err(|error| DemoError(format!("the PBX does not start: {error}")))?;
    let rule: Result<AllowRule, _> = pbx.address.to_string().parse();
    config.fetch.allow.push(rule.map_err(|error| DemoError(error.to_string()))?);
    let panel = Arc::new(Panel::new(pbx.shared.clone()));
    Ok(Demo { panel, kept, file, pbx })
}

async fn make_people(store: &Store, clock: &Clock, file: &Path) -> Result<Kept, DemoError> {
    let mut kept = match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| DemoError(format!("{} is damaged: {error}", file.display())))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let kept = first_start(store).await?;
            keep(file, &kept)?;
            kept
        }
        Err(error) => return Err(DemoError::at(file)(error)),
    };
    for (login, name, extension) in PEOPLE {
        if store.user_by_login(login).await?.is_none() {
            let role = if extension.is_none() { Role::Admin } else { Role::Operator };
            let password = kept.passwords.get(login).cloned().unwrap_or_default().into();
            let user = CreateUser { login: login.into(), name: name.into(), email: None, role, password };
            users::make(store, &Passwords::new(), clock.now(), user).await?;
        }
    }
    if kept.token.is_none()
        && let Some(admin) = store.user_by_login(PEOPLE[0].0).await?
    {
        let body = CreateToken { name: "demo".into(), expires_at: None };
        kept.token = Some(tokens::make(store, clock.now(), admin.id, body).await?.token);
        keep(file, &kept)?;
    }
    Ok(kept)
}

/// New passwords and keys, unless the folder belongs to somebody.
async fn first_start(store: &Store) -> Result<Kept, DemoError> {
    for (login, ..) in PEOPLE {
        if store.user_by_login(login).await?.is_some() {
            let sentence =
                "there is a user `{}` that the demo did not make; give the demo a data folder of its own";
            return Err(DemoError(sentence.replace("{}", login)));
        }
    }
    let secret = || Secret::new().expose().to_owned();
    Ok(Kept {
        passwords: PEOPLE.iter().map(|(login, ..)| ((*login).to_owned(), password())).collect(),
        token: None,
        api_key: secret(),
        webhook_secret: secret(),
        module: None,
    })
}

/// 80 random bits, easy to type.
fn password() -> String {
    let letters = b"abcdefghijkmnpqrstuvwxyz23456789";
    random::<16>().iter().map(|byte| char::from(letters[usize::from(byte % 32)])).collect()
}

fn keep(file: &Path, kept: &Kept) -> Result<(), DemoError> {
    let text = serde_json::to_string_pretty(kept).map_err(|error| DemoError(error.to_string()))?;
    let opened = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(DemoError::at(file))
}

async fn start_pbx(kept: &Kept, clock: &Clock) -> std::io::Result<Pbx> {
    let options = |port| Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        webhook_url: None,
        api_key: kept.api_key.clone(),
        webhook_secret: kept.webhook_secret.clone(),
        extensions: pbx::extensions(),
    };
    match pbx::start(options(PBX_PORT), clock.clone()).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            pbx::start(options(0), clock.clone()).await
        }
        started => started,
    }
}

impl Demo {
    /// Makes the module at the first start, binds the extensions, tells the PBX its webhook URL, and gives the text to
    /// print.
    ///
    /// # Errors
    /// When something fails.
    pub async fn connect(&mut self, app: &Arc<App>) -> Result<String, DemoError> {
        let active = match self.kept.module.and_then(|id| app.modules.get(id)) {
            Some(active) => self.moved(app, &active).await?,
            None => self.make_module(app).await?,
        };
        self.panel.module.get_or_init(|| active.module.id);
        let told = token::notify(&app.modules, &active).await;
        if !told.notified {
            return Err(DemoError(told.message.unwrap_or_default()));
        }
        Ok(self.welcome(app))
    }

    async fn make_module(&mut self, app: &Arc<App>) -> Result<Arc<Active>, DemoError> {
        let recipe = Recipe {
            follows_folder: false,
            name: "Demo PBX".into(),
            provider: Some(PROVIDER.into()),
            script: None,
            fields: None,
            values: self.values(),
            default_country: None,
            numbers: None,
            dials_extensions: None,
        };
        let active = create::create(&app.modules, recipe, None).await?;
        self.kept.module = Some(active.module.id);
        keep(&self.file, &self.kept)?;
        let mut bindings = Vec::new();
        for (login, name, extension) in PEOPLE {
            if let (Some(extension), Some(user)) = (extension, app.store.user_by_login(login).await?) {
                let (member_id, member_name) = (extension.to_owned(), name.to_owned());
                bindings.push(Binding { member_id, member_name, user_id: user.id });
            }
        }
        app.store.replace_bindings(active.module.id, &bindings).await?;
        Ok(create::reload(&app.modules, active.module.id).await?)
    }

    /// The PBX may listen elsewhere than last time.
    async fn moved(&self, app: &Arc<App>, active: &Active) -> Result<Arc<Active>, DemoError> {
        let changes = create::changes(&active.settings, &self.values())?;
        app.store.update_settings(active.module.id, &changes).await?;
        Ok(create::reload(&app.modules, active.module.id).await?)
    }

    fn values(&self) -> Map<String, Value> {
        let url = format!("http://{}", self.pbx.address);
        let values = [
            ("pbxUrl", json!(url)),
            ("apiKey", json!(self.kept.api_key)),
            ("webhookSecret", json!(self.kept.webhook_secret)),
        ];
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn welcome(&self, app: &App) -> String {
        let server = app.public_url.join("");
        let pbx = self.pbx.address;
        let mut text = format!("The demo PBX runs at http://{pbx}\nSign in at {server} as\n");
        for (login, _, extension) in PEOPLE {
            let password = self.kept.passwords.get(login).map_or("", String::as_str);
            let extension = extension.map(|number| format!("   extension {number}")).unwrap_or_default();
            text.push_str(&format!("  {login:<10} {password}{extension}\n"));
        }
        text.push_str(&format!(
            "A call rings at extension 101:\n  curl --json '{{\"to\":\"101\"}}' http://{pbx}/ring\n"
        ));
        let token = self.kept.token.as_deref().unwrap_or_default();
        text.push_str(&format!(
            "The calls:\n  curl -H 'Authorization: Bearer {token}' {server}/api/v1/calls\n"
        ));
        text
    }
}

#[cfg(test)]
mod tests;
