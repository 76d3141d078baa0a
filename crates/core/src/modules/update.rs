//! New versions of a module's template: offered, adopted, and adopted automatically by a module that follows its
//! folder.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::{LogEntry, LogLevel};
use hookswitch_store::{AuditAction, AuditChange, ModulePatch, StoreError};

use super::create::{Whole, save_whole};
use super::manifest::Setting;
use super::registry::{Active, Modules, Refused};
use super::templates::{self, Template};
use super::token::notify_if_changed;
use crate::audit::{change, said};
use crate::catalog::SERVER;
use crate::error::{Error, Result};

/// The interval between readings of the folders.
const PAUSE: Duration = Duration::from_secs(1);

/// How a module compares with its template.
pub struct Standing {
    /// Whether there is a version that it has not adopted.
    pub available: bool,
    /// Whether its script was changed since it adopted one.
    pub edited: bool,
    /// The folder it was created from.
    pub folder: Option<String>,
    /// Why it cannot adopt the available version.
    pub problem: Option<String>,
}

/// How a module compares with its template; `None` without a template, or if that no longer exists.
pub fn standing(modules: &Modules, active: &Active) -> Option<Standing> {
    let code = active.module.provider.as_deref()?;
    let taken = active.taken.as_ref()?;
    match modules.templates.find(code) {
        Some(template) => Some(Standing {
            available: taken.hash != template.hash,
            edited: taken.edited,
            folder: template.folder.clone(),
            problem: problem(active, &template),
        }),
        None => {
            let gone = || format!("modules_dir has no folder with the code \"{code}\" any more");
            let problem =
                modules.templates.problem(code).or_else(|| active.module.follows_folder.then(gone))?;
            Some(Standing { available: false, edited: taken.edited, folder: None, problem: Some(problem) })
        }
    }
}

/// A module's template in its current version.
///
/// # Errors
/// 409 if there is none.
pub fn template(modules: &Modules, active: &Active) -> Result<Arc<Template>> {
    let template = active.module.provider.as_deref().and_then(|code| modules.templates.find(code));
    let detail = "The module has no template that is available here, so there is no newer version of it.";
    template.ok_or_else(|| Error::conflict("noTemplate", detail))
}

/// The script that a module last adopted.
///
/// # Errors
/// If the database fails.
pub async fn script_taken(modules: &Modules, active: &Active) -> Result<Option<String>, StoreError> {
    let Some(version) = active.module.template_version else { return Ok(None) };
    Ok(modules.world.store.script(active.module.id, Some(version)).await?.map(|script| script.source))
}

/// Differing settings, in the order of the form.
#[derive(Debug, Default, PartialEq)]
pub struct Difference {
    /// New settings.
    pub added: Vec<Setting>,
    /// Settings declared differently: before, and after.
    pub changed: Vec<(Setting, Setting)>,
    /// Removed settings.
    pub removed: Vec<Setting>,
}

/// Compares the settings before and after.
pub fn difference(before: &[Setting], after: &[Setting]) -> Difference {
    let mut difference = Difference::default();
    for setting in after {
        match before.iter().find(|old| old.name == setting.name) {
            None => difference.added.push(setting.clone()),
            Some(old) if old != setting => difference.changed.push((old.clone(), setting.clone())),
            Some(_) => {}
        }
    }
    let is_gone = |old: &&Setting| after.iter().all(|setting| setting.name != old.name);
    difference.removed = before.iter().filter(is_gone).cloned().collect();
    difference
}

/// The change of a module's declared settings, for the audit trail.
pub fn declared_settings(before: &Active, after: &Active) -> Option<AuditChange> {
    let declared = |active: &Active| {
        let settings = active.settings.iter();
        let settings = settings.map(|setting| format!("{} ({})", setting.name, setting.kind.as_str()));
        Some(settings.collect::<Vec<_>>().join(", "))
    };
    change("declaredSettings", declared(before), declared(after))
}

