//! Live: every change of a call to every open tab of every operator it concerns.
//!
//! A socket gets a snapshot when it connects and changes after that. One that falls behind is closed: its client
//! reconnects and starts from a snapshot again, so there is no missed-message logic anywhere.

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
pub use deliver::{Changed, deliver, is_on_screen};
pub use hub::{Connection, Frame, Hub, Version};
pub use missed::Missed;

/// The open screens, and what they have yet to be told.
pub struct Live {
    /// The open sockets.
    pub hub: Hub,
    /// What administrators who look on are told of.
    pub activity: Arc<Activity>,
    /// Whose number of missed calls may have changed.
    pub missed: Missed,
    /// The clients of whose changes everybody is to be told.
    pub client_changes: ClientChanges,
    store: Store,
    catalog: Arc<Catalog>,
}

impl Live {
    /// Nobody is connected yet.
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
