//! The web app: the files of `web/build`. A release build has them inside; a debug build reads them from that folder, so that a
//! change of the web app needs no new server.

use rust_embed::{Embed, EmbeddedFile};

/// Finds a file of the web app by its path.
pub type WebFiles = fn(&str) -> Option<EmbeddedFile>;

#[derive(Embed)]
#[folder = "../../web/build"]
#[allow_missing = true]
struct Build;

/// The web app that this program was built with; no files when it was built without.
pub const BUILT_IN: WebFiles = <Build as Embed>::get;
