//! Who a call can be given to: what every user may know of the others.

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

/// A user, as every other user sees them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Colleague {
    /// Which.
    id: UserId,
    /// What they are called.
    name: String,
    /// The internal numbers they are bound to.
    numbers: Vec<UserNumber>,
}

/// The active users, the asking one too, by name.
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
