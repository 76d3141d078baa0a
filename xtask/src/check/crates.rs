//! Checks dependencies between our crates, and which crate may use which external one.

use crate::process::{self, cargo};
use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Which of our crates each crate may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("hookswitch-model", &[]),
    ("hookswitch-script", &["hookswitch-model"]),
    ("hookswitch-store", &["hookswitch-model"]),
    ("hookswitch-core", &["hookswitch-model", "hookswitch-script", "hookswitch-store"]),
    ("hookswitch-demo-pbx", &[]),
    (
        "hookswitch-server",
        &[
            "hookswitch-core",
            "hookswitch-demo-pbx",
            "hookswitch-model",
            "hookswitch-script",
            "hookswitch-store",
        ],
    ),
    ("xtask", &[]),
];

/// External crates, by name prefix, and our only crates that may use them.
const OWNERS: &[(&str, &[&str])] = &[
    ("sqlx", &["hookswitch-store"]),
    ("oxc", &["hookswitch-script"]),
    ("rquickjs", &["hookswitch-script"]),
    ("axum", &["hookswitch-server", "hookswitch-demo-pbx"]),
];

/// What `hookswitch-model` must not use, since it does no I/O and is not async.
const NOT_IN_MODEL: &[&str] = &["tokio", "futures", "hyper", "reqwest", "axum", "tracing"];

pub async fn check() -> Result<()> {
    let metadata = process::output(&mut cargo("metadata --no-deps --format-version 1")).await?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let allowed = ARROWS.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, allowed)| *allowed);
        let allowed = allowed.with_context(|| format!("add to {} what `{name}` may use", file!()))?;
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = dependency["name"].as_str().unwrap_or_default();
            // Tests may use what the crate itself must not.
            let only_for_tests = dependency["kind"] == "dev";
            let is_ours = ARROWS.iter().any(|(crate_name, _)| *crate_name == other);
            let owners = OWNERS.iter().find(|(start, _)| other.starts_with(start)).map(|(_, owners)| *owners);
            let forbidden = (is_ours && !allowed.contains(&other))
                || (owners.is_some_and(|owners| !owners.contains(&name)) && !only_for_tests)
                || (name == "hookswitch-model" && NOT_IN_MODEL.contains(&other));
            if forbidden {
                wrong.push(format!("{name} must not use {other}"));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join(", "));
    Ok(())
}
