//! The peers that run on Node.js: what npm installs under `target/peer`, each started on a free port.

use super::{Peer, body};
use crate::bench::http::Connection;
use crate::node;
use crate::process::{self, Process, command, project_root};
use anyhow::{Context, Result, bail, ensure};
use hyper::{Method, StatusCode};
use rustix::process::Signal;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const START_PATIENCE: Duration = Duration::from_secs(60);
const HOOK: &str = "/hook";

/// Installs the programs, and says in which folder.
pub async fn install() -> Result<PathBuf> {
    let folder = project_root().join("target/peer");
    std::fs::create_dir_all(&folder)?;
    // With their dates, so that npm has work to do only after the lock file changed.
    let mut copy = command("cp");
    copy.args(["--recursive", "--preserve=timestamps", "xtask/src/bench/peer/programs/."]).arg(&folder);
    process::output(&mut copy).await?;
    node::install(&folder).await?;
    Ok(folder.canonicalize()?)
}

/// Fastify and SQLite, the database in the folder `data`.
pub async fn bridge(programs: &Path, data: &Path) -> Result<Peer> {
    let mut bridge = node(programs);
    bridge.arg("bridge.mjs").env("DATABASE", data.join("bridge.db"));
    start("bridge", bridge).await
}

/// Node-RED takes the webhook, makes an object of it, answers, and forgets it.
pub async fn node_red(programs: &Path) -> Result<Peer> {
    let mut node_red = node(programs);
    node_red.args(["node_modules/node-red/red.js", "--settings", "node-red/settings.cjs"]);
    node_red.args(["--userDir", "node-red"]);
    start("Node-RED", node_red).await
}

/// Node.js as npm brings it: the system's may be too old for `node:sqlite`.
fn node(programs: &Path) -> Command {
    let mut node = command(programs.join("node_modules/.bin/node"));
    node.current_dir(programs).env("NODE_ENV", "production");
    node
}

async fn start(name: &'static str, mut program: Command) -> Result<Peer> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    program.env("PORT", address.port().to_string()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut process = Process::start(&mut program, Signal::TERM)?;
    let Ok(answered) = tokio::time::timeout(START_PATIENCE, answers(address, &mut process)).await else {
        bail!("{name} did not answer within {START_PATIENCE:?}")
    };
    answered.with_context(|| format!("{name} ended before it answered"))?;
    let id = process.id().with_context(|| format!("{name} has ended"))?;
    Ok(Peer { name, address, path: HOOK.to_owned(), id, _process: Some(process) })
}

async fn answers(address: SocketAddr, process: &mut Process) -> Result<()> {
    loop {
        ensure!(!process.has_ended(), "see above");
        if let Ok(mut connection) = Connection::open(address, None).await
            && let Ok((StatusCode::OK, _)) = connection.send(Method::POST, HOOK, body("start", 0)).await
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
