//! The Hookswitch server.
//!
//! [`app::App`] is the state every handler gets; [`app::serve`] runs it on a listener until told to stop. [`routes`] lists every
//! route on one page. The command line is in [`cli`], the settings in [`config`].
#![warn(missing_docs)]

pub mod app;
pub mod audit;
pub mod auth;
mod body;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod comments;
pub mod config;
mod cut;
pub mod demo;
pub mod directory;
pub mod erasure;
pub mod error;
pub mod extract;
pub mod fetch;
pub mod intake;
pub mod jobs;
mod listen;
pub mod live;
pub mod modules;
pub mod named;
mod observe;
pub mod outcomes;
pub mod page;
pub mod places;
pub mod public_url;
pub mod remote;
pub mod reports;
pub mod retention;
pub mod routes;
pub mod settings;
mod spreadsheet;
pub mod telephony;
pub mod web;
