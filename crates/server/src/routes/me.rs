//! Who is signed in, and what they may change of themselves.

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

/// What to change of oneself; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMe {
    /// 1 to 200 characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub name: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = r"^[^@\s]+@\S+$")]
    pub email: Option<Option<String>>,
    /// Another password.
    pub password: Option<NewPassword>,
}

/// Another password for oneself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPassword {
    /// The one in use.
    #[schema(value_type = String, format = Password)]
    pub current: SecretString,
    /// At least 10 characters. It ends the other sessions.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 1000)]
    pub new: SecretString,
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses((status = 200, body = User)))]
pub async fn me(State(app): State<Arc<App>>, SignedIn { user, .. }: SignedIn) -> axum::Json<User> {
    axum::Json(users::with_numbers(&app, user))
}

/// Changes the signed-in user. A password only from a session, and with the one in use: 422 when that is wrong, 429 after too
/// many tries, 409 for who came with a token.
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
                let detail = "A token cannot change the password. Sign in with login and password and change it there.";
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
