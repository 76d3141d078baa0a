//! Faults below the server: a full disk, I/O errors, a database server that goes away. Meanwhile, webhooks are answered
//! only with 503; afterwards they are accepted again without a restart, and nothing answered with 200 is lost.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::support::postgres::Cluster;
use crate::support::process::{finished, hookswitch, ready};
use crate::support::small_disk::SmallDisk;
use crate::support::{Client, Database, PASS_ON};

const CONNECTIONS: usize = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// The log is on the full disk too. `cargo xtask test` runs this as root.
mod as_root {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs root, to mount a small file system"]
    async fn a_full_disk_is_survived() {
        super::full_disk(std::time::Duration::ZERO).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and more than a minute: cargo nextest run --workspace --run-ignored only full_for_a_minute"]
async fn a_disk_that_is_full_for_a_minute_is_survived() {
    full_disk(Duration::from_secs(60)).await;
}

async fn full_disk(for_how_long: Duration) {
    let disk = SmallDisk::new("48m").await;
    let token = token(|arguments| disk.hookswitch(arguments)).await;
    // Standard output goes there too.
    let mut child = disk.hookswitch("serve").stderr(disk.append("log")).spawn().unwrap();
    let (address, _, _lines) = ready(&mut child).await;
    let story = Story::begin(address, &token).await;

    story.takes_webhooks().await;
    disk.fill();
    story.refuses_webhooks().await;
    tokio::time::sleep(for_how_long).await;
    story.refuses_webhooks().await;
    disk.free();
    story.takes_webhooks().await;

    // Space that comes and goes does no lasting harm.
    for _ in 0..3 {
        disk.fill();
        story.refuses_webhooks().await;
        disk.free();
        story.takes_webhooks().await;
    }
    story.end(&mut child).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn io_errors_are_survived() {
    let database = Database::sqlite();
    let token = token(|arguments| hookswitch(&database, arguments)).await;
    let log = File::create(database.folder.path().join("log")).unwrap();
    // Writes beyond the file size limit fail; the signal that comes with them is ignored.
    let plain = hookswitch(&database, "serve");
    let mut serve = Command::new("sh");
    serve.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(plain.as_std().get_program());
    serve.args(plain.as_std().get_args());
    serve.envs(plain.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child =
        serve.stdout(std::process::Stdio::piped()).stderr(log).kill_on_drop(true).spawn().unwrap();
    let (address, _, _lines) = ready(&mut child).await;
    let story = Story::begin(address, &token).await;

    story.takes_webhooks().await;
    for _ in 0..2 {
        limit_files(&child, "0:").await;
        story.refuses_webhooks().await;
        limit_files(&child, "unlimited:").await;
        story.takes_webhooks().await;
    }
    story.end(&mut child).await;
}

async fn limit_files(child: &Child, limit: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &child.id().unwrap().to_string(), &format!("--fsize={limit}")]);
    assert!(prlimit.status().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_killed_or_read_only_is_survived() {
    let mut cluster = Cluster::start().await;
    let database = Database { folder: tempfile::tempdir().unwrap(), url: cluster.url.clone() };
    let token = token(|arguments| hookswitch(&database, arguments)).await;
    let mut child = hookswitch(&database, "serve").stderr(std::process::Stdio::null()).spawn().unwrap();
    let (address, _, _lines) = ready(&mut child).await;
    let story = Story::begin(address, &token).await;

    story.takes_webhooks().await;
    cluster.kill().await;
    story.refuses_webhooks().await;
    cluster.start_again().await;
    story.takes_webhooks().await;

    cluster.execute("alter system set default_transaction_read_only = on").await;
    cluster.execute("select pg_reload_conf()").await;
    story.refuses_webhooks().await;
    cluster.execute("alter system reset default_transaction_read_only").await;
    cluster.execute("select pg_reload_conf()").await;
    story.takes_webhooks().await;
    story.end(&mut child).await;
}

/// Creates an administrator and returns a token.
async fn token(program: impl Fn(&str) -> Command) -> String {
    let (code, _, said) = finished(program("user create --login admin --admin").output().await.unwrap());
    assert_eq!(code, 0, "{said}");
    let (code, token, said) = finished(program("token create --user admin").output().await.unwrap());
    assert_eq!(code, 0, "{said}");
    token.trim().to_owned()
}

/// A provider that calls the webhook continuously and repeats what was refused.
struct Story {
    admin: Client,
    load: Vec<JoinHandle<()>>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    taken: AtomicUsize,
    refused: AtomicUsize,
    over: AtomicBool,
    /// The calls whose webhook was answered with 200.
    calls: Mutex<BTreeSet<String>>,
}

impl Story {
    async fn begin(address: String, token: &str) -> Self {
        let http = Client::new(address, Arc::default());
        let admin = http.clone().header("authorization", &format!("Bearer {token}"));
        let made =
            admin.post("/api/v1/modules", json!({ "name": "Test", "script": PASS_ON })).await.json(201);
        let url = made["webhookUrl"].as_str().expect("a URL");
        let webhook = format!("/webhooks{}", url.split_once("/webhooks").expect("a path").1);
        let tally = Arc::new(Tally::default());
        let load = (0..CONNECTIONS).map(|connection| {
            tokio::spawn(load(http.clone(), webhook.clone(), connection, Arc::clone(&tally)))
        });
        Self { admin, load: load.collect(), tally }
    }

    /// Waits until webhooks are accepted and the server says that it is ready.
    async fn takes_webhooks(&self) {
        self.until(&self.tally.taken, 200, "taken").await;
    }

    /// Waits until webhooks are refused and the server says that it is not ready.
    async fn refuses_webhooks(&self) {
        self.until(&self.tally.refused, 503, "refused").await;
    }

    async fn until(&self, counter: &AtomicUsize, ready: u16, what: &str) {
        let before = counter.load(Ordering::SeqCst);
        let seen = async {
            while counter.load(Ordering::SeqCst) < before + CONNECTIONS
                || self.admin.get("/readyz").await.status.as_u16() != ready
            {
                assert!(
                    self.load.iter().all(|connection| !connection.is_finished()),
                    "every request is answered"
                );
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, seen)
            .await
            .unwrap_or_else(|_| panic!("webhooks are {what}, ready is {ready}"));
    }

    /// Checks that every call whose webhook was answered with 200 is there.
    async fn end(self, child: &mut Child) {
        self.tally.over.store(true, Ordering::SeqCst);
        for connection in self.load {
            connection.await.expect("every request is answered");
        }
        let mut stored = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page = self.admin.get(&format!("/api/v1/calls?limit=200{cursor}")).await.json(200);
            stored.extend(
                page["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|call| call["callId"].as_str().expect("an id").to_owned()),
            );
            match &page["nextCursor"] {
                Value::String(next) => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        let answered = self.tally.calls.lock().unwrap().clone();
        assert!(answered.is_subset(&stored), "lost: {:?}", answered.difference(&stored));
        assert!(child.try_wait().unwrap().is_none(), "the server never ended");
        child.kill().await.unwrap();
    }
}

async fn load(http: Client, webhook: String, connection: usize, tally: Arc<Tally>) {
    for number in 0.. {
        let id = format!("{connection}-{number}");
        let event = json!({ "event": "notifyStart", "direction": "in", "callId": id, "srcPhone": "+442079460000", "dstPhone": "101" });
        loop {
            if tally.over.load(Ordering::SeqCst) {
                return;
            }
            let answer =
                http.send(http.request(Method::POST, &webhook).json(&json!({ "event": event }))).await;
            if answer.status == 200 {
                tally.calls.lock().unwrap().insert(id);
                tally.taken.fetch_add(1, Ordering::SeqCst);
                break;
            }
            answer.problem(503, "storageUnavailable");
            answer.header("retry-after");
            tally.refused.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
