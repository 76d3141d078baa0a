//! The active modules, in memory: what a webhook needs without querying the database.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use hookswitch_model::batch::LeadRule;
use hookswitch_model::phone::Country;
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::{
    CallContext, Compiled, Diagnostic, Engine, Environment, Function, Host as _, Limits, ModuleHandle,
    Outcome, ScriptError, Slot,
};
use hookswitch_store::{Module, ScriptVersion, StoreError};
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use super::host::ModuleHost;
use super::log::ModuleLog;
use super::manifest::{self, Setting, SettingKind};
use super::script;
use super::templates::{self, Templates};
use super::world::World;
use crate::cut::{self, cut};
use crate::requests::address;
use crate::requests::turns::Turns;

/// All modules that were not deleted.
pub struct Modules {
    active: RwLock<HashMap<ModuleId, Arc<Active>>>,
    /// One reload at a time: an older state must not overwrite a newer one.
    reloading: tokio::sync::Mutex<()>,
    /// The environment of the modules.
    pub world: World,
    /// Runs their scripts.
    pub engine: Engine,
    /// The log of their scripts.
    pub log: ModuleLog,
    /// What they can be created from.
    pub templates: Templates,
}

/// A module in its current state. A change replaces it.
pub struct Active {
    /// The module's row.
    pub module: Module,
    /// The settings it declares.
    pub settings: Vec<Setting>,
    /// Their values, with defaults filled in, including secrets.
    pub values: Map<String, Value>,
    /// The settings with a value of their own.
    pub set: BTreeSet<String>,
    /// Of these, those with a value entered as a secret. It is never shown, even if the setting is no longer declared
    /// as secret.
    pub sealed: BTreeSet<String>,
    /// Its requests in progress.
    pub turns: Arc<Turns>,
    /// The user bound to a member's number.
    pub bindings: HashMap<String, UserId>,
    /// For numbers without a country code.
    pub country: Option<Country>,
    /// The newest version of the script; `None` before the first was saved.
    pub script_version: Option<i32>,
    /// The functions the script implements; empty if it cannot be loaded.
    pub functions: BTreeSet<Function>,
    /// What it has adopted from its template; `None` without a template.
    pub taken: Option<Taken>,
    /// A version of its folder that it could not adopt; changing it triggers another try.
    pub refused: Mutex<Option<Refused>>,
    script: Result<Loaded, ScriptError>,
}

/// What a module has adopted from its template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The version of the template.
    pub hash: String,
    /// Whether the script was changed since then.
    pub edited: bool,
}

/// A version of its folder that a module could not adopt.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The version.
    pub hash: String,
    /// The reason, for people.
    pub problem: String,
}

#[derive(Clone)]
struct Loaded {
    compiled: Arc<Compiled>,
    handle: ModuleHandle,
    host: Arc<ModuleHost>,
}

impl Modules {
    /// Loads every module.
    ///
    /// # Errors
    /// If the database fails. A script that cannot be loaded affects only its module.
    pub async fn load(
        world: World,
        limits: Limits,
        modules_dir: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let modules = Self {
            active: RwLock::default(),
            reloading: tokio::sync::Mutex::default(),
            engine: Engine::new(limits, Handle::current()),
            log: ModuleLog::start(
                world.store.clone(),
                Arc::clone(&world.activity),
                world.counter(|| metrics::counter!("hookswitch_module_log_lost_total")),
            ),
            templates: Templates::new(modules_dir),
            world,
        };
        templates::refresh(&modules, false).await;
        for module in modules.world.store.modules().await? {
            let id = module.id;
            let active = activate(&modules, module, None).await?;
            modules.put(id, Some(active));
        }
        Ok(modules)
    }

    /// The webhook URL for a module's provider.
    pub fn webhook_url(&self, Module { id, webhook_token, .. }: &Module) -> String {
        self.world.public_url.join(&format!("{}{id}?token={webhook_token}", address::PREFIX))
    }

    /// The same with the token in the path, for providers that append to the URL or drop its query.
    pub fn webhook_path_url(&self, Module { id, webhook_token, .. }: &Module) -> String {
        self.world.public_url.join(&format!("{}{id}/{webhook_token}", address::PREFIX))
    }