/// Adopts the template's current script and settings together with other changes; or none of it. The settings' values
/// are kept.
///
/// # Errors
/// 422 with `diagnostics` if the script does not load with the module's settings.
pub async fn take(
    modules: &Arc<Modules>,
    active: &Active,
    template: &Template,
    patch: ModulePatch,
    by: Option<UserId>,
) -> Result<Arc<Active>> {
    let dials_extensions = patch.dials_extensions.or(Some(template.manifest.dials_extensions));
    let whole = Whole {
        source: &template.source,
        settings: &template.manifest.settings,
        patch: ModulePatch { dials_extensions, ..patch },
        template_hash: Some(&template.hash),
    };
    let taken = save_whole(modules, active, whole, by).await?;
    notify_if_changed(modules, &taken);
    let version = taken.script_version.unwrap_or_default();
    let from = template.folder.as_ref().map_or("the program", |_| "its folder");
    let mut about = vec![said("version", format!("{version}, taken from {from}"))];
    about.extend(declared_settings(active, &taken));
    let by = by.unwrap_or(SERVER);
    modules.world.audit.record_of(by, AuditAction::ScriptSaved, taken.module.name.as_str(), about).await;
    Ok(taken)
}

/// Reads `modules_dir` repeatedly, and applies changes to the modules that follow their folder.
pub async fn follow(modules: Arc<Modules>) {
    if !modules.templates.has_dir() {
        return;
    }
    let mut seen = HashMap::new();
    loop {
        templates::refresh(&modules, false).await;
        let mut now = HashMap::new();
        for active in modules.all() {
            let code = active.module.provider.as_deref().filter(|_| active.module.follows_folder);
            let Some(template) = code.and_then(|code| modules.templates.find(code)) else { continue };
            let id = active.module.id;
            // A file being written changes between two readings.
            if seen.get(&id) == Some(&template.hash) {
                follow_one(&modules, id, &template).await;
            }
            now.insert(id, template.hash.clone());
        }
        seen = now;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn follow_one(modules: &Arc<Modules>, id: ModuleId, template: &Template) {
    let _taking = modules.templates.taking.lock().await;
    // The module may have been changed, or stopped following, while others adopted theirs.
    let Some(active) = modules.get(id).filter(|active| active.module.follows_folder) else { return };
    let is_taken = active.taken.as_ref().is_some_and(|taken| taken.hash == template.hash);
    if is_taken || problem(&active, template).is_some() {
        return;
    }
    match take(modules, &active, template, ModulePatch::default(), None).await {
        Ok(_) => modules.world.activity.module(id),
        Err(error) if error.is_of_what_was_asked() => {
            let problem = error.detail().to_owned();
            let text = format!("The folder's version was not adopted: {problem}");
            let entry =
                LogEntry { level: LogLevel::Error, text, line: None, function: None, request_id: None };
            modules.log.write(id, modules.world.clock.now(), entry);
            let refused = Refused { hash: template.hash.clone(), problem };
            *active.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        }
        // A database failure: it is tried again.
        Err(error) => {
            tracing::warn!(module = %id, error = error.detail(), "a folder's version was not adopted")
        }
    }
}

/// Why a module in its current state could not adopt this version.
fn problem(active: &Active, template: &Template) -> Option<String> {
    let refused = active.refused.lock().unwrap_or_else(PoisonError::into_inner);
    refused.as_ref().filter(|refused| refused.hash == template.hash).map(|refused| refused.problem.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_new_changed_or_removed() {
        let setting = |name: &str, label: &str| -> Setting {
            serde_json::from_value(json!({ "name": name, "label": label, "type": "text" }))
                .expect("a setting")
        };
        let before = [setting("kept", "Kept"), setting("key", "Key"), setting("old", "Old")];
        let after = [setting("new", "New"), setting("kept", "Kept"), setting("key", "API key")];
        let expected = Difference {
            added: vec![setting("new", "New")],
            changed: vec![(setting("key", "Key"), setting("key", "API key"))],
            removed: vec![setting("old", "Old")],
        };
        assert_eq!(difference(&before, &after), expected);
        assert_eq!(difference(&after, &after), Difference::default());
    }
}
