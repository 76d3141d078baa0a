//! Extractors whose rejections are problems with the path of the invalid field.

use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use hookswitch_core::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;

use crate::error::ApiError;
use crate::page::PageQuery;
use hookswitch_core::error::sentence;

/// A JSON body. Put `#[serde(deny_unknown_fields)]` on `T`.
///
/// Rejects a body with 415 if its content type is not JSON, 413 if it is too long, 400 if it is not JSON, and 422 if it
/// is otherwise invalid.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(&request) {
            let detail = "Send the body as JSON, with the header `Content-Type: application/json`.";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "notJson", detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| body_error(&rejection))?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let inner = error.inner();
            if inner.is_data() { invalid(error.path(), inner) } else { not_json(inner) }
        })?;
        json.end().map_err(|error| not_json(&error))?;
        Ok(Self(value))
    }
}

/// `Option<Json<T>>` is `None` if the request has no `Content-Type`.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        if !request.headers().contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// The query string. Put `#[serde(deny_unknown_fields)]` on `T`. Rejects invalid parameters by name with 422.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        of_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// The query string of a list: the page, and filters in `T`. Put `#[serde(deny_unknown_fields)]` on `T`.
#[derive(Debug)]
pub struct ListQuery<T> {
    /// The list's own parameters.
    pub filters: T,
    /// The cursor and the limit.
    pub page: PageQuery,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ListQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let part = |of_page: bool| {
            let pairs = form_urlencoded::parse(query.as_bytes());
            let pairs = pairs.filter(|(name, _)| PageQuery::FIELDS.contains(&name.as_ref()) == of_page);
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        };
        Ok(Self { filters: of_query(&part(false))?, page: of_query(&part(true))? })
    }
}

fn of_query<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    if let Some((name, _)) = pairs.find(|(_, value)| value.contains('\0')) {
        return Err(Error::invalid(name, "Remove the character U+0000.").into());
    }
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| invalid(error.path(), error.inner()))
}

/// The path parameters. Rejects invalid ones by name with 422.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => Err(match error.kind() {
                ErrorKind::ParseErrorAtKey { key, value, .. } => {
                    Error::invalid(key, format!("`{value}` is not a valid {key}.")).into()
                }
                ErrorKind::DeserializeError { key, value, message } => {
                    Error::invalid(key, format!("`{value}` is not a valid {key}: {message}.")).into()
                }
                kind => Error::invalid("", format!("The path is invalid: {kind}.")).into(),
            }),
            Err(other) => Err(Error::internal(other).into()),
        }
    }
}

/// Deserializes a field that `null` clears and that stays as it is if omitted: an `Option<Option<T>>` with
/// `#[serde(default, deserialize_with = "nullable")]`.
///
/// # Errors
/// Fails if `T` cannot be deserialized.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "notJson", format!("The body is not JSON: {error}."))
}

fn invalid(path: &serde_path_to_error::Path, error: &dyn std::fmt::Display) -> ApiError {
    let path = path.to_string();
    Error::invalid(if path == "." { String::new() } else { path }, sentence(&error.to_string())).into()
}

fn body_error(rejection: &BytesRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "tooLarge",
            "The body is larger than this server accepts.",
        ),
        status => {
            ApiError::new(status, "bodyUnreadable", format!("The body could not be read: {rejection}."))
        }
    }
}
