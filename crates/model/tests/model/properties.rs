//! What holds for every call, whatever the provider sends and in whichever order.

use chrono::{DateTime, Utc};
use hookswitch_model::contract::{Direction, Disposition, KeyedFact};
use hookswitch_model::{
    Call, CallKey, CallView, Extensions, Fact, FactKind, OperatorState, Parties, Record, RequestId, Target,
    UserId, matching, reduce, retract, view,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use crate::matching::calls;
use crate::story::{self, call, empty_call, fact, time};

const OPERATORS: [&str; 4] = ["101", "102", "103", "104"];

/// Later than anything happened, as the stories tell it: clocks are right, and delivery is late.
const FIRST_ARRIVAL: i64 = 100;

/// How a story's events tell their order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Order {
    Times,
    TimesAndLegs,
    Sequence,
}

/// A realistic story, its events in the order in which they happened, without their arrival.
fn ordered_story() -> impl Strategy<Value = (Order, Vec<String>)> {
    let order = select(vec![Order::Times, Order::TimesAndLegs, Order::Sequence]);
    (order, 1..=3_usize, vec((0..7_u8, 0..4_usize), 0..8), any::<(bool, bool, bool)>()).prop_map(
        |(order, ringing, steps, (queued, ends, record))| {
            let mut teller = Teller { order, events: vec![], legs: 0 };
            if queued {
                teller.event("start", "line");
                teller.event("answer", "line");
            }
            let mut ringing: Vec<(usize, String)> =
                (0..ringing).map(|operator| teller.start(operator)).collect();
            let mut holder: Option<(usize, String)> = None;
            for (step, operator) in steps {
                match (step, holder.clone()) {
                    (0, None) if !ringing.is_empty() => {
                        let taker = ringing.remove(operator % ringing.len());
                        teller.tell("answer", &taker, "");
                        holder = Some(taker);
                        ringing.drain(..).for_each(|loser| teller.end_leg(&loser));
                    }
                    (1, None) if !ringing.is_empty() => {
                        let from = ringing.remove(operator % ringing.len());
                        teller.tell("redirect", &from, &format!("to={}", OPERATORS[operator]));
                        teller.end_leg(&from);
                        ringing.push(teller.start(operator));
                    }
                    (6, None) if ringing.is_empty() => teller.event("answer", "line d=voicemail"),
                    (6, _) => {
                        teller.event("start", &format!("{} dir=out from=+33123456789", OPERATORS[operator]))
                    }
                    (2, Some(holder)) => teller.tell("hold", &holder, ""),
                    (3, Some(holder)) => teller.tell("unhold", &holder, ""),
                    (4, Some(from)) if from.0 != operator => {
                        teller.tell("redirect", &from, &format!("to={}", OPERATORS[operator]));
                        ringing.push(teller.start(operator));
                        teller.end_leg(&from);
                        holder = None;
                    }
                    (5, Some(from)) if from.0 != operator => {
                        let taker = teller.start(operator);
                        teller.tell("answer", &taker, "");
                        holder = Some(taker);
                    }
                    _ => {}
                }
            }
            if ends {
                teller.event("end", "d=answered");
            }
            if record {
                teller.events.push("record 102 d=answered talk=7 data=link".to_owned());
            }
            (order, teller.events)
        },
    )
}

struct Teller {
    order: Order,
    events: Vec<String>,
    legs: usize,
}

impl Teller {
    fn event(&mut self, kind: &str, rest: &str) {
        let moment = self.events.len() + 1;
        let order = if self.order == Order::Sequence { "seq" } else { "at" };
        self.events.push(format!("{kind} {rest} {order}={moment}"));
    }

    fn tell(&mut self, kind: &str, (operator, leg): &(usize, String), rest: &str) {
        self.event(kind, &format!("{} {leg} {rest}", OPERATORS[*operator]));
    }

    fn start(&mut self, operator: usize) -> (usize, String) {
        self.legs += 1;
        let leg =
            if self.order == Order::TimesAndLegs { format!("leg=l{}", self.legs) } else { String::new() };
        self.tell("start", &(operator, leg.clone()), "");
        (operator, leg)
    }

