//! Lists of calls, and annotations.

use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::{CallId, CallState, ClientId, FactKind, Parties, UserId};
use hookswitch_store::{CallFilter, CallPage, Role, SilentSince};
use uuid::Uuid;

use crate::support::{Db, answer, at, both, end, fact, incoming, of_id, record, start};

fn ids(page: &CallPage) -> Vec<CallId> {
    page.items.iter().map(|call| call.call.id).collect()
}

async fn list(db: &Db, filter: CallFilter) -> Vec<CallId> {
    ids(&db.calls(&filter, None, 200).await.unwrap())
}

both!(lists_are_filtered_by_the_calls_properties, |db| {
    let (module, other) = (db.new_module().await, db.new_module().await);
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let missed = db.report(module, 10, vec![start("a", "+4930111111", Some(ada)), end("a")]).await.1[0].id;
    let talking =
        db.report(module, 20, vec![start("b", "+4930222222", Some(bob)), answer("b")]).await.1[0].id;
    let out = Parties {
        direction: Direction::Out,
        src: "102".into(),
        dst: "anonymous".into(),
        ..incoming("x", Some(ada))
    };
    let mut out = of_id("c", hookswitch_model::Fact { parties: Some(out), ..fact(FactKind::Start) });
    out.fact.disposition = Disposition::Busy;
    let mut busy = end("c");
    busy.fact.disposition = Disposition::Busy;
    let outgoing = db.report(other, 30, vec![out, busy]).await.1[0].id;
    let client = ClientId(Uuid::from_u128(1));
    db.set_client(outgoing, Some(client)).await.unwrap();

    let all = CallFilter::default;
    assert_eq!(list(&db, all()).await, [outgoing, talking, missed]);
    assert_eq!(list(&db, CallFilter { state: Some(CallState::Talking), ..all() }).await, [talking]);
    assert_eq!(list(&db, CallFilter { state: Some(CallState::Ended), ..all() }).await, [outgoing, missed]);
    assert_eq!(list(&db, CallFilter { ended: Some(false), ..all() }).await, [talking]);
    assert_eq!(list(&db, CallFilter { ended: Some(true), ..all() }).await, [outgoing, missed]);
    let contradiction = CallFilter { ended: Some(true), state: Some(CallState::Talking), ..all() };
    assert!(list(&db, contradiction).await.is_empty());
    assert_eq!(list(&db, CallFilter { direction: Some(Direction::Out), ..all() }).await, [outgoing]);
    assert_eq!(list(&db, CallFilter { disposition: Some(Disposition::Busy), ..all() }).await, [outgoing]);
    assert_eq!(list(&db, CallFilter { operator: Some(ada), ..all() }).await, [outgoing, missed]);
    assert_eq!(list(&db, CallFilter { module_id: Some(module), ..all() }).await, [talking, missed]);
    assert_eq!(list(&db, CallFilter { client_id: Some(client), ..all() }).await, [outgoing]);
    assert_eq!(list(&db, CallFilter { from: Some(at(20)), ..all() }).await, [outgoing, talking]);
    assert_eq!(list(&db, CallFilter { to: Some(at(20)), ..all() }).await, [missed]);
    let phones = |phones: &[&str]| CallFilter {
        phones: Some(phones.iter().map(|phone| (*phone).to_owned()).collect()),
        ..all()
    };
    assert_eq!(list(&db, phones(&["+4930222222"])).await, [talking]);
    assert_eq!(list(&db, phones(&["anonymous", "+4930222222", "no'body"])).await, [outgoing, talking]);
    assert!(list(&db, phones(&["+4930"])).await.is_empty());
    assert_eq!(list(&db, CallFilter { missed: Some(true), ..all() }).await, [missed]);
    assert_eq!(list(&db, CallFilter { missed: Some(false), ..all() }).await, [outgoing, talking]);
    let several = CallFilter {
        missed: Some(true),
        operator: Some(ada),
        direction: Some(Direction::In),
        ..phones(&["+4930111111"])
    };
    assert_eq!(list(&db, several.clone()).await, [missed]);
    assert!(list(&db, CallFilter { operator: Some(bob), ..several }).await.is_empty());
});

