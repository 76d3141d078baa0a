//! A separate PostgreSQL for a test, which can be killed and restarted.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A cluster in its own folder.
pub struct Cluster {
    pub url: String,
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    server: Child,
}

impl Cluster {
    pub async fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let owned = Command::new("chown").arg("postgres:").arg(folder.path()).status().await.unwrap();
            assert!(owned.success(), "PostgreSQL does not run as root, but with the user from its package");
        }
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.arg("--pgdata").arg(folder.path().join("data"));
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let made = initdb.output().await.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = spawn(folder.path(), &programs, port);
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let cluster = Self { url, folder, programs, port, server };
        cluster.answers().await;
        cluster
    }

    /// Stops it at once, like a crash.
    pub async fn kill(&mut self) {
        let pid = self.server.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-QUIT", &pid]).status().await.unwrap().success());
        self.server.wait().await.unwrap();
    }

    pub async fn start_again(&mut self) {
        self.server = spawn(self.folder.path(), &self.programs, self.port);
        self.answers().await;
    }

    /// Runs SQL, even if transactions are read-only by default.
    pub async fn execute(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        sqlx::query("set default_transaction_read_only = off").execute(&mut connection).await.unwrap();
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    }

    async fn answers(&self) {
        let answers = async {
            while PgConnection::connect(&self.url).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answers).await.expect("a PostgreSQL that answers");
    }
}

fn spawn(folder: &Path, programs: &Path, port: u16) -> Child {
    let mut postgres = unprivileged(&programs.join("postgres"));
    postgres.arg("-D").arg(folder.join("data")).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    // The machine itself does not crash, so syncing is not needed.
    postgres.args(["-c", "fsync=off", "-c", "unix_socket_directories=", "-c", "log_min_messages=fatal"]);
    postgres.stdout(Stdio::null()).stderr(File::create(folder.join("log")).unwrap());
    postgres.kill_on_drop(true).spawn().unwrap()
}

/// Runs a program as a user that PostgreSQL accepts. The program exits with the test.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.current_dir("/").args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    }
    command.arg(program);
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Returns the folder of the newest `initdb`, in Debian's location or in PATH.
fn programs() -> PathBuf {
    let debian =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        });
    let newest = debian.filter(|(_, folder)| folder.join("initdb").is_file()).max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    newest
        .map(|(_, folder)| folder)
        .or(found)
        .expect("PostgreSQL's server programs; `cargo xtask test` installs them")
}
