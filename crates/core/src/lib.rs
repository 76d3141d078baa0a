//! Hookswitch without HTTP: services over the database, the script engine and the rules about calls.
//!
//! Each folder uses only those before it in this list: [`catalog`], [`accounts`], [`audit`], [`views`], [`live`],
//! [`fetch`], [`requests`], [`modules`], [`calls`], [`clients`], [`dialling`], [`intake`], [`reports`], [`retention`].
//! The server puts them together.

pub mod accounts;
pub mod audit;
pub mod calls;
pub mod catalog;
pub mod clients;
pub mod clock;
pub mod cut;
pub mod dialling;
pub mod error;
pub mod fetch;
pub mod intake;
pub mod live;
pub mod modules;
pub mod places;
pub mod public_url;
pub mod reports;
pub mod requests;
pub mod retention;
pub mod spreadsheet;
pub mod tasks;
pub mod views;

pub use error::{Error, FieldError, Result};
