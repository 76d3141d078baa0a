//! `hookswitch token`

use hookswitch_store::AuditAction;

use super::{CliResult, print};
use crate::app::open_store;
use crate::config::Config;
use crate::routes::tokens::{self, CreateToken};
use hookswitch_core::audit::{audit_command, said};
use hookswitch_core::clock::Clock;

/// `hookswitch token …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a token with its user's permissions and print it; it is not shown again
    Create {
        /// The user's login
        #[arg(long, value_name = "LOGIN")]
        user: String,
        /// What the token is for
        #[arg(long, default_value = "made on the command line")]
        name: String,
    },
}

pub async fn run(config: Config, command: Command) -> CliResult {
    let Command::Create { user: login, name } = command;
    let store = open_store(&config).await?;
    let user = store.user_by_login(&login).await?.ok_or_else(|| format!("there is no user `{login}`"))?;
    let body = CreateToken { name, expires_at: None };
    let made = tokens::make(&store, Clock::system().now(), user.id, body).await;
    let made = made.map_err(|error| error.detail().to_owned())?;
    // The token is not shown again, so it is printed before anything else can fail.
    let printed = print(&format!("{}\n", made.token));
    let audited =
        audit_command(&store, AuditAction::TokenCreated, &made.name, vec![said("user", login)]).await;
    store.close().await;
    printed?;
    Ok(audited.map_err(|error| {
        format!("the token was created, but could not be recorded in the audit trail: {error}")
    })?)
}
