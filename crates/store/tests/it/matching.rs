//! Matching facts to calls across batches, for providers without ids.

use std::collections::BTreeMap;

use hookswitch_model::batch::TargetedFact;
use hookswitch_model::contract::Disposition;
use hookswitch_model::{Call, CallState, Fact, FactKind, Record, reduce, view};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::support::{at, both, fact, incoming, of_id, of_numbers, processed, unasked};

const HOUR: i64 = 3600;

fn numbers(kind: FactKind) -> TargetedFact {
    of_numbers(&incoming("+4930123456", None), fact(kind))
}

fn its_record() -> TargetedFact {
    let record = Record { talk_seconds: Some(20), data: None };
    of_numbers(&incoming("+4930123456", None), Fact { record: Some(record), ..fact(FactKind::Record) })
}

both!(consecutive_calls_between_the_same_numbers_are_two, |db| {
    let module = db.new_module().await;
    let (_, first) = db.report(module, 0, vec![numbers(FactKind::Start)]).await;
    let (_, ended) = db.report(module, 10, vec![numbers(FactKind::End)]).await;
    assert_eq!(first[0].id, ended[0].id);
    let (_, second) = db.report(module, 20, vec![numbers(FactKind::Start)]).await;
    assert_ne!(second[0].id, first[0].id);
    let (_, ended) = db.report(module, 30, vec![numbers(FactKind::Answer), numbers(FactKind::End)]).await;
    assert_eq!(ended[0].id, second[0].id);
    let (_, recorded) = db.report(module, 40, vec![its_record()]).await;
    assert_eq!(recorded[0].id, second[0].id, "the record belongs to the last call");
});

both!(an_end_and_the_next_start_may_arrive_together, |db| {
    let module = db.new_module().await;
    let (_, first) = db.report(module, 0, vec![numbers(FactKind::Start)]).await;
    let (_, both) = db.report(module, 10, vec![numbers(FactKind::End), numbers(FactKind::Start)]).await;
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].id, first[0].id);
    let open = db.active_calls(None).await.unwrap();
    assert_eq!(open.iter().map(|call| call.call.id).collect::<Vec<_>>(), [both[1].id]);
});

both!(a_record_comes_up_to_a_day_late, |db| {
    let module = db.new_module().await;
    let (_, call) = db.report(module, 0, vec![numbers(FactKind::Start), numbers(FactKind::End)]).await;
    let (_, recorded) = db.report(module, 23 * HOUR, vec![its_record()]).await;
    assert_eq!(recorded[0].id, call[0].id);
    let late = Record { talk_seconds: Some(40), data: None };
    let late =
        of_numbers(&incoming("+4930123456", None), Fact { record: Some(late), ..fact(FactKind::Record) });
    let (_, recorded) = db.report(module, 49 * HOUR, vec![late]).await;
    assert_ne!(recorded[0].id, call[0].id);
});

both!(an_old_request_is_not_about_todays_call, |db| {
    let module = db.new_module().await;
    let (_, old) = db.report(module, 0, vec![numbers(FactKind::Start)]).await;
    let (ended, _) = db.report(module, 60, vec![numbers(FactKind::End)]).await;
    let (_, today) = db.report(module, 8 * HOUR, vec![numbers(FactKind::Start)]).await;

    // Processed late, for the first time.
    let request = crate::support::request(module, 61);
    db.accept(request.clone()).await.unwrap();
    let answer = Fact { disposition: Disposition::Answered, ..fact(FactKind::End) };
    let answer = of_numbers(&incoming("+4930123456", None), answer);
    let mut late = processed(module, request.id, 61, vec![answer]);
    late.submission.now = at(9 * HOUR);
    let done = db.apply(late).await.unwrap();
    assert_eq!(done.changes[0].after.as_ref().expect("a call").id, old[0].id);

    // Replayed.
    let mut replay = processed(module, ended, 60, vec![numbers(FactKind::End)]);
    replay.submission.replace = true;
    db.apply(replay).await.unwrap();
    let open = db.active_calls(None).await.unwrap();
    assert_eq!(open.iter().map(|call| call.call.id).collect::<Vec<_>>(), [today[0].id]);
});

