//! The API against its own description, by schemathesis: requests of every kind that `openapi.json` allows and of kinds that it
//! does not, as an administrator and as an operator.

use crate::process::{self, command, project_root};
use anyhow::Result;
use std::net::SocketAddr;
use std::path::PathBuf;

const VERSION: &str = "4.32.5";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance";

/// A socket; what ends the caller's own account; what asks the network.
const LEFT_OUT: [(&str, &str); 3] = [
    ("--exclude-path", "/api/v1/events"),
    ("--exclude-operation-id", "delete_user"),
    ("--exclude-operation-id", "get_recording"),
];

/// Installs schemathesis below `target/` unless it is there; gives its program.
pub async fn install() -> Result<PathBuf> {
    let folder = project_root().join("target").join(format!("schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    if !program.is_file() {
        process::run(command("python3").args(["-m", "venv"]).arg(&folder)).await?;
        let package = format!("schemathesis=={VERSION}");
        let mut pip = command(folder.join("bin/pip"));
        process::run(pip.args(["install", "--quiet", "--disable-pip-version-check", &package])).await?;
    }
    Ok(program)
}

/// Sends requests as whoever has that token, for so long.
pub async fn run(program: &PathBuf, address: SocketAddr, token: &str, seed: u64, seconds: u64) -> Result<()> {
    let mut schemathesis = command(program);
    // One worker: with several, CPython 3.11 sometimes fails inside (AST recursion depth).
    schemathesis
        .args(["run", "openapi.json", "--url", &format!("http://{address}")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--continue-on-failure"])
        .args(["--max-time", &seconds.to_string(), "--seed", &seed.to_string(), "--workers", "1"])
        .args([
            "--suppress-health-check",
            "all",
            "--warnings",
            "off",
            "--no-shrink",
            "--request-timeout",
            "30",
        ]);
    for (option, value) in LEFT_OUT {
        schemathesis.args([option, value]);
    }
    process::run(&mut schemathesis).await
}
