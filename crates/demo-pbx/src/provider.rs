//! What the module does with the demo PBX: the API of a provider, with a key.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use headers::{HeaderMapExt as _, Range};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::Bound;
use subtle::ConstantTimeEq as _;

use crate::call::Call;
use crate::control::{Answer, answer_with};
use crate::leg::Plan;
use crate::pbx::{LINE, Shared};
use crate::wav;

/// Its routes.
pub fn router(pbx: Shared) -> Router<Shared> {
    Router::new()
        .route("/api/account", get(account))
        .route("/api/members", get(members))
        .route("/api/webhook-url", put(set_webhook_url))
        .route("/api/calls", post(generate))
        .route("/api/calls/{id}/{action}", post(control))
        .route("/api/recordings/{id}/link", get(recording_link))
        .route_layer(middleware::from_fn_with_state(pbx, check_key))
        // The link itself has its key in the query, as links to recordings do.
        .route("/recordings/{file}", get(recording))
}

async fn check_key(State(pbx): State<Shared>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let given = headers.get("x-api-key").map(|key| key.as_bytes()).unwrap_or_default();
    if bool::from(given.ct_eq(pbx.0.api_key.as_bytes())) {
        return next.run(request).await;
    }
    refused(StatusCode::UNAUTHORIZED, "the API key is missing or wrong").into_response()
}

fn refused(status: StatusCode, sentence: &str) -> (StatusCode, Json<Value>) {
    (status, Json(json!({ "error": sentence })))
}

async fn account(State(pbx): State<Shared>) -> Json<Value> {
    Json(json!({ "name": "Demo PBX", "line": LINE, "extensions": pbx.switch().extensions.len() }))
}

async fn members(State(pbx): State<Shared>) -> Json<Value> {
    Json(json!({ "members": pbx.switch().extensions }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookUrl {
    url: String,
}

async fn set_webhook_url(State(pbx): State<Shared>, Json(webhook): Json<WebhookUrl>) -> Answer {
    let fits = url::Url::parse(&webhook.url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !fits {
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "url: must begin with http:// or https://"));
    }
    pbx.0.outbox.set_url(webhook.url);
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generate {
    extension: String,
    number: String,
}

async fn generate(State(pbx): State<Shared>, Json(call): Json<Generate>) -> Answer {
    answer_with(pbx.act(|switch, now| switch.generate(now, &call.extension, &call.number, Plan::default())))
}

/// `action` of `POST /api/calls/{id}/{action}` and what it needs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    extension: Option<String>,
    to: Option<String>,
    on: Option<bool>,
    digits: Option<String>,
}

async fn control(
    State(pbx): State<Shared>,
    Path((id, action)): Path<(String, String)>,
    Json(control): Json<Control>,
) -> Answer {
    let missing = |field| refused(StatusCode::UNPROCESSABLE_ENTITY, &format!("{field}: missing"));
    let to = || control.to.as_deref().ok_or_else(|| missing("to"));
    let on = || control.on.ok_or_else(|| missing("on"));
    let extension = || control.extension.as_deref().ok_or_else(|| missing("extension"));
    let result = match action.as_str() {
        "accept" => {
            let extension = extension()?;
            pbx.act(|switch, now| switch.answer(now, &id, extension))
        }
        "hangup" => {
            let extension = extension()?;
            pbx.act(|switch, now| switch.hang_up(now, &id, Some(extension)))
        }
        "redirect" => {
            let to = to()?;
            pbx.act(|switch, now| switch.redirect(now, &id, to))
        }
        "transfer" => {
            let to = to()?;
            pbx.act(|switch, now| switch.transfer(now, &id, to))
        }
        "hold" => {
            let on = on()?;
            pbx.act(|switch, now| switch.hold(now, &id, on))
        }
        "mute" => {
            let on = on()?;
            pbx.act(|switch, _| switch.mute(&id, on))
        }
        "dtmf" => {
            let digits = control.digits.as_deref().ok_or_else(|| missing("digits"))?;
            pbx.act(|switch, _| switch.dtmf(&id, digits))
        }
        _ => return Err(refused(StatusCode::NOT_FOUND, "there is no such action")),
    };
    answer_with(result)
}

async fn recording_link(State(pbx): State<Shared>, Path(id): Path<String>) -> Answer {
    if pbx.switch().recorded(&id).is_none() {
        return Err(refused(StatusCode::NOT_FOUND, "there is no recording of this call (any more)"));
    }
    let token = pbx.recording_token(&id);
    Ok(Json(json!({ "url": format!("http://{}/recordings/{id}.wav?token={token}", pbx.0.address) })))
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
}

async fn recording(
    State(pbx): State<Shared>,
    Path(file): Path<String>,
    Query(given): Query<Token>,
    headers: HeaderMap,
) -> Response {
    let id = file.strip_suffix(".wav").unwrap_or_default();
    if !bool::from(given.token.as_bytes().ct_eq(pbx.recording_token(id).as_bytes())) {
        return refused(StatusCode::FORBIDDEN, "the token is missing or wrong").into_response();
    }
    let Some(talk_seconds) = pbx.switch().recorded(id).and_then(Call::talk_seconds) else {
        return refused(StatusCode::NOT_FOUND, "there is no recording of this call (any more)")
            .into_response();
    };
    let wav = wav::recording(talk_seconds);
    let common = [(header::CONTENT_TYPE, "audio/wav"), (header::ACCEPT_RANGES, "bytes")];
    let Some(range) = headers.typed_get::<Range>() else { return (common, wav).into_response() };
    let length = wav.len() as u64;
    match first_range(&range, length) {
        Some((from, to)) => {
            let content_range = [(header::CONTENT_RANGE, format!("bytes {from}-{to}/{length}"))];
            #[expect(clippy::cast_possible_truncation, reason = "both lie within the file")]
            let part = wav[from as usize..=to as usize].to_vec();
            (StatusCode::PARTIAL_CONTENT, common, content_range, part).into_response()
        }
        None => {
            let content_range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, content_range).into_response()
        }
    }
}

/// The first and last byte of the first range asked for.
fn first_range(range: &Range, length: u64) -> Option<(u64, u64)> {
    let (from, to) = range.satisfiable_ranges(length).next()?;
    let from = match from {
        Bound::Included(from) => from,
        Bound::Excluded(before) => before + 1,
        Bound::Unbounded => 0,
    };
    let to = match to {
        Bound::Included(to) => to.min(length - 1),
        Bound::Excluded(after) => after.checked_sub(1)?,
        Bound::Unbounded => length - 1,
    };
    (from <= to).then_some((from, to))
}
