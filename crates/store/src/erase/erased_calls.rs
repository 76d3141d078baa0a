//! What is left of erased calls, by the hash of their key.

use chrono::{DateTime, Utc};
use hookswitch_model::ModuleId;
use hookswitch_model::erased_call::ErasedCall;
use ring::hmac;

use crate::db::{Tx, time};
use crate::key::SecretKey;
use crate::rows::{Rows, columns, found};

/// Computes the hashes that identify erased calls. Without the key nobody can test numbers against them.
#[derive(Clone)]
pub(crate) struct Hashes(hmac::Key);

impl Hashes {
    pub(crate) fn new(key: &SecretKey) -> Self {
        Self(key.hashing("erased calls"))
    }

    /// The hash of a call's module and key, the key as in its column.
    pub(crate) fn of(&self, module: ModuleId, key: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(module.0.as_bytes());
        context.update(key.as_bytes());
        context.sign().as_ref().to_vec()
    }
}

found! {
    /// The columns of an erased call in a statement that searches calls as well.
    pub(crate) struct ErasedRow {
        erased_started_at: DateTime<Utc>,
        erased_answered_at: Option<DateTime<Utc>>,
        erased_ended_at: DateTime<Utc>,
        erased_recorded: bool,
    }
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

/// What is kept of an erased call.
pub(super) struct ErasedKey {
    pub hash: Vec<u8>,
    pub erased: ErasedCall,
    pub until: DateTime<Utc>,
}

columns! {
    ErasedColumns of row: ErasedKey {
        key_hash: row.hash.clone(),
        started_at: row.erased.started_at,
        answered_at: row.erased.answered_at,
        ended_at: row.erased.ended_at,
        recorded: row.erased.recorded,
        until: time(row.until),
    }
}

static INSERT: Rows = Rows::named(
    &[ErasedColumns::NAMES],
    "insert into erased_calls ({columns}) select * from v where key_hash is not null on conflict do nothing",
);

pub(super) async fn insert(tx: &mut Tx, left: &[ErasedKey]) -> Result<(), sqlx::Error> {
    INSERT.execute(tx, left, ErasedColumns::add).await?;
    Ok(())
}
