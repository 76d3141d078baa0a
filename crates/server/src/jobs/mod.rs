//! What the server does by itself now and then. Each job has a `run` beside the thing it works on.

pub mod missed;
pub mod purge;

use std::future::Future;
use std::sync::Arc;

use crate::app::App;
use crate::erasure;
use crate::intake::recover;
use crate::live::{self, activity, clients, socket};
use crate::modules::{token, update};
use crate::telephony::silent;

/// Starts every job; they end when the server stops.
pub fn start(app: &Arc<App>) {
    job(app, recover::run(Arc::clone(app), app.clock.now()));
    job(app, silent::run(Arc::clone(app)));
    job(app, live::missed::run(Arc::clone(app)));
    job(app, missed::run(Arc::clone(app)));
    job(app, activity::run(Arc::clone(app)));
    job(app, clients::run(Arc::clone(app)));
    job(app, socket::expire(Arc::clone(app)));
    job(app, erasure::run(Arc::clone(app)));
    job(app, purge::run(Arc::clone(app)));
    job(app, update::follow(Arc::clone(app)));
    for active in app.modules.all() {
        token::notify_if_changed(app, &active);
    }
}

fn job(app: &Arc<App>, run: impl Future<Output = ()> + Send + 'static) {
    let stopping = app.stopping.clone();
    app.tasks.spawn(async move { stopping.run_until_cancelled_owned(run).await });
}
