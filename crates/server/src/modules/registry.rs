//! The active modules, in memory: what a webhook needs without asking the database.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use hookswitch_model::phone::Country;
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::{
    CallContext, Compiled, Diagnostic, Environment, Function, ModuleHandle, Outcome, ScriptError, Slot,
    compile,
};
use hookswitch_store::{LeadRule, Module, StoreError};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

use super::host::ModuleHost;
use super::manifest::{self, Setting};
use crate::app::App;
use crate::cut::{self, cut};

/// Every module that was not deleted.
#[derive(Default)]
pub struct Registry {
    active: RwLock<HashMap<ModuleId, Arc<Active>>>,
    /// One reload at a time: the later of two changes must not be overtaken by what the earlier one read.
    reloading: tokio::sync::Mutex<()>,
}

/// A module as it works now. A change makes a new one.
pub struct Active {
    /// What the database says of it.
    pub module: Module,
    /// The settings it declares.
    pub settings: Vec<Setting>,
    /// Their values, defaults filled in; secrets too.
    pub values: Map<String, Value>,
    /// The settings that have a value of their own.
    pub set: BTreeSet<String>,
    /// Of these, those whose value was given as a secret's. It is never shown, whatever the setting is declared as now.
    pub sealed: BTreeSet<String>,
    /// The user bound to a member's number.
    pub bindings: HashMap<String, UserId>,
    /// For numbers without a country code.
    pub country: Option<Country>,
    /// The newest version of the script; none before one was saved.
    pub script_version: Option<i32>,
    /// What the script implements; nothing where it cannot be loaded.
    pub functions: BTreeSet<Function>,
    script: Result<Loaded, ScriptError>,
}

#[derive(Clone)]
struct Loaded {
    handle: ModuleHandle,
    host: Arc<ModuleHost>,
}

