//! Who is calling: sessions for browsers, tokens for programs.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::error::ApiError;

/// Any signed-in user.
#[derive(Debug, Clone)]
pub struct SignedIn {}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(_parts: &mut Parts, _app: &Arc<App>) -> Result<Self, ApiError> {
        Err(ApiError::not_signed_in())
    }
}
