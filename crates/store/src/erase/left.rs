//! What is left of erased calls, by the hashes of their keys.

use chrono::{DateTime, Utc};
use hookswitch_model::ModuleId;
use hookswitch_model::erased_call::ErasedCall;
use ring::hmac;
use sqlx::FromRow;

use crate::db::{Tx, on, time};
use crate::key::SecretKey;
use crate::rows::{Rows, chunks};

/// Makes the hashes that erased calls are known by. Without the key nobody can try numbers against them.
#[derive(Clone)]
pub(crate) struct Hashes(hmac::Key);

impl Hashes {
    pub(crate) fn new(key: &SecretKey) -> Self {
        Self(key.hashing("erased calls"))
    }

    /// Of a call's module and key, the key as its column has it.
    pub(crate) fn of(&self, module: ModuleId, key: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(module.0.as_bytes());
        context.update(key.as_bytes());
        context.sign().as_ref().to_vec()
    }
}

/// A row of an erased call, as a statement that looks among calls too names its columns.
#[derive(FromRow)]
pub(crate) struct ErasedRow {
    erased_started_at: DateTime<Utc>,
    erased_answered_at: Option<DateTime<Utc>>,
    erased_ended_at: DateTime<Utc>,
    erased_recorded: bool,
}

impl From<ErasedRow> for ErasedCall {
    fn from(row: ErasedRow) -> Self {
        Self {
            started_at: row.erased_started_at,
            answered_at: row.erased_answered_at,
            ended_at: row.erased_ended_at,
            recorded: row.erased_recorded,
        }
    }
}

/// What is to be left of a call.
pub(super) struct Left {
    pub hash: Vec<u8>,
    pub erased: ErasedCall,
    pub until: DateTime<Utc>,
}

static INSERT: Rows = Rows::new(
    "insert into erased_calls (key_hash, started_at, answered_at, ended_at, recorded, until) select * from (values ",
    6,
    ") as v where v.column1 is not null on conflict do nothing",
);

pub(super) async fn insert(tx: &mut Tx, left: &[Left]) -> Result<(), sqlx::Error> {
    for chunk in chunks(left) {
        let conn = tx.conn();
        let (sql, rows) = INSERT.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query
                    .bind(row.map(|row| row.hash.clone()))
                    .bind(row.map(|row| row.erased.started_at))
                    .bind(row.and_then(|row| row.erased.answered_at))
                    .bind(row.map(|row| row.erased.ended_at))
                    .bind(row.map(|row| row.erased.recorded))
                    .bind(row.map(|row| time(row.until)));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}
