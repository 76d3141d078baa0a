//! What a batch does besides changing its calls: clients, leads, missed calls, counters.

use hookswitch_model::{ClientId, ClientKind, ReduceError, ResolvedHow, call::MAX_FACTS};
use proptest::prelude::*;
use uuid::Uuid;

use crate::story::lines;
use crate::world::{Client, World, submissions};

const OTHER: &str = "+33123456789";
const CLIENT: &str = crate::story::CLIENT;

fn told(story: &str) -> World {
    let mut world = World::default();
    world.tell(story);
    world
}

fn with_client(numbers: &[&str]) -> World {
    let id = ClientId(Uuid::from_u128(7));
    let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
    World { clients: vec![Client { id, numbers, untouched: false }], ..World::default() }
}

const MISSED: &str = "
    0 start 101 id=a
    9 end 101 id=a d=noAnswer";

#[test]
fn a_talk_closes_only_missed_calls_of_the_same_caller() {
    let mut world = told(&format!(
        "{MISSED}
         10 start 101 id=b from={OTHER}
         15 end 101 id=b d=noAnswer
         20 start 102 id=x dir=out"
    ));
    assert_eq!(world.open(), ["a", "b"], "calling out is not yet talking");
    world.tell("30 answer 102 id=x dir=out");
    assert_eq!(world.open(), ["b"]);
    let resolved = world.call("a").loaded.added.resolved.clone().expect("closed");
    let talk = world.call("x").loaded.call.id;
    assert_eq!((resolved.how, resolved.call), (ResolvedHow::Talk, Some(talk)));
    assert_eq!(resolved.reached_seconds, Some(30));
}

#[test]
fn the_first_talk_after_a_missed_call_is_the_one_that_reached_the_caller() {
    let mut world = told(
        "20 start 101 id=x at=20
         25 answer 101 id=x at=25
         40 start 101 id=y at=40
         41 answer 101 id=y at=41",
    );
    world.tell("50 start 102 id=a at=0\n 51 end 102 id=a at=9 d=noAnswer");
    let resolved = world.call("a").loaded.added.resolved.clone().expect("closed");
    assert_eq!(resolved.call, Some(world.call("x").loaded.call.id));
    // A caller who rings after the talk began is missed again.
    world.tell("60 start 102 id=b at=42\n 61 end 102 id=b at=49 d=noAnswer");
    assert_eq!(world.open(), ["b"]);
}

#[test]
fn a_talk_on_another_number_of_the_client_counts_and_one_with_a_withheld_number_does_not() {
    let mut world = with_client(&[CLIENT, OTHER]);
    world.tell(MISSED);
    world.tell(&format!("20 start 101 id=x from={OTHER}\n 21 answer 101 id=x"));
    assert_eq!(world.open(), [""; 0]);
    world.tell(
        "30 start 101 id=c from=anonymous
         31 end 101 id=c from=anonymous d=noAnswer
         40 start 101 id=y from=anonymous
         41 answer 101 id=y from=anonymous",
    );
    assert_eq!(world.open(), ["c"]);
}

#[test]
fn a_talk_whose_number_becomes_known_later_counts() {
    let mut world = told(MISSED);
    world.tell("20 start 101 id=x from=anonymous\n 21 answer 101 id=x from=anonymous");
    assert_eq!(world.open(), ["a"]);
    world.tell("22 start 101 id=x at=20");
    assert_eq!(world.open(), [""; 0]);
}

#[test]
fn an_unknown_caller_who_is_missed_becomes_a_client_once() {
    let mut world = told(MISSED);
    let [lead] = world.clients.as_slice() else { panic!("one lead") };
    let lead = (lead.id, lead.numbers.clone());
    assert_eq!(lead.1, [CLIENT]);
    world.tell("20 start 101 id=b\n 25 end 101 id=b d=noAnswer");
    assert_eq!(world.clients.len(), 1);
    for id in ["a", "b"] {
        assert_eq!(world.call(id).loaded.added.client_id, Some(lead.0));
    }
    let known = with_client(&[CLIENT]);
    let id = known.clients[0].id;
    let mut known = known;
    known.tell(MISSED);
    assert_eq!((known.clients.len(), known.call("a").loaded.added.client_id), (1, Some(id)));
}

#[test]
fn two_callers_of_one_batch_with_the_same_number_are_one_lead() {
    let story = "0 start 101 id=a\n 0 start 102 id=b\n 9 end 101 id=a d=noAnswer\n 9 end 102 id=b d=noAnswer";
    let mut world = World::default();
    world.take(&submissions(lines(story)));
    assert_eq!(world.clients.len(), 1);
}

#[test]
fn no_client_is_guessed_if_several_have_the_number() {
    let mut world = with_client(&[CLIENT]);
    let other = ClientId(Uuid::from_u128(8));
    world.clients.push(Client { id: other, numbers: vec![CLIENT.to_owned()], untouched: false });
    world.tell(MISSED);
    assert_eq!((world.clients.len(), world.call("a").loaded.added.client_id), (2, None));
}

const ANSWERED_AFTER_ALL: &str = "20 answer 101 id=a at=5";

