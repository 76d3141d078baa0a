//! What `openapi.json` contains apart from the routes.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::auth::SESSION_COOKIE;
use crate::error::ApiError;

const PROBLEM: &str = "application/problem+json";

/// The document that the routes are added to.
#[derive(OpenApi)]
#[openapi(
    info(title = "Hookswitch", description = "Telephony integration: a provider's webhooks in, calls out."),
    components(schemas(ApiError)),
    modifiers(&Security),
    security(("session" = []), ("token" = [])),
    tags(
        (name = "session", description = "Signing in"),
        (name = "users", description = "System users"),
        (name = "tokens", description = "API tokens for programs"),
        (name = "modules", description = "Connected provider accounts"),
        (name = "requests", description = "A module's log of webhook requests"),
        (name = "webhooks", description = "Called by providers"),
        (name = "calls", description = "Calls and what can be done with them"),
        (name = "clients", description = "Contacts, companies and leads"),
        (name = "outcomes", description = "Call outcomes in the company's own words"),
        (name = "reports", description = "Call statistics"),
        (name = "settings", description = "Settings for the whole installation"),
        (name = "audit", description = "Who viewed or changed what"),
        (name = "events", description = "Live changes"),
        (name = "health", description = "Health checks and metrics"),
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

/// Describes every route's errors: each is an `application/problem+json`, and any API route may return one.
pub fn describe_errors(document: &mut utoipa::openapi::OpenApi) {
    // A manifest rejects other fields, but a setting's state is a setting plus more fields.
    let schemas = document.components.as_mut().map(|components| &mut components.schemas);
    if let Some(RefOr::T(Schema::Object(setting))) = schemas.and_then(|schemas| schemas.get_mut("Setting")) {
        setting.additional_properties = None;
    }
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            for response in operation.responses.responses.values_mut() {
                name_media_type(response);
            }
            if path.starts_with("/api/") {
                operation
                    .responses
                    .responses
                    .entry("default".to_owned())
                    .or_insert_with(|| RefOr::T(problem()));
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn name_media_type(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    let content = std::mem::take(&mut response.content);
    response.content = content
        .into_iter()
        .map(|(media_type, content)| {
            let is_problem = matches!(&content, RefOr::T(content) if content.schema == Some(schema()));
            (if is_problem { PROBLEM.to_owned() } else { media_type }, content)
        })
        .collect();
}

fn problem() -> Response {
    ResponseBuilder::new()
        .description("The request failed: see `code` and `detail`")
        .content(PROBLEM, ContentBuilder::new().schema(Some(schema())).build())
        .build()
}

fn schema() -> RefOr<Schema> {
    Ref::from_schema_name(ApiError::name()).into()
}
