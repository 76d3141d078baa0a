//! The answer to a webhook.

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hookswitch_model::RequestId;
use hookswitch_model::contract;
use hookswitch_script::data;
use serde_json::{Value, json};

use super::process::Failure;

/// Exactly what the script says; 200 with `{}` where it says nothing.
///
/// # Errors
/// What is wrong with the script's response, by path.
pub fn of_script(response: Option<contract::Response>) -> Result<Response, Failure> {
    let Some(said) = response else { return Ok(axum::Json(json!({})).into_response()) };
    let (body, content_type) = match said.content {
        Value::Null => (Vec::new(), None),
        Value::String(text) => (text.into_bytes(), Some("text/plain; charset=utf-8")),
        value => match data::as_bytes(&value) {
            Some(bytes) => (bytes, Some("application/octet-stream")),
            None => (value.to_string().into_bytes(), Some("application/json")),
        },
    };
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in said.headers {
        let wrong = |problem: &str| Failure::contract(format!("response.headers.{name}"), problem);
        let header: HeaderName = name.parse().map_err(|_| wrong("is no header name"))?;
        let value =
            HeaderValue::from_str(&value).map_err(|_| wrong("has a character that a header cannot carry"))?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&header) {
            return Err(wrong("is set by the server itself; leave it out"));
        }
        response.headers_mut().insert(header, value);
    }
    Ok(response)
}

/// 500: the request is kept as failed.
pub fn of_failure(failure: &Failure, request: RequestId) -> Response {
    let body = json!({ "error": failure.to_string(), "requestId": request });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}
