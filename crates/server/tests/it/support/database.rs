//! An empty database for a test.

use hookswitch_model::ids::uuid_v7;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

const VARIABLE: &str = "HOOKSWITCH_TEST_POSTGRES";

/// A folder for the server's data, and the database's URL.
pub struct Database {
    pub folder: TempDir,
    pub url: String,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("hookswitch.db").display());
        Self { folder, url }
    }

    pub async fn postgres() -> Self {
        let server = std::env::var(VARIABLE).unwrap_or_else(|_| {
            panic!("{VARIABLE} names no PostgreSQL server; `cargo xtask test` starts one for the tests")
        });
        let name = format!("hs_{}", uuid_v7(chrono::DateTime::UNIX_EPOCH, rand::random()).simple());
        let mut connection = PgConnection::connect(&server).await.expect("a connection");
        let sql = AssertSqlSafe(format!("create database {name}"));
        sqlx::query(sql).execute(&mut connection).await.expect("a database");
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        Self { folder: tempfile::tempdir().expect("a folder"), url: format!("{base}/{name}") }
    }
}
