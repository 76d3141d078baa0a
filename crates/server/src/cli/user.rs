//! `hookswitch user`

use std::io::IsTerminal as _;

use hookswitch_store::{AuditAction, Role};
use secrecy::{ExposeSecret, SecretString};

use super::{CliResult, print};
use crate::app::open_store;
use crate::config::Config;
use crate::routes::users::{self, CreateUser};
use hookswitch_core::accounts::{Passwords, Secret};
use hookswitch_core::audit::audit_command;
use hookswitch_core::clock::Clock;

/// `hookswitch user …`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a user; prompts for the password, or generates and prints one if there is no terminal
    Create {
        /// Login to sign in with
        #[arg(long)]
        login: String,
        /// Display name; defaults to the login
        #[arg(long)]
        name: Option<String>,
        /// Make the user an administrator instead of an operator
        #[arg(long)]
        admin: bool,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

pub async fn run(config: Config, command: Command) -> CliResult {
    let Command::Create { login, name, admin, password_stdin } = command;
    let (password, is_ours) = password(password_stdin)?;
    let body = CreateUser {
        name: name.unwrap_or_else(|| login.clone()),
        login,
        email: None,
        role: if admin { Role::Admin } else { Role::Operator },
        password: password.clone(),
    };
    let store = open_store(&config).await?;
    let made = users::make(&store, &Passwords::new(), Clock::system().now(), body).await;
    let user = made.map_err(|error| error.detail().to_owned())?;
    let mut text = format!("created {} {}\n", user.role.as_str(), user.login);
    if is_ours {
        text += &format!("password: {}\n", password.expose_secret());
    }
    // The password is not shown again, so it is printed before anything else can fail.
    let printed = print(&text);
    let audited =
        audit_command(&store, AuditAction::UserCreated, &user.login, users::about_made(&user)).await;
    store.close().await;
    printed?;
    Ok(audited.map_err(|error| {
        format!("the user was created, but could not be recorded in the audit trail: {error}")
    })?)
}

/// Returns the password, and whether it was generated here.
fn password(from_stdin: bool) -> std::io::Result<(SecretString, bool)> {
    if from_stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        return Ok((line.trim_end_matches(['\r', '\n']).into(), false));
    }
    if !std::io::stdin().is_terminal() {
        return Ok((Secret::new().expose().into(), true));
    }
    let first = rpassword::prompt_password("Password: ")?;
    if first == rpassword::prompt_password("Once more: ")? {
        Ok((first.into(), false))
    } else {
        Err(std::io::Error::other("the two passwords differ"))
    }
}
