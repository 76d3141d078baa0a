//! Periodic background jobs. Each has a `run` function in the module that it concerns.

use std::sync::Arc;

use crate::app::App;
use hookswitch_core::calls::{old_missed, silent};
use hookswitch_core::intake::recover;
use hookswitch_core::live::{self, activity, client_changes};
use hookswitch_core::modules::{token, update};
use hookswitch_core::retention::{erasure, purge};

/// Starts all jobs, which end when the server stops.
pub fn start(app: &Arc<App>) {
    let tasks = &app.tasks;
    tasks.spawn_job(recover::run(Arc::clone(&app.intake), app.clock.now()));
    tasks.spawn_job(silent::run(Arc::clone(&app.calls)));
    tasks.spawn_job(live::missed::run(Arc::clone(&app.live)));
    tasks.spawn_job(old_missed::run(Arc::clone(&app.calls)));
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
