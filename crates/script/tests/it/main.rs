//! Modules' scripts run by the real engine against a host in memory.

mod calls;
mod crypto;
mod errors;
mod fetch;
mod globals;
mod isolation;
mod limits;
mod support;
mod text_and_urls;
