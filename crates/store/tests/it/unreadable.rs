//! Rows that were changed outside Hookswitch, or written by a version that allowed more: they break no list, no other
//! module's webhooks, and no start.

use hookswitch_store::{CallFilter, RequestFilter, RequestStatus, SilentSince, StoreError};
use serde_json::json;

use crate::support::{Db, at, both, end, processed, request, start, status};

/// More levels than the JSON reader accepts.
fn deep() -> String {
    format!("{}{}", "[".repeat(200), "]".repeat(200))
}

async fn spoil(db: &Db, call: &str, facts: &str) {
    db.execute(&format!("update calls set facts = '{facts}' where call_id = '{call}'")).await;
}

both!(an_unreadable_call_is_left_out_of_lists_and_counted, |db| {
    let module = db.new_module().await;
    for (second, id) in [(1, "a"), (2, "b"), (3, "c")] {
        db.report(module, second, vec![start(id, &format!("+4930123456{second}"), None)]).await;
    }
    for facts in [deep(), "{".to_owned(), json!([{ "kind": "unheard of" }]).to_string()] {
        spoil(&db, "b", &facts).await;
        let page = db.calls(&CallFilter::default(), None, 2).await.unwrap();
        let ids = |calls: &[hookswitch_store::StoredCall]| -> Vec<_> {
            calls.iter().map(|stored| stored.call.call_id.clone().unwrap()).collect()
        };
        assert_eq!((ids(&page.items), page.unreadable), (vec!["c".to_owned()], 1));
        let rest = db.calls(&CallFilter::default(), page.next, 2).await.unwrap();
        assert_eq!(
            (ids(&rest.items), rest.unreadable),
            (vec!["a".to_owned()], 0),
            "the list continues after it"
        );
        assert_eq!(ids(&db.active_calls(None).await.unwrap()), ["a", "c"]);
        let since = SilentSince { ringing: at(100), talking: at(100), recorded: at(100) };
        let first = db.silent_calls(&since, None, 2).await.unwrap();
        let rest = db.silent_calls(&since, first.next, 2).await.unwrap();
        assert_eq!((ids(&first.items), ids(&rest.items)), (vec!["a".to_owned()], vec!["c".to_owned()]));
        assert!(rest.next.is_none());
    }
});

both!(an_unreadable_missed_call_breaks_no_other, |db| {
    let module = db.new_module().await;
    for (second, id, number) in [(1, "a", "+49301234561"), (2, "b", "+49301234562"), (3, "c", "+49301234561")]
    {
        db.report(module, second, vec![start(id, number, None)]).await;
        db.report(module, second, vec![end(id)]).await;
    }
    spoil(&db, "b", &deep()).await;
    spoil(&db, "c", "nonsense").await;
    let page = db.missed_callers(None, None, 10).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].calls.len(), page.unreadable), (1, 1, 2));
});

both!(a_batch_fails_only_for_the_unreadable_call, |db| {
    let (mine, yours) = (db.new_module().await, db.new_module().await);
    db.report(mine, 1, vec![start("a", "+4930123456", None)]).await;
    spoil(&db, "a", &deep()).await;
    let sent: Vec<_> =
        (0..40).map(|place| (place, request(if place % 4 == 0 { mine } else { yours }, place))).collect();
    let mut applies = Vec::new();
    for (place, request) in sent {
        db.accept(request.clone()).await.unwrap();
        let spoilt = place % 4 == 0;
        let id = if spoilt { "a".to_owned() } else { format!("b{place}") };
        let facts = vec![start(&id, "+4930123456", None)];
        let apply = processed(request.module_id, request.id, place, facts);
        let store = db.store.clone();
        applies.push((spoilt, request.id, tokio::spawn(async move { store.apply(apply).await })));
    }
    for (spoilt, id, apply) in applies {
        let applied = apply.await.unwrap();
        match spoilt {
            true => assert!(matches!(applied, Err(StoreError::Corrupt(_))), "{applied:?}"),
            false => assert_eq!(
                (applied.unwrap().changes.len(), status(&db, id).await),
                (1, RequestStatus::Processed)
            ),
        }
    }
});

both!(an_unreadable_request_is_flagged, |db| {
    let module = db.new_module().await;
    let (spoilt, _) = db.report(module, 1, vec![]).await;
    let (other, _) = db.report(module, 2, vec![]).await;
    let filter = RequestFilter { module_id: module, status: None };
    for column in ["result", "steps", "error", "calls", "delivery", "headers", "query"] {
        let first = "id = (select id from requests order by id limit 1)";
        db.execute(&format!("update requests set {column} = '{}' where {first}", deep())).await;
        let detail = db.request(spoilt).await.unwrap().expect("a request");
        assert!(detail.summary.is_unreadable(), "{column}");
        let error = detail.summary.error.unwrap();
        assert!(error.message.contains(column), "{error:?}");
        let list = db.requests(&filter, None, 10).await.unwrap();
        assert_eq!(list.iter().map(|summary| summary.id).collect::<Vec<_>>(), [other, spoilt]);
        assert!(!list[0].is_unreadable());
        let shown = !["result", "headers", "query"].contains(&column);
        assert_eq!(list[1].is_unreadable(), shown, "{column}");
        let whole = if column == "headers" || column == "query" { "'{}'" } else { "null" };
        db.execute(&format!("update requests set {column} = {whole}")).await;
    }
});

both!(a_start_skips_an_unreadable_request, |db| {
    let module = db.new_module().await;
    let sent: Vec<_> = (0..3).map(|second| request(module, second)).collect();
    for request in &sent {
        db.accept(request.clone()).await.unwrap();
    }
    db.execute(&format!(
        "update requests set headers = '{}' where id = (select id from requests order by id limit 1)",
        deep()
    ))
    .await;
    let left = db.unprocessed_requests(None, request(module, 9).id, 10).await.unwrap();
    let ids: Vec<_> =
        left.iter().map(|one| one.as_ref().map_or_else(|(id, _)| *id, |stored| stored.summary.id)).collect();
    assert_eq!(ids, sent.iter().map(|request| request.id).collect::<Vec<_>>());
    assert_eq!(left.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, true]);
    let Err((id, error)) = &left[0] else { panic!("it is unreadable") };
    db.fail_request(*id, error, at(5)).await.unwrap();
    assert_eq!(status(&db, *id).await, RequestStatus::Failed);
    assert_eq!(db.unprocessed_requests(None, request(module, 9).id, 10).await.unwrap().len(), 2);
});
