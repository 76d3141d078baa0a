//! The web app's files from `web/build`. A release build embeds them; a debug build reads them from the folder, so that
//! changes to the web app need no new server.

use rust_embed::{Embed, EmbeddedFile};

/// Finds a file of the web app by its path.
pub type WebFiles = fn(&str) -> Option<EmbeddedFile>;

#[derive(Embed)]
#[folder = "../../web/build"]
#[allow_missing = true]
struct Build;

/// The web app that this program was built with; empty if it was built without one.
pub const BUILT_IN: WebFiles = <Build as Embed>::get;
