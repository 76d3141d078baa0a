//! What the server does by itself now and then. Each job has a `run` beside the thing it works on.

pub mod missed;
pub mod purge;

use std::sync::Arc;

use crate::app::App;
use crate::calls::silent;
use crate::erasure;
use crate::intake::recover;
use crate::live::{self, activity, client_changes};
use crate::modules::{token, update};

/// Starts every job; they end when the server stops.
pub fn start(app: &Arc<App>) {
    let tasks = &app.tasks;
    tasks.spawn_job(recover::run(Arc::clone(&app.intake), app.clock.now()));
    tasks.spawn_job(silent::run(Arc::clone(&app.calls)));
    tasks.spawn_job(live::missed::run(Arc::clone(&app.live)));
    tasks.spawn_job(missed::run(Arc::clone(&app.calls)));
    tasks.spawn_job(activity::run(Arc::clone(&app.live)));
    tasks.spawn_job(client_changes::run(Arc::clone(&app.live)));
    tasks.spawn_job(app.live.hub.clone().expire(app.clock.clone()));
    tasks.spawn_job(erasure::run(Arc::clone(&app.erasures)));
    tasks.spawn_job(purge::run(Arc::clone(&app.erasures)));
    tasks.spawn_job(update::follow(Arc::clone(&app.modules)));
    for active in app.modules.all() {
        token::notify_if_changed(&app.modules, &active);
    }
}
