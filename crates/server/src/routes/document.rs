//! What `openapi.json` says besides the routes themselves.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::auth::SESSION_COOKIE;
use crate::error::ApiError;

/// The document that the routes are added to.
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
        (name = "modules", description = "Connected provider accounts"),
        (name = "requests", description = "A module's log of webhook requests"),
        (name = "webhooks", description = "For providers"),
        (name = "calls", description = "Calls and what can be done with them"),
        (name = "events", description = "Changes, live"),
        (name = "health", description = "For whatever runs the server"),
    )
)]
pub struct Document;

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
