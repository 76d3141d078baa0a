//! The Hookswitch server.
//!
//! [`app::App`] is the state shared by all handlers; [`serve::serve`] runs it on a listener until told to stop.
//! [`routes`] lists all routes. The command line is in [`cli`], the settings in [`config`].
#![warn(missing_docs)]

pub mod app;
pub mod auth;
mod body;
pub mod cli;
pub mod config;
pub mod demo;
pub mod error;
pub mod extract;
pub mod jobs;
pub mod kit;
mod listen;
mod observe;
pub mod page;
mod process_metrics;
pub mod remote;
pub mod routes;
pub mod serve;
mod socket;
pub mod web;
pub mod web_files;
