//! A separate database for each test.

use std::ops::Deref;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::batch::{FactTarget, Submission, TargetedFact};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::phone::Written;
use hookswitch_model::{Call, CallKey, Fact, FactKind, ModuleId, Parties, Record, RequestId, Target, UserId};
use hookswitch_store::{
    Apply, NewModule, NewRequest, NewUser, Outcome, OutcomeStatus, RequestStatus, Role, SecretKey, Store,
};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

pub const VARIABLE: &str = "HOOKSWITCH_TEST_POSTGRES";

/// Defines a test and runs it on both databases.
macro_rules! both {
    ($name:ident, |$db:ident| $story:block) => {
        async fn $name($db: $crate::support::Db) $story

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                $crate::support::Db::sqlite().await.run(super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::support::Db::postgres().await.run(super::$name).await;
            }
        }
    };
}
pub(crate) use both;

/// An open store on an empty database.
#[derive(Clone)]
pub struct Db {
    pub store: Store,
    pub url: String,
    /// The SQLite file, if it is one.
    pub file: Option<PathBuf>,
}

impl Deref for Db {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

pub fn key() -> SecretKey {
    SecretKey::from_bytes([7; 32])
}

impl Db {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let file = folder.join("hookswitch.db");
        let url = format!("sqlite:{}", file.display());
        Self { store: Store::open(&url, &key()).await.expect("an open store"), url, file: Some(file) }
    }

    pub async fn postgres() -> Self {
        let server = std::env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} names no PostgreSQL server; `cargo xtask test` starts one for the tests")
        });
        let name = format!("hs_{}", uuid_v7(at(0), rand::random()).simple());
        execute(&server, &format!("create database {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{base}/{name}");
        Self { store: Store::open(&url, &key()).await.expect("an open store"), url, file: None }
    }

    /// Another store on the same database, as another node would open it.
    pub async fn second(&self) -> Store {
        Store::open(&self.url, &key()).await.expect("an open store")
    }

    /// Runs SQL behind the store's back.
    pub async fn execute(&self, sql: &str) {
        execute(&self.url, sql).await;
    }

    /// Runs the test, then removes the database, however the test ended.
    pub async fn run<F: Future<Output = ()> + Send + 'static>(self, story: impl FnOnce(Self) -> F) {
        let ended = tokio::spawn(story(self.clone())).await;
        self.store.close().await;
        match &self.file {
            Some(file) => std::fs::remove_dir_all(file.parent().expect("a folder")).expect("removed"),
            None => {
                let (server, name) = self.url.rsplit_once('/').expect("a URL");
                execute(&format!("{server}/postgres"), &format!("drop database {name} with (force)")).await;
            }
        }
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    /// The entire content of the database as text: the bytes of SQLite's files, PostgreSQL's rows.
    pub async fn dump(&self) -> String {
        if let Some(file) = &self.file {
            let read = |file: &std::path::Path| std::fs::read(file).unwrap_or_default();
            let log = file.with_extension("db-wal");
            return String::from_utf8_lossy(&[read(file), read(&log)].concat()).into_owned();
        }
        let mut db = PgConnection::connect(&self.url).await.expect("connected");
        let sql = "select table_name::text from information_schema.tables where table_schema = 'public'";
        let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut db).await.expect("tables");
        let mut all = String::new();
        for table in tables {
            let sql = AssertSqlSafe(format!("select t::text from {table} t"));
            let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut db).await.expect("rows");
            all.extend(rows);
        }
        all
    }

    pub async fn new_user(&self, login: &str, role: Role) -> UserId {
        let user = NewUser {
            id: UserId::new(at(0), rand::random()),
            login: login.into(),
            name: login.to_uppercase(),
            email: None,
            role,
            password_hash: None,
            created_at: at(0),
        };
        self.create_user(&user).await.expect("a user").id
    }

    pub async fn new_module(&self) -> ModuleId {
        let module = NewModule {
            id: ModuleId::new(at(0), rand::random()),
            name: "Office line".into(),
            icon: None,
            provider: Some("demo".into()),
            enabled: true,
            default_country: Some("DE".into()),
            numbers: Written::Both,
            dials_extensions: false,
            fields: json!([{ "name": "key" }]),
            services: json!([]),
            webhook_token: "token-1".into(),
            created_at: at(0),
        };
        self.create_module(&module).await.expect("a module").id
    }

    /// Applies facts as the report of a new request.
    pub async fn report(
        &self,
        module: ModuleId,
        second: i64,
        facts: Vec<TargetedFact>,
    ) -> (RequestId, Vec<Call>) {
        let request = request(module, second);
        let id = request.id;
        let apply = Apply { request: Some(request.into()), ..processed(module, id, second, facts) };
        let applied = self.apply(apply).await.expect("applied");
        (id, applied.changes.into_iter().filter_map(|change| change.after).collect())
    }
}

