//! The program in its own process.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::Database;

pub fn hookswitch(database: &Database, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookswitch"));
    command
        .args(arguments.split(' '))
        .env("HOOKSWITCH_DATA_DIR", database.folder.path())
        .env("HOOKSWITCH_DATABASE_URL", &database.url)
        .env("HOOKSWITCH_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

pub async fn run(database: &Database, arguments: &str) -> (i32, String, String) {
    finished(hookswitch(database, arguments).output().await.unwrap())
}

pub async fn run_with_input(database: &Database, arguments: &str, input: &str) -> (i32, String, String) {
    let mut child = hookswitch(database, arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    finished(child.wait_with_output().await.unwrap())
}

pub fn finished(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Starts a server process and waits until it is ready. Returns the process, its address, the lines so far and the
/// rest.
pub async fn serve(database: &Database) -> (Child, String, Vec<String>, Lines<BufReader<ChildStdout>>) {
    let mut child = hookswitch(database, "serve").spawn().unwrap();
    let (address, before, lines) = ready(&mut child).await;
    (child, address, before, lines)
}

/// Waits until a server process is ready. Returns its address, the lines so far and the rest.
pub async fn ready(child: &mut Child) -> (String, Vec<String>, Lines<BufReader<ChildStdout>>) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut before = Vec::new();
    let ready = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("a line that says the server is ready");
            match line.strip_prefix("listening on ") {
                Some(address) => return address.to_owned(),
                None => before.push(line),
            }
        }
    };
    let address = tokio::time::timeout(Duration::from_secs(60), ready).await.expect("a ready server");
    (address, before, lines)
}

pub async fn terminate(child: &Child) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
}
