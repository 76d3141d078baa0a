//! A private PostgreSQL for the tests, with its own folder and a free port on the loopback address; removed afterwards.

use crate::debian;
use crate::process::{self, Process, command};
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Signal, geteuid};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

/// A running cluster; dropping it stops the server and removes the folder.
pub struct Cluster {
    pub url: String,
    _server: Process,
    _folder: TempDir,
}

/// Starts a cluster, installing PostgreSQL first if it is missing and that is allowed.
pub async fn start() -> Result<Cluster> {
    let programs = match find_programs() {
        Some(programs) => programs,
        None => {
            debian::install("postgresql", "PostgreSQL's server programs").await?;
            find_programs()
                .context("PostgreSQL was installed, but /usr/lib/postgresql/*/bin/initdb is missing")?
        }
    };
    let folder = tempfile::Builder::new().prefix("hookswitch-postgres-").tempdir()?;
    if geteuid().is_root() {
        // PostgreSQL refuses to run as root; its package creates a user.
        process::output(command("chown").arg("postgres:").arg(folder.path())).await?;
    }
    let data = folder.path().join("data");
    let mut initdb = unprivileged(&programs.join("initdb"));
    initdb.arg("--pgdata").arg(&data);
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    process::output(&mut initdb).await?;

    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut postgres = unprivileged(&programs.join("postgres"));
    postgres.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    // Test data need not survive a power failure, and many tests connect at once.
    for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"] {
        postgres.args(["-c", setting]);
    }
    postgres.args(["-c", "unix_socket_directories=", "-c", "log_min_messages=fatal"]);
    let log = folder.path().join("log");
    postgres.stdout(std::process::Stdio::null()).stderr(std::fs::File::create(&log)?);
    // SIGINT is PostgreSQL's fast shutdown, which does not wait for clients to disconnect.
    let mut server = Process::start(&mut postgres, Signal::INT)?;
    wait_until_ready(&programs, port, &mut server, &log).await?;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    println!("PostgreSQL for the tests: {url}");
    Ok(Cluster { url, _server: server, _folder: folder })
}

/// Returns the folder of the newest `initdb`, in Debian's location or in PATH.
fn find_programs() -> Option<PathBuf> {
    let debian =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        });
    let newest = debian.filter(|(_, folder)| folder.join("initdb").is_file()).max();
    newest.map(|(_, folder)| folder).or_else(|| Some(process::find_program("initdb")?.parent()?.to_owned()))
}

/// Runs the program as a user that PostgreSQL accepts. The program exits with this process, even if that is killed.
fn unprivileged(program: &Path) -> Command {
    let mut command = command("setpriv");
    command.current_dir("/").args(["--pdeathsig", "INT"]);
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    }
    command.arg(program);
    command
}

async fn wait_until_ready(programs: &Path, port: u16, server: &mut Process, log: &Path) -> Result<()> {
    let said = || std::fs::read_to_string(log).unwrap_or_default();
    let ready = async {
        loop {
            ensure!(!server.has_ended(), "PostgreSQL exited at once:\n{}", said());
            let mut probe = Command::new(programs.join("pg_isready"));
            probe.args(["--quiet", "-h", "127.0.0.1", "-p", &port.to_string()]);
            if probe.status().await?.success() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(30), ready).await {
        Ok(result) => result,
        Err(_) => bail!("PostgreSQL was not ready after 30 seconds:\n{}", said()),
    }
}
