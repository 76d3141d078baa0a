//! `hookswitch demo-pbx`

use std::net::SocketAddr;

use super::{CliResult, print};
use hookswitch_core::accounts::Secret;
use hookswitch_core::clock::Clock;
use hookswitch_demo_pbx::{self as pbx, Options};

/// Arguments of `demo-pbx`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where events go; the module sets it too.
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// What the module must send; made and printed when left out.
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// What webhooks are signed with; made and printed when left out.
    #[arg(long, value_name = "SECRET")]
    webhook_secret: Option<String>,
}

pub async fn run(args: Args) -> CliResult {
    let Args { listen, webhook_url, api_key, webhook_secret } = args;
    let made = |given: Option<String>| given.unwrap_or_else(|| Secret::new().expose().to_owned());
    let (api_key, webhook_secret) = (made(api_key), made(webhook_secret));
    let said = format!("API key: {api_key}\nwebhook secret: {webhook_secret}\n");
    let options = Options { listen, webhook_url, api_key, webhook_secret, extensions: pbx::extensions() };
    let clock = Clock::system();
    let pbx = pbx::start(options, move || clock.now())
        .await
        .map_err(|error| format!("the demo PBX cannot listen on {listen}: {error}"))?;
    print(&format!("{said}listening on http://{}\n", pbx.address))?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
