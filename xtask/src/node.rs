//! What is written for Node.js: the web app, its tests, the types for modules.

use crate::process::{self, command, is_installed, project_root};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// `find` lists with this a source of the web app that is newer than its last build. Its editor has the types of `sdk`.
const FIND_CHANGED: &str = "web sdk \
    ( -name node_modules -o -name build -o -name .svelte-kit -o -name paraglide -o -name cache ) -prune -o \
    -type f -newer web/build/index.html -print -quit";

/// Builds the web app, unless its sources are older than the last build.
pub async fn build_web() -> Result<()> {
    let web = folder("web");
    install(&web).await?;
    let is_built = web.join("build/index.html").is_file();
    let is_changed = async || process::output(command("find").args(FIND_CHANGED.split_whitespace())).await;
    if is_built && is_changed().await?.is_empty() {
        return Ok(());
    }
    npm(&web, "run build").await
}

/// A folder of the project.
pub fn folder(name: &str) -> PathBuf {
    project_root().join(name)
}

/// Installs what the folder's package-lock.json lists, unless that was done already.
pub async fn install(folder: &Path) -> Result<()> {
    let modified = |file: &str| folder.join(file).metadata().and_then(|file| file.modified()).ok();
    // npm writes this file when it is done.
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    // Not `npm ci`: it refuses a lock file without the builds of a package for all other systems, and a registry may get those
    // later than the package.
    npm(folder, "install --no-save --no-fund --no-audit").await
}

/// `npm` with arguments separated by blanks, in that folder.
pub async fn npm(folder: &Path, arguments: &str) -> Result<()> {
    if !is_installed("npm") {
        bail!("the web app needs Node.js 20 or newer with npm; on Debian: apt-get install nodejs npm");
    }
    process::run(command("npm").args(arguments.split_whitespace()).current_dir(folder)).await
}
