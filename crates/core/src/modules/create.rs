//! Creates modules and saves their scripts.

use hookswitch_model::phone::Written;
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::{Compiled, Diagnostic, Function, ScriptError};
use hookswitch_store::{ModulePatch, NewModule, NewScript, SettingChange, SettingValue};
use serde_json::{Map, Value, json};
use std::sync::Arc;

use super::manifest::{self, Setting, SettingKind};
use super::registry::Modules;
use super::registry::{self, Active};
use super::script;
use super::templates::{self, Template};
use super::token::new_token;
use crate::clock::random;
use crate::error::{Error, Kind, Result, sentence};

/// The description of a new module.
pub struct Recipe {
    pub name: String,
    /// The code of the template to start from.
    pub provider: Option<String>,
    /// Whether it adopts each change of the provider's folder automatically.
    pub follows_folder: bool,
    /// The script; by default the provider's, or an empty one.
    pub script: Option<String>,
    /// The settings it declares; by default the provider's.
    pub fields: Option<Vec<Setting>>,
    /// The settings' values.
    pub values: Map<String, Value>,
    /// For numbers without a country code; by default the provider's.
    pub default_country: Option<String>,
    /// How its provider writes numbers; by default as for the provider.
    pub numbers: Option<Written>,
    /// Whether its script dials extensions; by default as for the provider.
    pub dials_extensions: Option<bool>,
}

/// Creates a module, switched on.
///
/// # Errors
/// 422 for errors in the recipe.
pub async fn create(modules: &Modules, recipe: Recipe, by: Option<UserId>) -> Result<Arc<Active>> {
    let template = match &recipe.provider {
        None => None,
        Some(code) => Some(find_template(modules, code).await?),
    };
    if recipe.follows_folder {
        folder_of(template.clone())?;
        for (field, is_given) in [("script", recipe.script.is_some()), ("settings", recipe.fields.is_some())]
        {
            must_come_from_folder(field, is_given)?;
        }
    }
    let manifest = template.as_ref().map(|template| &template.manifest);
    let fields = recipe.fields.or_else(|| manifest.map(|manifest| manifest.settings.clone()));
    let fields = fields.unwrap_or_else(|| declared_by(&recipe.values));
    manifest::check_settings(&fields).map_err(|problem| Error::invalid("settings", sentence(&problem)))?;
    let changes = changes(&fields, &recipe.values)?;
    // A module with its own script has adopted nothing from its provider.
    let template_hash =
        template.as_ref().filter(|_| recipe.script.is_none()).map(|template| template.hash.as_str());
    let source =
        recipe.script.or_else(|| template.as_ref().map(|template| template.source.clone().into_owned()));
    let compiled = match &source {
        None => None,
        Some(source) => Some(compiled(source).await?),
    };
    let country =
        recipe.default_country.or_else(|| manifest.and_then(|manifest| manifest.default_country.clone()));
    check_country(country.as_deref())?;

    let now = modules.world.clock.now();
    let id = ModuleId::new(now, random());
    let module = NewModule {
        id,
        name: recipe.name,
        icon: None,
        provider: recipe.provider,
        enabled: true,
        default_country: country,
        numbers: recipe.numbers.or(manifest.map(|manifest| manifest.numbers)).unwrap_or_default(),
        dials_extensions: recipe
            .dials_extensions
            .or(manifest.map(|manifest| manifest.dials_extensions))
            .unwrap_or_default(),
        fields: serde_json::to_value(&fields).map_err(Error::internal)?,
        services: json!([]),
        webhook_token: new_token(),
        created_at: now,
    };
    if let Some(compiled) = compiled {
        let values = manifest::with_defaults(&fields, recipe.values.clone());
        loads(modules, id, compiled, values).await?;
    }
    modules.world.store.create_module(&module).await?;
    modules.world.store.update_settings(id, &changes).await?;
    if let Some(source) = &source {
        let patch = ModulePatch { follows_folder: Some(recipe.follows_folder), ..ModulePatch::default() };
        let script = NewScript { source, patch: Some(&patch), template_hash };
        modules.world.store.save_script_with(id, script, by, now).await?;
    }
    reload(modules, id).await
}

