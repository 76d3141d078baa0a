//! Fills a new SQLite database with made-up clients and calls:
//! `cargo run --release --example seed -- DATA_DIR CLIENTS CALLS`. Usually run through `cargo xtask seed`.
//!
//! SQLite itself creates the rows (`seed.sql`); indexes in a different order than the rows are created afterwards.

use hookswitch_model::phone::Written;
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::{ModuleId, UserId};
use hookswitch_store::{NewModule, NewUser, Role, SecretKey, Store};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

const OPERATORS: u64 = 20;
/// Rows written per statement.
const STEP: u64 = 250_000;
/// The calls are spread over this many days before now.
const DAYS: i64 = 3 * 365;
/// Missed calls among this many latest ones are open.
const OPEN: u64 = 2_000;
/// Indexes in a different order than the rows are created in.
const LATER: [&str; 6] =
    ["calls_e164", "calls_raw", "calls_client", "clients_name", "clients_responsible", "client_words_client"];

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("the data folder is missing")?;
    let clients: u64 = arguments.next().ok_or("the number of clients is missing")?.parse()?;
    let calls: u64 = arguments.next().ok_or("the number of calls is missing")?.parse()?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let file = folder.join("hookswitch.db");
    let key = SecretKey::load_or_create(&folder.join("secret.key"))?;
    #[expect(clippy::disallowed_methods, reason = "a standalone program uses the system clock")]
    let now = Utc::now();
    let store = Store::open(&format!("sqlite:{}", file.display()), &key).await?;
    let module = people(&store, now).await?;
    store.close().await;

    let options = SqliteConnectOptions::new().filename(&file);
    let fast = [
        ("synchronous", "off"),
        ("cache_size", "-400000"),
        ("temp_store", "memory"),
        ("journal_mode", "off"),
    ];
    let options = fast.into_iter().fold(options, |options, (name, value)| options.pragma(name, value));
    let mut db = options.connect().await?;
    let seed = Seed { now, clients, calls, module };
    fill(&mut db, &seed).await?;
    sqlx::raw_sql("analyze; pragma journal_mode = wal").execute(&mut db).await?;
    db.close().await?;
    let bytes = std::fs::metadata(&file)?.len();
    say(&format!("{bytes} bytes: {} per call, including its client and counters", bytes / calls.max(1)));
    Ok(())
}

/// The requested amounts.
struct Seed {
    now: DateTime<Utc>,
    clients: u64,
    calls: u64,
    module: ModuleId,
}

/// Creates the operators of the calls and the module they come through.
async fn people(store: &Store, now: DateTime<Utc>) -> Result<ModuleId, Failure> {
    for number in 0..OPERATORS {
        let user = NewUser {
            id: UserId::new(now, rand::random()),
            login: format!("seed{number}"),
            name: format!("Operator {number}"),
            email: None,
            role: Role::Operator,
            password_hash: None,
            created_at: now,
        };
        store.create_user(&user).await?;
    }
    let module = NewModule {
        id: ModuleId::new(now, rand::random()),
        name: "Seed".to_owned(),
        icon: None,
        provider: None,
        enabled: false,
        default_country: Some("GB".to_owned()),
        numbers: Written::Both,
        dials_extensions: false,
        fields: json!([]),
        services: json!([]),
        webhook_token: UserId::new(now, rand::random()).to_string(),
        created_at: now,
    };
    Ok(store.create_module(&module).await?.id)
}

async fn fill(db: &mut SqliteConnection, seed: &Seed) -> Result<(), Failure> {
    let parts: Vec<&str> = include_str!("seed.sql").split("\n-- ").collect();
    let part = |name: &str| -> Result<&str, Failure> {
        let found = parts.iter().find_map(|part| part.strip_prefix(name));
        Ok(found.ok_or("seed.sql lacks a part")?)
    };
    let mut indexes = Vec::new();
    for name in LATER {
        let sql: String = sqlx::query_scalar("select sql from sqlite_master where name = $1")
            .bind(name)
            .fetch_one(&mut *db)
            .await?;
        run(db, &format!("drop index {name}")).await?;
        indexes.push((name, sql));
    }
    let clients_since = (seed.now - TimeDelta::days(DAYS)).timestamp_millis();
    each(seed.clients, "clients", db, part("CLIENTS")?, |sql, first, last| {
        let range = [(":first_row", first + 1), (":last_row", last + 1), (":first", first), (":last", last)];
        let sql =
            range.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, &value.to_string()));
        seed.put(&sql, clients_since)
    })
    .await?;
    let began = Instant::now();
    run(db, part("WORDS")?).await?;
    say(&format!("search words: {:.0?}", began.elapsed()));
    each(seed.calls, "calls", db, part("CALLS")?, |sql, first, last| {
        let sql = sql.replace(":first", &first.to_string()).replace(":last", &last.to_string());
        seed.put(&sql, clients_since)
    })
    .await?;
    let began = Instant::now();
    run(db, &seed.put(part("FIGURES")?, clients_since)).await?;
    say(&format!("figures: {:.0?}", began.elapsed()));
    for (name, sql) in indexes {
        let began = Instant::now();
        run(db, &sql).await?;
        say(&format!("index {name}: {:.0?}", began.elapsed()));
    }
    Ok(())
}

impl Seed {
    fn put(&self, sql: &str, clients_since: i64) -> String {
        let step =
            TimeDelta::days(DAYS).num_milliseconds() / i64::try_from(self.calls.max(1)).unwrap_or(i64::MAX);
        sql.replace(":clients_since", &clients_since.to_string())
            .replace(":since", &clients_since.to_string())
            .replace(":step", &step.to_string())
            .replace(":operators", &OPERATORS.to_string())
            .replace(":open_from", &self.calls.saturating_sub(OPEN).to_string())
            .replace(":clients", &self.clients.to_string())
            .replace(":module", &self.module.0.simple().to_string())
            .replace(":created", &self.now.format("%Y-%m-%dT%H:%M:%S+00:00").to_string())
    }
}

/// Runs a part for this many rows, in steps.
async fn each(
    rows: u64,
    what: &str,
    db: &mut SqliteConnection,
    sql: &str,
    put: impl Fn(&str, u64, u64) -> String,
) -> Result<(), Failure> {
    let began = Instant::now();
    for first in (0..rows).step_by(usize::try_from(STEP)?) {
        let last = (first + STEP).min(rows) - 1;
        run(db, &put(sql, first, last)).await?;
        say(&format!("{} {what} after {:.0?}", last + 1, began.elapsed()));
    }
    Ok(())
}

async fn run(db: &mut SqliteConnection, sql: &str) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(format!("begin; {sql}; commit"))).execute(db).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command-line program")]
fn say(text: &str) {
    println!("{text}");
}
