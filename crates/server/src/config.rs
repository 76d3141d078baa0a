//! The settings: `config.default.toml`, overridden by the given file, overridden by the environment.
//!
//! The commented default file is embedded and is the only place for defaults. Keys that it does not have are rejected.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use config::builder::DefaultState;
use config::{ConfigBuilder, File, FileFormat, ValueKind};
use hookswitch_script::Limits;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

use hookswitch_core::calls::silent::Silence;
use hookswitch_core::fetch::FetchSettings;
use hookswitch_core::public_url::PublicUrl;

/// The default file, with its comments.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// Short names for some settings, in addition to `HOOKSWITCH_<SECTION>_<NAME>`.
const SHORT_NAMES: [(&str, &str); 5] = [
    ("server.listen", "HOOKSWITCH_LISTEN"),
    ("server.public_url", "HOOKSWITCH_PUBLIC_URL"),
    ("server.data_dir", "HOOKSWITCH_DATA_DIR"),
    ("server.modules_dir", "HOOKSWITCH_MODULES_DIR"),
    ("log.filter", "HOOKSWITCH_LOG"),
];

/// Variables that are not settings but arguments of commands such as `hookswitch module push`.
const OF_COMMANDS: [&str; 2] = ["HOOKSWITCH_SERVER", "HOOKSWITCH_TOKEN"];

/// All settings. [`DEFAULTS`] explains each one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Config {
    pub server: Server,
    pub database: Database,
    pub secret: Secret,
    pub log: Log,
    pub auth: Auth,
    pub webhooks: Webhooks,
    pub calls: Silence,
    pub script: Limits,
    pub fetch: FetchSettings,
}

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Server {
    pub listen: SocketAddr,
    #[serde(deserialize_with = "optional")]
    pub public_url: Option<PublicUrl>,
    pub data_dir: PathBuf,
    #[serde(deserialize_with = "optional")]
    pub modules_dir: Option<PathBuf>,
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub max_sockets_per_user: usize,
    pub header_seconds: u64,
    pub body_seconds: u64,
    pub body_total_seconds: NonZeroU32,
    pub write_seconds: NonZeroU32,
    pub socket_ping_seconds: NonZeroU32,
    pub socket_silence_seconds: NonZeroU32,
    pub shutdown_seconds: u64,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Database {
    pub url: SecretString,
}

/// `[secret]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Secret {
    pub key: SecretString,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human-readable text.
    Text,
    /// One JSON object per line.
    Json,
}

/// `[auth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Auth {
    pub session_days: u32,
    pub sign_in_attempts_per_minute: NonZeroU32,
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the comments of the default file are the documentation")]
pub struct Webhooks {
    pub body_bytes: usize,
    pub keep_days: u32,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("settings: {0}")]
pub struct ConfigError(String);

impl Config {
    /// Loads the defaults, overridden by `file` and by the variables that `env` returns.
    ///
    /// # Errors
    /// Names the key and the file or variable that it came from.
    pub fn load(file: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = file {
            builder = builder.add_source(File::from(path).format(FileFormat::Toml));
        }
        for (section, name, is_list) in keys()? {
            builder = set_from_env(builder, &section, &name, is_list, &env)?;
        }
        let config: Self = builder
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| ConfigError(error.to_string()))?;
        bounds::check(&config).map_err(ConfigError)?;
        Ok(config)
    }

    /// Returns the configured database URL, or SQLite in the data folder.
    #[must_use]
    pub fn database_url(&self) -> SecretString {
        if self.database.url.expose_secret().is_empty() {
            format!("sqlite:{}", self.server.data_dir.join("hookswitch.db").display()).into()
        } else {
            self.database.url.clone()
        }
    }
}

/// Returns environment variables that look like settings but are not: typos, or settings of another version.
#[must_use]
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let settings = keys().unwrap_or_default();
    let known: Vec<String> =
        settings.iter().flat_map(|(section, name, _)| variables(section, name)).collect();
    let is_known = |name: &String| known.contains(name) || OF_COMMANDS.contains(&name.as_str());
    names.filter(|name| name.starts_with("HOOKSWITCH_") && !is_known(name)).collect()
}

/// Returns the variables of a setting; the first one that is set counts.
fn variables(section: &str, name: &str) -> impl Iterator<Item = String> + use<> {
    let key = format!("{section}.{name}");
    let short = SHORT_NAMES.iter().find(|(of, _)| *of == key).map(|(_, variable)| (*variable).to_owned());
    let long = format!("HOOKSWITCH_{}_{}", section.to_uppercase(), name.to_uppercase());
    [Some(long), short].into_iter().flatten()
}

/// Returns every setting's section, name, and whether it is a list.
fn keys() -> Result<Vec<(String, String, bool)>, ConfigError> {
    let defaults: toml::Table =
        DEFAULTS.parse().map_err(|error: toml::de::Error| ConfigError(error.to_string()))?;
    let settings = |(section, value): (String, toml::Value)| {
        let toml::Value::Table(table) = value else { return Vec::new() };
        table.into_iter().map(|(name, value)| (section.clone(), name, value.is_array())).collect()
    };
    Ok(defaults.into_iter().flat_map(settings).collect())
}

fn set_from_env(
    builder: ConfigBuilder<DefaultState>,
    section: &str,
    name: &str,
    is_list: bool,
    env: impl Fn(&str) -> Option<String>,
) -> Result<ConfigBuilder<DefaultState>, ConfigError> {
    let key = format!("{section}.{name}");
    let Some((variable, text)) = variables(section, name).find_map(|v| env(&v).map(|text| (v, text))) else {
        return Ok(builder);
    };
    let value = if is_list {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        ValueKind::Array(parts.map(|part| config::Value::new(Some(&variable), part)).collect())
    } else {
        ValueKind::String(text)
    };
    builder
        .set_override(&key, config::Value::new(Some(&variable), value))
        .map_err(|error| ConfigError(error.to_string()))
}

fn optional<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(de::Error::custom) }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        parsed.map_err(|_| {
            de::Error::custom(format!("`{text}` is neither an IP address nor a network such as 10.0.0.0/8"))
        })
    };
    texts.iter().map(network).collect()
}

mod bounds;
#[cfg(test)]
mod tests;
