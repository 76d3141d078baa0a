//! All routes. A handler's name is its operation id in `openapi.json`.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, options};
use utoipa::OpenApi as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::app::App;
use crate::body;
use crate::error::ApiError;
use crate::listen::share;
use crate::observe::observe;
use crate::web;

mod activity;
mod audit;
mod call_context;
mod calls;
mod calls_csv;
mod clients;
mod colleagues;
mod comments;
pub mod controls;
pub mod dialling;
mod docs;
mod document;
mod erasures;
mod events;
mod health;
mod history;
mod me;
mod mentions;
mod missed_calls;
mod module_log;
mod module_update;
mod modules;
mod outcome_lists;
mod provider_account;
mod providers;
pub mod recordings;
mod reports;
mod reports_csv;
mod request_sample;
mod requests;
mod retention;
mod scripts;
mod session;
mod settings;
mod setup;
pub mod tokens;
mod trials;
pub mod users;
pub mod webhook;

/// Largest request body, in bytes, unless a route sets its own limit.
const BODY_BYTES: usize = 1 << 20;
/// Largest request body, in bytes, on routes open to anyone.
const OPEN_BODY_BYTES: usize = 4096;

fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(document::Document::openapi())
        // Signing in
        .routes(routes!(setup::setup_state, setup::set_up).layer(DefaultBodyLimit::max(OPEN_BODY_BYTES)))
        .routes(routes!(session::sign_in, session::sign_out).layer(DefaultBodyLimit::max(OPEN_BODY_BYTES)))
        .routes(routes!(me::me, me::update_me))
        // Users and tokens
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::get_user, users::update_user, users::delete_user))
        .routes(routes!(colleagues::list_colleagues))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        // Modules
        .routes(routes!(providers::list_providers))
        .routes(routes!(modules::list_modules, modules::create_module))
        .routes(routes!(modules::get_module, modules::update_module, modules::delete_module))
        .routes(routes!(modules::update_module_settings))
        .routes(routes!(scripts::get_script, scripts::save_script))
        .routes(routes!(scripts::list_script_versions))
        .routes(routes!(scripts::get_script_version))
        .routes(routes!(scripts::restore_script_version))
        .routes(routes!(module_update::get_module_update, module_update::take_module_update))
        .routes(routes!(provider_account::test_connection))
        .routes(routes!(provider_account::list_members))
        .routes(routes!(provider_account::list_bindings, provider_account::replace_bindings))
        .routes(routes!(provider_account::rotate_webhook_token))
        .routes(routes!(requests::list_requests))
        .routes(routes!(requests::get_request))
        .routes(routes!(requests::replay_request))
        .routes(routes!(request_sample::get_request_sample))
        .routes(routes!(module_log::list_module_log))
        .routes(routes!(trials::try_script))
        .routes(routes!(trials::get_conformance))
        // Webhooks
        .routes(routes!(webhook::webhook, webhook::webhook_by_get))
        // Calls
        .routes(routes!(calls::list_calls, dialling::make_call))
        .routes(routes!(dialling::list_call_routes))
        .routes(routes!(dialling::cancel_dial))
        .routes(routes!(calls_csv::export_calls))
        .routes(routes!(calls::get_call, calls::update_call))
        .routes(routes!(history::get_call_history))
        .routes(routes!(call_context::get_call_context))
        .routes(routes!(controls::accept_call))
        .routes(routes!(controls::hangup_call))
        .routes(routes!(controls::redirect_call))
        .routes(routes!(controls::hold_call))
        .routes(routes!(controls::resume_call))
        .routes(routes!(controls::mute_call))
        .routes(routes!(controls::unmute_call))
        .routes(routes!(controls::send_dtmf))
        .routes(routes!(controls::transfer_call))
        .routes(routes!(recordings::get_recording))
        .routes(routes!(missed_calls::list_missed_calls))
        .routes(routes!(missed_calls::resolve_missed_call))
        .routes(routes!(missed_calls::reopen_missed_call))
        .routes(routes!(outcome_lists::list_outcome_lists, outcome_lists::create_outcome_list))
        .routes(routes!(outcome_lists::update_outcome_list, outcome_lists::delete_outcome_list))
        .routes(routes!(reports::get_report))
        .routes(routes!(reports_csv::export_report))
        // The whole installation
        .routes(routes!(settings::get_settings, settings::update_settings))
        .routes(routes!(retention::get_retention, retention::update_retention))
        .routes(routes!(retention::preview_retention))
        // Erasing
        .routes(routes!(erasures::would_erase_client, erasures::erase_client))
        .routes(routes!(erasures::would_erase_call, erasures::erase_call))
        .routes(routes!(erasures::list_erasures))
        .routes(routes!(erasures::get_erasure))
        .routes(routes!(audit::list_audit))
        // Clients
        .routes(routes!(clients::list_clients, clients::create_client))
        .routes(routes!(clients::get_client, clients::update_client, clients::archive_client))
        .routes(routes!(clients::export::export_clients))
        .routes(routes!(clients::imports::upload_import))
        .routes(routes!(clients::imports::get_import, clients::imports::cancel_import))
        .routes(routes!(clients::imports::preview_import))
        .routes(routes!(clients::imports::start_import))
        .routes(routes!(clients::imports::get_rejected_lines))
        .routes(routes!(clients::duplicates::find_duplicates))
        .routes(routes!(activity::list_activity, comments::add_comment))
        .routes(routes!(comments::update_comment, comments::delete_comment))
        .routes(routes!(mentions::list_mentions))
        .routes(routes!(mentions::see_mentions))
        .routes(routes!(clients::merge::merge_client))
        .routes(routes!(clients::merge::undo_merge))
        .routes(routes!(clients::convert::convert_lead))
        // Live
        .routes(routes!(events::events))
        // Health
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
}

/// Returns the routes with their fallbacks and middleware, and `more` routes, those of the demo.
pub fn router(app: &Arc<App>, more: Router<Arc<App>>) -> Router {
    let (api, mut document) = api().split_for_parts();
    document::describe_errors(&mut document);
    let routes = api
        .merge(docs::docs(document))
        .merge(more)
        // Some providers append paths of their own to the webhook's address.
        .route("/webhooks/{moduleId}", options(webhook::options))
        .route("/webhooks/{moduleId}/", webhooks())
        .route("/webhooks/{moduleId}/{*suffix}", webhooks())
        .fallback(web::fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(app), body::in_time));
    let shared = match app.config.server.trusted_proxies.is_empty() {
        true => routes,
        false => routes.layer(from_fn_with_state(Arc::clone(app), share)),
    };
    shared.layer(from_fn_with_state(Arc::clone(app), observe)).with_state(Arc::clone(app))
}

/// The methods that every form of a webhook's address accepts.
fn webhooks() -> MethodRouter<Arc<App>> {
    get(webhook::webhook).post(webhook::webhook).options(webhook::options)
}

/// Returns the contents of `openapi.json`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = api().into_openapi();
    document::describe_errors(&mut document);
    document
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "methodNotAllowed",
        "This route does not support that method.",
    )
}
