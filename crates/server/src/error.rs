//! The error type of the HTTP API: `application/problem+json` (RFC 9457).
//!
//! Handlers return `Result<_, ApiError>`. Most errors come from the services ([`hookswitch_core::Error`]); their kind
//! determines the status.

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

/// Result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a request failed.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    status: StatusCode,
    error: Error,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Problem {
    /// A URN with the `code`.
    #[serde(rename = "type")]
    #[schema(example = "urn:hookswitch:error:invalid")]
    kind: String,
    /// Standard phrase for the HTTP status.
    title: String,
    /// HTTP status.
    status: u16,
    /// Stable code for programs, in camelCase.
    code: String,
    /// Message for people that says what to do.
    detail: String,
    /// The invalid field, e.g. `operators[1].email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// All invalid fields, if several are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// Further members, depending on the code, such as a script's `diagnostics`.
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl ApiError {
    /// Creates an error. `code` is stable and in camelCase; `detail` tells people what to do.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self { status, error: Error::new(Kind::Invalid, code, detail) }
    }

    /// Returns the HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        self.error.code()
    }

    /// Returns the message for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        self.error.detail()
    }

    /// Returns the error without hidden phone numbers.
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
