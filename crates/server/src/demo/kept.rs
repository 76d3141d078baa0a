//! What the next start needs again: `demo.json` in the data folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hookswitch_core::accounts::Secret;
use hookswitch_core::clock::random;
use hookswitch_model::ModuleId;
use serde::{Deserialize, Serialize};

use super::DemoError;

/// The file's content. Programs that drive a demo read it too.
#[derive(Serialize, Deserialize)]
pub struct Kept {
    /// By login; of the users that the demo made.
    pub passwords: BTreeMap<String, String>,
    /// An API token of the administrator.
    pub token: Option<String>,
    /// What the module sends to the PBX.
    pub api_key: String,
    /// What the PBX signs its webhooks with.
    pub webhook_secret: String,
    /// The module that connects the PBX.
    pub module: Option<ModuleId>,
    /// Where the PBX listens now.
    #[serde(default)]
    pub pbx_url: String,
    #[serde(skip)]
    file: PathBuf,
}

impl Kept {
    /// Reads the file of a data folder. Without one there are new keys, which nothing is kept of yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(data_dir: &Path) -> Result<Self, DemoError> {
        let file = data_dir.join("demo.json");
        let damaged =
            |error: &dyn std::fmt::Display| DemoError(format!("{} is damaged: {error}", file.display()));
        match fs::read(&file) {
            Ok(bytes) => {
                let kept: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
                Ok(Self { file, ..kept })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::new(file)),
            Err(error) => Err(DemoError(format!("{}: {error}", file.display()))),
        }
    }

    fn new(file: PathBuf) -> Self {
        let secret = || Secret::new().expose().to_owned();
        Self {
            passwords: BTreeMap::new(),
            token: None,
            api_key: secret(),
            webhook_secret: secret(),
            module: None,
            pbx_url: String::new(),
            file,
        }
    }

    /// Writes the file, readable by its owner only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self) -> Result<(), DemoError> {
        let failed = |error: std::io::Error| DemoError(format!("{}: {error}", self.file.display()));
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let opened =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.file);
        opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(failed)
    }

    /// A user's password; a new one is saved before it is told.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn password_of(&mut self, login: &str) -> Result<String, DemoError> {
        let password = self.passwords.entry(login.to_owned()).or_insert_with(new_password).clone();
        self.save()?;
        Ok(password)
    }
}

/// 80 random bits, easy to type.
fn new_password() -> String {
    let letters = b"abcdefghijkmnpqrstuvwxyz23456789";
    random::<16>().iter().map(|byte| char::from(letters[usize::from(byte % 32)])).collect()
}