both!(a_call_reopened_by_a_replay_leaves_the_key_to_the_newer, |db| {
    let module = db.new_module().await;
    let (_, old) = db.report(module, 0, vec![numbers(FactKind::Start)]).await;
    let (ended, _) = db.report(module, 60, vec![numbers(FactKind::End)]).await;
    let (_, new) = db.report(module, 120, vec![numbers(FactKind::Start)]).await;
    let mut replay = processed(module, ended, 60, vec![]);
    replay.submission.replace = true;
    db.apply(replay).await.unwrap();
    let open = db.active_calls(None).await.unwrap();
    assert_eq!(open.iter().map(|call| call.call.id).collect::<Vec<_>>(), [old[0].id, new[0].id]);
    db.report(module, 180, vec![numbers(FactKind::Answer)]).await;
    db.report(module, 240, vec![numbers(FactKind::End)]).await;
    db.report(module, 300, vec![numbers(FactKind::End)]).await;
});

/// However events reach the store (one by one or together, once or twice, in any order, in one batch or many), the
/// calls are those the pure reducer makes of them.
async fn any_delivery_ends_like_the_reducer(db: &crate::support::Db, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let module = db.new_module().await;
    let names: Vec<String> = (0..6).map(|call| format!("call {call}")).collect();
    let mut expected: BTreeMap<&str, Call> = BTreeMap::new();
    let mut sent: Vec<TargetedFact> = Vec::new();
    for name in &names {
        for second in 0..random.random_range(2..8) {
            let kinds = [FactKind::Start, FactKind::Answer, FactKind::Hold, FactKind::Unhold, FactKind::End];
            let mut fact = fact(kinds[random.random_range(0..kinds.len())]);
            (fact.at, fact.timed) = (at(second), true);
            fact.parties = Some(incoming("+4930123456", None));
            sent.push(of_id(name, fact));
        }
    }
    for again in 0..sent.len() / 3 {
        sent.push(sent[again * 2].clone());
    }
    for targeted in &sent {
        let name = names.iter().find(|name| of_id(name, targeted.fact.clone()).target == targeted.target);
        let name = name.expect("a call").as_str();
        let new = || Call {
            id: hookswitch_model::CallId::new(at(0), [0; 10]),
            module_id: module,
            call_id: Some(name.into()),
            facts: vec![],
        };
        let (call, _) = reduce(expected.remove(name), targeted.fact.clone(), new).unwrap();
        expected.insert(name, call);
    }
    sent.shuffle(&mut random);
    let mut waiting = Vec::new();
    while !sent.is_empty() {
        let together = random.random_range(1..=sent.len().min(4));
        let facts = sent.split_off(sent.len() - together);
        let store = db.store.clone();
        waiting.push(tokio::spawn(async move { store.apply(unasked(module, 0, facts)).await.map(drop) }));
        if random.random_bool(0.3) {
            for waiting in waiting.drain(..) {
                waiting.await.unwrap().unwrap();
            }
        }
    }
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    let stored = db.calls(&hookswitch_store::CallFilter::default(), None, 200).await.unwrap().items;
    assert_eq!(stored.len(), expected.len(), "seed {seed}");
    for stored in stored {
        let name = stored.call.call_id.clone().expect("an id");
        assert_eq!(view(&stored.call), view(&expected[name.as_str()]), "seed {seed}, {name}");
        let open = db.active_calls(None).await.unwrap().iter().any(|call| call.call.id == stored.call.id);
        assert_eq!(open, view(&stored.call).state != CallState::Ended);
    }
}

both!(random_interleavings_end_like_the_reducer, |db| {
    for seed in 0..25 {
        any_delivery_ends_like_the_reducer(&db, seed).await;
        db.execute("delete from calls").await;
    }
});
