//! The HTTP client for addresses that others chose: a script's `fetch` and the recording proxy.

mod allow;

pub use allow::{AllowRule, AllowRuleError};