    pub fn get(&self, id: ModuleId) -> Option<Arc<Active>> {
        self.active.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// All modules, oldest first.
    pub fn all(&self) -> Vec<Arc<Active>> {
        let mut all: Vec<_> =
            self.active.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by_key(|active| active.module.id);
        all
    }

    /// Removes a module from memory; the database keeps it.
    pub fn forget(&self, id: ModuleId) {
        self.put(id, None);
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

/// Loads a module for the first time, with an already compiled script.
///
/// # Errors
/// If the database fails.
pub async fn take_up(
    modules: &Modules,
    id: ModuleId,
    compiled: Arc<Compiled>,
) -> Result<Option<Arc<Active>>, StoreError> {
    let active = match modules.world.store.module(id).await? {
        Some(module) => Some(activate(modules, module, Some(compiled)).await?),
        None => None,
    };
    Ok(modules.put(id, active))
}

/// Reloads a module after a change. The script's runtime is kept unless the script changed.
///
/// # Errors
/// If the database fails.
pub async fn reload(modules: &Modules, id: ModuleId) -> Result<Option<Arc<Active>>, StoreError> {
    let _reloading = modules.reloading.lock().await;
    let active = match modules.world.store.module(id).await? {
        Some(module) => Some(activate(modules, module, None).await?),
        None => None,
    };
    Ok(modules.put(id, active))
}

async fn activate(
    modules: &Modules,
    module: Module,
    compiled: Option<Arc<Compiled>>,
) -> Result<Active, StoreError> {
    let script = modules.world.store.script(module.id, None).await?;
    let kept = modules.world.store.settings(module.id).await?;
    let (values, sealed) = (kept.for_script(), kept.secrets_set());
    let bindings = modules.world.store.bindings(module.id).await?;
    let settings: Vec<Setting> = serde_json::from_value(module.fields.clone())
        .map_err(|error| StoreError::Corrupt(format!("the settings of module {}: {error}", module.id)))?;
    let set = values.keys().cloned().collect();
    let values = manifest::with_defaults(&settings, values);
    let environment = Arc::new(Environment {
        settings: values.clone(),
        webhook_url: Some(modules.webhook_url(&module)),
        ..Environment::default()
    });
    let script_version = script.as_ref().map(|script| script.info.version);

    let taken = taken(modules, &module, script.as_ref(), &settings).await?;
    let before = modules.get(module.id);
    let turns = before.as_ref().map(|before| Arc::clone(&before.turns)).unwrap_or_default();
    let before = before.filter(|before| before.script_version == script_version);
    let (script, functions) = match (before, script) {
        (Some(before), _) if before.script.is_ok() => (before.script.clone(), before.functions.clone()),
        (_, None) => {
            (Err(ScriptError::Engine { reason: "the module has no script yet".into() }), BTreeSet::new())
        }
        (_, Some(script)) => match load(modules, module.id, &script.source, compiled, &environment).await {
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
        turns,
        bindings: bindings.into_iter().map(|binding| (binding.member_id, binding.user_id)).collect(),
        script_version,
        functions,
        taken,
        refused: Mutex::default(),
        script,
        module,
    })
}

/// What the module has adopted from its template. For a module from before this was stored: what it is.
async fn taken(
    modules: &Modules,
    module: &Module,
    script: Option<&ScriptVersion>,
    settings: &[Setting],
) -> Result<Option<Taken>, StoreError> {
    let Some(script) = script.filter(|_| module.provider.is_some()) else { return Ok(None) };
    let edited = match module.template_version {
        Some(version) if version == script.info.version => false,
        Some(version) => {
            let taken = modules.world.store.script(module.id, Some(version)).await?;
            taken.is_none_or(|taken| taken.source != script.source)
        }
        None => true,
    };
    let is = || templates::hash(&script.source, settings, module.dials_extensions);
    Ok(Some(Taken { hash: module.template_hash.clone().unwrap_or_else(is), edited }))
}

async fn load(
    modules: &Modules,
    id: ModuleId,
    source: &str,
    known: Option<Arc<Compiled>>,
    environment: &Arc<Environment>,
) -> Result<(Loaded, BTreeSet<Function>), ScriptError> {
    if let Some(compiled) = known {
        return try_script(modules, id, compiled, environment).await;
    }
    let compiled = script::compiled(source).await?.map_err(|diagnostics| ScriptError::Engine {
        reason: diagnostics.first().map(ToString::to_string).unwrap_or_default(),
    })?;
    try_script(modules, id, Arc::new(compiled), environment).await
}

/// Loads a compiled script and determines the functions it implements.
async fn try_script(
    modules: &Modules,
    id: ModuleId,
    compiled: Arc<Compiled>,
    environment: &Arc<Environment>,
) -> Result<(Loaded, BTreeSet<Function>), ScriptError> {
    let host = Arc::new(ModuleHost::new(modules, id));
    host.set_environment(Arc::clone(environment));
    let handle = modules.engine.load(&id.to_string(), Arc::clone(&compiled), Arc::clone(&host) as _);
    let functions = handle.functions().await?.into_iter().collect();
    Ok((Loaded { compiled, handle, host }, functions))
}

/// Loads a script about to be saved, with these settings, and returns the functions it implements.
///
/// # Errors
/// What the script throws while loading.
pub async fn probe(
    modules: &Modules,
    id: ModuleId,
    compiled: Compiled,
    settings: Map<String, Value>,
) -> Result<BTreeSet<Function>, ScriptError> {
    let host = Arc::new(ModuleHost::new(modules, id));
    let webhook_url = modules.get(id).map(|active| modules.webhook_url(&active.module));
    host.set_environment(Arc::new(Environment { settings, webhook_url, ..Environment::default() }));
    let handle = modules.engine.load(&format!("{id} probe"), Arc::new(compiled), host);
    Ok(handle.functions().await?.into_iter().collect())
}

impl Active {
    /// Whether a setting's value is never shown: it is declared as a secret, or was entered as one.
    pub fn is_secret(&self, name: &str) -> bool {
        let is_declared = |setting: &Setting| setting.name == name && setting.kind == SettingKind::Secret;
        self.settings.iter().any(is_declared) || self.sealed.contains(name)
    }

    /// What to do with unknown callers whose call was missed.
    pub(crate) fn lead_rule(&self) -> Option<LeadRule> {
        self.module.lead_kind.map(|kind| LeadRule { kind, responsible: self.module.lead_responsible })
    }

    /// Reserves a place in the queue of the module's script; `None` if it is full. A script that cannot be loaded
    /// always has room: the request is stored and fails.
    pub fn reserve(&self) -> Option<Option<Slot>> {
        match &self.script {
            Ok(loaded) => loaded.handle.try_reserve().map(Some),
            Err(_) => Some(None),
        }
    }

    /// Calls a function of the script.
    ///
    /// # Errors
    /// [`ScriptError`], also if there is no script or it cannot be loaded.
    pub async fn call(
        &self,
        function: Function,
        arguments: Vec<Value>,
        context: CallContext,
    ) -> Result<Outcome, ScriptError> {
        if self.script_version.is_none() {
            return Err(ScriptError::NotImplemented { function });
        }
        let loaded = self.script.as_ref().map_err(Clone::clone)?;
        loaded.handle.call(function, arguments, context).await
    }

    /// The same with the script's clock stopped at the given time, in a separate runtime.
    ///
    /// # Errors
    /// As for [`Active::call`].
    pub(crate) async fn call_as_of(
        &self,
        modules: &Modules,
        at: DateTime<Utc>,
        function: Function,
        arguments: Vec<Value>,
        context: CallContext,
    ) -> Result<Outcome, ScriptError> {
        let loaded = self.script.as_ref().map_err(Clone::clone)?;
        let host = Arc::new(ModuleHost::new(modules, self.module.id));
        let clock_millis = Some(at.timestamp_millis());
        host.set_environment(Arc::new(Environment { clock_millis, ..(*loaded.host.environment()).clone() }));
        let handle =
            modules.engine.load(&format!("{} again", self.module.id), Arc::clone(&loaded.compiled), host);
        handle.call(function, arguments, context).await
    }

    /// Oddities in the script that do not prevent its use.
    pub fn script_warnings(&self) -> Vec<Diagnostic> {
        self.script.as_ref().map_or_else(|_| Vec::new(), |loaded| script::warnings(&loaded.compiled))
    }

    /// Why the script cannot be loaded, if so.
    pub fn load_error(&self) -> Option<&ScriptError> {
        self.script.as_ref().err()
    }

    /// Whether all required functions are implemented.
    pub fn is_complete(&self) -> bool {
        Function::ALL.iter().all(|function| !function.required() || self.functions.contains(function))
    }
}
