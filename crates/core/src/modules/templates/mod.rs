//! Templates of modules: the built-in ones, and those in the server's `modules_dir`.

mod read;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookswitch_model::ModuleId;
use hookswitch_script::Function;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::manifest::{self, Manifest, Setting};
use super::registry::Modules;
use super::{builtin, registry};
use crate::modules::script;
use read::{Folder, Texts};

/// A template of a module.
#[derive(Debug)]
pub struct Template {
    /// What it is and which settings it has.
    pub manifest: Manifest,
    pub source: Cow<'static, str>,
    /// Its folder in `modules_dir`; `None` for a built-in template.
    pub folder: Option<String>,
    /// Identifies what a module adopts from it; see [`hash`].
    pub hash: String,
}

/// A usable template, with the functions of its script.
pub type Usable = (Arc<Template>, BTreeSet<Function>);

/// A folder that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its name in `modules_dir`; `modules_dir` itself if that cannot be read.
    pub folder: String,
    /// Its code, if known.
    pub code: Option<String>,
    pub error: String,
}

/// The contents of `modules_dir`.
#[derive(Default)]
pub struct Templates {
    dir: Option<PathBuf>,
    found: RwLock<Arc<Found>>,
    /// One reading at a time.
    reading: tokio::sync::Mutex<()>,
    /// Held while a module adopts its folder's version automatically, and while somebody changes whether one does.
    pub taking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Found {
    usable: BTreeMap<String, Usable>,
    unusable: Vec<Unusable>,
    /// The folders read, so that a script is tried only once.
    read: Vec<(Folder, Result<Usable, String>)>,
}

/// The built-in templates, by code.
pub fn built_in() -> &'static [Arc<Template>] {
    static BUILT_IN: LazyLock<Vec<Arc<Template>>> = LazyLock::new(|| {
        let template = |module: &builtin::BuiltinModule| {
            Arc::new(Template::new(module.manifest.clone(), module.source.into(), None))
        };
        builtin::all().iter().map(template).collect()
    });
    &BUILT_IN
}

/// Identifies what a module adopts from a template. Default properties of a setting count as missing, so that a new
/// kind of property does not make every module look outdated.
pub fn hash(source: &str, settings: &[Setting], dials_extensions: bool) -> String {
    let mut taken = json!({ "source": source, "settings": settings, "dialsExtensions": dials_extensions });
    forget_defaults(&mut taken);
    URL_SAFE_NO_PAD.encode(Sha256::digest(taken.to_string()))
}

fn forget_defaults(value: &mut Value) {
    let is_default = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget_defaults),
        Value::Object(members) => {
            members.values_mut().for_each(forget_defaults);
            // A setting's own default may be false.
            members.retain(|name, value| name == "default" && !value.is_null() || !is_default(value));
        }
        _ => {}
    }
}

impl Template {
    fn new(manifest: Manifest, source: Cow<'static, str>, folder: Option<String>) -> Self {
        let hash = hash(&source, &manifest.settings, manifest.dials_extensions);
        Self { manifest, source, folder, hash }
    }
}

impl Templates {
    /// The templates of a server with this `modules_dir`.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self { dir, ..Self::default() }
    }

    /// Whether there is a `modules_dir`.
    pub(crate) const fn has_dir(&self) -> bool {
        self.dir.is_some()
    }

    /// The template with this code.
    pub fn find(&self, code: &str) -> Option<Arc<Template>> {
        let built_in = built_in().iter().find(|template| template.manifest.code == code);
        built_in.cloned().or_else(|| self.found().usable.get(code).map(|(template, _)| Arc::clone(template)))
    }

    pub fn codes(&self) -> Vec<String> {
        let built_in = built_in().iter().map(|template| template.manifest.code.clone());
        built_in.chain(self.found().usable.keys().cloned()).collect()
    }

    /// The usable folders, by code, and the unusable ones, as last read.
    pub fn folders(&self) -> (Vec<Usable>, Vec<Unusable>) {
        let found = self.found();
        (found.usable.values().cloned().collect(), found.unusable.clone())
    }

    /// Why the folder of the template with this code cannot be used.
    pub fn problem(&self, code: &str) -> Option<String> {
        let found = self.found();
        let unusable = found.unusable.iter().find(|unusable| unusable.code.as_deref() == Some(code));
        unusable.map(|unusable| format!("{}: {}", unusable.folder, unusable.error))
    }

    fn found(&self) -> Arc<Found> {
        Arc::clone(&self.found.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, found: Found) {
        *self.found.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(found);
    }
}

