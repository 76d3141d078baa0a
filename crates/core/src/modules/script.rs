//! A module's script before it runs: compiled, and looked at.

use hookswitch_model::contract::did_you_mean;
use hookswitch_script::{Compiled, Diagnostic, Function, Lookalike, ScriptError, compile};

/// Compiles a script, off the async threads: it takes as long as the source is large.
///
/// # Errors
/// When the server stops meanwhile.
pub async fn compiled(source: &str) -> Result<Result<Compiled, Vec<Diagnostic>>, ScriptError> {
    let source = source.to_owned();
    let compiled = tokio::task::spawn_blocking(move || compile(&source)).await;
    compiled.map_err(|error| ScriptError::Engine { reason: error.to_string() })
}

/// What is odd in a script without keeping it from being used.
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
