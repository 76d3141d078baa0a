//! Erasing clients and calls: nothing of them is left, and no late event brings them back.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use hookswitch_model::batch::LeadRule;
use hookswitch_model::{ClientKind, CommentId, Fact, FactKind};
use hookswitch_store::{
    AuditAction, AuditFilter, BeginErasure, CallFilter, ClientScope, Comment, ErasureCounts, ErasurePreview,
    RequestStatus, Role,
};
use serde_json::json;

use crate::clients::{contact, make};
use crate::erasure_story::{
    LATER, NAME, NUMBER, OTHER, SECOND, begun, calls, erase, everything, finish, is_nowhere, now, say, story,
    tell, until,
};
use crate::support::{at, both, end, fact, incoming, of_numbers, record, start};

both!(nothing_is_left_of_an_erased_client, |db| {
    let story = story(&db).await;
    let before = everything(&db).await;
    assert!(before.contains(&NUMBER[1..]), "the test searches the right place");
    let preview = db.would_erase_client(story.client).await.unwrap();
    let expected = ErasurePreview { merged: 1, calls: 2, comments: 1, employees: 1, lead: false };
    assert_eq!(preview, expected);

    let counts = erase(&db, story.client, story.admin).await;
    // One of the requests was about the other client's call, but the number is in it all the same.
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

    // What does not belong to the client is still there.
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

both!(no_late_event_brings_an_erased_call_back, |db| {
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
    // A real call from the same person is a new call.
    let again = tell(&db, story.module, LATER + 400, vec![start("z", NUMBER, None)]).await;
    assert!(!again.erased);
    assert_eq!(calls(&db).await.len(), before.len() + 1);
    // After a year, nobody requests it any more.
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

both!(without_a_provider_id_only_late_events_are_dropped, |db| {
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

both!(an_erasure_interrupted_by_a_crash_continues, |db| {
    let story = story(&db).await;
    let client = now(&db, story.client).await;
    let erasure = begun(db.erase_client(&client, story.admin, at(LATER), until()).await.unwrap());
    assert_eq!(db.client(story.client, ClientScope::All).await.unwrap(), None, "it can no longer be found");
    let mut steps = 0;
    loop {
        // Each step is done by another server.
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
    assert!(db.erase_further(erasure.id, at(LATER + 70)).await.unwrap().done, "another call does nothing");
    let trail = db.audit(AuditFilter { action: Some(AuditAction::Erased), ..Default::default() }, None, 9);
    assert_eq!(trail.await.unwrap().len(), 1);
    is_nowhere(&everything(&db).await);
});

both!(an_erasure_waits_for_a_call_to_end, |db| {
    let story = story(&db).await;
    tell(&db, story.module, 100, vec![start("on", NUMBER, Some(story.ada))]).await;
    let client = now(&db, story.client).await;
    let refused = db.erase_client(&client, story.admin, at(LATER), until()).await.unwrap();
    assert_eq!(refused, BeginErasure::CallGoesOn);
    assert_eq!(now(&db, story.client).await, client, "nothing was changed");
    tell(&db, story.module, 110, vec![end("on")]).await;
    assert_eq!(erase(&db, story.client, story.admin).await.calls, 3);
});

both!(a_number_shared_with_another_client_stays, |db| {
    let story = story(&db).await;
    let flatmate = make(&db, contact("Bill", &[NUMBER])).await;
    tell(&db, story.module, 100, vec![start("two", NUMBER, None), end("two")]).await;
    let counts = erase(&db, story.client, story.admin).await;
    assert_eq!(counts.calls, 2, "a call that could be either client's stays");
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

both!(a_lead_is_erased_with_its_call, |db| {
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

both!(a_client_with_many_calls_is_erased_in_short_steps, |db| {
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