impl Registry {
    /// The module, as it is now.
    pub fn get(&self, id: ModuleId) -> Option<Arc<Active>> {
        self.active.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<Arc<Active>> {
        let mut all: Vec<_> =
            self.active.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by_key(|active| active.module.id);
        all
    }

    fn put(&self, id: ModuleId, active: Option<Active>) -> Option<Arc<Active>> {
        let mut modules = self.active.write().unwrap_or_else(PoisonError::into_inner);
        match active {
            None => modules.remove(&id).and(None),
            Some(active) => {
                let active = Arc::new(active);
                modules.insert(id, Arc::clone(&active));
                Some(active)
            }
        }
    }
}

/// Loads every module, at start.
///
/// # Errors
/// When the database fails. A script that cannot be loaded is only that module's failure.
pub async fn load_all(app: &App) -> Result<(), StoreError> {
    for module in app.store.modules().await? {
        let id = module.id;
        let active = activate(app, module).await?;
        app.modules.put(id, Some(active));
    }
    Ok(())
}

/// Reads one module again, after it was changed. The script's runtime stays unless the script is another.
///
/// # Errors
/// When the database fails.
pub async fn reload(app: &App, id: ModuleId) -> Result<Option<Arc<Active>>, StoreError> {
    let _reloading = app.modules.reloading.lock().await;
    let active = match app.store.module(id).await? {
        Some(module) => Some(activate(app, module).await?),
        None => None,
    };
    Ok(app.modules.put(id, active))
}

async fn activate(app: &App, module: Module) -> Result<Active, StoreError> {
    let script = app.store.script(module.id, None).await?;
    let kept = app.store.settings(module.id).await?;
    let (values, sealed) = (kept.for_script(), kept.secrets_set());
    let bindings = app.store.bindings(module.id).await?;
    let settings: Vec<Setting> = serde_json::from_value(module.fields.clone())
        .map_err(|error| StoreError::Corrupt(format!("the settings of module {}: {error}", module.id)))?;
    let set = values.keys().cloned().collect();
    let values = manifest::with_defaults(&settings, values);
    let environment = Arc::new(Environment { settings: values.clone(), services: Vec::new() });
    let script_version = script.as_ref().map(|script| script.info.version);

    let before = app.modules.get(module.id).filter(|before| before.script_version == script_version);
    let (script, functions) = match (before, script) {
        (Some(before), _) if before.script.is_ok() => (before.script.clone(), before.functions.clone()),
        (_, None) => {
            (Err(ScriptError::Engine { reason: "the module has no script yet".into() }), BTreeSet::new())
        }
        (_, Some(script)) => match load(app, module.id, &script.source).await {
            Ok((loaded, functions)) => (Ok(loaded), functions),
            Err(error) => {
                tracing::warn!(module = %module.id, error = %cut(&error, cut::ERROR), "the module's script cannot be loaded");
                (Err(error), BTreeSet::new())
            }
        },
    };
    if let Ok(loaded) = &script {
        loaded.host.set_environment(environment);
    }
    Ok(Active {
        country: module.default_country.as_deref().and_then(|country| country.parse().ok()),
        settings,
        values,
        set,
        sealed,
        bindings: bindings.into_iter().map(|binding| (binding.member_id, binding.user_id)).collect(),
        script_version,
        functions,
        script,
        module,
    })
}

async fn load(app: &App, id: ModuleId, source: &str) -> Result<(Loaded, BTreeSet<Function>), ScriptError> {
    let compiled = compiled(source).await?.map_err(|diagnostics| ScriptError::Engine {
        reason: diagnostics.first().map_or_else(String::new, |first| {
            format!("{} (line {}, column {})", first.message, first.line, first.column)
        }),
    })?;
    try_script(app, id, Arc::new(compiled)).await
}

/// Compiles a script, off the async threads: it takes as long as the source is large.
///
/// # Errors
/// When the server stops meanwhile.
pub async fn compiled(source: &str) -> Result<Result<Compiled, Vec<Diagnostic>>, ScriptError> {
    let source = source.to_owned();
    let compiled = tokio::task::spawn_blocking(move || compile(&source)).await;
    compiled.map_err(|error| ScriptError::Engine { reason: error.to_string() })
}

/// Loads a compiled script and finds out what it implements.
async fn try_script(
    app: &App,
    id: ModuleId,
    compiled: Arc<Compiled>,
) -> Result<(Loaded, BTreeSet<Function>), ScriptError> {
    let host = Arc::new(ModuleHost::new(app, id));
    let handle = app.engine.load(&id.to_string(), compiled, Arc::clone(&host) as _);
    let functions = handle.functions().await?.into_iter().collect();
    Ok((Loaded { handle, host }, functions))
}

/// Loads a script that somebody wants to save, with the module's present settings, and says what it implements.
///
/// # Errors
/// What the script throws while it is loaded.
pub async fn probe(app: &App, id: ModuleId, compiled: Compiled) -> Result<BTreeSet<Function>, ScriptError> {
    let host = Arc::new(ModuleHost::new(app, id));
    if let Some(active) = app.modules.get(id) {
        host.set_environment(Arc::new(Environment { settings: active.values.clone(), services: Vec::new() }));
    }
    let handle = app.engine.load(&format!("{id} probe"), Arc::new(compiled), host);
    Ok(handle.functions().await?.into_iter().collect())
}

impl Active {
    /// Whether a webhook's token is this module's; takes as long for a wrong one as for the right one.
    pub fn accepts_token(&self, token: Option<&str>) -> bool {
        let expected = self.module.webhook_token.as_bytes();
        token.is_some_and(|token| !expected.is_empty() && bool::from(token.as_bytes().ct_eq(expected)))
    }

    /// The webhook URL without its query.
    pub fn webhook_base(&self, app: &App) -> String {
        app.public_url.join(&format!("/webhooks/{}", self.module.id))
    }

    /// The webhook URL to give to the provider.
    pub fn webhook_url(&self, app: &App) -> String {
        format!("{}?token={}", self.webhook_base(app), self.module.webhook_token)
    }

    /// What becomes of unknown callers whose call was missed.
    pub fn lead_rule(&self) -> Option<LeadRule> {
        self.module.lead_kind.map(|kind| LeadRule { kind, responsible: self.module.lead_responsible })
    }

    /// A place in the queue of the module's script: `None` when it is full. A script that cannot be loaded has room for
    /// everything: the request is kept and fails.
    pub fn reserve(&self) -> Option<Option<Slot>> {
        match &self.script {
            Ok(loaded) => loaded.handle.try_reserve().map(Some),
            Err(_) => Some(None),
        }
    }

    /// Calls a function of the script.
    ///
    /// # Errors
    /// [`ScriptError`], also when there is no script or it cannot be loaded.
    pub async fn call(
        &self,
        function: Function,
        arguments: Vec<Value>,
        context: CallContext,
    ) -> Result<Outcome, ScriptError> {
        let loaded = self.script.as_ref().map_err(Clone::clone)?;
        loaded.handle.call(function, arguments, context).await
    }

    /// Why the script cannot be loaded, where it cannot.
    pub fn load_error(&self) -> Option<&ScriptError> {
        self.script.as_ref().err()
    }

    /// Whether every function is there without which a module cannot be used.
    pub fn is_complete(&self) -> bool {
        Function::ALL.iter().all(|function| !function.required() || self.functions.contains(function))
    }
}
