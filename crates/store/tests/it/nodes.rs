//! Several nodes on one database.

use hookswitch_model::batch::TargetedFact;
use hookswitch_model::{Fact, FactKind};
use hookswitch_store::{CallFilter, Store};

use crate::support::{at, both, end, fact, incoming, of_id, of_numbers, processed, request, start, unasked};

both!(two_committers_lose_nothing, |db| {
    let module = db.new_module().await;
    let other = db.second().await;
    let hold = |call: usize, sequence: usize| -> TargetedFact {
        let parties = Some(incoming("+4930123456", None));
        of_id(
            &format!("call {call}"),
            Fact { sequence: Some(sequence as i64), parties, ..fact(FactKind::Hold) },
        )
    };
    let mut waiting = Vec::new();
    for sequence in 0..60 {
        for call in 0..4 {
            let store: Store = if sequence % 2 == 0 { db.store.clone() } else { other.clone() };
            // Two calls each, in either order, so that the nodes also conflict.
            let facts = vec![hold(call, sequence), hold((call + sequence) % 4, 1000 + call * 100 + sequence)];
            waiting.push(tokio::spawn(async move { store.apply(unasked(module, 0, facts)).await.map(drop) }));
        }
    }
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    let calls = db.calls(&CallFilter::default(), None, 200).await.unwrap().items;
    assert_eq!(calls.len(), 4, "each key has one call");
    assert_eq!(calls.iter().map(|call| call.call.facts.len()).sum::<usize>(), 2 * 4 * 60);
    other.close().await;
});

both!(two_nodes_begin_one_call_between_the_same_numbers, |db| {
    let module = db.new_module().await;
    let other = db.second().await;
    for round in 0..20 {
        let parties = incoming(&format!("+4930{round:06}"), None);
        let facts = |kind| vec![of_numbers(&parties, fact(kind))];
        let (one, two) = tokio::join!(
            db.apply(unasked(module, round, facts(FactKind::Start))),
            other.apply(unasked(module, round, facts(FactKind::Answer))),
        );
        assert_eq!((one.unwrap().changes.len(), two.unwrap().changes.len()), (1, 1));
    }
    let calls = db.calls(&CallFilter::default(), None, 200).await.unwrap().items;
    assert_eq!(calls.len(), 20);
    assert!(calls.iter().all(|call| call.call.facts.len() == 2));
    other.close().await;
});

both!(nodes_that_delete_and_change_the_same_call_agree, |db| {
    let module = db.new_module().await;
    let other = db.second().await;
    for round in 0..20 {
        let id = format!("call {round}");
        let first = request(module, round);
        db.accept(first.clone()).await.unwrap();
        db.apply(processed(module, first.id, round, vec![start(&id, "+4930123456", None)])).await.unwrap();
        let mut replay = processed(module, first.id, round, vec![]);
        replay.submission.replace = true;
        let ended = unasked(module, round, vec![end(&id)]);
        let (one, two) = tokio::join!(db.apply(replay), other.apply(ended));
        one.unwrap();
        let ended = two.unwrap().changes.remove(0).after.expect("a call");
        let stored = db.call(ended.id).await.unwrap().expect("the end is stored, whichever came first");
        assert_eq!(stored.call.facts.len(), 1, "at {}", at(round));
    }
    other.close().await;
});
