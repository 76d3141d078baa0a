//! Missed callers: who should call them back, how they become clients, and what closes them.

use hookswitch_model::ResolvedHow;
use hookswitch_model::batch::{LeadRule, TargetedFact};
use hookswitch_model::contract::Direction;
use hookswitch_model::{Call, CallId, ClientId, ClientKind, Fact, FactKind, ModuleId, Parties, UserId};
use hookswitch_store::{
    Applied, ClientFields, ClientPhone, ClientScope, MissedCaller, Role, StoredCall, UserPatch,
};

use crate::support::{Db, answer, at, both, end, fact, incoming, of_id, processed, request, start};

const CALLER: &str = "+4930111111";

/// Like [`Db::report`], but creates leads for unknown callers.
pub async fn report(db: &Db, module: ModuleId, second: i64, facts: Vec<TargetedFact>) -> Applied {
    let request = request(module, second);
    let mut apply = processed(module, request.id, second, facts);
    apply.submission.lead = Some(LeadRule { kind: ClientKind::Lead, responsible: None });
    db.accept(request).await.unwrap();
    db.apply(apply).await.unwrap()
}

pub async fn missed(db: &Db, module: ModuleId, second: i64, id: &str, client: &str) -> StoredCall {
    let applied = report(db, module, second, vec![start(id, client, None), end(id)]).await;
    let call: &Call = applied.changes[0].after.as_ref().expect("a call");
    db.call(call.id).await.unwrap().expect("a call")
}

pub async fn callers(db: &Db, operator: Option<UserId>) -> Vec<MissedCaller> {
    let page = db.missed_callers(operator, None, 10).await.unwrap();
    assert_eq!(db.missed_count(operator).await.unwrap(), page.items.len() as u64);
    let counts = db.missed_counts().await.unwrap();
    let counted = match operator {
        None => counts.all,
        Some(user) => counts.by_user.get(&user).copied().unwrap_or(counts.everybody),
    };
    assert_eq!(counted, page.items.len() as u64);
    page.items
}

fn latest(callers: &[MissedCaller]) -> Vec<CallId> {
    callers.iter().map(|caller| caller.calls[0].call.id).collect()
}

/// An operator calls the client.
pub fn out(id: &str, client: &str) -> TargetedFact {
    let parties = Parties {
        direction: Direction::Out,
        src: "101".into(),
        dst: client.into(),
        ..incoming(client, None)
    };
    of_id(id, Fact { parties: Some(parties), ..fact(FactKind::Start) })
}

both!(a_caller_who_rings_three_times_is_called_back_once, |db| {
    let module = db.new_module().await;
    missed(&db, module, 0, "a", CALLER).await;
    missed(&db, module, 5, "b", CALLER).await;
    let last = missed(&db, module, 10, "c", CALLER).await;
    let other = missed(&db, module, 20, "d", "+4930222222").await;
    let open = callers(&db, None).await;
    assert_eq!(latest(&open), [other.call.id, last.call.id]);
    assert_eq!((open[1].count, open[1].first_at, open[1].last_at), (3, at(0), at(10)));
    assert_eq!(open[1].calls.len(), 3);

    let first = db.missed_callers(None, None, 1).await.unwrap();
    let rest = db.missed_callers(None, first.next.as_ref(), 1).await.unwrap();
    assert_eq!((latest(&first.items), latest(&rest.items)), (vec![other.call.id], vec![last.call.id]));
    assert_eq!(rest.next, None);
});

both!(callers_without_a_number_are_separate, |db| {
    let module = db.new_module().await;
    for id in ["a", "b"] {
        missed(&db, module, 0, id, "anonymous").await;
    }
    assert_eq!(callers(&db, None).await.len(), 2);
});

both!(a_caller_waits_for_whoever_it_rang_at, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let adas = db.report(module, 0, vec![start("a", CALLER, Some(ada)), end("a")]).await.1[0].id;
    let nobodys = db.report(module, 1, vec![start("b", "+4930222222", None), end("b")]).await.1[0].id;
    assert_eq!(latest(&callers(&db, None).await), [nobodys, adas]);
    assert_eq!(latest(&callers(&db, Some(ada)).await), [nobodys, adas]);
    assert_eq!(latest(&callers(&db, Some(bob)).await), [nobodys]);
});

both!(a_talk_closes_the_callers_missed_calls, |db| {
    let (module, other) = (db.new_module().await, db.new_module().await);
    let first = missed(&db, module, 0, "a", CALLER).await;
    let second = missed(&db, module, 60, "b", CALLER).await;
    let strangers = missed(&db, module, 70, "c", "+4930222222").await;
    // Calling out is not yet talking; and the module does not matter.
    assert!(!report(&db, other, 90, vec![out("x", CALLER)]).await.missed_closed);
    assert_eq!(callers(&db, None).await.len(), 2);
    let talk = report(&db, other, 100, vec![answer("x")]).await;
    assert!(talk.missed_closed);
    let talk = talk.changes[0].after.as_ref().expect("it").id;
    assert_eq!(latest(&callers(&db, None).await), [strangers.call.id]);
    for (call, seconds) in [(first, 100), (second, 40)] {
        let stored = db.call(call.call.id).await.unwrap().expect("it");
        assert!(stored.version > call.version);
        let resolved = stored.added.resolved.expect("closed");
        assert_eq!((resolved.how, resolved.call, resolved.by), (ResolvedHow::Talk, Some(talk), None));
        assert_eq!((resolved.at, resolved.reached_seconds), (at(100), Some(seconds)));
    }
    // A caller who calls again after that is missed again.
    let again = missed(&db, module, 200, "d", CALLER).await;
    assert_eq!(latest(&callers(&db, None).await), [again.call.id, strangers.call.id]);
});

