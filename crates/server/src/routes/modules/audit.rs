//! Changes to a module for the audit trail: the names of settings, never their values.

use hookswitch_store::{AuditChange, Module, SettingChange};

use crate::app::App;
use hookswitch_core::audit::{change, said};
use hookswitch_core::modules::registry::Active;
use hookswitch_core::modules::update::declared_settings;

/// Returns the fields that differ, in readable form.
pub fn changes(app: &App, before: &Active, after: &Active) -> Vec<AuditChange> {
    let fields = words(app, &before.module).into_iter().zip(words(app, &after.module));
    let mut changes: Vec<_> = fields.filter_map(|((field, from), (_, to))| change(field, from, to)).collect();
    changes.extend(declared_settings(before, after));
    changes
}

/// Returns which settings were set and which were cleared.
pub fn settings(changes: &[SettingChange]) -> Vec<AuditChange> {
    use hookswitch_store::SettingValue::Unset;
    let names = |unset: bool| {
        let changes = changes.iter().filter(|change| (change.value == Unset) == unset);
        changes.map(|change| change.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (set, unset) = (names(false), names(true));
    let (set, unset) =
        ((!set.is_empty()).then(|| said("set", set)), (!unset.is_empty()).then(|| said("unset", unset)));
    set.into_iter().chain(unset).collect()
}

fn words(app: &App, module: &Module) -> [(&'static str, Option<String>); 8] {
    let user = |user: Option<_>| user.map(|user| app.catalog.directory.named(user).name);
    let switched = |on: bool| Some(if on { "on" } else { "off" }.to_owned());
    [
        ("name", Some(module.name.clone())),
        ("icon", module.icon.clone()),
        ("switched", switched(module.enabled)),
        ("followsFolder", switched(module.follows_folder)),
        ("country", module.default_country.clone()),
        ("leadKind", module.lead_kind.map(|kind| kind.as_str().to_owned())),
        ("leadResponsible", user(module.lead_responsible)),
        ("missedResponsible", user(module.missed_responsible)),
    ]
}
