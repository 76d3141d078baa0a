//! The API's documentation: `/openapi.json`, and `/docs` to read it and try it. All its assets are embedded.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

/// The page runs only its own scripts and talks only to this server; it needs inline styles and images.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'",
);

/// Returns the routes that serve `document`.
pub fn docs<S: Clone + Send + Sync + 'static>(document: OpenApi) -> Router<S> {
    let pages = Router::from(SwaggerUi::new("/docs").url("/openapi.json", document));
    pages.layer(map_response(async |mut response: Response| {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
        response
    }))
}
