//! Clients created for missed calls, and removed if the call turns out not to be missed.

use std::collections::BTreeSet;

use hookswitch_model::batch::{MadeLead, NewLead};
use hookswitch_model::{ClientId, phone};
use uuid::Uuid;

use super::search_terms;
use crate::db::{Db, text, time};
use crate::rows::{Rows, Values, columns, found};

columns! {
    LeadColumns of lead: NewLead {
        id: lead.id.0,
        kind: lead.kind.as_str(),
        name: text(&lead.name),
        name_key: text(&search_terms::folded(&lead.name)),
        wanted_responsible: lead.responsible.map(|user| user.0),
        created_at: time(lead.now),
    }
}

static CLIENTS: Rows = Rows::named(
    &[LeadColumns::NAMES],
    "insert into clients (id, kind, name, name_key, responsible_id, created_at, updated_at, tags, source, version) \
     select v.id, v.kind, v.name, v.name_key, users.id, v.created_at, v.created_at, '[]', 'missedCall', 1 \
     from v left join users on users.id = v.wanted_responsible where v.id is not null",
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

/// Editing, merging or archiving a client changes its version. `model::batch::lead_creation` defines which calls keep
/// it.
static LEADS: Rows = Rows::new(
    "select c.id, c.version <> 1 or exists (select 1 from comments where client_id = c.id) \
     or exists (select 1 from clients employee where employee.company_id = c.id) \
     or exists (select 1 from clients gone where gone.merged_into = c.id) as touched, \
     case when c.version = 1 then (select count(*) from calls where calls.client_id = c.id \
      and (missed or client_chosen or direction = 'out')) else 0 end as kept_by \
     from (values ",
    1,
    ") as v join clients c on c.id = v.column1 where c.source = 'missedCall'",
);

found! {
    struct LeadRow {
        id: Uuid,
        touched: bool,
        kept_by: i64,
    }
}

static DELETE_WORDS: Rows = Rows::new("delete from client_words where client_id in (values ", 1, ")");
static DELETE_PHONES: Rows = Rows::new("delete from client_phones where client_id in (values ", 1, ")");
static DELETE_CLIENTS: Rows = Rows::new("delete from clients where version = 1 and id in (values ", 1, ")");
static RELEASE: Rows =
    Rows::new("update calls set client_id = null, version = version + 1 where client_id in (values ", 1, ")");

/// Those of these clients that were created for a missed call, and what keeps them.
pub(crate) async fn leads(
    db: &mut impl Db,
    clients: &BTreeSet<ClientId>,
) -> Result<Vec<MadeLead>, sqlx::Error> {
    let clients: Vec<_> = clients.iter().copied().collect();
    let found = LEADS.fetch(db, &clients, |values, client| values.add(client.map(|client| client.0)));
    let found: Vec<LeadRow> = found.await?;
    let lead = |row: LeadRow| MadeLead {
        id: ClientId(row.id),
        touched: row.touched,
        kept_by: u64::try_from(row.kept_by).unwrap_or_default(),
    };
    Ok(found.into_iter().map(lead).collect())
}

/// Removes clients that nobody touched; returns how many. Fails with a foreign key violation if something refers to one
/// meanwhile.
pub(crate) async fn remove(db: &mut impl Db, removed: &[ClientId]) -> Result<u64, sqlx::Error> {
    of_each(db, &DELETE_WORDS, removed).await?;
    of_each(db, &DELETE_PHONES, removed).await?;
    of_each(db, &DELETE_CLIENTS, removed).await
}

/// Takes the calls off removed clients.
pub(crate) async fn release(db: &mut impl Db, removed: &[ClientId]) -> Result<u64, sqlx::Error> {
    of_each(db, &RELEASE, removed).await
}

async fn of_each(db: &mut impl Db, statement: &Rows, clients: &[ClientId]) -> Result<u64, sqlx::Error> {
    statement.execute(db, clients, |values, client| values.add(client.map(|client| client.0))).await
}

/// Creates the clients, each with its number. A unique violation means that another node was faster.
pub(crate) async fn insert(db: &mut impl Db, clients: &[NewLead]) -> Result<(), sqlx::Error> {
    CLIENTS.execute(db, clients, LeadColumns::add).await?;
    let words: Vec<(String, ClientId)> = clients
        .iter()
        .flat_map(|client| {
            let numbers = std::iter::once(client.e164.as_str());
            search_terms::of_name_and_numbers(&client.name, numbers)
                .into_iter()
                .map(|word| (text(&word), client.id))
        })
        .collect();
    search_terms::insert(db, &words).await?;
    let numbers: Vec<_> = clients.iter().map(|client| (client.id, client.e164.clone())).collect();
    each(db, &PHONES, &numbers).await
}

/// Logs the existing calls from their numbers on them.
pub(crate) async fn adopt(db: &mut impl Db, clients: &[NewLead]) -> Result<(), sqlx::Error> {
    let spellings =
        |client: &NewLead| phone::spellings(&client.e164).map(|number| (client.id, number)).collect();
    let numbers: Vec<_> = clients.iter().flat_map::<Vec<_>, _>(spellings).collect();
    each(db, &ADOPT, &numbers).await
}

async fn each(db: &mut impl Db, statement: &Rows, numbers: &[(ClientId, String)]) -> Result<(), sqlx::Error> {
    let add = |values: &mut Values, row: Option<&(ClientId, String)>| {
        values.add(row.map(|(client, _)| client.0));
        values.add(row.map(|(_, number)| text(number)));
    };
    statement.execute(db, numbers, add).await?;
    Ok(())
}
