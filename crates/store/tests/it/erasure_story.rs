//! A client with traces everywhere, for the tests of erasures.

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, ClientKind, CommentId, ErasureId, MergeId, ModuleId, UserId};
use hookswitch_store::{
    Apply, AuditAction, AuditChange, AuditEntry, BeginErasure, CallFilter, Client, ClientFields, ClientScope,
    Comment, Erasure, ErasureCounts, LogLevel, NewLogEntry, Role, Store,
};
use serde_json::json;

use crate::clients::{contact, make};
use crate::support::{Db, answer, at, end, processed, raw, request, start};

pub const NUMBER: &str = "+442079461234";
pub const SECOND: &str = "+442079465678";
pub const OTHER: &str = "+4930111111";
pub const NAME: &str = "Zoe Fairweather";

/// A day after everything else.
pub const LATER: i64 = 86_400;

pub fn until() -> DateTime<Utc> {
    at(LATER) + TimeDelta::days(366)
}

/// A request that reported these facts about a call, with the number in its body.
pub async fn say(
    db: &Db,
    module: ModuleId,
    second: i64,
    change: impl FnOnce(&mut Apply),
) -> hookswitch_store::Applied {
    let mut request = request(module, second);
    request.body = format!("{{\"from\":\"{NUMBER}\",\"name\":\"{NAME}\"}}").into_bytes();
    let mut all = processed(module, request.id, second, Vec::new());
    if let Some(outcome) = &mut all.outcome {
        outcome.result = Some(raw(&json!({ "event": { "srcPhone": NUMBER } })));
    }
    change(&mut all);
    let facts = std::mem::take(&mut all.submission.facts);
    all.submission.facts = processed(module, request.id, second, facts).submission.facts;
    db.accept(request).await.unwrap();
    db.apply(all).await.unwrap()
}

pub async fn tell(
    db: &Db,
    module: ModuleId,
    second: i64,
    facts: Vec<hookswitch_model::batch::TargetedFact>,
) -> hookswitch_store::Applied {
    say(db, module, second, |apply| apply.submission.facts = facts).await
}

/// Runs an erasure to its end.
pub async fn finish(db: &Store, id: ErasureId) -> ErasureCounts {
    while !db.erase_further(id, at(LATER + 60)).await.unwrap().done {}
    let erasure = db.erasure(id).await.unwrap().expect("an erasure");
    assert_eq!(erasure.done_at, Some(at(LATER + 60)));
    erasure.counts
}

pub fn begun(begin: BeginErasure) -> Erasure {
    match begin {
        BeginErasure::Begun(erasure) => erasure,
        other => panic!("{other:?}"),
    }
}

pub async fn now(db: &Store, client: ClientId) -> Client {
    db.client(client, ClientScope::All).await.unwrap().expect("a client")
}

pub async fn erase(db: &Db, client: ClientId, by: UserId) -> ErasureCounts {
    let client = now(db, client).await;
    finish(db, begun(db.erase_client(&client, by, at(LATER), until()).await.unwrap()).id).await
}

pub async fn calls(db: &Db) -> Vec<CallId> {
    let page = db.calls(&CallFilter::default(), None, 100).await.unwrap();
    page.items.into_iter().map(|stored| stored.call.id).collect()
}

/// The entire content of the database as text.
pub async fn everything(db: &Db) -> String {
    assert!(db.overwrite_deleted().await.unwrap());
    db.dump().await
}

pub fn is_nowhere(text: &str) {
    let digits: String = NUMBER.chars().filter(char::is_ascii_digit).collect();
    let hex: String = digits.bytes().map(|byte| format!("{byte:02x}")).collect();
    for word in [&digits, &digits[2..], "Fairweather", "fairweather", "zoe@", &hex] {
        let found = text.find(word).map(|at| &text[at.saturating_sub(80)..(at + 40).min(text.len())]);
        assert_eq!(found, None, "{word} is still in the database");
    }
}

pub struct Story {
    pub admin: UserId,
    pub ada: UserId,
    pub module: ModuleId,
    pub client: ClientId,
    pub other: ClientId,
}

/// A client with two calls, comments, a merge, traces in logs, storage and the audit trail; and another client.
pub async fn story(db: &Db) -> Story {
    let admin = db.new_user("admin", Role::Admin).await;
    let ada = db.new_user("ada", Role::Operator).await;
    let module = db.new_module().await;
    let fields = ClientFields {
        kind: ClientKind::Company,
        emails: vec!["zoe@example.com".into()],
        notes: Some("Fairweather and Sons".into()),
        tags: vec!["Fairweather".into()],
        ..contact(NAME, &[NUMBER])
    };
    let client = make(db, fields).await;
    let twin = make(db, contact("Zoe F. Fairweather", &[SECOND])).await;
    let employee = ClientFields { company: Some(client.id), ..contact("Bob", &[OTHER]) };
    let other = make(db, employee).await.id;
    let merge = MergeId::new(at(1), rand::random());
    db.merge_clients(merge, &client, &twin, admin, ClientScope::All, at(1)).await.unwrap().expect("merged");

    tell(db, module, 10, vec![start("a", NUMBER, Some(ada)), answer("a"), end("a")]).await;
    tell(db, module, 20, vec![end("a")]).await;
    tell(db, module, 30, vec![start("b", SECOND, Some(ada)), end("b")]).await;
    let others = tell(db, module, 40, vec![start("c", OTHER, Some(ada)), end("c")]).await;
    // A failed one: no call is known of it.
    say(db, module, 50, |apply| {
        if let Some(outcome) = &mut apply.outcome {
            outcome.status = hookswitch_store::OutcomeStatus::Failed;
        }
    })
    .await;
    for (second, client_id) in [(60, client.id), (61, other)] {
        let comment = Comment {
            id: CommentId::new(at(second), rand::random()),
            client_id,
            call_id: None,
            author_id: ada,
            text: if second == 60 { format!("{NAME} likes tea") } else { "Bob likes tea".into() },
            mentions: [ada].into(),
            created_at: at(second),
            edited_at: None,
        };
        assert!(db.add_comment(&comment).await.unwrap());
    }
    let line = |message: &str| NewLogEntry {
        module_id: module,
        at: at(70),
        level: LogLevel::Info,
        message: message.into(),
        line: None,
        function: None,
        request_id: None,
    };
    let dialled = format!("dialling {NUMBER} now");
    db.append_log(&[line(&dialled), line("a line of no one")]).await.unwrap();
    db.storage_set(module, "last", &json!({ "number": NUMBER }), None, at(70)).await.unwrap();
    db.storage_set(module, "token", &json!("12345678901234567890"), None, at(70)).await.unwrap();
    let change = |field: &str, from: &str| AuditChange {
        field: field.into(),
        from: Some(from.into()),
        to: Some("something".into()),
    };
    for (client_id, change) in [
        (Some(client.id), change("notes", "Fairweather and Sons")),
        (Some(other), change("company", NAME)),
        (Some(other), change("name", "Robert")),
    ] {
        let entry = AuditEntry {
            id: uuid_v7(at(80), rand::random()),
            at: at(80),
            user_id: ada,
            action: AuditAction::Changed,
            client_id,
            call_id: None,
            subject: None,
            changes: vec![change],
        };
        db.add_audit(&entry).await.unwrap();
    }
    assert_eq!(others.changes.len(), 1);
    Story { admin, ada, module, client: client.id, other }
}