both!(pages_have_no_gaps_or_repetitions, |db| {
    let module = db.new_module().await;
    // Several start at the same moment.
    for call in 0..10 {
        db.report(module, call / 4, vec![start(&format!("call {call}"), "+4930111111", None)]).await;
    }
    let all = list(&db, CallFilter::default()).await;
    let mut paged = Vec::new();
    let mut cursor = None;
    let mut pages = 0;
    loop {
        let page = db.calls(&CallFilter::default(), cursor, 3).await.unwrap();
        paged.extend(ids(&page));
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((paged, pages, all.len()), (all, 4, 10));
});

both!(an_operator_sees_their_active_calls, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let one = db.report(module, 0, vec![start("a", "+4930111111", Some(ada))]).await.1[0].id;
    let two = db.report(module, 1, vec![start("b", "+4930222222", Some(bob))]).await.1[0].id;
    db.report(module, 2, vec![start("c", "+4930333333", Some(ada)), end("c")]).await;
    let active = async |operator: Option<UserId>| -> Vec<CallId> {
        db.active_calls(operator).await.unwrap().iter().map(|call| call.call.id).collect()
    };
    assert_eq!(active(None).await, [one, two]);
    assert_eq!(active(Some(ada)).await, [one]);
    // It rings at another operator as well.
    let mut also = start("a", "+4930111111", Some(bob));
    also.fact.parties.as_mut().unwrap().dst = "102".into();
    also.fact.parties.as_mut().unwrap().operator.as_mut().unwrap().extension = "102".into();
    db.report(module, 3, vec![also]).await;
    assert_eq!(active(Some(bob)).await, [one, two]);
});

both!(silent_calls_are_those_without_recent_events, |db| {
    let module = db.new_module().await;
    let ringing = db.report(module, 0, vec![start("a", "+4930111111", None)]).await.1[0].id;
    let talking = db.report(module, 1, vec![start("b", "+4930222222", None), answer("b")]).await.1[0].id;
    db.report(module, 2, vec![start("c", "+4930333333", None), end("c")]).await;
    let silent = async |ringing, talking| -> Vec<CallId> {
        let since = SilentSince { ringing: at(ringing), talking: at(talking), recorded: at(60) };
        let calls = db.silent_calls(&since, None, 10).await.unwrap().items;
        calls.iter().map(|call| call.call.id).collect()
    };
    assert_eq!(silent(1, 2).await, [ringing, talking]);
    assert_eq!(silent(1, 1).await, [ringing]);
    assert_eq!(silent(0, 2).await, [talking]);
    db.report(module, 50, vec![answer("a")]).await;
    assert_eq!(silent(40, 40).await, [talking]);
    assert_eq!(silent(99, 51).await, [ringing, talking]);
    // Its record says that it is over, so a shorter silence is enough.
    db.report(module, 51, vec![record("b", 20)]).await;
    assert_eq!(silent(0, 0).await, [talking]);
    db.report(module, 61, vec![record("b", 21)]).await;
    assert_eq!(silent(0, 0).await, []);
});

both!(people_annotate_calls_and_undo_it, |db| {
    let module = db.new_module().await;
    let id = db.report(module, 0, vec![start("a", "+4930111111", None)]).await.1[0].id;
    let before = db.call(id).await.unwrap().expect("it").version;
    assert!(db.set_comment(id, Some("first\0")).await.unwrap());
    let noted = db.call(id).await.unwrap().expect("it");
    assert_eq!(noted.added.comment.as_deref(), Some("first␀"));
    assert!(noted.version > before);
    assert!(db.set_comment(id, None).await.unwrap());
    assert!(db.set_client(id, None).await.unwrap());
    assert_eq!(db.call(id).await.unwrap().expect("it").added.comment, None);
    let nobodys = CallId::new(at(1), [0; 10]);
    assert!(!db.set_comment(nobodys, Some("x")).await.unwrap());
    assert!(!db.set_client(nobodys, None).await.unwrap());
    assert!(db.call(nobodys).await.unwrap().is_none());
});
