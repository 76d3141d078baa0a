//! The consequences of a guess are undone with it: refuted time-outs, missed calls that were answered after all, reused
//! ids.

use std::collections::BTreeSet;

use hookswitch_model::ResolvedHow;
use hookswitch_model::batch::{FactTarget, LeadRule, TargetedFact};
use hookswitch_model::contract::Disposition;
use hookswitch_model::{
    CallId, CallState, ClientId, ClientKind, CommentId, Fact, FactKind, ModuleId, Record, UserId, view,
};
use hookswitch_store::{Applied, ClientScope, Comment, Role, StoredCall};

use crate::callers::{callers, missed, out, report};
use crate::support::{Db, answer, at, both, end, fact, of_id, record, start, unasked};

const CALLER: &str = "+4930111111";
const HOUR: i64 = 3600;

async fn stored(db: &Db, id: CallId) -> StoredCall {
    db.call(id).await.unwrap().expect("a call")
}

async fn times_out(db: &Db, module: ModuleId, second: i64, call: CallId) -> Applied {
    let fact = Fact::timed_out(&stored(db, call).await.call, at(second));
    let targeted = TargetedFact { target: FactTarget::Call(call), fact };
    let mut apply = unasked(module, second, vec![targeted]);
    apply.submission.lead = Some(LeadRule { kind: ClientKind::Lead, responsible: None });
    db.apply(apply).await.unwrap()
}

async fn exists(db: &Db, client: ClientId) -> bool {
    db.client(client, ClientScope::All).await.unwrap().is_some()
}

both!(a_time_out_is_undone_with_its_consequences, |db| {
    let module = db.new_module().await;
    let earlier = report(&db, module, 0, vec![start("z", CALLER, None), answer("z"), end("z")]).await;
    let earlier = earlier.changes[0].after.as_ref().expect("it").id;
    let call = report(&db, module, 10, vec![start("a", CALLER, None)]).await.changes[0]
        .after
        .as_ref()
        .expect("it")
        .id;
    let made = times_out(&db, module, 610, call).await.clients_made;
    let [lead] = made.as_slice() else { panic!("one lead: {made:?}") };
    assert_eq!(callers(&db, None).await.len(), 1);
    assert_eq!(stored(&db, earlier).await.added.client_id, Some(*lead));

    let goes_on = report(&db, module, 700, vec![answer("a")]).await;
    assert_eq!(goes_on.clients_removed, [*lead]);
    let change = goes_on.changes.last().expect("it");
    assert_eq!((change.added.client_id, change.matched.client.as_ref()), (None, None));
    let now = stored(&db, call).await;
    assert_eq!(view(&now.call).state, CallState::Talking);
    assert_eq!((now.added.client_id, stored(&db, earlier).await.added.client_id), (None, None));
    assert!(callers(&db, None).await.is_empty());
    assert!(!exists(&db, *lead).await);
    assert_eq!(db.active_calls(None).await.unwrap().len(), 1);
    // The call is found silent again.
    let again = times_out(&db, module, 700 + 5 * HOUR, call).await;
    assert_eq!(view(again.changes[0].after.as_ref().expect("it")).state, CallState::Ended);
});

both!(a_lead_that_somebody_touched_stays, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let numbers = ["+4930111111", "+4930222222", "+4930333333", "+4930444444", "+4930555555", "+4930666666"];
    let mut leads = Vec::new();
    for (index, number) in numbers.iter().enumerate() {
        let call = missed(&db, module, 0, &format!("c{index}"), number).await;
        leads.push((call.call.id, call.added.client_id.expect("a lead")));
    }
    let [edited, commented, called, chosen, missed_again, untouched] = leads.as_slice() else {
        unreachable!()
    };
    let client = db.client(edited.1, ClientScope::All).await.unwrap().expect("it");
    db.update_client(edited.1, client.version, &client.fields, false, ClientScope::All, at(5))
        .await
        .unwrap()
        .expect("edited");
    comment(&db, ada, commented.1).await;
    report(&db, module, 10, vec![out("x", numbers[2])]).await;
    db.set_client(chosen.0, Some(chosen.1)).await.unwrap();
    missed(&db, module, 20, "again", numbers[4]).await;
    for index in 0..leads.len() {
        // It was answered, as reported late.
        report(&db, module, 30, vec![answer(&format!("c{index}"))]).await;
    }
    for kept in [edited, commented, called, chosen, missed_again] {
        assert!(exists(&db, kept.1).await);
        assert_eq!(stored(&db, kept.0).await.added.client_id, Some(kept.1));
    }
    assert!(!exists(&db, untouched.1).await);
    assert_eq!(stored(&db, untouched.0).await.added.client_id, None);
});