async fn execute(url: &str, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    if url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(url).await.expect("connected");
        sqlx::raw_sql(sql).execute(&mut db).await.expect("executed");
        db.close().await.expect("closed");
    } else {
        let mut db = PgConnection::connect(url).await.expect("connected");
        sqlx::raw_sql(sql).execute(&mut db).await.expect("executed");
        db.close().await.expect("closed");
    }
}

/// The time this many seconds into the tests.
pub fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

/// JSON as passed to the store.
pub fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}

pub fn request(module: ModuleId, second: i64) -> NewRequest {
    NewRequest {
        id: RequestId::new(at(second), rand::random()),
        module_id: module,
        received_at: at(second),
        method: "POST".into(),
        path: "/events".into(),
        query: raw(&json!({ "a": ["1", "2"] })),
        headers: raw(&json!({ "content-type": "application/json" })),
        sealed: Some(raw(&json!({ "authorization": "Bearer hush" }))),
        body: b"{}\xff\x00".to_vec(),
        remote_address: Some("192.0.2.1".into()),
    }
}

pub fn outcome() -> Outcome {
    Outcome {
        status: OutcomeStatus::Processed,
        error: None,
        response_status: 200,
        result: Some(raw(&json!({ "event": { "event": "notifyStart" } }))),
        steps: raw(&json!({ "script": 120, "apply": 300 })),
        script_version: Some(3),
    }
}

pub fn processed(module: ModuleId, request: RequestId, second: i64, mut facts: Vec<TargetedFact>) -> Apply {
    for targeted in &mut facts {
        targeted.fact.source = Some(request);
        if !targeted.fact.timed {
            targeted.fact.at = at(second);
        }
    }
    let submission = Submission {
        request: Some(request),
        module_id: module,
        received_at: at(second),
        facts,
        replace: false,
        client: None,
        lead: None,
        now: at(second),
    };
    Apply { submission, outcome: Some(outcome()), request: None }
}

/// Facts found out by the server itself.
pub fn unasked(module: ModuleId, second: i64, facts: Vec<TargetedFact>) -> Apply {
    let request = RequestId::new(at(second), [0; 10]);
    let mut apply = processed(module, request, second, facts);
    (apply.submission.request, apply.outcome) = (None, None);
    apply.submission.facts.iter_mut().for_each(|targeted| targeted.fact.source = None);
    apply
}

pub fn fact(kind: FactKind) -> Fact {
    Fact::new(kind, at(0))
}

/// The numbers of an incoming call.
pub fn incoming(client: &str, operator: Option<UserId>) -> Parties {
    Parties {
        direction: Direction::In,
        src: client.into(),
        src_ext: None,
        dst: "101".into(),
        dst_ext: None,
        client_e164: client.starts_with('+').then(|| client.to_owned()),
        client_others: Vec::new(),
        operator: Some(Target { extension: "101".into(), user: operator }),
    }
}

/// A fact about the call with the provider's id.
pub fn of_id(id: &str, fact: Fact) -> TargetedFact {
    TargetedFact { target: FactTarget::Key(CallKey::Id(id.into())), fact }
}

/// A fact about the call between these numbers.
pub fn of_numbers(parties: &Parties, mut fact: Fact) -> TargetedFact {
    fact.parties = Some(parties.clone());
    TargetedFact { target: FactTarget::Key(CallKey::numbers(parties)), fact }
}

/// The call with this id starts ringing.
pub fn start(id: &str, client: &str, operator: Option<UserId>) -> TargetedFact {
    of_id(id, Fact { parties: Some(incoming(client, operator)), ..fact(FactKind::Start) })
}

pub fn end(id: &str) -> TargetedFact {
    of_id(id, fact(FactKind::End))
}

pub fn answer(id: &str) -> TargetedFact {
    of_id(id, fact(FactKind::Answer))
}

pub fn record(id: &str, seconds: u32) -> TargetedFact {
    let record = Record { talk_seconds: Some(seconds), data: Some(json!({ "file": "x" })) };
    of_id(id, Fact { record: Some(record), disposition: Disposition::Answered, ..fact(FactKind::Record) })
}

/// The request's status.
pub async fn status(db: &Store, request: RequestId) -> RequestStatus {
    db.request(request).await.expect("found").expect("a request").summary.status
}
