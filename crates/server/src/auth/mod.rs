//! Authentication: the credentials in a request, and the origin it comes from.

mod caller;
mod cookie;
mod origin;

pub use caller::{Admin, SignedIn};
pub use cookie::{SESSION_COOKIE, ended_session, new_session};
pub use origin::require_own_origin;
