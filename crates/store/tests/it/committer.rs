//! Turning facts into calls.

use hookswitch_model::batch::{FactTarget, TargetedFact};
use hookswitch_model::call::MAX_FACTS;
use hookswitch_model::{CallId, CallState, ClientId, Fact, FactKind, ReduceError, RequestId, view};
use hookswitch_store::{RequestStatus, Role, StoreError};
use uuid::Uuid;

use crate::support::{
    answer, at, both, end, fact, incoming, of_id, processed, record, request, start, status, unasked,
};

both!(a_call_begins_and_continues, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let (_, began) = db.report(module, 0, vec![start("a", "+4930123456", Some(ada))]).await;
    let id = began[0].id;
    assert_eq!(began[0].call_id.as_deref(), Some("a"));
    db.set_comment(id, Some("asked for a quote")).await.unwrap();
    let client = ClientId(Uuid::from_u128(5));
    db.set_client(id, Some(client)).await.unwrap();

    let sent = request(module, 5);
    db.accept(sent.clone()).await.unwrap();
    let done = db.apply(processed(module, sent.id, 5, vec![answer("a"), end("a")])).await.unwrap();
    let [change] = done.changes.as_slice() else { panic!("one call: {done:?}") };
    assert_eq!(change.before.as_ref(), Some(&began[0]));
    assert_eq!(
        (change.added.comment.as_deref(), change.added.client_id),
        (Some("asked for a quote"), Some(client))
    );

    let stored = db.call(id).await.unwrap().expect("a call");
    assert_eq!(Some(&stored.call), change.after.as_ref());
    assert_eq!(
        (stored.added.comment.as_deref(), stored.added.client_id),
        (Some("asked for a quote"), Some(client))
    );
    assert_eq!(view(&stored.call).state, CallState::Ended);
    assert_eq!(stored.call.facts.len(), 3);
});

both!(a_repetition_changes_nothing_but_refers_to_the_call, |db| {
    let module = db.new_module().await;
    let (_, began) = db.report(module, 0, vec![start("a", "+4930123456", None)]).await;
    let (again, changed) = db.report(module, 1, vec![start("a", "+4930123456", None)]).await;
    assert!(changed.is_empty());
    assert_eq!(db.request(again).await.unwrap().expect("it").summary.calls, [began[0].id]);
});

both!(facts_of_one_call_in_one_batch_all_count, |db| {
    let module = db.new_module().await;
    let applies = (0..100).map(|sequence| {
        let parties = Some(incoming("+4930123456", None));
        let hold = Fact { sequence: Some(sequence), parties, ..fact(FactKind::Hold) };
        let db = db.clone();
        tokio::spawn(async move { db.apply(unasked(module, 0, vec![of_id("a", hold)])).await })
    });
    let mut began = 0;
    for apply in applies.collect::<Vec<_>>() {
        let done = apply.await.unwrap().unwrap();
        assert_eq!(done.changes.len(), 1);
        began += usize::from(done.changes[0].before.is_none());
    }
    assert_eq!(began, 1);
    let calls = db.active_calls(None).await.unwrap();
    assert_eq!(calls.iter().map(|call| call.call.facts.len()).collect::<Vec<_>>(), [100]);
});

both!(a_fact_too_many_fails_alone, |db| {
    let module = db.new_module().await;
    let numbered = |sequence: usize| {
        let parties = Some(incoming("+4930123456", None));
        of_id("full", Fact { sequence: Some(sequence as i64), parties, ..fact(FactKind::Hold) })
    };
    db.report(module, 0, (0..MAX_FACTS).map(numbered).collect()).await;
    let sent = request(module, 1);
    db.accept(sent.clone()).await.unwrap();
    let both_calls = vec![start("new", "+4930999999", None), numbered(MAX_FACTS)];
    let others: Vec<_> = (0..20)
        .map(|call| {
            let db = db.clone();
            let facts = vec![start(&format!("other {call}"), "+4930777777", None)];
            tokio::spawn(async move { db.report(module, 1, facts).await })
        })
        .collect();
    let refused = db.apply(processed(module, sent.id, 1, both_calls)).await;
    assert!(matches!(refused, Err(StoreError::Reduce(ReduceError::TooManyFacts))));
    for other in others {
        assert_eq!(other.await.unwrap().1.len(), 1);
    }
    assert_eq!(db.active_calls(None).await.unwrap().len(), 21, "the rejected apply began no call");
    assert_eq!(status(&db, sent.id).await, RequestStatus::New);
});

both!(a_row_the_database_refuses_fails_alone, |db| {
    let module = db.new_module().await;
    let known = request(module, 0);
    db.accept(known.clone()).await.unwrap();
    let requests: Vec<_> = (0..50)
        .map(|second| if second == 25 { known.clone() } else { request(module, second) })
        .map(|request| {
            let db = db.clone();
            tokio::spawn(async move { db.accept(request).await })
        })
        .collect();
    let mut refused = 0;
    for request in requests {
        refused += usize::from(request.await.unwrap().is_err());
    }
    assert_eq!(refused, 1);
});

both!(a_dropped_caller_harms_nobody, |db| {
    let module = db.new_module().await;
    for second in 0..50 {
        let db = db.clone();
        let waiting = tokio::spawn(async move { db.accept(request(module, second)).await });
        if second % 2 == 0 {
            waiting.abort();
        }
    }
    db.report(module, 99, vec![start("a", "+4930123456", None)]).await;
});

