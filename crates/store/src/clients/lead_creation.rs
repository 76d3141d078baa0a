//! Clients that missed calls make, and that go again when the call turns out not to be missed.

use std::collections::BTreeSet;

use hookswitch_model::batch::{MadeLead, NewLead};
use hookswitch_model::{ClientId, phone};
use sqlx::FromRow;
use uuid::Uuid;

use super::words;
use crate::db::{Tx, on, text, time};
use crate::rows::{Rows, chunks};

static CLIENTS: Rows = Rows::new(
    "insert into clients (id, kind, name, name_key, responsible_id, created_at, updated_at, tags, source, version) \
     select v.column1, v.column2, v.column3, v.column4, users.id, v.column6, v.column6, '[]', 'missedCall', 1 from (values ",
    6,
    ") as v left join users on users.id = v.column5 where v.column1 is not null",
);
static PHONES: Rows = Rows::new(
    "insert into client_phones (client_id, position, number, e164, made_by_call) \
     select v.column1, 0, v.column2, v.column2, true from (values ",
    2,
    ") as v where v.column1 is not null",
);
static ADOPT: Rows = Rows::new(
    "update calls set client_id = v.column1, version = version + 1 from (values ",
    2,
    ") as v where client_e164 = v.column2 and client_id is null and not client_chosen",
);

/// Whoever edits, merges or puts away a client changes its version. Which calls keep it is `model::batch::lead_creation`'s rule.
static LEADS: Rows = Rows::new(
    "select c.id, c.version <> 1 or exists (select 1 from comments where client_id = c.id) \
     or exists (select 1 from clients employee where employee.company_id = c.id) \
     or exists (select 1 from clients gone where gone.merged_into = c.id) as touched, \
     (select count(*) from calls where calls.client_id = c.id and (missed or client_chosen or direction = 'out')) as kept_by \
     from (values ",
    1,
    ") as v join clients c on c.id = v.column1 where c.source = 'missedCall'",
);

#[derive(FromRow)]
struct LeadRow {
    id: Uuid,
    touched: bool,
    kept_by: i64,
}

static DELETE_WORDS: Rows = Rows::new("delete from client_words where client_id in (values ", 1, ")");
static DELETE_PHONES: Rows = Rows::new("delete from client_phones where client_id in (values ", 1, ")");
static DELETE_CLIENTS: Rows = Rows::new("delete from clients where id in (values ", 1, ")");
static RELEASE: Rows =
    Rows::new("update calls set client_id = null, version = version + 1 where client_id in (values ", 1, ")");

/// Those of these clients that a missed call made, and what keeps them.
pub(crate) async fn leads(tx: &mut Tx, clients: &BTreeSet<ClientId>) -> Result<Vec<MadeLead>, sqlx::Error> {
    let clients: Vec<_> = clients.iter().copied().collect();
    let mut leads: Vec<MadeLead> = Vec::new();
    for chunk in chunks(&clients) {
        let conn = tx.conn();
        let (sql, filled) = LEADS.fill(&conn, chunk);
        let found: Vec<LeadRow> = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for client in filled {
                query = query.bind(client.map(|client| client.0));
            }
            query.fetch_all(db).await
        })?;
        leads.extend(found.into_iter().map(|row| MadeLead {
            id: ClientId(row.id),
            touched: row.touched,
            kept_by: u64::try_from(row.kept_by).unwrap_or_default(),
        }));
    }
    Ok(leads)
}

/// Removes clients; fails with a violated foreign key where somebody touched one meanwhile.
pub(crate) async fn remove(tx: &mut Tx, removed: &[ClientId]) -> Result<(), sqlx::Error> {
    for statement in [&DELETE_WORDS, &DELETE_PHONES, &DELETE_CLIENTS] {
        of_each(tx, statement, removed).await?;
    }
    Ok(())
}

/// Takes the calls from clients that were removed.
pub(crate) async fn release(tx: &mut Tx, removed: &[ClientId]) -> Result<(), sqlx::Error> {
    of_each(tx, &RELEASE, removed).await
}

async fn of_each(tx: &mut Tx, statement: &Rows, clients: &[ClientId]) -> Result<(), sqlx::Error> {
    for chunk in chunks(clients) {
        let conn = tx.conn();
        let (sql, filled) = statement.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for client in filled {
                query = query.bind(client.map(|client| client.0));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// Makes them, each with its number. Not unique: another node was faster with one.
pub(crate) async fn insert(tx: &mut Tx, clients: &[NewLead]) -> Result<(), sqlx::Error> {
    for chunk in chunks(clients) {
        let conn = tx.conn();
        let (sql, filled) = CLIENTS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for client in filled {
                query = query
                    .bind(client.map(|client| client.id.0))
                    .bind(client.map(|client| client.kind.as_str()))
                    .bind(client.map(|client| text(&client.name)))
                    .bind(client.map(|client| text(&words::folded(&client.name))))
                    .bind(client.and_then(|client| client.responsible).map(|user| user.0))
                    .bind(client.map(|client| time(client.now)));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    let words: Vec<(String, ClientId)> = clients
        .iter()
        .flat_map(|client| {
            let numbers = std::iter::once(client.e164.as_str());
            words::of_name_and_numbers(&client.name, numbers).into_iter().map(|word| (text(&word), client.id))
        })
        .collect();
    words::insert(tx, &words).await?;
    let numbers: Vec<_> = clients.iter().map(|client| (client.id, client.e164.clone())).collect();
    each(tx, &PHONES, &numbers).await
}

/// Logs on them the calls that there were from their numbers.
pub(crate) async fn adopt(tx: &mut Tx, clients: &[NewLead]) -> Result<(), sqlx::Error> {
    let spellings =
        |client: &NewLead| phone::spellings(&client.e164).map(|number| (client.id, number)).collect();
    let numbers: Vec<_> = clients.iter().flat_map::<Vec<_>, _>(spellings).collect();
    each(tx, &ADOPT, &numbers).await
}

async fn each(tx: &mut Tx, statement: &Rows, numbers: &[(ClientId, String)]) -> Result<(), sqlx::Error> {
    for chunk in chunks(numbers) {
        let conn = tx.conn();
        let (sql, filled) = statement.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = query.bind(row.map(|(client, _)| client.0)).bind(row.map(|(_, number)| text(number)));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}
