//! "Try it": what the web app does with the simulated PBX. There only where the server runs with `--demo`.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::CallState;
use hookswitch_model::phone::{is_internal, masked, shown};
use hookswitch_store::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::demo::{Call, Client, Extension, LegState, Panel, Scene};
use crate::error::ApiResult;
use crate::extract::{Json, Path};

/// Letters of a number or a name.
const MAX_LENGTH: usize = 64;

/// The simulated PBX, as the signed-in user's phone sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Demo {
    /// The extension that the scenes are about: the user's, else the first.
    pub extension: String,
    /// The scenes that can be played now.
    pub scenes: Vec<Scene>,
    /// The calls that are up, oldest first.
    pub calls: Vec<DemoCall>,
}

/// A call of the PBX.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoCall {
    /// Its id in the PBX: the `callId` of the API's calls.
    pub call_id: String,
    /// How far it is.
    pub state: CallState,
    /// Who calls, as people read it.
    pub from: String,
    /// Who is called, as people read it.
    pub to: String,
    /// The phones that have a part in it.
    pub extensions: Vec<DemoExtension>,
}

/// A phone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DemoExtension {
    /// Its number.
    pub number: String,
    /// Whose it is.
    pub name: String,
    /// What it does.
    pub state: CallState,
}

/// Who calls, in a scene in which somebody does.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlayScene {
    /// Their number. Without it one of a few that belong to nobody.
    from: Option<String>,
    /// Their name.
    name: Option<String>,
}

/// The simulated PBX. 404 where there is none.
#[utoipa::path(get, path = "/api/v1/demo", tag = "demo", responses((status = 200, body = Demo)))]
pub async fn get_demo(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
) -> ApiResult<axum::Json<Demo>> {
    Ok(axum::Json(show(&app, panel(&app)?, &user)))
}

/// Lets a client, a colleague or the user's own phone do something. 409 when there is nothing to do it to. The server hears of
/// it as it would from a provider, a moment later.
#[utoipa::path(
    post,
    path = "/api/v1/demo/scenes/{scene}",
    tag = "demo",
    params(("scene" = Scene, Path)),
    request_body = Option<PlayScene>,
    responses((status = 200, body = Demo)),
)]
pub async fn play_scene(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(scene): Path<Scene>,
    body: Option<Json<Option<PlayScene>>>,
) -> ApiResult<axum::Json<Demo>> {
    let panel = panel(&app)?;
    let client = client(body.and_then(|Json(body)| body).unwrap_or_default())?;
    let me = panel.extension_of(&app.modules, user.id);
    panel.play(&app.modules, &me, scene, client).map_err(|refused| {
        Error::conflict("notNow", format!("The simulated PBX cannot do this now: {refused}."))
    })?;
    Ok(axum::Json(show(&app, panel, &user)))
}

fn panel(app: &App) -> ApiResult<&Panel> {
    Ok(app.demo.as_deref().ok_or_else(|| Error::not_found("route"))?)
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

fn show(app: &App, panel: &Panel, user: &User) -> Demo {
    let extension = panel.extension_of(&app.modules, user.id);
    let scenes = panel.possible(&app.modules, &extension);
    let phones = panel.extensions();
    // What is hidden from an operator is hidden here too, though nobody is behind the number.
    let hides_numbers = app.catalog.settings.get().hides_numbers(user.role);
    let number = |number: &str| match hides_numbers && !is_internal(number) {
        true => masked(number),
        false => shown(number).formatted,
    };
    let calls = panel.calls().into_iter().map(|call| show_call(call, &phones, number));
    Demo { extension, scenes, calls: calls.collect() }
}

fn show_call(call: Call, phones: &[Extension], number: impl Fn(&str) -> String) -> DemoCall {
    let furthest = call.legs.iter().map(|leg| leg.state).max();
    let extensions = call.legs.into_iter().map(|leg| {
        let phone = phones.iter().find(|phone| phone.number == leg.extension);
        let name = phone.map(|phone| phone.name.clone()).unwrap_or_default();
        DemoExtension { number: leg.extension, name, state: state(leg.state) }
    });
    DemoCall {
        call_id: call.id,
        state: furthest.map_or(CallState::Ringing, state),
        from: number(&call.from),
        to: number(&call.to),
        extensions: extensions.collect(),
    }
}

fn state(leg: LegState) -> CallState {
    match leg {
        LegState::Ringing => CallState::Ringing,
        LegState::Held => CallState::Held,
        LegState::Talking => CallState::Talking,
    }
}
