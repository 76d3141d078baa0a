//! The server under test: a release process with its own data folder.

use crate::process::{Process, command, output};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const READY: &str = "listening on http://";
const START_PATIENCE: Duration = Duration::from_secs(60);
/// All the load comes from one address.
const NO_LIMITS: [(&str, &str); 3] = [
    ("HOOKSWITCH_SERVER_MAX_CONNECTIONS", "1000000"),
    ("HOOKSWITCH_SERVER_MAX_CONNECTIONS_PER_ADDRESS", "1000000"),
    ("HOOKSWITCH_SERVER_MAX_SOCKETS_PER_USER", "1000000"),
];

/// The program and its temporary folder, which is removed at the end.
pub struct Installation {
    binary: PathBuf,
    folder: TempDir,
    database_url: Option<String>,
    data_dir: PathBuf,
}

impl Installation {
    pub fn new(binary: PathBuf, database_url: Option<String>, data_dir: Option<PathBuf>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hookswitch-bench-").tempdir()?;
        let data_dir = data_dir.unwrap_or_else(|| folder.path().join("data"));
        Ok(Self { binary, folder, database_url, data_dir })
    }

    /// Returns a number that distinguishes this run's users from those of earlier runs on the same data.
    pub fn run(&self) -> u32 {
        std::process::id()
    }

    /// Runs a command of the program and returns its standard output.
    pub async fn command(&self, arguments: &[&str]) -> Result<String> {
        Ok(output(self.program().args(arguments)).await?.trim().to_owned())
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&self) -> Result<Server> {
        let log = self.folder.path().join("log");
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let mut serve = self.program();
        serve.arg("serve").stdout(Stdio::piped()).stderr(errors);
        let began = Instant::now();
        let mut process = Process::start(&mut serve, Signal::TERM)?;
        let stdout = process.take_stdout().context("the server's standard output is not piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix(READY) {
                    return Ok(address.parse::<SocketAddr>()?);
                }
            }
            bail!("the server exited before it was ready:\n{}", tail(&log))
        };
        let Ok(address) = tokio::time::timeout(START_PATIENCE, ready).await else {
            bail!("the server was not ready after {START_PATIENCE:?}:\n{}", tail(&log))
        };
        let (address, ready_after) = (address?, began.elapsed());
        // A full pipe would block the server.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Server { process, address, ready_after })
    }

    /// Returns the server's log.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("log"))?)
    }

    fn program(&self) -> Command {
        let mut program = command(&self.binary);
        program
            .stdin(Stdio::null())
            .envs(NO_LIMITS)
            .env("HOOKSWITCH_LISTEN", "127.0.0.1:0")
            .env("HOOKSWITCH_DATA_DIR", &self.data_dir);
        if let Some(url) = &self.database_url {
            program.env("HOOKSWITCH_DATABASE_URL", url);
        }
        program
    }
}

/// A running server; dropping it shuts it down cleanly.
pub struct Server {
    process: Process,
    pub address: SocketAddr,
    /// Time from the start of the process until it was ready.
    pub ready_after: Duration,
}

impl Server {
    /// Returns the CPU time of all the server's threads so far.
    pub fn processor_time(&self) -> Result<Duration> {
        processor_time_of(self.id()?)
    }

    /// Returns a figure from `/proc/<pid>/status` in MB of 10^6 bytes: `VmRSS` (current memory) or `VmHWM` (its peak).
    pub fn memory_megabytes(&self, figure: &str) -> Result<f64> {
        let id = self.id()?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
        let kibibytes: f64 = line
            .and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok())
            .with_context(|| format!("/proc/{id}/status has no {figure}"))?;
        Ok(kibibytes * 1024.0 / 1e6)
    }

    pub fn id(&self) -> Result<u32> {
        self.process.id().context("the server has exited")
    }

    /// Sends SIGKILL, so that the process cannot finish anything.
    pub async fn kill(mut self) -> Result<()> {
        self.process.kill().await
    }
}

/// Returns the CPU time of all threads of a process so far.
pub fn processor_time_of(id: u32) -> Result<Duration> {
    let file = format!("/proc/{id}/stat");
    let text = std::fs::read_to_string(&file)?;
    // The second field is the program's name in parentheses; user and system time are the fields 14 and 15.
    let fields = text.rsplit_once(')').map(|(_, fields)| fields.split_whitespace().skip(11));
    let ticks: Option<u64> =
        fields.and_then(|fields| fields.take(2).map(|field| field.parse::<u64>().ok()).sum());
    let ticks = ticks.with_context(|| format!("{file} has an unexpected format"))?;
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
