//! A scenario in every order.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use serde_json::Value;

use super::orders::{Order, orders};
use super::report::{OrderKind, Played, PlayedOrder, Problem};
use super::shown::difference;
use super::{Cast, Reply, Stage, Subject, diff};
use hookswitch_core::modules::sample_signature::Spoil;
use hookswitch_core::modules::scenario::{Scenario, Step};

/// Plays all of a module's scenarios.
pub async fn play_all(stage: &Stage, subject: &Subject) -> Vec<Played> {
    let mut played = Vec::new();
    for (file, scenario) in &subject.scenarios {
        played.push(play(stage, subject, (file, scenario)).await);
    }
    played
}

/// Plays a scenario as written, and where that went well in every other order.
pub async fn play(stage: &Stage, subject: &Subject, (file, scenario): (&str, &Scenario)) -> Played {
    let mut played = Played {
        scenario: file.to_owned(),
        name: scenario.name.clone(),
        shows: scenario.shows.clone(),
        orders: Vec::new(),
        results: Vec::new(),
    };
    let mut as_written = PlayedOrder { order: OrderKind::AsWritten, not_played: None, problems: Vec::new() };
    match play_as_written(stage, subject, scenario, &mut as_written.problems).await {
        Ok(results) => played.results = results,
        Err(text) => as_written.problems.push(problem("as written", None, text)),
    }
    let went_well = as_written.problems.is_empty();
    played.orders.push(as_written);
    if went_well {
        played.orders.extend(play_otherwise(stage, subject, scenario).await);
    }
    played
}

fn problem(order: &str, step: Option<String>, text: impl Into<String>) -> Problem {
    Problem { order: order.to_owned(), step, text: text.into() }
}

fn place(scenario: &Scenario, index: usize) -> String {
    format!("{} ({})", index + 1, scenario.steps[index].title())
}

/// Gives what the script returned at each step.
async fn play_as_written(
    stage: &Stage,
    subject: &Subject,
    scenario: &Scenario,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Option<Value>>, String> {
    const ORDER: &str = "as written";
    stage.begin(scenario);
    let cast = stage.cast(subject, scenario).await?;
    let (mut seen, mut results) = (BTreeSet::new(), Vec::new());
    for (index, step) in scenario.steps.iter().enumerate() {
        stage.pass(step.delay(index == 0)).await?;
        stage.outside.begin_step(cast.id(), step.fetch.clone());
        let mut wrong = take_step(&cast, step).await.err().into_iter().collect::<Vec<_>>();
        wrong.extend(stage.outside.end_step(cast.id()));
        if let Some(expected) = &step.calls {
            wrong.extend(difference(expected, &cast.calls().await?, false));
        }
        problems.extend(wrong.into_iter().map(|text| problem(ORDER, Some(place(scenario, index)), text)));
        results.push(cast.new_result(&mut seen).await?);
    }
    let text = difference(&scenario.calls, &cast.calls().await?, false);
    problems.extend(text.map(|text| problem(ORDER, None, format!("the calls in the end\n{text}"))));
    Ok(results)
}

async fn take_step(cast: &Cast<'_>, step: &Step) -> Result<(), String> {
    if let Some(click) = step.click {
        return cast.click(step, click).await;
    }
    let Some(request) = cast.outgoing(step, Spoil::Nothing)? else { return Ok(()) };
    let reply = cast.send(request).await?;
    expect_status(step, &reply)?;
    expect_answer(step, &reply)
}

fn expect_status(step: &Step, Reply { status, body }: &Reply) -> Result<(), String> {
    let right = step.status.map_or((200..300).contains(status), |expected| expected == *status);
    let expected = step.status.map_or_else(|| "2xx".to_owned(), |expected| expected.to_string());
    if right { Ok(()) } else { Err(format!("answered {status} instead of {expected}: {body}")) }
}

fn expect_answer(step: &Step, reply: &Reply) -> Result<(), String> {
    let Some(expected) = &step.answer else { return Ok(()) };
    let got = match expected {
        Value::String(_) => Value::String(reply.body.clone()),
        _ => serde_json::from_str(&reply.body).unwrap_or_else(|_| Value::String(reply.body.clone())),
    };
    if *expected == got { Ok(()) } else { Err(format!("the answer\n{}", diff(expected, &got))) }
}

/// A play in another order that is going on.
struct Going<'a> {
    order: Order,
    cast: Cast<'a>,
    problems: Vec<Problem>,
}

