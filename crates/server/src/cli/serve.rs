//! `hookswitch serve`

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliResult, log, print};
use crate::app::{App, Start};
use crate::config::{self, Config};
use crate::demo::{self, Demo, DemoError, Kept};
use crate::serve;
use crate::web_files;
use hookswitch_core::clock::Clock;

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Add a simulated PBX, its module, an administrator and two operators; needs a data folder of its own
    #[arg(long)]
    demo: bool,
}

pub async fn run(mut config: Config, args: Args) -> CliResult {
    log::init(&config.log)?;
    for name in config::unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
    {
        tracing::warn!("unknown setting in the environment: {name}");
    }
    raise_open_files();
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("cannot listen on {listen} (server.listen): {error}"))?;
    let address = listener.local_addr()?;
    let shutdown = shutdown()?;
    let clock = Clock::system();
    let demo = if args.demo { Some(demo::start(&mut config, &clock).await?) } else { None };
    let app = App::open(Start { config, clock, address, web: web_files::BUILT_IN }).await?;
    let routes = demo.as_ref().map_or_else(Router::new, |(demo, _)| demo::routes(Arc::clone(demo)));
    let serving = serve::serve(Arc::clone(&app), routes, listener, shutdown);
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return Ok(()),
        welcome = welcome(&app, address, demo) => match welcome {
            Ok(text) => say(&text),
            Err(error) => {
                app.close().await;
                return Err(error.into());
            }
        },
    }
    serving.await;
    Ok(())
}

/// What the server prints once it is ready. A demo is set up over HTTP: the server serves meanwhile.
async fn welcome(
    app: &App,
    address: SocketAddr,
    demo: Option<(Arc<Demo>, Kept)>,
) -> Result<String, DemoError> {
    let code = app.accounts.setup.code().await;
    let hint = match (demo, code) {
        (Some((demo, mut kept)), code) => {
            let server = demo::Server { address, public_url: app.public_url.clone(), code };
            demo::set_up(&demo, &mut kept, server).await?
        }
        (None, Some(code)) => set_up_hint(app, &code),
        (None, None) => String::new(),
    };
    Ok(format!("{hint}listening on http://{address}\n"))
}

/// Prints a message. A server whose standard output goes to a full disk keeps running.
fn say(text: &str) {
    if let Err(error) = print(text) {
        tracing::warn!(%error, "cannot write to standard output");
    }
}

/// Raises the limit on open files, of which every connection is one. The usual soft limit of 1024 is for programs that
/// use `select`.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "cannot raise the limit on open files above {:?}", limit.current);
    }
}

/// Returns a future that resolves at the first SIGTERM or SIGINT from now on.
fn shutdown() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what was accepted");
    })
}

/// Puts the code after the `#`, which browsers do not send, so that it appears in no log on the way.
fn set_up_hint(app: &App, code: &str) -> String {
    format!(
        "There is no administrator yet. Make one at\n  {}#code={code}\n\
         or with `hookswitch user create --admin --login LOGIN`.\n\
         The code is good until it is used or the server stops.\n",
        app.public_url.join("/setup")
    )
}
