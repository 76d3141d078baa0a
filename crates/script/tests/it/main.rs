//! Modules' scripts run by the real engine against a host in memory.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails here has failed")]

mod calls;
mod crypto;
mod errors;
mod fetch;
mod globals;
mod isolation;
mod jwt;
mod limits;
mod measure;
mod providers;
mod remember;
mod support;
mod text_and_urls;
