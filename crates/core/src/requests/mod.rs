//! A provider's request to a webhook: its address and headers, its form for scripts, and the meaning of the script's
//! result.

pub mod address;
pub mod answer;
pub mod encoding;
pub mod headers;
pub mod result;
pub mod script_request;
pub mod turns;

pub use answer::Answer;
pub use result::Failure;
