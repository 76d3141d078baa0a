//! `serve --demo`: a server with something to see. Runs the demo PBX beside the server and connects the two over the server's
//! own HTTP API, as an administrator's script would. The web app's "Try it" panel drives the PBX.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hookswitch_core::clock::Clock;
use hookswitch_core::fetch::AllowRule;
use hookswitch_demo_pbx::{self as pbx, Options, Pbx};
use hookswitch_model::ModuleId;

use crate::config::Config;

mod api;
mod kept;
mod routes;
mod set_up;

pub use kept::Kept;
pub use routes::routes;
pub use set_up::{Server, set_up};

/// Where the PBX listens unless something else does.
const PBX_PORT: u16 = 8701;

/// Why the demo cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the demo cannot be set up: {0}")]
pub struct DemoError(String);

/// A demo, while it runs.
pub struct Demo {
    /// The simulated PBX.
    pub pbx: Pbx,
    /// The module that connects it, once it is there.
    pub module: OnceLock<ModuleId>,
}

/// Starts the PBX with the keys that it had before, and allows scripts to reach it. Where its port is taken, it listens on a
/// free one.
///
/// # Errors
/// When it cannot listen, or what was kept cannot be read.
pub async fn start(config: &mut Config, clock: &Clock) -> Result<(Arc<Demo>, Kept), DemoError> {
    let kept = Kept::load(&config.server.data_dir)?;
    let options = |port| Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        webhook_url: None,
        api_key: kept.api_key.clone(),
        webhook_secret: kept.webhook_secret.clone(),
        extensions: pbx::extensions(),
    };
    let now = || {
        let clock = clock.clone();
        move || clock.now()
    };
    let started = match pbx::start(options(PBX_PORT), now()).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => pbx::start(options(0), now()).await,
        started => started,
    };
    let pbx = started.map_err(|error| DemoError(format!("the PBX does not start: {error}")))?;
    let (network, port) = (pbx.address.ip().into(), Some(pbx.address.port()));
    config.fetch.allow.push(AllowRule::Network { network, port });
    Ok((Arc::new(Demo { pbx, module: OnceLock::new() }), kept))
}
