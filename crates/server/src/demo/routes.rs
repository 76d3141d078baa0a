//! "Try it": what the web app does with the simulated PBX. Not part of the API; there only where the server runs with `--demo`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};
use hookswitch_core::Error;
use hookswitch_demo_pbx::{self as pbx, Call, Client, LegState, Scene};
use hookswitch_model::UserId;
use hookswitch_model::phone::{is_internal, masked, shown};
use hookswitch_store::User;
use serde::{Deserialize, Serialize};

use super::Demo;
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, Path};

/// Letters of a number or a name.
const MAX_LENGTH: usize = 64;

/// The routes of a demo.
pub fn routes(demo: Arc<Demo>) -> Router<Arc<App>> {
    Router::new()
        .route("/demo/state", get(state))
        .route("/demo/scenes/{scene}", post(play_scene))
        .layer(Extension(demo))
}

/// The simulated PBX, as the signed-in user's phone sees it.
#[derive(Serialize)]
struct DemoState {
    /// The extension that the scenes are about: the user's, else the first.
    extension: String,
    /// The scenes that can be played now.
    scenes: Vec<Scene>,
    /// The calls that are up, oldest first.
    calls: Vec<DemoCall>,
}

/// A call of the PBX.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoCall {
    /// Its id in the PBX: the `callId` of the API's calls.
    call_id: String,
    /// Who calls, as people read it.
    from: String,
    /// Who is called, as people read it.
    to: String,
    /// The phones that have a part in it.
    extensions: Vec<DemoExtension>,
}

/// A phone.
#[derive(Serialize)]
struct DemoExtension {
    number: String,
    name: String,
    state: LegState,
}

/// Who calls, in a scene in which somebody does.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlayScene {
    /// Their number. Without it one of a few that belong to nobody.
    from: Option<String>,
    /// The caller's name, as the provider would report it.
    name: Option<String>,
}

async fn state(
    State(app): State<Arc<App>>,
    Extension(demo): Extension<Arc<Demo>>,
    SignedIn { user, .. }: SignedIn,
) -> ApiResult<axum::Json<DemoState>> {
    Ok(axum::Json(show(&app, &demo, &user)))
}

/// Lets a client, a colleague or the user's own phone do something. 409 when there is nothing to do it to. The server hears of
/// it as it would from a provider, a moment later.
async fn play_scene(
    State(app): State<Arc<App>>,
    Extension(demo): Extension<Arc<Demo>>,
    SignedIn { user, .. }: SignedIn,
    Path(scene): Path<Scene>,
    body: Option<Json<Option<PlayScene>>>,
) -> ApiResult<axum::Json<DemoState>> {
    let client = client(body.and_then(|Json(body)| body).unwrap_or_default())?;
    let (me, colleagues) = cast(&app, &demo, user.id);
    demo.pbx.play(scene, &me, colleagues, client).map_err(|refused| {
        Error::conflict("notNow", format!("The simulated PBX cannot do this now: {refused}."))
    })?;
    Ok(axum::Json(show(&app, &demo, &user)))
}

fn client(PlayScene { from, name }: PlayScene) -> ApiResult<Option<Client>> {
    for (path, text) in [("from", &from), ("name", &name)] {
        let fits = |text: &String| (1..=MAX_LENGTH).contains(&text.chars().count());
        if !text.as_ref().is_none_or(fits) {
            return Err(
                Error::invalid(path, format!("Give 1 to {MAX_LENGTH} characters, or leave it out.")).into()
            );
        }
    }
    if from.is_none() && name.is_some() {
        return Err(Error::invalid("from", "A caller with a name needs a number too.").into());
    }
    Ok(from.map(|number| Client { number, name }))
}

/// The user's extension (the first where they have none), and the others: those first who have somebody to see the call.
fn cast(app: &App, demo: &Demo, user: UserId) -> (String, Vec<String>) {
    let module = demo.module.get().and_then(|id| app.modules.get(*id));
    let bindings: HashMap<String, UserId> = module.map(|module| module.bindings.clone()).unwrap_or_default();
    let mut numbers: Vec<String> =
        demo.pbx.extensions().into_iter().map(|extension| extension.number).collect();
    let bound = bindings.iter().filter(|(_, bound)| **bound == user).map(|(number, _)| number);
    let me = bound.min().or(numbers.first()).cloned().unwrap_or_default();
    numbers.retain(|number| *number != me);
    numbers.sort_by_key(|number| !bindings.contains_key(number));
    (me, numbers)
}

fn show(app: &App, demo: &Demo, user: &User) -> DemoState {
    let (extension, colleagues) = cast(app, demo, user.id);
    let scenes = demo.pbx.possible(&extension, colleagues);
    let phones = demo.pbx.extensions();
    // What is hidden from an operator is hidden here too, though nobody is behind the number.
    let hides_numbers = app.catalog.settings.get().hides_numbers(user.role);
    let number = |number: &str| match hides_numbers && !is_internal(number) {
        true => masked(number),
        false => shown(number).formatted,
    };
    let calls = demo.pbx.calls().into_iter().map(|call| show_call(call, &phones, number));
    DemoState { extension, scenes, calls: calls.collect() }
}

fn show_call(call: Call, phones: &[pbx::Extension], number: impl Fn(&str) -> String) -> DemoCall {
    let extensions = call.legs.into_iter().map(|leg| {
        let phone = phones.iter().find(|phone| phone.number == leg.extension);
        let name = phone.map(|phone| phone.name.clone()).unwrap_or_default();
        DemoExtension { number: leg.extension, name, state: leg.state }
    });
    let (from, to) = (number(&call.from), number(&call.to));
    DemoCall { call_id: call.id, from, to, extensions: extensions.collect() }
}
