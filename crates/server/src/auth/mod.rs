//! Who is calling: what a request brings along, and where it comes from.

mod caller;
mod cookie;
mod origin;

pub use caller::{Admin, SignedIn};
pub use cookie::{SESSION_COOKIE, ended_session, new_session};
pub use origin::require_own_origin;
