//! Type checks a module with the TypeScript installed in its folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// The longest that TypeScript may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Result of a type check.
pub enum Types {
    /// The types are correct, according to this program.
    Right(PathBuf),
    /// The types have errors.
    Wrong {
        /// TypeScript's messages, one per line.
        errors: Vec<String>,
    },
    /// The types were not checked, for this reason.
    NotChecked(String),
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Right(tsc) => writeln!(f, "  types: correct according to {}", tsc.display()),
            Self::Wrong { errors } => errors.iter().try_for_each(|error| writeln!(f, "  {error}")),
            Self::NotChecked(why) => writeln!(f, "  types: not checked, except for syntax and names: {why}"),
        }
    }
}

/// Runs the `tsc` of the folder, or of the nearest parent folder that has one.
pub async fn check(dir: &Path) -> Types {
    let Some(tsc) = tsc_of(dir) else {
        let why = "neither the folder nor a parent has TypeScript (npm install --save-dev typescript)";
        return Types::NotChecked(why.into());
    };
    if !dir.join("tsconfig.json").is_file() {
        let why = "the folder has no tsconfig.json; `hookswitch module new` creates one";
        return Types::NotChecked(why.into());
    }
    let mut command = Command::new(&tsc);
    command.args(["--noEmit", "--pretty", "false", "--project", "tsconfig.json"]);
    let ran = command.current_dir(dir).stdin(Stdio::null()).kill_on_drop(true).output();
    match tokio::time::timeout(PATIENCE, ran).await {
        Err(_) => Types::NotChecked(format!("{} took longer than {PATIENCE:?}", tsc.display())),
        Ok(Err(error)) => Types::NotChecked(format!("{}: {error}", tsc.display())),
        Ok(Ok(output)) if output.status.success() => Types::Right(tsc),
        Ok(Ok(output)) => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            Types::Wrong { errors: said.lines().map(|line| line.trim_end().to_owned()).collect() }
        }
    }
}

fn tsc_of(dir: &Path) -> Option<PathBuf> {
    let dir = dir.canonicalize().ok()?;
    dir.ancestors().map(|dir| dir.join("node_modules/.bin/tsc")).find(|tsc| tsc.is_file())
}
