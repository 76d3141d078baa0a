//! What a module makes of a provider's API that fails.

use hookswitch_model::contract;
use hookswitch_script::{Engine, Function, ScriptError};
use serde_json::Value;

use super::sheet::{Check, CheckName};
use crate::kit::play::Subject;
use hookswitch_core::modules::sample::Sample;
use hookswitch_core::modules::trial::{self, Failing, Failure, Ran};

/// Every function that fetches, with each way to fail.
pub async fn check(engine: &Engine, subject: &Subject) -> Check {
    let (mut problems, mut any) = (Vec::new(), false);
    for function in Function::ALL.into_iter().filter(|function| *function != Function::ParseWebhookRequest) {
        let Some(sample) = sample_of(subject, function) else { continue };
        any = true;
        let last = sample.fetch.len() - 1;
        let mut of_server = None;
        for failure in Failure::ALL {
            let ran = run(engine, subject, sample, Failing { from: 0, failure }).await;
            let told = told(function, failure, &ran);
            let place = format!("{function} when the API {}", failure.in_words());
            match told {
                Err(problem) => problems.push(format!("{place}: {problem}")),
                Ok(message) if failure == Failure::Status(500) => of_server = message,
                Ok(_) => {}
            }
            if last > 0 {
                let ran = run(engine, subject, sample, Failing { from: last, failure }).await;
                if let Err(problem) = stands(function, &ran) {
                    problems.push(format!("{place} at the last of its requests: {problem}"));
                }
            }
        }
        if function == Function::TestConnection {
            let refused =
                run(engine, subject, sample, Failing { from: 0, failure: Failure::Status(401) }).await;
            if of_server.is_some() && told(function, Failure::Status(401), &refused).ok() == Some(of_server) {
                problems.push(format!(
                    "{function} says the same for 401 as for 500: say that the key is to be checked"
                ));
            }
        }
    }
    if any {
        return Check::of(CheckName::FailingApi, problems);
    }
    Check::does_not_apply(CheckName::FailingApi, "No sample of a function fetches anything.")
}

/// The sample that shows the function going well, else any that fetches.
fn sample_of(subject: &Subject, function: Function) -> Option<&Sample> {
    let of_function = |sample: &&Sample| {
        let calls = sample.call.as_ref().is_some_and(|call| call.function == function.name());
        calls && !sample.fetch.is_empty()
    };
    let samples = || subject.samples.iter().map(|(_, sample)| sample).filter(of_function);
    let well = samples().find(|sample| {
        let refused = sample.result.as_ref().is_some_and(|result| result["success"] == false);
        sample.error.is_none() && !refused
    });
    well.or_else(|| samples().next())
}

async fn run(engine: &Engine, subject: &Subject, sample: &Sample, failing: Failing) -> Ran {
    trial::run_failing(engine, &subject.compiled, &subject.manifest.settings, sample, failing).await
}

/// What people are told when every request fails; none where it is nothing to them.
fn told(function: Function, failure: Failure, ran: &Ran) -> Result<Option<String>, String> {
    match (&ran.outcome, function) {
        (Err(error), Function::TestConnection) => {
            Err(format!("it throws, and must give success: false with a message: {}", shown(error)))
        }
        (Ok(value), Function::TestConnection) => tested(value).map(Some),
        (Err(error), _) => sentence_of(error).map(Some),
        // Who only sends need not read what comes back.
        (Ok(_), function) if failure == Failure::Garbage && gives_nothing(function) => Ok(None),
        (Ok(_), _) => Err("it throws nothing, and must throw a sentence".into()),
    }
}

/// With some requests going well, a function may also make do without the rest.
fn stands(function: Function, ran: &Ran) -> Result<(), String> {
    match (&ran.outcome, function) {
        (Ok(value), Function::TestConnection) => match value["success"] == true {
            true => Ok(()),
            false => tested(value).map(drop),
        },
        (Err(error), Function::TestConnection) => Err(format!("it throws: {}", shown(error))),
        (Err(error), _) => sentence_of(error).map(drop),
        (Ok(_), _) => ran.breach.clone().map_or(Ok(()), Err),
    }
}

fn tested(value: &Value) -> Result<String, String> {
    let result = contract::test_connection_result(value.clone()).map_err(|error| error.to_string())?;
    let message = result.message.unwrap_or_default();
    if result.success {
        return Err(format!("success is true, with the message: {message}"));
    }
    is_sentence(&message).map(|()| message)
}

fn sentence_of(error: &ScriptError) -> Result<String, String> {
    match error {
        ScriptError::Threw { name, message, .. } if name == "Error" => {
            is_sentence(message).map(|()| message.clone())
        }
        other => Err(format!("people are told: {}", shown(other))),
    }
}

fn shown(error: &ScriptError) -> String {
    error.to_string().chars().take(300).collect()
}

const fn gives_nothing(function: Function) -> bool {
    !matches!(function, Function::TestConnection | Function::GetMembers | Function::GetCallLink)
}

/// What is not a human language.
const NO_LANGUAGE: [&str; 11] = [
    "undefined",
    "NaN",
    "[object ",
    "TypeError",
    "SyntaxError",
    "ReferenceError",
    "RangeError",
    "{\"",
    "<html",
    "\n    at ",
    "is not a function",
];

/// Whether people understand it, as far as a program can tell.
fn is_sentence(text: &str) -> Result<(), String> {
    let told = || text.chars().take(300).collect::<String>();
    if let Some(word) = NO_LANGUAGE.iter().find(|word| text.contains(**word)) {
        return Err(format!("\"{}\" is nothing for people: {}", word.trim(), told()));
    }
    let begins = text.chars().next().is_some_and(|first| !first.is_lowercase());
    let ends = text.trim_end_matches(['"', '\'', ')', '»', '”']).ends_with(['.', '!', '?', '…']);
    if begins && ends {
        return Ok(());
    }
    Err(format!("a sentence begins with a capital and ends with a full stop, and this is: {}", told()))
}

#[cfg(test)]
mod tests {
    use super::is_sentence;

    #[test]
    fn people_are_told_sentences() {
        is_sentence("The PBX did not accept the API key: check it in the module's settings.").expect("one");
        is_sentence("The PBX refused: \"busy.\"").expect("one that ends with what was said");
        for text in
            ["", "api error", "The PBX said {\"error\":1}.", "Cannot read property of undefined.", "No."]
        {
            assert_eq!(is_sentence(text).is_ok(), text == "No.", "{text}");
        }
    }
}