#[test]
fn a_lead_is_removed_if_the_call_was_answered_after_all() {
    let mut world = told(MISSED);
    world.tell(ANSWERED_AFTER_ALL);
    assert_eq!((world.clients.len(), world.call("a").loaded.added.client_id), (0, None));
}

#[test]
fn a_lead_stays_if_somebody_touched_it_or_another_call_keeps_it() {
    let mut touched = told(MISSED);
    touched.clients[0].untouched = false;
    let missed_again = told(&format!("{MISSED}\n 12 start 102 id=b\n 14 end 102 id=b d=noAnswer"));
    let called = told(&format!("{MISSED}\n 12 start 102 id=x dir=out"));
    let mut chosen = told(MISSED);
    let lead = chosen.clients[0].id;
    let call = chosen.call("a").loaded.call.id;
    chosen.calls.get_mut(&call).expect("it").loaded.added.client_chosen = true;
    for mut world in [touched, missed_again, called] {
        world.tell(ANSWERED_AFTER_ALL);
        assert_eq!(world.call("a").loaded.added.client_id, Some(world.clients[0].id));
    }
    chosen.tell(ANSWERED_AFTER_ALL);
    assert_eq!(chosen.call("a").loaded.added.client_id, Some(lead));
}

#[test]
fn a_lead_is_removed_with_the_last_call_that_kept_it_in_any_batch() {
    let both = format!("{MISSED}\n 12 start 102 id=b at=12\n 14 end 102 id=b at=14 d=noAnswer");
    let corrections = submissions(lines("20 answer 101 id=a at=5\n 20 answer 102 id=b at=13"));
    let mut at_once = told(&both);
    at_once.take(&corrections);
    let mut one_by_one = told(&both);
    for correction in &corrections {
        one_by_one.take(std::slice::from_ref(correction));
    }
    assert_eq!((at_once.clients.len(), one_by_one.clients.len()), (0, 0));
}

#[test]
fn a_lead_stays_if_its_caller_is_missed_again_in_the_same_batch() {
    let mut world = told(&format!("{MISSED}\n 12 start 102 id=b"));
    let lead = world.clients[0].id;
    world.take(&submissions(lines("20 answer 101 id=a at=5\n 20 end 102 id=b d=noAnswer")));
    assert_eq!((world.clients.len(), world.call("b").loaded.added.client_id), (1, Some(lead)));
}

#[test]
fn a_submission_that_fails_leaves_nothing_behind() {
    let mut world = told("0 start 101 id=a");
    let full = (1..MAX_FACTS).map(|second| format!("{second} hold 101 id=a at={second}"));
    let full: Vec<String> = full.collect();
    world.take(&submissions(full.iter().map(String::as_str)));
    let mut batch = submissions(lines("600 answer 101 id=a\n 601 end 101 id=a"));
    batch[0].client = Some(ClientId(Uuid::from_u128(9)));
    batch.iter_mut().for_each(|submission| submission.lead = None);
    let done = world.take(&batch);
    assert_eq!(done[0].as_ref().err(), Some(&ReduceError::TooManyFacts));
    let added = &world.call("a").loaded.added;
    assert_eq!((added.client_id, added.client_chosen), (None, false));
}

#[test]
fn the_module_decides_the_kind_of_the_client() {
    let mut batch = submissions(lines(MISSED));
    for submission in &mut batch {
        submission.lead = submission
            .lead
            .map(|rule| hookswitch_model::batch::LeadRule { kind: ClientKind::Contact, ..rule });
    }
    let mut world = World::default();
    world.take(&batch);
    assert_eq!(world.clients.len(), 1);
    batch.iter_mut().for_each(|submission| submission.lead = None);
    let mut world = World::default();
    world.take(&batch);
    assert_eq!(world.clients.len(), 0, "no client if the module wants none");
}

const EVENTS: [&str; 9] = [
    "0 start 101 id=a at=0",
    "9 end 101 id=a at=9 d=noAnswer",
    "20 start 102 id=b at=20 from=+33123456789",
    "29 end 102 id=b at=29 from=+33123456789 d=noAnswer",
    "30 start 103 id=x at=30 dir=out",
    "35 answer 103 id=x at=35 dir=out",
    "50 end 103 id=x at=50 dir=out",
    "60 start 101 id=c at=60",
    "69 end 101 id=c at=69 d=noAnswer",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The open missed calls and the report counters depend neither on the order of events nor on the batches.
    #[test]
    fn order_and_batches_do_not_matter(
        order in Just(EVENTS.to_vec()).prop_shuffle(),
        sizes in prop::collection::vec(1usize..5, 9),
    ) {
        let mut world = World::default();
        let mut events = submissions(order.into_iter()).into_iter().peekable();
        for size in sizes {
            let batch: Vec<_> = events.by_ref().take(size).collect();
            if !batch.is_empty() {
                world.take(&batch);
            }
        }
        prop_assert_eq!(world.open(), ["b", "c"]);
        prop_assert_eq!(world.counters.clone(), world.counted());
        prop_assert!(world.call("a").loaded.added.resolved.is_some());
    }
}
