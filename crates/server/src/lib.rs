//! The Hookswitch server.
//!
//! [`app::App`] is the state every handler gets; [`app::serve`] runs it on a listener until told to stop. [`routes`] lists every
//! route on one page. The command line is in [`cli`], the settings in [`config`].

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod extract;
pub mod fetch;
mod listen;
mod observe;
pub mod page;
pub mod public_url;
pub mod remote;
pub mod routes;
