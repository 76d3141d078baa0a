//! The one error of the HTTP API: `application/problem+json` (RFC 9457).
//!
//! Handlers return `Result<_, ApiError>`. Most errors are the services' own ([`hookswitch_core::Error`]); their kind gives the
//! status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookswitch_core::accounts::PasswordError;
use hookswitch_core::error::{Kind, Parts};
use hookswitch_core::intake::admission::Refusal;
use hookswitch_core::views::number::Mask;
use hookswitch_core::{Error, FieldError};
use hookswitch_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What every handler gives.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    error: Error,
}

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
}

impl ApiError {
    /// An error of HTTP itself; `code` is stable and in camelCase, `detail` a sentence to act on.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self { status, error: Error::new(Kind::Invalid, code, detail) }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.error.code()
    }

    /// The sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        self.error.detail()
    }

    /// The same without the numbers in it that are hidden.
    #[must_use]
    pub fn masked(self, mask: Mask<'_>) -> Self {
        Self { error: mask.error(self.error), ..self }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            Kind::NotSignedIn => StatusCode::UNAUTHORIZED,
            Kind::NotAllowed => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::ModuleFailed => StatusCode::BAD_GATEWAY,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, error }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Unauthorized => Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail),
            Refusal::SwitchedOff => Error::unavailable(60, detail).into(),
            Refusal::Busy => Error::unavailable(1, detail).into(),
            Refusal::TooLarge(_) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", detail),
            Refusal::Unwritable(cause) => Error::internal(cause).into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        Error::from(error).into()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
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
        let Self { status, error } = self;
        let Parts { code, detail, path, errors, more, retry_after_seconds, .. } = error.into_parts();
        let problem = Problem {
            kind: format!("urn:hookswitch:error:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code,
            detail,
            path,
            errors,
            more,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