both!(a_talk_on_another_number_of_the_client_closes_it_too, |db| {
    let module = db.new_module().await;
    let client = missed(&db, module, 0, "a", CALLER).await.added.client_id.expect("a lead");
    let stranger = missed(&db, module, 5, "b", "+4930222222").await;
    let lead = db.client(client, ClientScope::All).await.unwrap().expect("a client");
    let mobile =
        ClientPhone { number: "+491781234567".into(), e164: Some("+491781234567".into()), label: None };
    let phones = lead.fields.phones.iter().cloned().chain([mobile]).collect();
    let fields = ClientFields { phones, ..lead.fields.clone() };
    db.update_client(client, lead.version, &fields, false, ClientScope::All, at(10))
        .await
        .unwrap()
        .expect("updated");
    assert!(report(&db, module, 20, vec![out("x", "+491781234567"), answer("x")]).await.missed_closed);
    assert_eq!(latest(&callers(&db, None).await), [stranger.call.id]);
    // The same if they are reported in the other order.
    let mut facts = vec![start("c", CALLER, None), end("c")];
    for (targeted, second) in facts.iter_mut().zip([12, 15]) {
        (targeted.fact.timed, targeted.fact.at) = (true, at(second));
    }
    assert!(report(&db, module, 30, facts).await.missed_closed);
    assert_eq!(callers(&db, None).await.len(), 1);
    // Two callers who withhold their number are two.
    missed(&db, module, 40, "d", "anonymous").await;
    report(&db, module, 50, vec![start("e", "anonymous", None), answer("e"), end("e")]).await;
    assert_eq!(callers(&db, None).await.len(), 2);
});

both!(a_missed_call_reported_after_the_talk_is_closed_immediately, |db| {
    let module = db.new_module().await;
    report(&db, module, 50, vec![out("x", CALLER), answer("x")]).await;
    // The provider reports it late: it had begun before.
    let mut facts = vec![start("a", CALLER, None), end("a")];
    for (targeted, second) in facts.iter_mut().zip([10, 20]) {
        (targeted.fact.timed, targeted.fact.at) = (true, at(second));
    }
    assert!(report(&db, module, 300, facts).await.missed_closed);
    assert!(callers(&db, None).await.is_empty());
});

both!(a_caller_is_closed_by_hand_with_a_reason_and_reopened, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let first = missed(&db, module, 0, "a", CALLER).await.call.id;
    let second = missed(&db, module, 10, "b", CALLER).await.call.id;
    assert!(db.resolve_missed(first, ada, Some("wrote an e-mail"), at(20)).await.unwrap());
    assert!(!db.resolve_missed(second, ada, None, at(21)).await.unwrap(), "already closed");
    assert!(callers(&db, None).await.is_empty());
    let resolved = db.call(second).await.unwrap().expect("it").added.resolved.expect("closed");
    assert_eq!((resolved.by, resolved.reason.as_deref()), (Some(ada), Some("wrote an e-mail")));
    // Late reports about the call do not reopen it.
    report(&db, module, 30, vec![end("b")]).await;
    assert!(callers(&db, None).await.is_empty());

    assert!(db.reopen_missed(second).await.unwrap());
    assert_eq!(callers(&db, None).await[0].count, 2);
    assert!(!db.reopen_missed(second).await.unwrap());
    assert!(!db.resolve_missed(CallId::new(at(1), [0; 10]), ada, None, at(9)).await.unwrap());

    // A talk cannot be undone.
    report(&db, module, 40, vec![out("x", CALLER), answer("x")]).await;
    assert!(!db.reopen_missed(second).await.unwrap());
});

both!(old_missed_calls_are_closed, |db| {
    let module = db.new_module().await;
    let old = missed(&db, module, 0, "a", CALLER).await.call.id;
    let new = missed(&db, module, 100, "b", "+4930222222").await.call.id;
    assert_eq!(db.close_old_missed(at(50), at(200), 10).await.unwrap(), 1);
    assert_eq!(latest(&callers(&db, None).await), [new]);
    let resolved = db.call(old).await.unwrap().expect("it").added.resolved.expect("closed");
    assert_eq!((resolved.how, resolved.at), (ResolvedHow::Time, at(200)));
});

