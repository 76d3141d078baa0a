//! Tests the API against its description with schemathesis: requests that `openapi.json` allows and ones that it does
//! not, as an administrator and as an operator.

use crate::process::{self, command, project_root};
use anyhow::Result;
use std::net::SocketAddr;
use std::path::PathBuf;

const VERSION: &str = "4.32.5";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance";

/// Left out: a socket, what deletes the caller's own account, and what uses the network.
const LEFT_OUT: [(&str, &str); 3] = [
    ("--exclude-path", "/api/v1/events"),
    ("--exclude-operation-id", "delete_user"),
    ("--exclude-operation-id", "get_recording"),
];

/// Installs schemathesis in `target/` if missing; returns the path of its program.
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

/// Sends requests with a user's token for `seconds`.
pub async fn run(program: &PathBuf, address: SocketAddr, token: &str, seed: u64, seconds: u64) -> Result<()> {
    let mut schemathesis = command(program);
    // One worker, since with several CPython 3.11 sometimes fails internally (AST recursion depth).
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
