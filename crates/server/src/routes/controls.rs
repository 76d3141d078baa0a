//! The buttons of a call: `POST /api/v1/calls/{id}/…`. Each answers with the call as it is now; its state changes when
//! the provider reports that it did.

use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::{CallId, UserId};
use hookswitch_store::User;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::calls::controls::{Seen, control, find};
use crate::calls::show::show;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path};
use crate::views::actions::Action;
use crate::views::call::ApiCall;

type Answer = ApiResult<axum::Json<ApiCall>>;

/// A button's route; `$body`, if it has one, gives the arguments that stand between the two numbers and the call.
macro_rules! button {
    ($(#[$doc:meta])* $name:ident, $path:literal, $action:expr $(, $argument:expr)*) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "calls", params(("id" = CallId, Path)),
            responses((status = 200, body = ApiCall)),
        )]
        pub async fn $name(State(app): State<Arc<App>>, SignedIn { user, .. }: SignedIn, Path(id): Path<CallId>) -> Answer {
            press(&app, &user, id, $action, |_| Ok(vec![$(json!($argument)),*])).await
        }
    };
    ($(#[$doc:meta])* $name:ident, $path:literal, $action:expr; $body:ident) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "calls", params(("id" = CallId, Path)), request_body = $body,
            responses((status = 200, body = ApiCall)),
        )]
        pub async fn $name(
            State(app): State<Arc<App>>,
            SignedIn { user, .. }: SignedIn,
            Path(id): Path<CallId>,
            Json(body): Json<$body>,
        ) -> Answer {
            press(&app, &user, id, $action, |seen| Ok(vec![json!(body.argument(seen)?)])).await
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
button!(
    /// Gives a call to another operator.
    redirect_call, "/api/v1/calls/{id}/redirect", Action::Redirect; RedirectTo
);
button!(
    /// Gives a call to another operator after speaking to them.
    transfer_call, "/api/v1/calls/{id}/transfer", Action::Transfer; RedirectTo
);
button!(
    /// Sends key tones into a call.
    send_dtmf, "/api/v1/calls/{id}/dtmf", Action::Dtmf; Dtmf
);

/// Does what a button does, and gives the call as it is then.
///
/// # Errors
/// As [`find`] and [`control`].
pub async fn press(
    app: &App,
    user: &User,
    id: CallId,
    action: Action,
    arguments: impl FnOnce(&Seen) -> ApiResult<Vec<Value>>,
) -> Answer {
    let seen = find(&app.calls, user, id).await?;
    let arguments = arguments(&seen)?;
    control(&app.calls, user, &seen, action, arguments).await?;
    let now = find(&app.calls, user, id).await?;
    Ok(axum::Json(show(&app.calls, user.id, &now.stored).await?))
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
    /// An internal number.
    #[must_use]
    pub const fn number(number: String) -> Self {
        Self { redirect_to: Some(number), user_id: None }
    }

    /// The number to give to the module.
    ///
    /// # Errors
    /// 422 where it is none.
    pub fn argument(&self, seen: &Seen) -> ApiResult<String> {
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

/// Key tones.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dtmf {
    /// One or more of 0-9, *, #, A-D.
    pub digits: String,
}

impl Dtmf {
    /// The keys to give to the module.
    ///
    /// # Errors
    /// 422 where they are none.
    pub fn argument(&self, _seen: &Seen) -> ApiResult<String> {
        let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
        if (1..=64).contains(&self.digits.len()) && self.digits.chars().all(is_key) {
            return Ok(self.digits.clone());
        }
        Err(ApiError::invalid("digits", "Give 1 to 64 of 0-9, *, # and A-D."))
    }
}
