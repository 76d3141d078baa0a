//! Calls, clients and comments as shown by the API and the sockets: what the requesting user may see and do.

pub mod actions;
pub mod call;
pub mod client;
pub mod comment;
mod named;
pub mod number;

pub use named::{ApiClientSummary, NamedClient};
