//! Node.js projects: the web app, its tests, and the types for modules.

use crate::process::{self, command, is_installed, project_root};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Makes `find` print a source newer than the web app's last build. The app's editor uses types from `sdk`.
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

/// Returns the path of a folder in the project.
pub fn folder(name: &str) -> PathBuf {
    project_root().join(name)
}

/// Installs the dependencies in the folder's package-lock.json unless they are up to date.
pub async fn install(folder: &Path) -> Result<()> {
    let modified = |file: &str| folder.join(file).metadata().and_then(|file| file.modified()).ok();
    // npm writes this file last.
    let installed = modified("node_modules/.package-lock.json");
    if installed.is_some() && installed >= modified("package-lock.json") {
        return Ok(());
    }
    // Not `npm ci`, which rejects a lock file that lacks a package's builds for all other systems; a registry may
    // receive those later than the package.
    npm(folder, "install --no-save --no-fund --no-audit").await
}

/// Runs `npm` in a folder, with arguments separated by spaces.
pub async fn npm(folder: &Path, arguments: &str) -> Result<()> {
    if !is_installed("npm") {
        bail!("the web app needs Node.js 20 or newer with npm; on Debian: apt-get install nodejs npm");
    }
    process::run(command("npm").args(arguments.split_whitespace()).current_dir(folder)).await
}
