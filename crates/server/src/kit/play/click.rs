//! What operators do in a scenario, through the same functions as the routes of the API.

use hookswitch_model::{CallId, view};
use hookswitch_store::User;
use serde_json::{Value, json};

use super::{Cast, diff};
use hookswitch_core::calls::buttons::{Dtmf, RedirectTo};
use hookswitch_core::calls::controls::{control, find};
use hookswitch_core::calls::recording_link::recording_link;
use hookswitch_core::dialling::{MakeCall, dial};
use hookswitch_core::modules::scenario::{Click, Step};
use hookswitch_core::views::actions::{Action, leg_of};

impl Cast<'_> {
    /// Does what a step says an operator does.
    ///
    /// # Errors
    /// What came of it besides what was expected.
    pub async fn click(&self, step: &Step, click: Click) -> Result<(), String> {
        let by = step.by.as_deref().unwrap_or_default();
        let index = self.scenario.members.iter().position(|member| member == by);
        let user =
            index.and_then(|index| self.users.get(index)).ok_or_else(|| format!("{by} is no member"))?;
        let call = self.call_of(step, click, user).await?;
        match (self.done(step, click, user, call).await, &step.error) {
            (Ok(link), None) => expect_link(step, link),
            (Ok(_), Some(error)) => Err(format!("it was done, instead of: {error}")),
            (Err(error), Some(expected)) if error.detail() == expected => Ok(()),
            (Err(error), Some(expected)) => Err(diff(&json!(expected), &json!(error.detail()))),
            (Err(error), None) => Err(format!("the operator is told: {}", error.detail())),
        }
    }

    /// The member's call that is meant: the newest one with which this can be done, else the newest.
    async fn call_of(&self, step: &Step, click: Click, user: &User) -> Result<Option<CallId>, String> {
        let action = action_of(click);
        let mut own = None;
        for stored in self.stored_calls().await?.into_iter().rev() {
            if step.call_id.is_some() && step.call_id != stored.call.call_id {
                continue;
            }
            let view = view(&stored.call);
            let Some(leg) = leg_of(&view, user.id, false) else { continue };
            let possible = match action {
                Some(action) => action.allowed(&view, leg),
                None => view.recording.is_some(),
            };
            if possible {
                return Ok(Some(stored.call.id));
            }
            own.get_or_insert(stored.call.id);
        }
        let to_number = click == Click::CallBack && step.to.is_some();
        match own {
            None if !to_number => Err("the member has no such call".into()),
            own => Ok(own),
        }
    }

    async fn done(
        &self,
        step: &Step,
        click: Click,
        user: &User,
        call: Option<CallId>,
    ) -> hookswitch_core::Result<Option<Value>> {
        let calls = &self.stage.app.calls;
        let id = call.unwrap_or(CallId(uuid::Uuid::nil()));
        let to = || RedirectTo::number(step.to.clone().unwrap_or_default());
        let press = async |argument: Option<Value>| {
            let action = action_of(click).unwrap_or(Action::Hangup);
            let seen = find(calls, user, id).await?;
            control(calls, user, &seen, action, argument.into_iter().collect()).await.map(|()| None)
        };
        match click {
            Click::Accept | Click::HangUp => press(None).await,
            Click::Hold | Click::Mute => press(Some(json!(true))).await,
            Click::Resume | Click::Unmute => press(Some(json!(false))).await,
            Click::Redirect | Click::Transfer => {
                let seen = find(calls, user, id).await?;
                press(Some(json!(to().argument(&seen)?))).await
            }
            Click::Dtmf => {
                let seen = find(calls, user, id).await?;
                let digits = step.digits.clone().unwrap_or_default();
                press(Some(json!(Dtmf { digits }.argument(&seen)?))).await
            }
            Click::CallBack => {
                let wanted = match &step.to {
                    Some(number) => MakeCall::to_number(number.clone(), self.id()),
                    None => MakeCall::to_party_of(id, self.id()),
                };
                dial(calls, user, wanted).await.map(|_| None)
            }
            Click::Recording => {
                let seen = find(calls, user, id).await?;
                let link = recording_link(calls, user, &seen).await?;
                Ok(Some(json!({ "url": link.url, "headers": link.headers })))
            }
        }
    }
}

fn expect_link(step: &Step, link: Option<Value>) -> Result<(), String> {
    let Some(link) = link else { return Ok(()) };
    let expected = [
        ("url", step.url.as_ref().map(|url| json!(url))),
        ("headers", step.headers.as_ref().map(|headers| json!(headers))),
    ];
    for (name, expected) in expected {
        if let Some(expected) = expected
            && expected != link[name]
        {
            return Err(format!("{name} of the recording\n{}", diff(&expected, &link[name])));
        }
    }
    Ok(())
}

const fn action_of(click: Click) -> Option<Action> {
    Some(match click {
        Click::Accept => Action::Accept,
        Click::HangUp => Action::Hangup,
        Click::Redirect => Action::Redirect,
        Click::Hold => Action::Hold,
        Click::Resume => Action::Resume,
        Click::Mute => Action::Mute,
        Click::Unmute => Action::Unmute,
        Click::Dtmf => Action::Dtmf,
        Click::Transfer => Action::Transfer,
        Click::CallBack => Action::CallBack,
        Click::Recording => return None,
    })
}
