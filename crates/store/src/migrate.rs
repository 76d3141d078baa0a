//! Versions of the schema.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::db::{Pools, on};
use crate::error::OpenError;

/// Version, name, SQL for SQLite, SQL for PostgreSQL.
macro_rules! migrations {
    ($(($version:literal, $name:literal)),+ $(,)?) => {
        const MIGRATIONS: &[(i64, &str, &str, &str)] = &[$((
            $version,
            $name,
            include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        )),+];
    };
}
migrations![
    (1, "0001_start"),
    (2, "0002_clients"),
    (3, "0003_numbers"),
    (4, "0004_calls"),
    (5, "0005_sealed_requests"),
    (6, "0006_erasure"),
    (8, "0008_access"),
    (9, "0009_missed"),
    (10, "0010_templates"),
];

/// Brings the schema up to date; rejects one newer than this program.
pub(crate) async fn run(pools: &Pools) -> Result<(), OpenError> {
    let known = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or_default();
    let found = newest_applied(pools).await?;
    if found > known {
        return Err(OpenError::SchemaTooNew { found, known });
    }
    let sqlite = matches!(pools, Pools::Sqlite { .. });
    let migrations = MIGRATIONS.iter().map(|(version, name, for_sqlite, for_postgres)| {
        let sql = if sqlite { *for_sqlite } else { *for_postgres };
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());
    on!(pools.write(), |db| migrator.run(db).await)?;
    Ok(())
}

/// 0 if nothing was ever applied.
async fn newest_applied(pools: &Pools) -> Result<i64, OpenError> {
    let table = match pools {
        Pools::Sqlite { .. } => "select name from sqlite_master where name = '_sqlx_migrations'",
        Pools::Postgres(_) => "select to_regclass('_sqlx_migrations')::text",
    };
    let table: Option<Option<String>> =
        on!(pools.write(), |db| sqlx::query_scalar(table).fetch_optional(db).await)?;
    if table.flatten().is_none() {
        return Ok(0);
    }
    let newest = "select coalesce(max(version), 0) from _sqlx_migrations";
    Ok(on!(pools.write(), |db| sqlx::query_scalar(newest).fetch_one(db).await)?)
}
