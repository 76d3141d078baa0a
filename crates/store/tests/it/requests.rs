//! The request log and the inbox.

use hookswitch_model::RequestId;
use hookswitch_store::{ModuleHealth, NewRequest, OutcomeStatus, RequestError, RequestFilter, RequestStatus};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::{at, both, outcome, processed, raw, request, start};

fn parsed(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).expect("JSON")
}

both!(a_request_is_stored_as_it_arrived, |db| {
    let module = db.new_module().await;
    let mut sent = request(module, 0);
    sent.path = "/with\0nul".into();
    db.accept(sent.clone()).await.unwrap();
    let stored = db.request(sent.id).await.unwrap().expect("a request");
    assert_eq!((&stored.body, stored.query), (&sent.body, parsed(&sent.query)));
    assert_eq!(
        (stored.headers, Some(stored.sealed)),
        (parsed(&sent.headers), sent.sealed.as_deref().map(parsed))
    );
    assert_eq!((stored.summary.received_at, stored.summary.status), (at(0), RequestStatus::New));
    assert_eq!(
        (stored.summary.path.as_str(), stored.remote_address.as_deref()),
        ("/with␀nul", Some("192.0.2.1"))
    );
    assert_eq!((stored.result, stored.summary.steps, stored.summary.calls), (None, None, vec![]));
});

both!(sealed_values_are_bound_to_their_request, |db| {
    let module = db.new_module().await;
    let (sent, mut other) = (request(module, 0), request(module, 1));
    other.path = "/other".into();
    db.accept(sent.clone()).await.unwrap();
    db.accept(other.clone()).await.unwrap();
    let left = db.unprocessed_requests(None, RequestId::new(at(9), [0; 10]), 9).await.unwrap();
    let sealed = |request: NewRequest| request.sealed.as_deref().map(parsed);
    assert_eq!(Some(&left[1].as_ref().expect("readable").sealed), sealed(other.clone()).as_ref());
    db.execute(
        "update requests set sealed = (select sealed from requests where path = '/events') where path = '/other'",
    )
    .await;
    let moved = db.request(other.id).await.unwrap().expect("a request");
    assert!(moved.summary.is_unreadable() && moved.sealed.is_null(), "{moved:?}");
    let kept = db.request(sent.id).await.unwrap().expect("a request").sealed;
    assert_eq!(Some(kept), sealed(sent));
});

both!(the_outcome_of_a_request_is_stored_with_it, |db| {
    let module = db.new_module().await;
    let (id, calls) = db.report(module, 0, vec![start("a", "+4930123456", None)]).await;
    let stored = db.request(id).await.unwrap().expect("a request");
    assert_eq!(stored.summary.status, RequestStatus::Processed);
    assert_eq!((stored.summary.calls, stored.summary.response_status), (vec![calls[0].id], Some(200)));
    assert_eq!((stored.script_version, stored.result, stored.summary.steps), {
        let outcome = outcome();
        (outcome.script_version, outcome.result.as_deref().map(parsed), Some(parsed(&outcome.steps)))
    });
    db.note_delivery(id, &raw(&json!({ "hub": 40 }))).await.expect("kept");
    assert_eq!(db.notes_dropped(), 0);
    let delivery = async || db.request(id).await.unwrap().expect("a request").summary.delivery;
    assert_eq!(delivery().await, Some(json!({ "hub": 40 })));
    // Processed again, it has not been delivered again yet.
    db.apply(processed(module, id, 0, vec![])).await.unwrap();
    assert_eq!(delivery().await, None);
});

both!(a_failed_request_has_an_error, |db| {
    let module = db.new_module().await;
    let sent = request(module, 0);
    db.accept(sent.clone()).await.unwrap();
    let mut apply = processed(module, sent.id, 0, vec![]);
    let error = RequestError {
        code: "scriptThrew".into(),
        message: "x is not defined".into(),
        line: Some(4),
        column: Some(9),
        path: None,
    };
    let failed = hookswitch_store::Outcome {
        status: OutcomeStatus::Failed,
        error: Some(error.clone()),
        response_status: 500,
        ..outcome()
    };
    apply.outcome = Some(failed);
    db.apply(apply).await.unwrap();
    let filter = RequestFilter { module_id: module, status: Some(RequestStatus::Failed) };
    let listed = db.requests(&filter, None, 10).await.unwrap();
    assert_eq!((listed.len(), &listed[0].error, listed[0].response_status), (1, &Some(error), Some(500)));
});

