//! Calls, clients and comments as the API and the sockets show them: what the asking user may see, and can do.

pub mod actions;
pub mod call;
pub mod client;
pub mod comment;
mod named;
pub mod number;

pub use named::{ApiClientSummary, NamedClient};
