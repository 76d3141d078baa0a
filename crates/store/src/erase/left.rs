//! What is left of an erased call: enough to know a late event of it, not enough to know whose it was.

use chrono::{DateTime, Utc};
use hookswitch_model::contract::Disposition;
use hookswitch_model::matching::LATE_RECORD;
use hookswitch_model::{Call, CallId, CallView, Fact, FactKind, ModuleId};
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

/// When an erased call was.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct ErasedCall {
    #[sqlx(rename = "erased_started_at")]
    started_at: DateTime<Utc>,
    #[sqlx(rename = "erased_answered_at")]
    answered_at: Option<DateTime<Utc>>,
    #[sqlx(rename = "erased_ended_at")]
    ended_at: DateTime<Utc>,
    /// Whether its record had come.
    #[sqlx(rename = "erased_recorded")]
    recorded: bool,
}

impl ErasedCall {
    /// Of a call that is over.
    pub(super) fn new(call: &Call, view: &CallView) -> Self {
        Self {
            started_at: time(view.started_at),
            answered_at: view.answered_at.map(time),
            ended_at: time(view.ended_at.unwrap_or(view.started_at)),
            recorded: call.facts.iter().any(|fact| fact.kind == FactKind::Record),
        }
    }

    /// When it began.
    pub(crate) const fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// A call that takes the facts which the erased one would have taken.
    pub(crate) fn stand_in(&self, module_id: ModuleId) -> Call {
        let answered = self.answered_at.map(|at| fact(FactKind::Answer, at, Disposition::Unknown));
        let disposition = if answered.is_some() { Disposition::Answered } else { Disposition::Unknown };
        let record = self.recorded.then(|| fact(FactKind::Record, self.ended_at, Disposition::Unknown));
        let mut facts = vec![fact(FactKind::Start, self.started_at, Disposition::Unknown)];
        facts.extend(answered);
        facts.push(fact(FactKind::End, self.ended_at, disposition));
        facts.extend(record);
        Call { id: CallId::new(self.started_at, rand::random()), module_id, call_id: None, facts }
    }
}

fn fact(kind: FactKind, at: DateTime<Utc>, disposition: Disposition) -> Fact {
    Fact { timed: true, disposition, ..Fact::new(kind, at) }
}

/// What is to be left of a call.
pub(super) struct Left {
    pub hash: Vec<u8>,
    pub erased: ErasedCall,
    pub until: DateTime<Utc>,
}

/// Until when something of a call can come late: with the provider's id as long as anybody may ask for it again, `until`;
/// without, as long as late events count, since a later call with the same numbers is a new one.
pub(super) fn late_until(call: &Call, erased: &ErasedCall, until: DateTime<Utc>) -> DateTime<Utc> {
    match call.call_id {
        Some(_) => until,
        None => until.min(erased.ended_at.checked_add_signed(LATE_RECORD).unwrap_or(until)),
    }
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