/// Reads `modules_dir`, if there is one. Scripts are tried if they are new or changed; with `retry`, also those that
/// could not be used.
pub async fn refresh(modules: &Modules, retry: bool) {
    let templates = &modules.templates;
    let Some(dir) = templates.dir.clone() else { return };
    let _reading = templates.reading.lock().await;
    let before = templates.found();
    let shown = dir.display().to_string();
    let folders = tokio::task::spawn_blocking(move || read::folders(&dir)).await;
    let folders = match folders.map_err(|error| error.to_string()).and_then(|folders| folders) {
        Ok(folders) => folders,
        Err(error) => {
            let unusable = vec![Unusable { folder: shown, code: None, error }];
            return templates.put(Found { unusable, ..Found::default() });
        }
    };
    let mut found = Found::default();
    for folder in folders {
        let known = before.read.iter().find(|(known, _)| *known == folder).map(|(_, tried)| tried);
        let tried = match known {
            Some(tried) if tried.is_ok() || !retry => tried.clone(),
            _ => tried(modules, &folder).await,
        };
        match tried.clone().and_then(|usable| only_one(&found, usable)) {
            Ok(usable) => {
                found.usable.insert(usable.0.manifest.code.clone(), usable);
            }
            Err(error) => {
                if known.is_none() {
                    tracing::warn!(folder = folder.name, error, "a folder of modules_dir cannot be used");
                }
                let code = code_of(&folder).or_else(|| before.code_of(&folder.name));
                found.unusable.push(Unusable { folder: folder.name.clone(), code, error });
            }
        }
        found.read.push((folder, tried));
    }
    templates.put(found);
}

/// The code in a folder's manifest.
fn code_of(folder: &Folder) -> Option<String> {
    let texts = folder.texts.as_ref().ok()?;
    manifest::parse(&texts.manifest).ok().map(|manifest| manifest.code)
}

impl Found {
    /// The last known code of a folder.
    fn code_of(&self, folder: &str) -> Option<String> {
        let usable = |(template, _): &&Usable| template.folder.as_deref() == Some(folder);
        let usable = self.usable.values().find(usable).map(|(template, _)| template.manifest.code.clone());
        let unusable = self.unusable.iter().find(|unusable| unusable.folder == folder);
        usable.or_else(|| unusable.and_then(|unusable| unusable.code.clone()))
    }
}

/// The template of a folder, if its script loads.
async fn tried(modules: &Modules, folder: &Folder) -> Result<Usable, String> {
    let Texts { manifest, source } = folder.texts.clone()?;
    let manifest = manifest::parse(&manifest).map_err(|error| error.to_string())?;
    let template = Template::new(manifest, source.into(), Some(folder.name.clone()));
    let functions = functions(modules, &template).await?;
    Ok((Arc::new(template), functions))
}

/// Rejects a code that another template has.
fn only_one(found: &Found, usable: Usable) -> Result<Usable, String> {
    let code = &usable.0.manifest.code;
    if built_in().iter().any(|template| template.manifest.code == *code) {
        return Err(format!(
            "module.toml: code: \"{code}\" is the code of a built-in module; choose another"
        ));
    }
    match found.usable.get(code).and_then(|(template, _)| template.folder.as_deref()) {
        Some(other) => {
            Err(format!("module.toml: code: \"{code}\" is also used by the folder {other}; choose another"))
        }
        None => Ok(usable),
    }
}

/// The functions of a template's script.
///
/// # Errors
/// Why the script cannot be used, with the position.
pub async fn functions(modules: &Modules, template: &Template) -> Result<BTreeSet<Function>, String> {
    let compiled = script::compiled(&template.source).await.map_err(|error| error.to_string())?;
    let compiled = compiled.map_err(|diagnostics| {
        let first = diagnostics.into_iter().next();
        first.map_or_else(String::new, |at| format!("module.ts:{}:{}: {}", at.line, at.column, at.message))
    })?;
    let id = ModuleId(uuid::Uuid::nil());
    let defaults = manifest::with_defaults(&template.manifest.settings, Map::new());
    let functions = registry::probe(modules, id, compiled, defaults).await;
    functions.map_err(|error| format!("module.ts cannot be loaded: {error}"))
}

/// Checks that this is a readable folder.
///
/// # Errors
/// Why it is not.
pub fn check_dir(dir: &Path) -> Result<(), std::io::Error> {
    std::fs::read_dir(dir).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(json: Value) -> Setting {
        serde_json::from_value(json).expect("a setting")
    }

    #[test]
    fn a_hash_covers_what_a_module_adopts() {
        let short = setting(json!({ "name": "on", "label": "On", "type": "boolean" }));
        let long =
            json!({ "name": "on", "label": "On", "type": "boolean", "required": false, "options": [] });
        let (short, long) = ([short], [setting(long)]);
        assert_eq!(hash("a", &short, false), hash("a", &long, false));
        assert_ne!(hash("a", &short, false), hash("b", &short, false));
        assert_ne!(hash("a", &short, false), hash("a", &short, true));
        let off = json!({ "name": "on", "label": "On", "type": "boolean", "default": false });
        assert_ne!(hash("a", &short, false), hash("a", &[setting(off)], false));
    }
}
