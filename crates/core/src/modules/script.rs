//! Compiles a module's script and checks it before it runs.

use hookswitch_model::contract::did_you_mean;
use hookswitch_script::{Compiled, Diagnostic, Function, Lookalike, ScriptError, compile};

/// Compiles a script off the async threads: it takes time proportional to the source.
///
/// # Errors
/// If the server stops meanwhile.
pub async fn compiled(source: &str) -> Result<Result<Compiled, Vec<Diagnostic>>, ScriptError> {
    let source = source.to_owned();
    let compiled = tokio::task::spawn_blocking(move || compile(&source)).await;
    compiled.map_err(|error| ScriptError::Engine { reason: error.to_string() })
}

/// Oddities in a script that do not prevent its use.
pub fn warnings(compiled: &Compiled) -> Vec<Diagnostic> {
    let warning = |Lookalike { name, is_function, line, column }: &Lookalike| {
        let meant = did_you_mean(name, Function::ALL.into_iter().map(Function::name));
        let message = match meant {
            Some(meant) => format!("{name}: unknown function, did you mean {meant}?"),
            None if *is_function => format!("{name}: unknown function, nothing ever calls it"),
            None => return None,
        };
        Some(Diagnostic { line: *line, column: *column, message })
    };
    compiled.lookalikes.iter().filter_map(warning).collect()
}
