//! Live updates: every change of a call goes to every open tab of every operator it concerns.
//!
//! A socket gets a snapshot when it connects, and changes after that. One that falls behind is closed: its client
//! reconnects and starts from a snapshot again, so nothing has to handle missed messages.

use std::sync::Arc;

use hookswitch_store::Store;

use crate::catalog::Catalog;

pub mod activity;
pub mod client_changes;
mod deliver;
mod hub;
pub mod mentions;
pub mod message;
pub mod missed;

pub use activity::Activity;
pub use client_changes::ClientChanges;
pub(crate) use deliver::is_on_screen;
pub use deliver::{Changed, deliver};
pub use hub::{Connection, Frame, Hub, Version};
pub use missed::Missed;

/// The open screens, and the updates to send to them.
pub struct Live {
    pub hub: Hub,
    /// Updates for watching administrators.
    pub activity: Arc<Activity>,
    /// Updates of the number of missed calls.
    pub missed: Missed,
    /// Updates about changed clients.
    pub client_changes: ClientChanges,
    store: Store,
    catalog: Arc<Catalog>,
}

impl Live {
    /// Creates the hub without connections.
    #[must_use]
    pub fn new(store: Store, catalog: Arc<Catalog>) -> Self {
        Self {
            hub: Hub::default(),
            activity: Arc::default(),
            missed: Missed::default(),
            client_changes: ClientChanges::default(),
            store,
            catalog,
        }
    }
}
