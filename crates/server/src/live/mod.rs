//! Live: every change of a call to every open tab of every operator it concerns.
//!
//! A socket gets a snapshot when it connects and changes after that. One that falls behind is closed: its client
//! reconnects and starts from a snapshot again, so there is no missed-message logic anywhere.

pub mod activity;
pub mod clients;
mod deliver;
mod hub;
pub mod message;
pub mod missed;
pub mod socket;

pub use activity::Activity;
pub use clients::ClientChanges;
pub use deliver::{Changed, deliver, is_on_screen};
pub use hub::{Connection, Frame, Hub, Version};
pub use missed::Missed;
