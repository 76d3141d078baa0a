//! The people a call can be transferred to: what every user may know about the others.

use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use super::users::{UserNumber, numbers};
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::Query;
use crate::page::{Page, PageQuery};

/// A user as other users see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Colleague {
    id: UserId,
    /// Display name.
    name: String,
    /// Extensions bound to the user.
    numbers: Vec<UserNumber>,
}

/// Lists active users by name, including the signed-in one.
#[utoipa::path(get, path = "/api/v1/colleagues", tag = "users", params(PageQuery), responses(
    (status = 200, body = Page<Colleague>),
))]
pub async fn list_colleagues(
    State(app): State<Arc<App>>,
    _: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<Colleague>>> {
    let mut numbers = numbers(&app);
    let users = app.store.users().await?.into_iter().filter(|user| user.active);
    let mut colleagues: Vec<Colleague> = users
        .map(|user| Colleague {
            id: user.id,
            name: user.name,
            numbers: numbers.remove(&user.id).unwrap_or_default(),
        })
        .collect();
    colleagues.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(axum::Json(Page::of_all(colleagues, &page, |user| (user.name.clone(), user.id))?))
}
