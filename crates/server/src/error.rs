//! The one error of the HTTP API: `application/problem+json` (RFC 9457).
//!
//! Handlers return `Result<_, ApiError>`. Anything private goes to the log, with the request's id, by
//! [`ApiError::internal`]; the answer then says no more than that something failed.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookswitch_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::cut::{self, cut};

/// What every handler gives.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a request was not done. Boxed, since every `Result` of a handler has room for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError(Box<Problem>);

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Problem {
    /// A URN made of `code`.
    #[serde(rename = "type")]
    #[schema(example = "urn:hookswitch:error:invalid")]
    kind: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable; for programs.
    code: String,
    /// A sentence to act on; for people.
    detail: String,
    /// The field that is wrong, for example `operators[1].email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Every wrong field, where several are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// More, by code: for example the `diagnostics` of a script.
    #[serde(flatten)]
    more: Map<String, Value>,
    #[serde(skip)]
    retry_after_seconds: Option<u64>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, for example `operators[1].email`.
    pub path: String,
    /// A sentence to act on.
    pub detail: String,
}

impl ApiError {
    /// An error of that status; `code` is stable and in camelCase, `detail` a sentence to act on.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            kind: format!("urn:hookswitch:error:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            path: None,
            errors: Vec::new(),
            more: Map::new(),
            retry_after_seconds: None,
        }))
    }

    /// 401 `notSignedIn`.
    #[must_use]
    pub fn not_signed_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "notSignedIn",
            "Sign in with POST /api/v1/session, or send a token as `Authorization: Bearer <token>`.",
        )
    }

    /// 403 `notAllowed`.
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "notAllowed", detail)
    }

    /// 404 `notFound`; `what` as in "There is no such {what}, or you may not see it."
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "notFound",
            format!("There is no such {what}, or you may not see it."),
        )
    }

    /// The same, where it is a 404, of what the user asked for, so that it is answered like one that was never there.
    #[must_use]
    pub fn not_found_as(self, what: &str) -> Self {
        if self.0.status == StatusCode::NOT_FOUND.as_u16() { Self::not_found(what) } else { self }
    }

    /// 409: the thing is in a state that does not allow this.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422 `invalid`: understood, but the field at `path` is wrong.
    pub fn invalid(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail).at(path)
    }

    /// 422 `invalid` with every wrong field; the first one is also `path` and `detail`.
    ///
    /// # Errors
    /// Those given; `Ok` when there are none.
    pub fn check(errors: Vec<FieldError>) -> ApiResult<()> {
        match errors.first() {
            None => Ok(()),
            Some(FieldError { path, detail }) => {
                let mut error = Self::invalid(path, detail);
                error.0.errors = errors;
                Err(error)
            }
        }
    }

    /// The same with its sentences changed.
    #[must_use]
    pub fn map_texts(mut self, change: impl Fn(String) -> String) -> Self {
        self.0.detail = change(self.0.detail);
        for error in &mut self.0.errors {
            error.detail = change(std::mem::take(&mut error.detail));
        }
        for value in self.0.more.values_mut() {
            map_strings(value, &change);
        }
        self
    }

    /// 429 `tooMany`, with `Retry-After`.
    pub fn too_many(retry_after_seconds: u64, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "tooMany", detail).retry_after(retry_after_seconds)
    }

    /// 503 `unavailable`, with `Retry-After`.
    pub fn unavailable(retry_after_seconds: u64, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry_after(retry_after_seconds)
    }

    /// 503 `storageUnavailable`, with `Retry-After`: the cause goes to the log.
    pub fn storage_unavailable(cause: &StoreError) -> Self {
        tracing::error!(error = %cause, "request failed");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "storageUnavailable",
            "The database cannot be reached or written now, for example because its disk is full. Send the request again \
             later; the server's log says why.",
        )
        .retry_after(5)
    }

    /// 500 `internal`: the cause goes to the log alone.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cut(cause, cut::ERROR), "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed at this. Whoever runs it finds the reason in its log, by this answer's x-request-id.",
        )
    }

    /// The same for the field at `path`.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.0.path = Some(path.into());
        self
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// The same with the extension member `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    /// Whether it comes of what was asked, so that asking again is no use.
    #[must_use]
    pub fn is_of_what_was_asked(&self) -> bool {
        (400..500).contains(&self.0.status)
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

fn map_strings(value: &mut Value, change: &impl Fn(String) -> String) {
    match value {
        Value::String(text) => *text = change(std::mem::take(text)),
        Value::Array(values) => values.iter_mut().for_each(|value| map_strings(value, change)),
        Value::Object(members) => members.values_mut().for_each(|value| map_strings(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What a library or a script says, as a sentence.
#[must_use]
pub fn sentence(said: &str) -> String {
    let mut letters = said.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

impl PartialSchema for ApiError {
    fn schema() -> RefOr<Schema> {
        Problem::schema()
    }
}

impl ToSchema for ApiError {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Problem::schemas(schemas);
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.0.retry_after_seconds;
        let mut response = (status, Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LoginTaken => {
                Self::conflict("loginTaken", "Another user has this login.").at("login")
            }
            StoreError::LastAdmin => Self::conflict(
                "lastAdmin",
                "This is the last active administrator. Make another user an administrator first.",
            ),
            StoreError::UnknownReference => Self::conflict(
                "changedMeanwhile",
                "A company or a user that this refers to was deleted meanwhile. Load it again.",
            ),
            StoreError::UnknownUser => Self::not_found("user"),
            StoreError::UnknownModule => Self::not_found("module"),
            StoreError::Contention => Self::unavailable(1, "Others kept changing the same thing. Try again."),
            StoreError::Unavailable(_) => Self::storage_unavailable(&error),
            StoreError::Closed => Self::unavailable(5, "The server is stopping."),
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "request failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "unreadable",
                    "What the database holds of this is damaged. The server's log says what it is.",
                )
            }
            other => Self::internal(other),
        }
    }
}