/// Saves a new version of a module's script if it loads.
///
/// # Errors
/// 422 with `diagnostics` if it does not compile or load, 404 if there is no such module, 409 if it follows its folder.
pub async fn save_script(modules: &Modules, id: ModuleId, source: &str, by: UserId) -> Result<Arc<Active>> {
    let active = modules.get(id).ok_or_else(|| Error::not_found("module"))?;
    must_not_follow(&active)?;
    loads(modules, id, compiled(source).await?, active.values.clone()).await?;
    modules.world.store.save_script(id, source, Some(by), modules.world.clock.now()).await?;
    reload(modules, id).await
}

/// A script with its settings.
pub struct Whole<'a> {
    pub source: &'a str,
    pub settings: &'a [Setting],
    /// Other changes to the module.
    pub patch: ModulePatch,
    /// The template it comes from.
    pub template_hash: Option<&'a str>,
}

/// Saves a script and its settings together if the script loads with them. Values are kept.
///
/// # Errors
/// 422 if the settings are invalid, or with `diagnostics` if the script does not compile or load.
pub async fn save_whole(
    modules: &Modules,
    active: &Active,
    whole: Whole<'_>,
    by: Option<UserId>,
) -> Result<Arc<Active>> {
    let Whole { source, settings, mut patch, template_hash } = whole;
    let id = active.module.id;
    manifest::check_settings(settings).map_err(|problem| Error::invalid("settings", sentence(&problem)))?;
    let own = active.values.iter().filter(|(name, _)| active.set.contains(*name));
    let own = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    loads(modules, id, compiled(source).await?, manifest::with_defaults(settings, own)).await?;
    patch.fields = Some(serde_json::to_value(settings).map_err(Error::internal)?);
    let script = NewScript { source, patch: Some(&patch), template_hash };
    modules.world.store.save_script_with(id, script, by, modules.world.clock.now()).await?;
    seal_new_secrets(modules, id).await?;
    reload(modules, id).await
}

/// Rejects a module that follows its folder.
///
/// # Errors
/// 409 if it does.
pub fn must_not_follow(active: &Active) -> Result<()> {
    if !active.module.follows_folder {
        return Ok(());
    }
    let detail = "The module follows its folder. Change the files there, or stop following the folder.";
    Err(Error::conflict("followsFolder", detail))
}

/// Requires a template from a folder, which can be followed.
///
/// # Errors
/// 422 if it is not one.
pub fn folder_of(template: Option<Arc<Template>>) -> Result<Arc<Template>> {
    template.filter(|template| template.folder.is_some()).ok_or_else(|| {
        let detail = "Only a module created from a folder in modules_dir can follow it.";
        Error::invalid("followsFolder", detail)
    })
}

/// Rejects a field that a module gets from the folder it follows.
///
/// # Errors
/// 422 if the field is given.
pub fn must_come_from_folder(field: &str, is_given: bool) -> Result<()> {
    if !is_given {
        return Ok(());
    }
    let detail = format!(
        "A module that follows its folder has its script and settings from there: \
         leave out `{field}`, or do not set `followsFolder`."
    );
    Err(Error::invalid(field, detail))
}

/// The changes that set these values.
///
/// # Errors
/// 422 for a value of the wrong type or an undeclared setting.
pub fn changes(fields: &[Setting], values: &Map<String, Value>) -> Result<Vec<SettingChange>> {
    manifest::check_values(fields, values)
        .map_err(|error| Error::invalid(format!("settings.{}", error.name), sentence(&error.problem)))?;
    let change = |(name, value): (&String, &Value)| {
        let secret = fields.iter().any(|field| field.name == *name && field.kind == SettingKind::Secret);
        let value = match value {
            Value::Null => SettingValue::Unset,
            Value::String(text) if secret => SettingValue::Secret(text.clone()),
            value => SettingValue::Plain(value.clone()),
        };
        SettingChange { name: name.clone(), value }
    };
    Ok(values.iter().map(change).collect())
}

