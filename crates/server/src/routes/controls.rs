//! The buttons of a call: `POST /api/v1/calls/{id}/…`. Each answers with the call as it is now; its state changes when
//! the provider reports that it did.

use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::{CallId, UserId};
use hookswitch_store::User;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::calls::show;
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path};
use crate::telephony::actions::Action;
use crate::telephony::api_call::ApiCall;
use crate::telephony::controls::{Seen, control, find};

type Answer = ApiResult<axum::Json<ApiCall>>;

/// A route without a body.
macro_rules! button {
    ($(#[$doc:meta])* $name:ident, $path:literal, $action:expr $(, $argument:expr)*) => {
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "calls",
            params(("id" = CallId, Path)),
            responses(
                (status = 200, body = ApiCall),
                (status = 404, body = ApiError),
                (status = 409, description = "The module cannot do that, or the call's state does not allow it", body = ApiError),
                (status = 502, description = "The module's function failed", body = ApiError),
            ),
        )]
        pub async fn $name(State(app): State<Arc<App>>, SignedIn { user, .. }: SignedIn, Path(id): Path<CallId>) -> Answer {
            press(&app, &user, id, $action, |_| Ok(vec![$(json!($argument)),*])).await
        }
    };
}

button!(
    /// Answers a ringing call.
    accept_call, "/api/v1/calls/{id}/accept", Action::Accept
);
button!(
    /// Ends a call.
    hangup_call, "/api/v1/calls/{id}/hangup", Action::Hangup
);
button!(
    /// Holds a call.
    hold_call, "/api/v1/calls/{id}/hold", Action::Hold, true
);
button!(
    /// Takes a call off hold.
    resume_call, "/api/v1/calls/{id}/resume", Action::Resume, false
);
button!(
    /// Mutes the operator.
    mute_call, "/api/v1/calls/{id}/mute", Action::Mute, true
);
button!(
    /// Unmutes the operator.
    unmute_call, "/api/v1/calls/{id}/unmute", Action::Unmute, false
);

async fn press(
    app: &App,
    user: &User,
    id: CallId,
    action: Action,
    arguments: impl FnOnce(&Seen) -> ApiResult<Vec<Value>>,
) -> Answer {
    let seen = find(app, user, id).await?;
    let arguments = arguments(&seen)?;
    control(app, user, &seen, action, arguments).await?;
    let now = find(app, user, id).await?;
    Ok(axum::Json(show(app, user, &now.stored)))
}

/// To whom a call goes: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedirectTo {
    /// The operator's internal number.
    redirect_to: Option<String>,
    /// The operator.
    user_id: Option<UserId>,
}

impl RedirectTo {
    fn number(&self, seen: &Seen) -> ApiResult<String> {
        match (&self.redirect_to, self.user_id) {
            (Some(number), None) => {
                let number = number.trim();
                let dialable =
                    |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '.' | '-' | '_');
                if (1..=64).contains(&number.len()) && number.chars().all(dialable) {
                    return Ok(number.to_owned());
                }
                Err(ApiError::invalid("redirectTo", "Give the internal number of an operator."))
            }
            (None, Some(user)) => {
                let bindings = seen.module.iter().flat_map(|module| &module.bindings);
                let numbers = bindings.filter(|(_, bound)| **bound == user).map(|(number, _)| number.clone());
                numbers.min().ok_or_else(|| {
                    ApiError::invalid("userId", "This user has no number in the call's module.")
                })
            }
            _ => Err(ApiError::invalid("redirectTo", "Give either `redirectTo` or `userId`.")),
        }
    }
}

/// Gives a call to another operator.
#[utoipa::path(
    post,
    path = "/api/v1/calls/{id}/redirect",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = RedirectTo,
    responses(
        (status = 200, body = ApiCall),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 422, body = ApiError),
        (status = 502, body = ApiError),
    ),
)]
pub async fn redirect_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Json(to): Json<RedirectTo>,
) -> Answer {
    press(&app, &user, id, Action::Redirect, |seen| Ok(vec![json!(to.number(seen)?)])).await
}

/// Gives a call to another operator after speaking to them.
#[utoipa::path(
    post,
    path = "/api/v1/calls/{id}/transfer",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = RedirectTo,
    responses(
        (status = 200, body = ApiCall),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 422, body = ApiError),
        (status = 502, body = ApiError),
    ),
)]
pub async fn transfer_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Json(to): Json<RedirectTo>,
) -> Answer {
    press(&app, &user, id, Action::Transfer, |seen| Ok(vec![json!(to.number(seen)?)])).await
}

/// Key tones.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dtmf {
    /// One or more of 0-9, *, #, A-D.
    digits: String,
}

/// Sends key tones into a call.
#[utoipa::path(
    post,
    path = "/api/v1/calls/{id}/dtmf",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = Dtmf,
    responses(
        (status = 200, body = ApiCall),
        (status = 404, body = ApiError),
        (status = 409, body = ApiError),
        (status = 422, body = ApiError),
        (status = 502, body = ApiError),
    ),
)]
pub async fn send_dtmf(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Json(Dtmf { digits }): Json<Dtmf>,
) -> Answer {
    let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
    if !(1..=64).contains(&digits.len()) || !digits.chars().all(is_key) {
        return Err(ApiError::invalid("digits", "Give 1 to 64 of 0-9, *, # and A-D."));
    }
    press(&app, &user, id, Action::Dtmf, |_| Ok(vec![json!(digits)])).await
}
