//! Erasing clients and calls: nothing of them is left, and nothing that comes late brings them back.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::batch::LeadRule;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, ClientKind, CommentId, ErasureId, MergeId, ModuleId, UserId};
use hookswitch_store::{
    Apply, AuditAction, AuditChange, AuditEntry, AuditFilter, BeginErasure, CallFilter, Client, ClientFields,
    ClientScope, Comment, Erasure, ErasureCounts, ErasurePreview, LogLevel, NewLogEntry, RequestStatus, Role,
    Store,
};
use serde_json::json;

use crate::clients::{contact, make};
use crate::support::{
    Db, answer, at, both, end, fact, incoming, of_numbers, processed, raw, record, request, start,
};
use hookswitch_model::{Fact, FactKind};

const NUMBER: &str = "+442079461234";
const SECOND: &str = "+442079465678";
const OTHER: &str = "+4930111111";
const NAME: &str = "Zoe Fairweather";

/// A day after everything.
const LATER: i64 = 86_400;

fn until() -> DateTime<Utc> {
    at(LATER) + TimeDelta::days(366)
}

/// A request that reported these facts of a call, with the number in its body.
async fn say(
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

async fn tell(
    db: &Db,
    module: ModuleId,
    second: i64,
    facts: Vec<hookswitch_model::batch::TargetedFact>,
) -> hookswitch_store::Applied {
    say(db, module, second, |apply| apply.submission.facts = facts).await
}

/// Goes through an erasure to its end.
async fn finish(db: &Store, id: ErasureId) -> ErasureCounts {
    while !db.erase_further(id, at(LATER + 60)).await.unwrap().done {}
    let erasure = db.erasure(id).await.unwrap().expect("an erasure");
    assert_eq!(erasure.done_at, Some(at(LATER + 60)));
    erasure.counts
}

fn begun(begin: BeginErasure) -> Erasure {
    match begin {
        BeginErasure::Begun(erasure) => erasure,
        other => panic!("{other:?}"),
    }
}

async fn now(db: &Store, client: ClientId) -> Client {
    db.client(client, ClientScope::All).await.unwrap().expect("a client")
}

async fn erase(db: &Db, client: ClientId, by: UserId) -> ErasureCounts {
    let client = now(db, client).await;
    finish(db, begun(db.erase_client(&client, by, at(LATER), until()).await.unwrap()).id).await
}

async fn calls(db: &Db) -> Vec<CallId> {
    let page = db.calls(&CallFilter::default(), None, 100).await.unwrap();
    page.items.into_iter().map(|stored| stored.call.id).collect()
}

/// Everything that the database has, as text.
async fn everything(db: &Db) -> String {
    assert!(db.overwrite_deleted().await.unwrap());
    db.dump().await
}

fn is_nowhere(text: &str) {
    let digits: String = NUMBER.chars().filter(char::is_ascii_digit).collect();
    let hex: String = digits.bytes().map(|byte| format!("{byte:02x}")).collect();
    for word in [&digits, &digits[2..], "Fairweather", "fairweather", "zoe@", &hex] {
        let found = text.find(word).map(|at| &text[at.saturating_sub(80)..(at + 40).min(text.len())]);
        assert_eq!(found, None, "{word} is in the database still");
    }
}

struct Story {
    admin: UserId,
    ada: UserId,
    module: ModuleId,
    client: ClientId,
    other: ClientId,
}

/// A client with two calls, comments, a merge, traces in logs, storage and the audit trail; and another one.
async fn story(db: &Db) -> Story {
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
    // One that failed: no call is known of it.
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

both!(of_an_erased_client_nothing_is_left, |db| {
    let story = story(&db).await;
    let before = everything(&db).await;
    assert!(before.contains(&NUMBER[1..]), "the test looks where it is");
    let preview = db.would_erase_client(story.client).await.unwrap();
    let expected = ErasurePreview { merged: 1, calls: 2, comments: 1, employees: 1, lead: false };
    assert_eq!(preview, expected);

    let counts = erase(&db, story.client, story.admin).await;
    // Of the requests one was about the other client's call: the number is in it all the same.
    let expected = ErasureCounts {
        clients: 2,
        calls: 2,
        comments: 1,
        requests: 5,
        log_lines: 1,
        stored_values: 1,
        audit_entries: 2,
    };
    assert_eq!(counts, expected);
    is_nowhere(&everything(&db).await);
    assert_eq!(db.client(story.client, ClientScope::All).await.unwrap(), None);

    // What is not the client's is there still.
    assert_eq!(calls(&db).await.len(), 1);
    let other = now(&db, story.other).await;
    assert_eq!((other.fields.name.as_str(), other.fields.company), ("Bob", None));
    assert!(db.last_comment(story.other).await.unwrap().is_some());
    assert_eq!(
        db.storage_get(story.module, "token", at(80)).await.unwrap(),
        Some(json!("12345678901234567890"))
    );
    let trail = db.audit(AuditFilter::default(), None, 100).await.unwrap();
    let erased = &trail[0].entry;
    assert_eq!((erased.action, erased.user_id), (AuditAction::Erased, story.admin));
    let counted: BTreeSet<_> =
        erased.changes.iter().map(|change| (change.field.as_str(), change.to.as_deref())).collect();
    assert!(counted.contains(&("calls", Some("2"))), "{counted:?}");
    let names: Vec<_> = trail.iter().filter(|line| line.entry.client_id == Some(story.other)).collect();
    assert_eq!(names.len(), 2);
    assert!(names.iter().any(|line| line.entry.changes[0].from.as_deref() == Some("Robert")));
});

both!(nothing_that_comes_late_brings_an_erased_call_back, |db| {
    let story = story(&db).await;
    erase(&db, story.client, story.admin).await;
    let before = calls(&db).await;
    for (second, facts) in [
        (LATER + 100, vec![end("a")]),
        (LATER + 200, vec![record("a", 40)]),
        (LATER + 300, vec![start("b", SECOND, Some(story.ada))]),
    ] {
        let applied = tell(&db, story.module, second, facts).await;
        assert!(applied.erased);
        assert_eq!(applied.changes, []);
    }
    assert_eq!(calls(&db).await, before);
    is_nowhere(&everything(&db).await);
    let log = db
        .requests(&hookswitch_store::RequestFilter { module_id: story.module, status: None }, None, 3)
        .await
        .unwrap();
    assert!(log.iter().all(|request| request.erased && request.status == RequestStatus::Processed));
    // A real call of the same person is a new call.
    let again = tell(&db, story.module, LATER + 400, vec![start("z", NUMBER, None)]).await;
    assert!(!again.erased);
    assert_eq!(calls(&db).await.len(), before.len() + 1);
    // In a year nobody asks any more.
    db.purge_erased_calls(until() + TimeDelta::seconds(1)).await.unwrap();
    assert!(!tell(&db, story.module, LATER + 500, vec![record("a", 40)]).await.erased);
});

both!(a_request_about_an_erased_call_and_another_keeps_the_others_facts, |db| {
    let story = story(&db).await;
    erase(&db, story.client, story.admin).await;
    let facts = vec![record("a", 40), start("n", OTHER, None), end("n")];
    let applied = tell(&db, story.module, LATER + 100, facts).await;
    assert!(applied.erased);
    assert_eq!(applied.changes.len(), 1);
    is_nowhere(&everything(&db).await);
});

both!(without_the_providers_id_only_what_is_late_is_dropped, |db| {
    let story = story(&db).await;
    let parties = incoming(NUMBER, Some(story.ada));
    let of = |kind| of_numbers(&parties, fact(kind));
    let ended = LATER - 300;
    tell(&db, story.module, ended - 60, vec![of(FactKind::Start), of(FactKind::Answer)]).await;
    tell(&db, story.module, ended, vec![of(FactKind::End)]).await;
    erase(&db, story.client, story.admin).await;
    let before = calls(&db).await;
    assert!(tell(&db, story.module, ended + 400, vec![of(FactKind::End)]).await.erased);
    let late = of_numbers(&parties, Fact { record: None, ..fact(FactKind::Record) });
    assert!(tell(&db, story.module, ended + 7200, vec![late]).await.erased);
    assert_eq!(calls(&db).await, before);
    assert!(!tell(&db, story.module, ended + 7300, vec![of(FactKind::Start)]).await.erased);
    assert_eq!(calls(&db).await.len(), before.len() + 1);
    assert!(!tell(&db, story.module, ended + 7400, vec![of(FactKind::End)]).await.erased);
});

both!(an_erasure_that_a_crash_cut_short_goes_on, |db| {
    let story = story(&db).await;
    let client = now(&db, story.client).await;
    let erasure = begun(db.erase_client(&client, story.admin, at(LATER), until()).await.unwrap());
    assert_eq!(db.client(story.client, ClientScope::All).await.unwrap(), None, "at once nothing finds it");
    let mut steps = 0;
    loop {
        // Each step is another server's.
        let next = db.second().await;
        assert_eq!(next.erasures_going_on().await.unwrap().len(), 1);
        let step = next.erase_further(erasure.id, at(LATER + 60)).await.unwrap();
        next.close().await;
        steps += 1;
        if step.done {
            break;
        }
    }
    assert!(steps > 8);
    assert_eq!(db.erasures_going_on().await.unwrap(), []);
    let counts = db.erasure(erasure.id).await.unwrap().expect("an erasure").counts;
    assert_eq!((counts.calls, counts.comments, counts.requests), (2, 1, 5));
    assert!(db.erase_further(erasure.id, at(LATER + 70)).await.unwrap().done, "once more does nothing");
    let trail = db.audit(AuditFilter { action: Some(AuditAction::Erased), ..Default::default() }, None, 9);
    assert_eq!(trail.await.unwrap().len(), 1);
    is_nowhere(&everything(&db).await);
});

both!(a_call_that_goes_on_is_waited_for, |db| {
    let story = story(&db).await;
    tell(&db, story.module, 100, vec![start("on", NUMBER, Some(story.ada))]).await;
    let client = now(&db, story.client).await;
    let refused = db.erase_client(&client, story.admin, at(LATER), until()).await.unwrap();
    assert_eq!(refused, BeginErasure::CallGoesOn);
    assert_eq!(now(&db, story.client).await, client, "nothing was done");
    tell(&db, story.module, 110, vec![end("on")]).await;
    assert_eq!(erase(&db, story.client, story.admin).await.calls, 3);
});

both!(a_number_that_another_client_has_too_stays_theirs, |db| {
    let story = story(&db).await;
    let flatmate = make(&db, contact("Bill", &[NUMBER])).await;
    tell(&db, story.module, 100, vec![start("two", NUMBER, None), end("two")]).await;
    let counts = erase(&db, story.client, story.admin).await;
    assert_eq!(counts.calls, 2, "the call of either stays");
    assert_eq!(now(&db, flatmate.id).await.fields.phones.len(), 1);
    assert!(db.call(calls(&db).await[0]).await.unwrap().is_some());
});

both!(one_call_is_erased_and_its_client_stays, |db| {
    let story = story(&db).await;
    let of_client = CallFilter { client_id: Some(story.client), ..CallFilter::default() };
    let stored = db.calls(&of_client, None, 10).await.unwrap().items;
    let (last, first) = (&stored[0], &stored[1]);
    let comment = Comment {
        id: CommentId::new(at(90), rand::random()),
        client_id: story.client,
        call_id: Some(first.call.id),
        author_id: story.ada,
        text: "About that call".into(),
        mentions: BTreeSet::new(),
        created_at: at(90),
        edited_at: None,
    };
    assert!(db.add_comment(&comment).await.unwrap());
    let preview = db.would_erase_call(first).await.unwrap();
    assert_eq!((preview.calls, preview.comments, preview.lead), (1, 1, false));
    let erasure = begun(db.erase_call(first, story.admin, at(LATER), until()).await.unwrap());
    let counts = finish(&db, erasure.id).await;
    assert_eq!((counts.clients, counts.calls, counts.comments, counts.requests), (0, 1, 1, 2));
    assert_eq!(db.call(first.call.id).await.unwrap(), None);
    assert!(db.call(last.call.id).await.unwrap().is_some());
    assert_eq!(now(&db, story.client).await.fields.name, NAME);
    assert!(tell(&db, story.module, LATER + 100, vec![record("a", 40)]).await.erased);
});

both!(a_lead_goes_with_the_call_that_made_it, |db| {
    let admin = db.new_user("admin", Role::Admin).await;
    let module = db.new_module().await;
    let lead = Some(LeadRule { kind: ClientKind::Lead, responsible: None });
    let facts = vec![start("m", NUMBER, None), end("m")];
    say(&db, module, 10, |apply| (apply.submission.facts, apply.submission.lead) = (facts, lead)).await;
    let stored = db.call(calls(&db).await[0]).await.unwrap().expect("a call");
    let made = stored.added.client_id.expect("a lead");
    assert!(db.would_erase_call(&stored).await.unwrap().lead);
    let erasure = begun(db.erase_call(&stored, admin, at(LATER), until()).await.unwrap());
    assert_eq!(finish(&db, erasure.id).await.clients, 1);
    assert_eq!(db.client(made, ClientScope::All).await.unwrap(), None);
    is_nowhere(&everything(&db).await);
});

both!(a_client_with_many_calls_goes_in_short_steps, |db| {
    let story = story(&db).await;
    for call in 0..120 {
        let id = format!("many-{call}");
        tell(&db, story.module, 1000 + call, vec![start(&id, NUMBER, None), end(&id)]).await;
    }
    let client = now(&db, story.client).await;
    let erasure = begun(db.erase_client(&client, story.admin, at(LATER), until()).await.unwrap());
    loop {
        let step = db.erase_further(erasure.id, at(LATER + 60)).await.unwrap();
        assert!(step.calls.len() <= 50);
        if step.done {
            break;
        }
    }
    assert_eq!(db.erasure(erasure.id).await.unwrap().expect("an erasure").counts.calls, 122);
    is_nowhere(&everything(&db).await);
});
