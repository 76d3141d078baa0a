//! Generated stories and facts for [`crate::properties`].

use chrono::{DateTime, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::{Extensions, Fact, FactKind, Parties, Record, RequestId, Target, UserId};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use crate::story::{self, empty_call, time};

const OPERATORS: [&str; 4] = ["101", "102", "103", "104"];

/// After all events, as in the stories: clocks are right, and delivery is late.
pub const FIRST_ARRIVAL: i64 = 100;

/// How a story's events state their order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    Times,
    TimesAndLegs,
    Sequence,
}

/// A realistic story: its events in the order in which they happened, without arrival times.
pub fn ordered_story() -> impl Strategy<Value = (Order, Vec<String>)> {
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

/// A story of one ringing, without any times: who rings, who answers, how it ends.
pub fn plain_story() -> impl Strategy<Value = Vec<String>> {
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

/// The events in any order, with repetitions, at any pace: pairs of arrival second and event.
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

pub fn ordered_arrivals() -> impl Strategy<Value = (Order, Vec<String>, Vec<(i64, String)>)> {
    ordered_story().prop_flat_map(|(order, events)| (Just(order), Just(events.clone()), arrivals(events)))
}

pub fn plain_arrivals() -> impl Strategy<Value = (Vec<String>, Vec<(i64, String)>)> {
    plain_story().prop_flat_map(|events| (Just(events.clone()), arrivals(events)))
}

pub fn any_fact(with_legs: bool) -> impl Strategy<Value = Fact> {
    use FactKind::{Answer, End, Hold, Record as OfRecord, Redirect, Start, TimedOut, Unhold};
    let kind = select(vec![Start, Redirect, Answer, Hold, Unhold, OfRecord, TimedOut, End]);
    // An operator, or the number of a queue without a user.
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

/// What a provider reports, each with its own arrival and request, and the server's guesses among it; and the same in
/// another order, with repetitions.
pub fn reported() -> impl Strategy<Value = (Vec<Fact>, Vec<Fact>)> {
    let facts = vec((any_fact(true), 0..60_i64), 1..14).prop_map(|facts| {
        let facts = (1..).zip(facts).map(|(request, (mut fact, second))| {
            fact.source = Some(RequestId(Uuid::from_u128(request)));
            let arrival = time(second);
            match fact.kind {
                // The guess: what was heard last, and when it was made.
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