both!(a_replay_replaces_what_its_request_reported, |db| {
    let module = db.new_module().await;
    let (wrong, began) = db.report(module, 0, vec![start("a", "+4930111111", None)]).await;
    let id = began[0].id;
    db.set_comment(id, Some("keep me")).await.unwrap();
    let mut replay = processed(module, wrong, 0, vec![start("a", "+4930222222", None), end("a")]);
    replay.submission.replace = true;
    replay.submission.now = at(500);
    let preview = db.preview(replay.submission.clone()).await.unwrap();
    assert_eq!(db.call(id).await.unwrap().expect("as before").call, began[0]);
    let done = db.apply(replay).await.unwrap();
    assert_eq!(preview, done.changes);
    let stored = db.call(id).await.unwrap().expect("the same call");
    assert_eq!(view(&stored.call).client_raw.as_deref(), Some("+4930222222"));
    assert_eq!((stored.call.facts.len(), stored.added.comment.as_deref()), (2, Some("keep me")));
});

both!(a_call_without_facts_is_deleted, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let (wrong, began) = db.report(module, 0, vec![start("a", "+4930111111", Some(ada))]).await;
    let mut replay = processed(module, wrong, 0, vec![start("b", "+4930111111", Some(ada))]);
    replay.submission.replace = true;
    let done = db.apply(replay.clone()).await.unwrap();
    assert_eq!(done.changes.len(), 2);
    assert_eq!((done.changes[0].before.as_ref(), &done.changes[0].after), (Some(&began[0]), &None));
    assert!(db.call(began[0].id).await.unwrap().is_none());
    let of_ada = db.active_calls(Some(ada)).await.unwrap();
    assert_eq!(of_ada.iter().map(|call| call.call.call_id.as_deref()).collect::<Vec<_>>(), [Some("b")]);

    replay.submission.facts.clear();
    db.apply(replay).await.unwrap();
    assert!(db.active_calls(None).await.unwrap().is_empty());
    assert!(db.request(wrong).await.unwrap().expect("it").summary.calls.is_empty());
});

both!(a_failed_replay_leaves_the_calls, |db| {
    let module = db.new_module().await;
    let (id, began) = db.report(module, 0, vec![start("a", "+4930111111", None)]).await;
    db.apply(processed(module, id, 0, vec![])).await.unwrap();
    assert_eq!(db.request(id).await.unwrap().expect("it").summary.calls, [began[0].id]);
});

both!(a_preview_writes_nothing, |db| {
    let module = db.new_module().await;
    let apply = unasked(module, 0, vec![start("a", "+4930111111", None)]);
    let changes = db.preview(apply.submission).await.unwrap();
    assert!(changes[0].before.is_none() && changes[0].after.is_some());
    assert!(db.active_calls(None).await.unwrap().is_empty());
});

both!(a_time_out_finds_its_call_by_our_id, |db| {
    let (module, other) = (db.new_module().await, db.new_module().await);
    let (_, began) = db.report(module, 0, vec![start("a", "+4930111111", None)]).await;
    let timed_out =
        |call| vec![TargetedFact { target: FactTarget::Call(call), fact: fact(FactKind::TimedOut) }];
    let nobodys = CallId::new(at(1), [1; 10]);
    assert!(db.apply(unasked(module, 99, timed_out(nobodys))).await.unwrap().changes.is_empty());
    assert!(db.apply(unasked(other, 99, timed_out(began[0].id))).await.unwrap().changes.is_empty());
    assert_eq!(db.active_calls(None).await.unwrap().len(), 1);
    assert_eq!(db.apply(unasked(module, 99, timed_out(began[0].id))).await.unwrap().changes.len(), 1);
    assert!(db.active_calls(None).await.unwrap().is_empty());
});

both!(a_record_waits_unseen_for_its_call, |db| {
    let module = db.new_module().await;
    let mut early = record("a", 30);
    early.fact.parties = None;
    let (_, waiting) = db.report(module, 0, vec![early]).await;
    let list = async || db.calls(&hookswitch_store::CallFilter::default(), None, 10).await.unwrap().items;
    assert!(list().await.is_empty());
    assert!(db.call(waiting[0].id).await.unwrap().is_some());
    db.report(module, 1, vec![start("a", "+4930111111", None)]).await;
    let listed = list().await;
    assert_eq!(listed.iter().map(|call| call.call.id).collect::<Vec<_>>(), [waiting[0].id]);
});

both!(unusual_characters_and_times_are_stored, |db| {
    let module = db.new_module().await;
    let mut odd = start("a\0b", "+49\0 «'\"%_\u{1f}", None);
    odd.fact.timed = true;
    odd.fact.at = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    odd.fact.caller_name = Some("\0".into());
    db.report(module, 0, vec![odd]).await;
    let mut late = end("a\0b");
    late.fact.timed = true;
    late.fact.at = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    let (_, ended) = db.report(module, 1, vec![late]).await;
    assert_eq!(ended[0].facts.len(), 2);
    let listed = db.calls(&hookswitch_store::CallFilter::default(), None, 10).await.unwrap().items;
    assert_eq!(listed[0].call, ended[0]);
});

both!(an_outcome_of_a_deleted_request_is_not_an_error, |db| {
    let module = db.new_module().await;
    let gone = RequestId::new(at(0), [1; 10]);
    db.apply(processed(module, gone, 0, vec![start("a", "+4930111111", None)])).await.unwrap();
    assert_eq!(db.active_calls(None).await.unwrap().len(), 1);
});
