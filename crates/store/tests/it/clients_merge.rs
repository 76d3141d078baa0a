//! Merging clients, and undoing it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use hookswitch_model::{CallId, ClientId, ClientKind, CommentId, MergeId, UserId};
use hookswitch_store::{Client, ClientFields, ClientFilter, ClientScope, ClientSearch, Comment, Role};
use uuid::Uuid;

use crate::clients::{contact, make};
use crate::support::{Db, at, both, end, start};

const LONDON: &str = "+442079460000";
const BERLIN: &str = "+4930901820";
const PARIS: &str = "+33142685300";

/// Two contacts that turn out to be one.
struct Two {
    ada: UserId,
    kept: Client,
    gone: Client,
}

async fn two(db: &Db) -> Two {
    let ada = db.new_user("ada", Role::Operator).await;
    let kept = ClientFields {
        emails: vec!["zoe@example.com".into()],
        tags: vec!["VIP".into()],
        notes: Some("Tea".into()),
        ..contact("Zoe", &[LONDON, PARIS])
    };
    let gone = ClientFields {
        responsible: Some(ada),
        emails: vec!["ZOE@example.com".into(), "zoe@example.org".into()],
        tags: vec!["vip".into(), "Wholesale".into()],
        notes: Some("No milk".into()),
        ..contact("Zoë Élan", &[BERLIN, PARIS])
    };
    Two { ada, kept: make(db, kept).await, gone: make(db, gone).await }
}

async fn now(db: &Db, id: ClientId) -> Client {
    db.client(id, ClientScope::All).await.unwrap().expect("a client")
}

async fn merge(db: &Db, two: &Two) -> (MergeId, Client) {
    let id = MergeId::new(at(10), rand::random());
    let (into, from) = (now(db, two.kept.id).await, now(db, two.gone.id).await);
    (
        id,
        db.merge_clients(id, &into, &from, two.ada, ClientScope::All, at(10)).await.unwrap().expect("merged"),
    )
}

async fn undo(db: &Db, id: MergeId) -> Client {
    let merge = db.merge(id).await.unwrap().expect("a merge");
    let into = now(db, merge.into).await;
    db.undo_merge(&merge, &into, at(50)).await.unwrap().expect("undone")
}

async fn comment(db: &Db, two: &Two, client_id: ClientId, call_id: Option<CallId>) -> CommentId {
    let comment = Comment {
        id: CommentId::new(at(15), rand::random()),
        client_id,
        call_id,
        author_id: two.ada,
        text: "Called back".into(),
        mentions: BTreeSet::new(),
        created_at: at(15),
        edited_at: None,
    };
    assert!(db.add_comment(&comment).await.unwrap());
    comment.id
}

async fn client_of(db: &Db, call: CallId) -> Option<ClientId> {
    db.call(call).await.unwrap().expect("a call").added.client_id
}

async fn found(db: &Db, typed: &str) -> Vec<ClientId> {
    let search = ClientSearch::new(typed, false, |_| Vec::new());
    let found = db.search_clients(ClientScope::All, &ClientFilter::default(), &search, 10).await.unwrap();
    found.into_iter().map(|client| client.id).collect()
}

both!(two_clients_become_one, |db| {
    let two = two(&db).await;
    let module = db.new_module().await;
    let call = db.report(module, 0, vec![start("a", BERLIN, None), end("a")]).await.1[0].id;
    db.set_client(call, Some(two.gone.id)).await.unwrap();
    let (id, merged) = merge(&db, &two).await;

    let expected = ClientFields {
        responsible: Some(two.ada),
        emails: vec!["zoe@example.com".into(), "zoe@example.org".into()],
        tags: vec!["VIP".into(), "Wholesale".into()],
        notes: Some("Tea\n\nNo milk".into()),
        ..contact("Zoe", &[LONDON, PARIS, BERLIN])
    };
    assert_eq!((merged.id, merged.fields), (two.kept.id, expected));
    assert_eq!(client_of(&db, call).await, Some(two.kept.id));
    assert_eq!(now(&db, two.gone.id).await.id, two.kept.id, "its id leads to the remaining client");
    assert_eq!(found(&db, "wholesale").await, []);
    assert_eq!(found(&db, "#wholesale").await, [two.kept.id]);
    assert_eq!(found(&db, "elan").await, []);
    let archived = ClientFilter { archived: true, ..ClientFilter::default() };
    assert!(db.clients(ClientScope::All, &archived, None, 10).await.unwrap().items.is_empty());
    let merges = db.merges_into(two.kept.id, at(10)).await.unwrap();
    assert_eq!((merges[0].id, merges[0].name.as_str(), merges[0].made_by()), (id, "Zoë Élan", Some(two.ada)));
    assert!(db.merges_into(two.kept.id, at(11)).await.unwrap().is_empty());

    let stale = db
        .merge_clients(MergeId::new(at(11), [1; 10]), &two.kept, &two.gone, two.ada, ClientScope::All, at(11))
        .await;
    assert_eq!(stale.unwrap(), None, "both were changed meanwhile");
});

