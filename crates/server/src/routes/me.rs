//! The signed-in user, and what they may change about themselves.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_store::UserPatch;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::users::{self, Change, User};
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, nullable};
use crate::remote::RemoteAddress;
use hookswitch_core::FieldError;
use hookswitch_core::accounts::Via;
use hookswitch_core::accounts::check;

/// Changes to the signed-in user; omitted fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMe {
    /// Display name, 1 to 200 characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub name: Option<String>,
    /// E-mail address; `null` removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = r"^[^@\s]+@\S+$")]
    pub email: Option<Option<String>>,
    /// A new password.
    pub password: Option<NewPassword>,
}

/// A new password for the signed-in user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPassword {
    /// The current password.
    #[schema(value_type = String, format = Password)]
    pub current: SecretString,
    /// At least 10 characters. Changing it ends the user's other sessions.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 1000)]
    pub new: SecretString,
}

/// Returns the signed-in user.
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, body = User)))]
pub async fn me(State(app): State<Arc<App>>, SignedIn { user, .. }: SignedIn) -> axum::Json<User> {
    axum::Json(users::with_numbers(&app, user))
}

/// Updates the signed-in user.
///
/// Changing the password requires a session and the current password. Returns 422 if that is wrong, 429 after too many
/// attempts, and 409 if the request uses a token.
#[utoipa::path(patch, path = "/api/v1/me", tag = "session", request_body = UpdateMe, responses(
    (status = 200, body = User),
))]
pub async fn update_me(
    State(app): State<Arc<App>>,
    RemoteAddress(address): RemoteAddress,
    caller: SignedIn,
    Json(UpdateMe { name, email, password }): Json<UpdateMe>,
) -> ApiResult<axum::Json<User>> {
    let new = password.as_ref().and_then(|password| check::password(&password.new));
    let problems = [
        name.as_deref().and_then(check::name),
        email.as_ref().and_then(Option::as_deref).and_then(check::email),
        new.map(|problem| FieldError { path: "password.new".to_owned(), ..problem }),
    ];
    Error::check(problems.into_iter().flatten().collect())?;
    let new_password = match password {
        None => None,
        Some(NewPassword { current, new }) => {
            if let Via::Token(_) = caller.via {
                let detail =
                    "A token cannot change the password. Sign in with login and password, then change it.";
                return Err(Error::conflict("noSession", detail).into());
            }
            let (login, now) = (&caller.user.login, app.clock.now());
            app.accounts.attempts.count(login, address, now)?;
            let hash = caller.user.password_hash.as_deref();
            if !app.accounts.passwords.verify(current, hash, address).await? {
                app.accounts.attempts.failed(login, address, now);
                return Err(Error::invalid("password.current", "This is not your current password.").into());
            }
            Some(new)
        }
    };
    let patch = UserPatch { name, email, ..UserPatch::default() };
    let change = Change { patch, password: new_password, end_tokens: false };
    Ok(axum::Json(users::change(&app, &caller, caller.user.id, change).await?))
}