/// Encrypts the values of settings newly declared as secrets.
///
/// # Errors
/// If the database fails.
pub async fn seal_new_secrets(modules: &Modules, id: ModuleId) -> Result<()> {
    let Some(module) = modules.world.store.module(id).await? else { return Ok(()) };
    let fields: Vec<Setting> = serde_json::from_value(module.fields).map_err(Error::internal)?;
    let secrets = fields.iter().filter(|field| field.kind == SettingKind::Secret);
    let plain = modules.world.store.settings(id).await?.plain;
    let sealed = secrets.filter_map(|field| {
        let value = match plain.get(&field.name)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(SettingChange { name: field.name.clone(), value: SettingValue::Secret(value) })
    });
    let sealed: Vec<_> = sealed.collect();
    if !sealed.is_empty() {
        modules.world.store.update_settings(id, &sealed).await?;
    }
    Ok(())
}

/// Reloads a module after a change.
///
/// # Errors
/// 404 if it no longer exists.
pub async fn reload(modules: &Modules, id: ModuleId) -> Result<Arc<Active>> {
    let active = registry::reload(modules, id).await?;
    active.ok_or_else(|| Error::not_found("module"))
}

/// Checks a country code.
///
/// # Errors
/// 422 if it is not a country.
pub fn check_country(country: Option<&str>) -> Result<()> {
    match country.map(str::parse::<hookswitch_model::phone::Country>) {
        Some(Err(_)) => {
            Err(Error::invalid("defaultCountry", "Enter a two-letter country code, e.g. \"GB\" or \"DE\"."))
        }
        _ => Ok(()),
    }
}

/// The template with this code, even if its folder is new.
async fn find_template(modules: &Modules, code: &str) -> Result<Arc<Template>> {
    templates::refresh(modules, false).await;
    modules.templates.find(code).ok_or_else(|| {
        let problem = modules.templates.problem(code).map(|problem| format!("It cannot be used: {problem}."));
        let codes = modules.templates.codes().join(", ");
        let there_are = || format!("There is no such provider. Choose one of: {codes}.");
        Error::invalid("provider", problem.unwrap_or_else(there_are))
    })
}

/// Declares settings for bare values.
fn declared_by(values: &Map<String, Value>) -> Vec<Setting> {
    let declared = values.iter().map(|(name, value)| Setting {
        name: name.clone(),
        label: name.clone(),
        kind: match value {
            Value::Number(_) => SettingKind::Number,
            Value::Bool(_) => SettingKind::Boolean,
            _ => SettingKind::Text,
        },
        required: false,
        default: None,
        help: None,
        options: Vec::new(),
    });
    declared.collect()
}

/// Compiles a script.
///
/// # Errors
/// 422 with `diagnostics` if it does not compile.
pub async fn compiled(source: &str) -> Result<Compiled> {
    let compiled = script::compiled(source).await.map_err(Error::internal)?;
    compiled.map_err(|diagnostics| not_usable(&diagnostics))
}

async fn loads(
    modules: &Modules,
    id: ModuleId,
    compiled: Compiled,
    values: Map<String, Value>,
) -> Result<()> {
    match registry::probe(modules, id, compiled, values).await {
        Ok(functions) => {
            tracing::debug!(module = %id, functions = functions.len(), "script loads");
            Ok(())
        }
        Err(error) => Err(not_usable(&[diagnostic(&error)])),
    }
}

fn diagnostic(error: &ScriptError) -> Diagnostic {
    let position = error.position();
    Diagnostic {
        line: position.map_or(1, |position| position.line),
        column: position.map_or(1, |position| position.column),
        message: error.to_string(),
    }
}

fn not_usable(diagnostics: &[Diagnostic]) -> Error {
    let first = diagnostics.first().map(ToString::to_string).unwrap_or_default();
    let detail = format!("The script cannot be used: {first}.");
    Error::new(Kind::Invalid, "script", detail).with("diagnostics", json!(diagnostics))
}

/// The functions a module does not implement, in the contract's order.
pub fn missing_functions(active: &Active) -> Vec<Function> {
    Function::ALL.into_iter().filter(|function| !active.functions.contains(function)).collect()
}