both!(a_merge_is_undone, |db| {
    let two = two(&db).await;
    let module = db.new_module().await;
    let theirs = db.report(module, 0, vec![start("a", BERLIN, None), end("a")]).await.1[0].id;
    let ours = db.report(module, 1, vec![start("b", LONDON, None), end("b")]).await.1[0].id;
    for (call, client) in [(theirs, two.gone.id), (ours, two.kept.id)] {
        db.set_client(call, Some(client)).await.unwrap();
    }
    let employee = make(&db, ClientFields { company: Some(two.gone.id), ..contact("Bob", &[]) }).await;
    let free = comment(&db, &two, two.gone.id, None).await;
    let (id, _) = merge(&db, &two).await;
    let since = comment(&db, &two, two.kept.id, Some(theirs)).await;
    let about_us = comment(&db, &two, two.kept.id, Some(ours)).await;
    assert_eq!(now(&db, employee.id).await.fields.company, Some(two.kept.id));

    let back = undo(&db, id).await;
    assert_eq!((back.id, &back.fields, back.archived_at), (two.gone.id, &two.gone.fields, None));
    assert_eq!(now(&db, two.kept.id).await.fields, two.kept.fields);
    assert_eq!(client_of(&db, theirs).await, Some(two.gone.id));
    assert_eq!(client_of(&db, ours).await, Some(two.kept.id));
    assert_eq!(now(&db, employee.id).await.fields.company, Some(two.gone.id));
    for (comment, client) in [(free, two.gone.id), (since, two.gone.id), (about_us, two.kept.id)] {
        assert_eq!(db.comment(comment).await.unwrap().expect("a comment").client_id, client);
    }
    assert_eq!(found(&db, "elan").await, [two.gone.id]);
    assert_eq!(db.merge(id).await.unwrap(), None, "a merge is undone once");
});

both!(changes_since_a_merge_stay, |db| {
    let two = two(&db).await;
    let module = db.new_module().await;
    let (id, merged) = merge(&db, &two).await;
    let since = db.report(module, 20, vec![start("a", BERLIN, None), end("a")]).await.1[0].id;
    db.execute(&format!("update calls set client_id = {}", blob(&db, two.kept.id.0))).await;
    let edited = ClientFields {
        kind: ClientKind::Company,
        name: "Zoe Ltd".into(),
        phones: contact("", &["+16502530000", PARIS, BERLIN]).phones,
        notes: Some("Green tea\n\nNo milk\n\nCalls on Mondays".into()),
        tags: vec!["Wholesale".into(), "New".into()],
        ..merged.fields.clone()
    };
    db.update_client(merged.id, merged.version, &edited, false, ClientScope::All, at(30))
        .await
        .unwrap()
        .expect("changed");

    let back = undo(&db, id).await;
    assert_eq!(back.fields, two.gone.fields);
    let kept = now(&db, two.kept.id).await.fields;
    assert_eq!((kept.kind, kept.name.as_str(), kept.responsible), (ClientKind::Company, "Zoe Ltd", None));
    assert_eq!(kept.phones, contact("", &["+16502530000", PARIS]).phones);
    assert_eq!((kept.emails, kept.tags), (vec!["zoe@example.com".into()], vec!["New".into()]));
    assert_eq!(kept.notes.as_deref(), Some("Green tea\n\nCalls on Mondays"));
    assert_eq!(
        client_of(&db, since).await,
        Some(two.gone.id),
        "its number belongs to the other client again"
    );
});

fn blob(db: &Db, id: Uuid) -> String {
    match db.file {
        Some(_) => format!("x'{}'", id.simple()),
        None => format!("'{id}'"),
    }
}

both!(merges_are_purged_after_a_time, |db| {
    let two = two(&db).await;
    let (id, _) = merge(&db, &two).await;
    assert_eq!(db.purge_merges(at(10)).await.unwrap(), 0);
    assert_eq!(db.purge_merges(at(10) + TimeDelta::days(1)).await.unwrap(), 1);
    assert_eq!(db.merge(id).await.unwrap(), None);
    assert_eq!(now(&db, two.gone.id).await.id, two.kept.id);
});

both!(a_client_is_not_its_own_company, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let acme = make(&db, ClientFields { kind: ClientKind::Company, ..contact("Acme", &[]) }).await;
    let ann = make(&db, ClientFields { company: Some(acme.id), ..contact("Ann", &[LONDON]) }).await;
    let id = MergeId::new(at(10), [2; 10]);
    let merged =
        db.merge_clients(id, &acme, &ann, ada, ClientScope::All, at(10)).await.unwrap().expect("merged");
    assert_eq!((merged.fields.company, merged.fields.phones.len()), (None, 1));
    let back = undo(&db, id).await;
    assert_eq!(back.fields.company, Some(acme.id));
});
