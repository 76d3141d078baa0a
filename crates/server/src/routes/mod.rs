//! Every route, on one page. A handler's name is its operation id in `openapi.json`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::auth::SESSION_COOKIE;
use crate::error::ApiError;
use crate::observe::observe;

mod health;
mod root;
mod session;
mod setup;
pub mod tokens;
pub mod users;

/// Bytes a request's body may have, where a route does not say otherwise.
const BODY_BYTES: usize = 1 << 20;

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        // Signing in
        .routes(routes!(setup::setup_state, setup::set_up))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::me))
        // Users and tokens
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::get_user, users::update_user, users::delete_user))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        // Health
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

/// What the routes need around them.
pub fn router(app: &Arc<App>) -> Router {
    let (api, document) = api().split_for_parts();
    api.merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .route("/", axum::routing::get(root::root))
        .fallback(async || ApiError::not_found("route"))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(app.config.server.body_seconds)))
        .layer(from_fn_with_state(Arc::clone(app), observe))
        .with_state(Arc::clone(app))
}

/// `openapi.json`: what the routes above take and give.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    api().into_openapi()
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", "This route does not take that method.")
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Hookswitch", description = "Telephony integration: a provider's webhooks in, calls out."),
    components(schemas(ApiError)),
    modifiers(&Security),
    security(("session" = []), ("token" = [])),
    tags(
        (name = "session", description = "Signing in"),
        (name = "users", description = "System users, for administrators"),
        (name = "tokens", description = "What programs sign in with"),
        (name = "health", description = "For whatever runs the server"),
    )
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)));
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", cookie);
        components.add_security_scheme("token", bearer);
    }
}