async fn comment(db: &Db, author: UserId, client: ClientId) {
    let comment = Comment {
        id: CommentId::new(at(5), [1; 10]),
        client_id: client,
        call_id: None,
        author_id: author,
        text: "Called before.".into(),
        mentions: BTreeSet::new(),
        created_at: at(5),
        edited_at: None,
    };
    assert!(db.add_comment(&comment).await.unwrap());
}

both!(a_caller_missed_again_has_to_be_called_back_again, |db| {
    let module = db.new_module().await;
    let ada = db.new_user("ada", Role::Operator).await;
    let call = report(&db, module, 0, vec![start("a", CALLER, None)]).await.changes[0]
        .after
        .as_ref()
        .expect("it")
        .id;
    times_out(&db, module, 600, call).await;
    assert!(db.resolve_missed(call, ada, None, at(610)).await.unwrap());
    report(&db, module, 700, vec![of_id("a", Fact { leg: Some("b".into()), ..fact(FactKind::Start) })]).await;
    assert_eq!(stored(&db, call).await.added.resolved, None);
    report(&db, module, 800, vec![end("a")]).await;
    assert_eq!(callers(&db, None).await.len(), 1);
});

both!(a_record_ends_a_silent_call, |db| {
    let module = db.new_module().await;
    let facts = vec![start("a", CALLER, None), answer("a")];
    let call = report(&db, module, 0, facts).await.changes[0].after.as_ref().expect("it").id;
    report(&db, module, 30, vec![record("a", 25)]).await;
    times_out(&db, module, 95, call).await;
    let seen = view(&stored(&db, call).await.call);
    assert_eq!(
        (seen.state, seen.disposition, seen.ended_at),
        (CallState::Ended, Disposition::Answered, Some(at(25)))
    );
});

both!(an_id_reused_between_other_numbers_is_another_call, |db| {
    let module = db.new_module().await;
    let first = missed(&db, module, 0, "1", CALLER).await.call.id;
    let begun = report(&db, module, 30 * HOUR, vec![start("1", "+4930222222", None)]).await;
    let second = begun.changes[0].after.as_ref().expect("it").id;
    assert_ne!(first, second);
    // Later events are about the new call, with numbers or without, and the old one stays unchanged.
    report(&db, module, 30 * HOUR + 5, vec![answer("1")]).await;
    report(&db, module, 30 * HOUR + 9, vec![end("1")]).await;
    let late = Record { talk_seconds: Some(4), data: None };
    report(
        &db,
        module,
        30 * HOUR + 10,
        vec![of_id("1", Fact { record: Some(late), ..fact(FactKind::Record) })],
    )
    .await;
    let seen = view(&stored(&db, second).await.call);
    assert_eq!((seen.disposition, seen.talk_seconds), (Disposition::Answered, Some(4)));
    assert!(view(&stored(&db, first).await.call).missed);
    // And again; and all in one batch.
    let third = report(&db, module, 60 * HOUR, vec![start("1", CALLER, None), answer("1"), end("1")]).await;
    assert!(
        third.changes.iter().all(|change| ![first, second].contains(&change.after.as_ref().expect("it").id))
    );
    assert_eq!(stored(&db, first).await.added.resolved.expect("closed").how, ResolvedHow::Talk);
});
