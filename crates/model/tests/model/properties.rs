//! What holds for every call, whatever the provider sends and in any order.

use chrono::DateTime;
use hookswitch_model::contract::KeyedFact;
use hookswitch_model::{
    Call, CallKey, CallView, Fact, FactKind, OperatorState, RequestId, matching, reduce, retract, view,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use crate::generated::{
    FIRST_ARRIVAL, Order, any_fact, ordered_arrivals, ordered_story, plain_arrivals, plain_story, reported,
};
use crate::matching::calls;
use crate::story::{call, empty_call, fact};

fn taken_in(arrivals: &[(i64, String)]) -> Call {
    let requests = 1..;
    call(requests.zip(arrivals).map(|(request, (second, event))| fact(&format!("{second} {event}"), request)))
}

/// In the order of the story, a second apart.
fn told_in_order(events: &[String]) -> Call {
    taken_in(&(FIRST_ARRIVAL..).zip(events.iter().cloned()).collect::<Vec<_>>())
}

/// The view without times. The order in which operators first rang counts as a time, too.
fn without_times(mut view: CallView, keep_order: bool) -> CallView {
    let never = DateTime::UNIX_EPOCH;
    view.started_at = never;
    view.answered_at = view.answered_at.map(|_| never);
    view.ended_at = view.ended_at.map(|_| never);
    view.talk_seconds = None;
    for segment in &mut view.segments {
        segment.from = never;
        segment.to = segment.to.map(|_| never);
    }
    if !keep_order {
        view.operators.sort_by(|a, b| a.extension.cmp(&b.extension));
    }
    view
}

fn check_sense(view: &CallView) -> Result<(), TestCaseError> {
    let mut moments = vec![view.started_at];
    for (index, segment) in view.segments.iter().enumerate() {
        moments.push(segment.from);
        moments.extend(segment.to);
        prop_assert!(
            segment.to.is_some() || index + 1 == view.segments.len(),
            "only the last segment is open"
        );
    }
    moments.extend(view.ended_at);
    prop_assert!(moments.is_sorted(), "segments in order and inside the call: {view:#?}");
    if let Some(answered_at) = view.answered_at {
        prop_assert!(view.started_at <= answered_at);
        prop_assert!(view.ended_at.is_none_or(|ended_at| answered_at <= ended_at));
        prop_assert!(!view.missed);
    }
    let talking = |state| matches!(state, OperatorState::Talking | OperatorState::Held);
    prop_assert!(view.operators.iter().filter(|operator| talking(operator.state)).count() <= 1);
    if view.ended_at.is_some() {
        prop_assert!(view.operators.iter().all(|operator| !operator.state.is_active()));
        prop_assert!(view.segments.iter().all(|segment| segment.to.is_some()));
    }
    Ok(())
}

fn reduced(facts: impl IntoIterator<Item = Fact>) -> Call {
    let key = CallKey::Id("c1".to_owned());
    call(facts.into_iter().map(|fact| KeyedFact { key: key.clone(), fact }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_call_does_not_depend_on_the_order_of_processing((told, again) in reported()) {
        let (one, other) = (view(&reduced(told)), view(&reduced(again)));
        check_sense(&one)?;
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_clock_in_another_time_zone_changes_nothing(
        zone in select(vec![-46_800_i64, -18_000, -2_222, -3, 1_800, 18_000, 34_200, 50_400]),
        (_, events) in ordered_story(),
        untimed in vec(any::<bool>(), 64),
    ) {
        // Each event arrives at the moment it reports.
        let told = |shift: i64| {
            let timed = events.iter().filter(|event| !event.contains("seq=")).zip(&untimed).map(|(event, untimed)| {
                let Some((said, moment)) = event.split_once("at=") else { return format!("500 {event}") };
                let moment: i64 = moment.parse().expect("a second");
                if *untimed { format!("{moment} {said}") } else { format!("{moment} {said} at={}", moment - shift) }
            });
            view(&call((1..).zip(timed).map(|(request, line)| fact(&line, request))))
        };
        prop_assert_eq!(told(zone), told(0));
    }

    #[test]
    fn order_and_repetition_do_not_matter_if_the_provider_gives_the_order(
        (order, events, arrivals) in ordered_arrivals()
    ) {
        let (told, came) = (view(&told_in_order(&events)), view(&taken_in(&arrivals)));
        check_sense(&came)?;
        if order == Order::Sequence {
            prop_assert_eq!(without_times(came, true), without_times(told, true));
        } else {
            prop_assert_eq!(came.started_at, told.started_at);
            prop_assert_eq!(came, told);
        }
    }

    #[test]
    fn order_and_repetition_change_only_times_otherwise((events, arrivals) in plain_arrivals()) {
        let (told, came) = (view(&told_in_order(&events)), view(&taken_in(&arrivals)));
        check_sense(&told)?;
        check_sense(&came)?;
        prop_assert_eq!(without_times(came, false), without_times(told, false));
    }

    #[test]
    fn two_calls_with_ids_between_the_same_numbers_stay_two(
        one in plain_story(), other in plain_story(), turns in vec(any::<bool>(), 40)
    ) {
        let of = |events: &[String], id: &str| -> Vec<String> {
            events.iter().map(|event| format!("{event} id={id}")).collect()
        };
        let (one, other) = (of(&one, "a"), of(&other, "b"));
        let mut waiting = [one.iter().peekable(), other.iter().peekable()];
        let mut both = vec![];
        for turn in turns.into_iter().chain([true, false].into_iter().cycle()) {
            both.extend(waiting[usize::from(turn)].next().cloned());
            if waiting.iter_mut().all(|events| events.peek().is_none()) {
                break;
            }
        }
        let both: Vec<_> = (0..).zip(both).map(|(second, event): (i64, _)| format!("{second} {event}")).collect();
        let alone = |id: &str| calls(both.iter().map(String::as_str).filter(|event| event.ends_with(id)));
        let together = calls(both.iter().map(String::as_str));
        let mut expected = [alone("id=a"), alone("id=b")].concat();
        if both[0].ends_with("id=b") {
            expected.reverse();
        }
        prop_assert_eq!(together, expected);
    }

    #[test]
    fn one_call_without_an_id_stays_one(
        before in vec(select(vec!["start 101", "answer 101", "hold 101", "start 101"]), 1..6),
        after in vec(select(vec!["end 101 d=answered", "answer 101", "record 101 talk=3 data=x"]), 0..6),
        pace in vec(0..30_i64, 13),
    ) {
        let events = before.into_iter().chain(["end 101 d=answered"]).chain(after);
        let story: Vec<_> = pace
            .iter()
            .scan(0, |second, pause| { *second += pause; Some(*second) })
            .zip(events)
            .map(|(second, event)| format!("{second} {event} id=-"))
            .collect();
        prop_assert_eq!(calls(story.iter().map(String::as_str)).len(), 1);
    }

    #[test]
    fn ended_is_for_good(facts in vec(any_fact(false), 1..20)) {
        let mut call = empty_call(1);
        let mut ended = false;
        for fact in facts {
            ended |= fact.kind == FactKind::End;
            call = reduce(Some(call), fact, || empty_call(1)).expect("there is room").0;
            prop_assert!(!ended || view(&call).ended_at.is_some());
        }
    }

    #[test]
    fn retracting_a_request_and_adding_it_again_changes_nothing(
        (_, events) in ordered_story(), plain in plain_story(), which in any::<Index>()
    ) {
        for events in [events, plain] {
            let call = told_in_order(&events);
            let request = 1 + which.index(events.len());
            let (without, changed) = retract(call.clone(), RequestId(Uuid::from_u128(request as u128)));
            prop_assert!(changed && without.facts.len() < call.facts.len());
            let second = FIRST_ARRIVAL + i64::try_from(which.index(events.len())).expect("a few");
            let again = fact(&format!("{second} {}", events[request - 1]), request as u128);
            let (with, _) = reduce(Some(without), again.fact, || empty_call(1)).expect("there is room");
            prop_assert_eq!(view(&with), view(&call));
        }
    }

    #[test]
    fn no_facts_break_the_view(facts in vec(any_fact(true), 0..30)) {
        let call = reduced(facts.clone());
        let seen = view(&call);
        check_sense(&seen)?;
        for fact in facts {
            let candidates = [call.clone(), empty_call(2)];
            let chosen = matching::choose(&CallKey::Numbers(String::new()), &fact, &candidates);
            prop_assert!(chosen.is_none_or(|chosen| candidates.contains(chosen)));
        }
    }
}
