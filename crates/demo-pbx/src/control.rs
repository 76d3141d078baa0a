//! What people do with the demo PBX: let it ring, pick up, hang up. No key: it listens on the loopback interface.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::leg::Plan;
use crate::pbx::Shared;
use crate::switch::{Strategy, SwitchError};

/// The client that calls when nobody is named.
const SOMEBODY: &str = "+442079460123";

/// Its routes.
pub fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(help))
        .route("/ring", post(ring))
        .route("/busy", post(busy))
        .route("/dial", post(dial))
        .route("/calls", get(calls))
        .route("/calls/{id}/answer", post(answer))
        .route("/calls/{id}/hangup", post(hang_up))
        .route("/calls/{id}/hold", post(hold))
        .route("/calls/{id}/redirect", post(redirect))
        .route("/calls/{id}/transfer", post(transfer))
        .route("/extensions", get(extensions))
        .route("/webhooks", get(webhooks))
}

const HELP: &str = "The demo PBX. Every POST takes JSON; all fields are optional unless said otherwise.

POST /ring      {\"to\": \"101\" or [\"101\", \"102\"], \"from\", \"name\", \"strategy\": \"all\" or \"hunt\",
                 \"answerAfter\", \"giveUpAfter\", \"talkFor\": seconds}          a call comes in
POST /busy      {\"to\", \"from\", \"name\"}                                     a call comes in and finds the phone busy
POST /dial      {\"extension\", \"number\" (needed), \"answerAfter\", \"giveUpAfter\", \"talkFor\"}   an operator dials
POST /calls/ID/answer    {\"extension\"}           an operator picks up
POST /calls/ID/hangup    {\"extension\"}           an operator hangs up; without: the client does
POST /calls/ID/hold      {\"hold\": true or false (needed)}
POST /calls/ID/redirect  {\"to\" (needed)}         to another extension, at once
POST /calls/ID/transfer  {\"to\" (needed)}         to another extension, once that has answered
GET  /calls  /extensions  /webhooks
";

async fn help() -> &'static str {
    HELP
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl From<OneOrMore> for Vec<String> {
    fn from(given: OneOrMore) -> Self {
        match given {
            OneOrMore::One(one) => vec![one],
            OneOrMore::More(more) => more,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Ring {
    to: Option<OneOrMore>,
    from: Option<String>,
    name: Option<String>,
    #[serde(default)]
    strategy: Strategy,
    answer_after: Option<f64>,
    give_up_after: Option<f64>,
    talk_for: Option<f64>,
}

async fn ring(State(pbx): State<Shared>, Json(ring): Json<Ring>) -> Answer {
    let plan = plan(ring.answer_after, ring.give_up_after, ring.talk_for);
    let to: Vec<String> = ring.to.map_or_else(|| vec![first_extension(&pbx)], Into::into);
    let from = ring.from.unwrap_or_else(|| SOMEBODY.into());
    answer_with(pbx.act(|switch, now| switch.ring(now, from, ring.name, &to, ring.strategy, plan)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Busy {
    to: Option<String>,
    from: Option<String>,
    name: Option<String>,
}

async fn busy(State(pbx): State<Shared>, Json(busy): Json<Busy>) -> Answer {
    let to = busy.to.unwrap_or_else(|| first_extension(&pbx));
    let from = busy.from.unwrap_or_else(|| SOMEBODY.into());
    answer_with(pbx.act(|switch, now| switch.busy(now, from, busy.name, to)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Dial {
    extension: Option<String>,
    number: String,
    answer_after: Option<f64>,
    give_up_after: Option<f64>,
    talk_for: Option<f64>,
}

async fn dial(State(pbx): State<Shared>, Json(dial): Json<Dial>) -> Answer {
    let plan = plan(dial.answer_after, dial.give_up_after, dial.talk_for);
    let extension = dial.extension.unwrap_or_else(|| first_extension(&pbx));
    answer_with(pbx.act(|switch, now| switch.dial(now, &extension, &dial.number, plan)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    extension: Option<String>,
}

async fn answer(State(pbx): State<Shared>, Path(id): Path<String>, Json(by): Json<By>) -> Answer {
    let first =
        || pbx.switch().calls().find(|call| call.id == id)?.legs.first().map(|leg| leg.extension.clone());
    let extension = by.extension.or_else(first).unwrap_or_default();
    answer_with(pbx.act(|switch, now| switch.answer(now, &id, &extension)))
}

async fn hang_up(State(pbx): State<Shared>, Path(id): Path<String>, Json(by): Json<By>) -> Answer {
    answer_with(pbx.act(|switch, now| switch.hang_up(now, &id, by.extension.as_deref())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    hold: bool,
}

async fn hold(State(pbx): State<Shared>, Path(id): Path<String>, Json(hold): Json<Hold>) -> Answer {
    answer_with(pbx.act(|switch, now| switch.hold(now, &id, hold.hold)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    to: String,
}

async fn redirect(State(pbx): State<Shared>, Path(id): Path<String>, Json(target): Json<Target>) -> Answer {
    answer_with(pbx.act(|switch, now| switch.redirect(now, &id, &target.to)))
}

async fn transfer(State(pbx): State<Shared>, Path(id): Path<String>, Json(target): Json<Target>) -> Answer {
    answer_with(pbx.act(|switch, now| switch.transfer(now, &id, &target.to)))
}

async fn calls(State(pbx): State<Shared>) -> Json<Value> {
    Json(pbx.switch().calls().map(described).collect())
}

async fn extensions(State(pbx): State<Shared>) -> Json<Value> {
    let switch = pbx.switch();
    let described = switch.extensions.iter().map(|extension| {
        let state = switch.extension_state(&extension.number);
        json!({ "number": extension.number, "name": extension.name, "state": state })
    });
    Json(described.collect())
}

async fn webhooks(State(pbx): State<Shared>) -> Response {
    Json(pbx.0.outbox.counted()).into_response()
}

fn described(call: &Call) -> Value {
    json!({
        "id": call.id, "direction": call.direction, "from": call.from, "to": call.to, "callerName": call.caller_name,
        "startedAt": call.started_at, "answeredAt": call.answered_at, "legs": call.legs, "digits": call.digits,
    })
}

fn plan(answer_after: Option<f64>, give_up_after: Option<f64>, talk_for: Option<f64>) -> Plan {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to an hour")]
    let milliseconds = |seconds: f64| TimeDelta::milliseconds((seconds.clamp(0.0, 3_600.0) * 1_000.0) as i64);
    Plan {
        answer_after: answer_after.map(milliseconds),
        give_up_after: give_up_after.map(milliseconds),
        talk_for: talk_for.map(milliseconds),
    }
}

fn first_extension(pbx: &Shared) -> String {
    pbx.switch().extensions.first().map(|extension| extension.number.clone()).unwrap_or_default()
}

/// What a request to the PBX is answered.
pub type Answer = Result<Json<Value>, (StatusCode, Json<Value>)>;

/// The answer of an action, or why it cannot be done.
///
/// # Errors
/// The status and a sentence.
pub fn answer_with(result: Result<Value, SwitchError>) -> Answer {
    result.map(Json).map_err(|error| {
        let status = match error {
            SwitchError::NoCall(_) | SwitchError::NoExtension(_) => StatusCode::NOT_FOUND,
            SwitchError::NotNow(_) => StatusCode::CONFLICT,
            SwitchError::Full => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, Json(json!({ "error": error.to_string() })))
    })
}
