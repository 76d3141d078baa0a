//! Runs modules' scripts in the real engine with an in-memory host.
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
mod native_code;
mod providers;
mod remember;
mod storage_updates;
mod support;
mod text_and_urls;