    fn end_leg(&mut self, of: &(usize, String)) {
        if self.order == Order::TimesAndLegs {
            self.tell("end", of, "");
        }
    }
}

/// A story of one ringing, without any times: who starts, who answers, how it ends.
fn plain_story() -> impl Strategy<Value = Vec<String>> {
    let answers = weighted(0.6, (0..3_usize, any::<bool>()));
    (1..=3_usize, answers, any::<(bool, bool, bool)>(), weighted(0.5, any::<bool>())).prop_map(
        |(operators, answers, (legs, names, unknown), record)| {
            let leg = |operator: usize| if legs { format!(" leg=l{operator}") } else { String::new() };
            let told =
                |kind: &str, operator: usize| format!("{kind} {}{}", OPERATORS[operator], leg(operator));
            let mut events: Vec<_> = (0..operators).map(|operator| told("start", operator)).collect();
            let taker = answers.map(|(taker, is_told)| (taker % operators, is_told));
            if let Some((taker, true)) = taker {
                let silent = operators == 1 && names;
                events.push(if silent { "answer".to_owned() } else { told("answer", taker) });
            }
            let disposition = match taker {
                Some((_, false)) => "d=answered",
                Some(_) if unknown => "",
                Some(_) => "d=answered",
                None => "d=noAnswer",
            };
            match taker {
                _ if legs => {
                    for operator in 0..operators {
                        let took = taker.is_some_and(|(taker, _)| taker == operator);
                        let disposition = if took { disposition } else { "d=noAnswer" };
                        events.push(format!("{} {disposition}", told("end", operator)));
                    }
                }
                Some((taker, _)) if names => events.push(format!("{} {disposition}", told("end", taker))),
                _ => events.push(format!("end {disposition}")),
            }
            if let Some(named) = record {
                let of = if named { OPERATORS[taker.map_or(0, |(taker, _)| taker)] } else { "" };
                events.push(format!("record {of} {disposition} talk=7 data=link"));
            }
            events
        },
    )
}

/// Any order of the events and any repetition, at any pace: the seconds of arrival and which event.
fn arrivals(events: Vec<String>) -> impl Strategy<Value = Vec<(i64, String)>> {
    let every = Just(events.clone()).prop_shuffle();
    let again = vec((any::<Index>(), any::<Index>()), 0..4);
    (every, again, vec(0..100_i64, events.len() + 4)).prop_map(|(mut order, again, pace)| {
        for (event, place) in again {
            let event = event.get(&order).clone();
            let first = order.iter().position(|known| *known == event).expect("it is there");
            order.insert(first + 1 + place.index(order.len() - first), event);
        }
        let arrival = pace.iter().scan(FIRST_ARRIVAL, |second, pause| {
            *second += pause;
            Some(*second)
        });
        arrival.zip(order).collect()
    })
}

fn taken_in(arrivals: &[(i64, String)]) -> Call {
    let requests = 1..;
    call(requests.zip(arrivals).map(|(request, (second, event))| fact(&format!("{second} {event}"), request)))
}

/// In the order of the story, a second apart.
fn told_in_order(events: &[String]) -> Call {
    taken_in(&(FIRST_ARRIVAL..).zip(events.iter().cloned()).collect::<Vec<_>>())
}

/// What is left of a view when nobody looks at the clock. The order in which operators first rang is a time, too.
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
        prop_assert!(segment.to.is_some() || index + 1 == view.segments.len(), "only the last is open");
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

fn ordered_arrivals() -> impl Strategy<Value = (Order, Vec<String>, Vec<(i64, String)>)> {
    ordered_story().prop_flat_map(|(order, events)| (Just(order), Just(events.clone()), arrivals(events)))
}

fn plain_arrivals() -> impl Strategy<Value = (Vec<String>, Vec<(i64, String)>)> {
    plain_story().prop_flat_map(|events| (Just(events.clone()), arrivals(events)))
}

