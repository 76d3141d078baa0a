//! `hookswitch module check`

use std::io::Write as _;
use std::path::Path;

use hookswitch_script::{Engine, Function, Limits};

use super::types::{self, Types};
use super::{members, open};
use crate::cli::CliResult;
use hookswitch_core::modules::script;
use hookswitch_core::modules::trial;

pub async fn run(dir: &Path) -> CliResult {
    let (folder, compiled) = open(dir)?;
    let engine = Engine::new(Limits::default(), tokio::runtime::Handle::current());
    let warnings = script::warnings(&compiled);
    let functions = trial::functions(&engine, compiled, &folder.manifest.settings)
        .await
        .map_err(|error| format!("cannot load {}: {error}", dir.join("module.ts").display()))?;
    let mut out = std::io::stdout().lock();
    let manifest = &folder.manifest;
    writeln!(out, "{} ({}): {} settings", manifest.name, manifest.code, manifest.settings.len())?;
    for function in Function::ALL {
        let there = functions.contains(&function);
        let (mark, cost) = if there { ("x", "") } else { (" ", cost(function)) };
        writeln!(out, "{}", format!("  [{mark}] {:<24} {cost}", function.name()).trim_end())?;
    }
    for warning in &warnings {
        let file = dir.join("module.ts");
        writeln!(
            out,
            "  warning: {}:{}:{}: {}",
            file.display(),
            warning.line,
            warning.column,
            warning.message
        )?;
    }
    let samples = folder.samples.iter().filter_map(|(_, sample)| sample.as_ref().ok());
    if let Some(warning) = members::warning(samples) {
        writeln!(out, "  warning: {warning}")?;
    }
    let types = types::check(dir).await;
    write!(out, "{types}")?;
    let wrong_samples =
        folder.samples.iter().filter_map(|(path, sample)| Some((path, sample.as_ref().err()?)));
    let wrong_scenarios =
        folder.scenarios.iter().filter_map(|(path, scenario)| Some((path, scenario.as_ref().err()?)));
    let wrong: Vec<_> = wrong_samples.chain(wrong_scenarios).collect();
    writeln!(out, "  {} samples, {} scenarios", folder.samples.len(), folder.scenarios.len())?;
    for (path, problem) in &wrong {
        writeln!(out, "  {}: {problem}", path.display())?;
    }
    let lacks: Vec<_> = Function::ALL
        .into_iter()
        .filter(|f| f.required() && !functions.contains(f))
        .map(Function::name)
        .collect();
    if !lacks.is_empty() {
        return Err(format!("the module cannot be used without {}", lacks.join(", ")).into());
    }
    if matches!(types, Types::Wrong { .. }) {
        return Err("the types have errors".into());
    }
    if !wrong.is_empty() {
        return Err(format!("{} samples or scenarios are invalid", wrong.len()).into());
    }
    Ok(())
}

/// What is missing without the function.
const fn cost(function: Function) -> &'static str {
    match function {
        Function::TestConnection => "required: without it, nobody can see whether the settings are right",
        Function::ParseWebhookRequest => "required: without it, no call is shown",
        Function::GetMembers => "required: without it, operators cannot be bound to the provider's users",
        Function::GenerateCall => "required: without it, nobody can call with a click",
        Function::GetCallLink => "required: without it, no recording can be played",
        Function::OnWebhookUpdated => "a new webhook URL has to be entered at the provider by hand",
        Function::AcceptCall => "no button to accept a call",
        Function::HangupCall => "no button to end a call",
        Function::RedirectCall => "no button to redirect a call",
        Function::HoldCall => "no buttons to hold and resume a call",
        Function::MuteCall => "no button to mute the microphone",
        Function::SendDtmf => "no keypad during a call",
        Function::AttendedTransfer => "no button for an attended transfer",
    }
}