/// Plays every other order, side by side: what is first in each at the time of the first request as written, and so on.
async fn play_otherwise(stage: &Stage, subject: &Subject, scenario: &Scenario) -> Vec<PlayedOrder> {
    let requests: Vec<usize> =
        (0..scenario.steps.len()).filter(|index| scenario.steps[*index].is_request()).collect();
    let (orders, off) = orders(&requests, &scenario.orders);
    let mut played: Vec<PlayedOrder> = [OrderKind::Twice, OrderKind::Shuffled, OrderKind::Parallel]
        .into_iter()
        .map(|order| {
            let reason = off.iter().find(|(kind, _)| *kind == order).map(|(_, reason)| reason.clone());
            PlayedOrder { order, not_played: reason, problems: Vec::new() }
        })
        .collect();
    let mut add = |kind: OrderKind, problems: Vec<Problem>| {
        let order = played.iter_mut().find(|order| order.order == kind);
        order.into_iter().for_each(|order| order.problems.extend(problems.clone()));
    };
    stage.begin(scenario);
    let mut going = Vec::new();
    for order in orders {
        match stage.cast(subject, scenario).await {
            Ok(cast) => {
                stage.outside.record(cast.id(), recorded_anywhere(scenario));
                going.push(Going { order, cast, problems: Vec::new() });
            }
            Err(text) => add(order.kind, vec![problem(&order.name, None, text)]),
        }
    }
    if let Err(text) = together(stage, scenario, &requests, &mut going).await {
        going.iter_mut().for_each(|one| one.problems.push(problem(&one.order.name, None, text.clone())));
    }
    for Going { order, problems, .. } in going {
        add(order.kind, problems);
    }
    played
}

/// What any step may fetch: in another order nobody knows which does.
fn recorded_anywhere(scenario: &Scenario) -> Vec<hookswitch_core::modules::sample::Exchange> {
    let of_steps = scenario.steps.iter().filter(|step| step.is_request()).flat_map(|step| &step.fetch);
    of_steps.chain(&scenario.fetch).cloned().collect()
}

async fn together(
    stage: &Stage,
    scenario: &Scenario,
    requests: &[usize],
    going: &mut [Going<'_>],
) -> Result<(), String> {
    let times = times(stage.now(), scenario);
    for (beat, request) in requests.iter().enumerate() {
        stage.pass(times[*request] - stage.now()).await?;
        join_all(going.iter_mut().map(|one| one.beat(scenario, beat))).await;
    }
    let end = times.last().copied().unwrap_or_else(|| stage.now());
    stage.pass(end - stage.now()).await?;
    for one in going {
        if one.problems.is_empty()
            && let Some(text) = difference(&scenario.calls, &one.cast.calls().await?, true)
        {
            one.problems.push(problem(&one.order.name, None, format!("the calls in the end\n{text}")));
        }
    }
    Ok(())
}

/// When each step happens.
fn times(begin: DateTime<Utc>, scenario: &Scenario) -> Vec<DateTime<Utc>> {
    let mut passed = TimeDelta::zero();
    let time = |(index, step): (usize, &Step)| {
        passed += step.delay(index == 0);
        begin + passed
    };
    scenario.steps.iter().enumerate().map(time).collect()
}

impl Going<'_> {
    async fn beat(&mut self, scenario: &Scenario, beat: usize) {
        let steps = self.order.beats[beat].clone();
        let mut wrong = Vec::new();
        if self.order.at_once {
            wrong = join_all(steps.into_iter().map(|step| self.request(scenario, step))).await;
        } else {
            for step in steps {
                wrong.push(self.request(scenario, step).await);
            }
        }
        self.problems.extend(wrong.into_iter().flatten());
    }

    async fn request(&self, scenario: &Scenario, index: usize) -> Option<Problem> {
        let step = &scenario.steps[index];
        let sent = async {
            let Some(request) = self.cast.outgoing(step, Spoil::Nothing)? else { return Ok(()) };
            expect_status(step, &self.cast.send(request).await?)
        };
        let error = sent.await.err()?;
        let fetched = self.cast.stage.outside.end_step(self.cast.id());
        let text = std::iter::once(error).chain(fetched).collect::<Vec<_>>().join("\n");
        Some(problem(&self.order.name, Some(place(scenario, index)), text))
    }
}