fn any_fact(with_legs: bool) -> impl Strategy<Value = Fact> {
    use FactKind::{Answer, End, Hold, Record as OfRecord, Redirect, Start, TimedOut, Unhold};
    let kind = select(vec![Start, Redirect, Answer, Hold, Unhold, OfRecord, TimedOut, End]);
    // Somebody, or a queue's number that is nobody's.
    let target = || {
        (select(&OPERATORS[..]), any::<bool>()).prop_map(|(number, bound)| Target {
            extension: number.into(),
            user: bound.then(|| UserId(Uuid::from_u128(number.parse().expect("a number")))),
        })
    };
    let direction = select(Direction::ALL);
    let client = select(vec![story::CLIENT, "+33123456789", "anonymous"]);
    let parties =
        (direction, client, weighted(0.8, target())).prop_map(|(direction, client, operator)| Parties {
            direction,
            src: client.to_owned(),
            src_ext: None,
            dst: operator.as_ref().map_or("line", |operator| operator.extension.as_str()).to_owned(),
            dst_ext: None,
            client_e164: Some(client.to_owned()).filter(|client| client.starts_with('+')),
            client_others: Vec::new(),
            operator,
        });
    let extensions =
        (weighted(0.5, target()), weighted(0.5, target())).prop_map(|(src, dst)| Extensions { src, dst });
    let said = (weighted(0.7, parties), weighted(0.3, extensions), weighted(0.3, target()));
    let moment = prop_oneof![
        9 => (0..30_i64).prop_map(time),
        1 => select(vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]),
    ];
    let leg = select(if with_legs { vec![None, Some("a"), Some("b")] } else { vec![None] });
    let arrived = weighted(0.5, 0..30_i64);
    let when = (moment, any::<bool>(), arrived, weighted(0.3, -3..9_i64), leg, 0..4_u128);
    (kind, when, select(Disposition::ALL), said).prop_map(
        |(
            kind,
            (at, timed, arrived, sequence, leg, request),
            disposition,
            (parties, extensions, redirect),
        )| Fact {
            kind,
            at,
            timed,
            arrived: arrived.map(time),
            sequence,
            leg: leg.map(str::to_owned),
            disposition,
            parties,
            extensions,
            redirect,
            caller_name: None,
            line: None,
            record: (kind == OfRecord)
                .then(|| Record { talk_seconds: sequence.and_then(|s| s.try_into().ok()), data: None }),
            source: Some(RequestId(Uuid::from_u128(request))),
        },
    )
}

fn reduced(facts: impl IntoIterator<Item = Fact>) -> Call {
    let key = CallKey::Id("c1".to_owned());
    call(facts.into_iter().map(|fact| KeyedFact { key: key.clone(), fact }))
}

/// What a provider reports, each with an arrival and a request of its own, among them what the server guessed; and the same
/// in any other order, some of it again.
fn reported() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    let facts = vec((any_fact(true), 0..60_i64), 1..14).prop_map(|facts| {
        let facts = (1..).zip(facts).map(|(request, (mut fact, second))| {
            fact.source = Some(RequestId(Uuid::from_u128(request)));
            let arrival = time(second);
            match fact.kind {
                // The guess: what it heard last, and when it was made.
                FactKind::TimedOut => {
                    let heard = Some(fact.arrived.unwrap_or(arrival).min(arrival));
                    fact = Fact { arrived: heard, ..Fact::timed_out(&empty_call(1), arrival) };
                }
                _ if fact.timed => fact.arrived = Some(arrival),
                _ => (fact.at, fact.arrived) = (arrival, None),
            }
            fact
        });
        facts.collect::<Vec<_>>()
    });
    facts.prop_flat_map(|facts| {
        let again = vec(any::<Index>(), 0..4).prop_map({
            let facts = facts.clone();
            move |again| {
                facts.iter().chain(again.iter().map(|index| index.get(&facts))).cloned().collect::<Vec<_>>()
            }
        });
        (Just(facts), again.prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_call_is_what_was_reported_in_whichever_order_it_is_taken_in((told, again) in reported()) {
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
        // Each event arrives at the moment of which it tells.
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
    fn order_and_repetition_do_not_matter_where_the_provider_tells_the_order(
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
    fn order_and_repetition_change_only_times_where_it_does_not((events, arrivals) in plain_arrivals()) {
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
    fn taking_a_request_back_and_adding_it_again_changes_nothing(
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
