//! Child processes that never outlive the task that started them.

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How long a child may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Returns the project root.
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns a command that runs in the project root.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project_root());
    command
}

/// Returns a `cargo` command with arguments separated by spaces.
pub fn cargo(arguments: &str) -> Command {
    let mut cargo = command("cargo");
    // The cargo that runs this program describes its package in the environment. Some build scripts read that, and
    // would run again each time somebody calls cargo directly in between.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&*name);
        }
    }
    cargo.args(arguments.split_whitespace());
    cargo
}

/// Returns the path of a program in PATH.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Returns whether a program is in PATH.
pub fn is_installed(program: &str) -> bool {
    find_program(program).is_some()
}

/// Prints the command and runs it to completion; an exit status other than 0 is an error.
pub async fn run(command: &mut Command) -> Result<()> {
    let line = spelled(command);
    println!("$ {line}");
    let status = Process::start(command, Signal::TERM)?.wait().await?;
    ensure!(status.success(), "`{line}` failed ({status})");
    Ok(())
}

/// Runs the command and returns its standard output; an exit status other than 0 is an error.
pub async fn output(command: &mut Command) -> Result<String> {
    let line = spelled(command);
    let output = command
        .stderr(std::process::Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot start `{line}`"))?;
    ensure!(output.status.success(), "`{line}` failed ({})", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote something that is not UTF-8"))
}

/// Returns the command as one would type it.
fn spelled(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A running child. Dropping it asks the child to stop, waits, and kills it if it does not.
pub struct Process {
    child: Child,
    stop_signal: Signal,
}

impl Process {
    pub fn start(command: &mut Command, stop_signal: Signal) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start `{}`", spelled(command)))?;
        Ok(Self { child, stop_signal })
    }

    /// Takes the child's standard output, if the command pipes it.
    pub fn take_stdout(&mut self) -> Option<tokio::process::ChildStdout> {
        self.child.stdout.take()
    }

    pub async fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Returns the child's process id, or `None` once it has been waited for.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends SIGKILL and waits until the child has exited.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Returns whether the child has exited.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let Some(pid) = pid else { return };
        // If it has exited a moment ago, there is nothing left to stop.
        kill_process(pid, self.stop_signal).ok();
        let deadline = Instant::now() + STOP_PATIENCE;
        while !self.has_ended() {
            if Instant::now() > deadline {
                println!("process {} did not stop; killing it", pid.as_raw_nonzero());
                self.child.start_kill().ok();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