both!(an_unknown_caller_becomes_a_lead_and_never_two, |db| {
    let module = db.new_module().await;
    // An earlier call, from when leads were not wanted.
    let earlier = db.report(module, 0, vec![start("z", CALLER, None), end("z")]).await.1[0].id;
    let mut named = start("a", CALLER, None);
    named.fact.caller_name = Some("Émile Zola".into());
    let applied = report(&db, module, 10, vec![named, end("a")]).await;
    let [lead] = applied.clients_made.as_slice() else { panic!("one lead: {applied:?}") };
    let matched = applied.changes.last().expect("it").matched.client.clone().expect("a client");
    assert_eq!((matched.id, matched.kind, matched.name.as_str()), (*lead, ClientKind::Lead, "Émile Zola"));
    let client_of = async |call: CallId| db.call(call).await.unwrap().expect("it").added.client_id;
    assert_eq!(client_of(earlier).await, Some(*lead), "the earlier call becomes theirs too");

    let again = report(&db, module, 20, vec![start("b", CALLER, None)]).await;
    assert_eq!(again.changes[0].added.client_id, Some(*lead), "known from the first ring on");
    assert!(report(&db, module, 30, vec![end("b")]).await.clients_made.is_empty());
    // At the same moment, from two lines.
    let (one, two) = tokio::join!(
        report(&db, module, 40, vec![start("c", "+4930222222", None), end("c")]),
        report(&db, module, 40, vec![start("d", "+4930222222", None), end("d")]),
    );
    let made: std::collections::BTreeSet<ClientId> =
        one.clients_made.into_iter().chain(two.clients_made).collect();
    assert_eq!(made.len(), 1);
});

both!(not_everybody_who_is_missed_becomes_a_lead, |db| {
    let module = db.new_module().await;
    for (id, caller) in [("a", "anonymous"), ("b", "104")] {
        let applied = report(&db, module, 0, vec![start(id, caller, None), end(id)]).await;
        assert!(applied.clients_made.is_empty(), "{caller}");
    }
    // Answered, or called by us and not reached.
    report(&db, module, 10, vec![start("c", CALLER, None), answer("c")]).await;
    assert!(report(&db, module, 20, vec![end("c")]).await.clients_made.is_empty());
    assert!(report(&db, module, 30, vec![out("d", CALLER), end("d")]).await.clients_made.is_empty());
    // If the module wants no leads.
    let (_, calls) = db.report(module, 40, vec![start("e", CALLER, None), end("e")]).await;
    assert_eq!(db.call(calls[0].id).await.unwrap().expect("it").added.client_id, None);
});

both!(a_number_in_place_of_a_name_is_ignored, |db| {
    let module = db.new_module().await;
    let mut named = start("a", CALLER, None);
    named.fact.caller_name = Some("030 111111 Berlin".into());
    let applied = report(&db, module, 10, vec![named, end("a")]).await;
    assert_eq!(applied.changes.last().expect("it").matched.client.clone().expect("a client").name, "");
});

both!(the_responsible_user_calls_back, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let request = request(module, 0);
    let mut apply = processed(module, request.id, 0, vec![start("a", CALLER, Some(ada)), end("a")]);
    apply.submission.lead = Some(LeadRule { kind: ClientKind::Contact, responsible: Some(bob) });
    db.accept(request).await.unwrap();
    db.apply(apply).await.unwrap();
    assert_eq!(callers(&db, Some(ada)).await.len(), 0, "although it rang there");
    assert_eq!(callers(&db, Some(bob)).await.len(), 1);
    // A user who has left calls nobody back.
    db.new_user("root", Role::Admin).await;
    db.update_user(bob, &UserPatch { active: Some(false), ..UserPatch::default() }).await.unwrap();
    assert_eq!(callers(&db, Some(ada)).await.len(), 1);
});

both!(a_call_is_logged_on_the_client_that_was_dialled, |db| {
    let module = db.new_module().await;
    let chosen = ClientId::new(at(0), [7; 10]);
    let request = request(module, 0);
    let mut apply = processed(module, request.id, 0, vec![out("a", CALLER)]);
    apply.submission.client = Some(chosen);
    db.accept(request).await.unwrap();
    let id = db.apply(apply).await.unwrap().changes[0].after.as_ref().expect("it").id;
    // No rule changes it.
    report(&db, module, 10, vec![start("b", CALLER, None), end("b")]).await;
    report(&db, module, 20, vec![answer("a"), end("a")]).await;
    let added = db.call(id).await.unwrap().expect("it").added;
    assert_eq!((added.client_id, added.client_chosen), (Some(chosen), true));
});

both!(an_archived_client_who_calls_again_becomes_a_new_lead, |db| {
    let module = db.new_module().await;
    let first = missed(&db, module, 0, "a", CALLER).await.added.client_id.expect("a lead");
    let lead = db.client(first, ClientScope::All).await.unwrap().expect("a client");
    db.update_client(first, lead.version, &lead.fields, true, ClientScope::All, at(5))
        .await
        .unwrap()
        .expect("archived");
    let second = missed(&db, module, 10, "b", CALLER).await.added.client_id.expect("another lead");
    assert_ne!(first, second);
    assert_eq!(missed(&db, module, 20, "c", CALLER).await.added.client_id, Some(second));
});