both!(requests_are_listed_newest_first_by_page_and_status, |db| {
    let (module, other) = (db.new_module().await, db.new_module().await);
    db.accept(request(other, 0)).await.unwrap();
    let mut ids = Vec::new();
    for second in 0..5 {
        ids.push(db.report(module, second, vec![]).await.0);
    }
    let waiting = request(module, 9);
    db.accept(waiting.clone()).await.unwrap();
    let list = async |status, before| -> Vec<RequestId> {
        let filter = RequestFilter { module_id: module, status };
        let page = db.requests(&filter, before, 3).await.unwrap();
        page.into_iter().map(|request| request.id).collect()
    };
    assert_eq!(list(None, None).await, [waiting.id, ids[4], ids[3]]);
    assert_eq!(list(None, Some(ids[3])).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(list(Some(RequestStatus::New), None).await, [waiting.id]);
    assert_eq!(list(Some(RequestStatus::Processed), Some(ids[2])).await, [ids[1], ids[0]]);
    assert!(list(Some(RequestStatus::Failed), None).await.is_empty());
});

both!(a_start_finds_unprocessed_requests, |db| {
    let module = db.new_module().await;
    let sent: Vec<_> = (0..4).map(|second| request(module, second)).collect();
    for request in &sent {
        db.accept(request.clone()).await.unwrap();
    }
    db.apply(processed(module, sent[1].id, 1, vec![])).await.unwrap();
    let left = async |after| -> Vec<RequestId> {
        let page = db.unprocessed_requests(after, sent[3].id, 10).await.unwrap();
        page.into_iter().map(|request| request.unwrap().summary.id).collect()
    };
    assert_eq!(left(None).await, [sent[0].id, sent[2].id]);
    assert_eq!(left(Some(sent[0].id)).await, [sent[2].id]);
});

both!(old_requests_are_purged_unless_unprocessed, |db| {
    let module = db.new_module().await;
    for second in 0..5 {
        db.report(module, second, vec![]).await;
    }
    let waiting = request(module, 0);
    db.accept(waiting.clone()).await.unwrap();
    assert_eq!(db.purge_requests(at(3), 2).await.unwrap(), 2);
    assert_eq!(db.purge_requests(at(3), 2).await.unwrap(), 1);
    let filter = RequestFilter { module_id: module, status: None };
    assert_eq!(db.requests(&filter, None, 10).await.unwrap().len(), 3);
    assert!(db.request(waiting.id).await.unwrap().is_some());
});

both!(a_modules_health_is_its_last_request_and_recent_failures, |db| {
    let (module, quiet, gone) = (db.new_module().await, db.new_module().await, db.new_module().await);
    let fail = async |second| {
        let sent = request(module, second);
        db.accept(sent.clone()).await.unwrap();
        let mut apply = processed(module, sent.id, second, vec![]);
        apply.outcome = Some(hookswitch_store::Outcome { status: OutcomeStatus::Failed, ..outcome() });
        db.apply(apply).await.unwrap();
    };
    fail(1).await;
    fail(10).await;
    fail(11).await;
    db.report(module, 12, vec![]).await;
    db.delete_module(gone, at(0)).await.unwrap();
    let health = |module_id, last, failures| ModuleHealth { module_id, last, failures };
    let busy = health(module, Some((at(12), RequestStatus::Processed)), 2);
    let mut expected = vec![busy.clone(), health(quiet, None, 0)];
    let mut all = db.health(None, at(10)).await.unwrap();
    expected.sort_by_key(|health| health.module_id);
    all.sort_by_key(|health| health.module_id);
    assert_eq!(all, expected);
    assert_eq!(db.health(Some(module), at(10)).await.unwrap(), [busy]);
    assert_eq!(db.health(Some(gone), at(10)).await.unwrap(), []);
});
