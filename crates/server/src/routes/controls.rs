//! Call controls: `POST /api/v1/calls/{id}/…`. Each returns the call as it is now; its state changes when the provider
//! reports the change.

use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::CallId;
use hookswitch_store::User;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use hookswitch_core::calls::buttons::{Dtmf, RedirectTo};
use hookswitch_core::calls::controls::{Seen, control, find};
use hookswitch_core::calls::show::show;
use hookswitch_core::views::actions::Action;
use hookswitch_core::views::call::ApiCall;

type Answer = ApiResult<axum::Json<ApiCall>>;

/// A control's route. Its arguments, from `$body` if given, go between the two numbers and the call.
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
    /// Puts a call on hold.
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
    /// Redirects a call to another operator.
    redirect_call, "/api/v1/calls/{id}/redirect", Action::Redirect; RedirectTo
);
button!(
    /// Transfers a call to another operator after speaking to them.
    transfer_call, "/api/v1/calls/{id}/transfer", Action::Transfer; RedirectTo
);
button!(
    /// Sends DTMF tones into a call.
    send_dtmf, "/api/v1/calls/{id}/dtmf", Action::Dtmf; Dtmf
);

/// Runs a control and returns the call as it is afterwards.
///
/// # Errors
/// See [`find`] and [`control`].
async fn press(
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
