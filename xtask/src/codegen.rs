//! `cargo xtask codegen`: files that are generated from the code and committed with it.

use crate::node::{self, folder, npm};
use crate::process::{self, command, project_root};
use crate::run::{Profile, build_server};
use anyhow::{Context, Result, ensure};

const OPENAPI: &str = "openapi.json";
/// The web app's types for the API, generated from `openapi.json`.
const WEB_TYPES: &str = "web/src/lib/api/schema.d.ts";
/// Capability sheets of the built-in modules.
const PROVIDERS: &str = "docs/PROVIDERS.md";
/// Reference of what scripts can use, generated from `sdk/hookswitch.d.ts`.
const SDK_REFERENCE: &str = "docs/SDK.md";

/// Writes the files or, with `check`, fails if a committed file differs from what would be written.
pub async fn codegen(check: bool) -> Result<()> {
    let server = build_server(Profile::DevWithTests).await?;
    let document = process::output(command(&server).arg("openapi")).await?;
    let providers = process::output(command(&server).args(["module", "providers"])).await?;
    let file = project_root().join(OPENAPI);
    let page = project_root().join(PROVIDERS);
    let out_of_date = |file| format!("{file} is out of date; update it with `cargo xtask codegen`");
    let (web, sdk) = (folder("web"), folder("sdk"));
    node::install(&web).await?;
    node::install(&sdk).await?;
    if check {
        let committed = std::fs::read_to_string(&file).with_context(|| format!("cannot read {OPENAPI}"))?;
        ensure!(committed == document, out_of_date(OPENAPI));
        let committed = std::fs::read_to_string(&page).with_context(|| format!("cannot read {PROVIDERS}"))?;
        ensure!(committed == providers, out_of_date(PROVIDERS));
        npm(&web, "run codegen -- --check").await.with_context(|| out_of_date(WEB_TYPES))?;
        return npm(&sdk, "run codegen -- --check").await.with_context(|| out_of_date(SDK_REFERENCE));
    }
    std::fs::write(&file, document).with_context(|| format!("cannot write {OPENAPI}"))?;
    std::fs::write(&page, providers).with_context(|| format!("cannot write {PROVIDERS}"))?;
    npm(&web, "run codegen").await?;
    npm(&sdk, "run codegen").await?;
    println!("wrote {OPENAPI}, {PROVIDERS}, {WEB_TYPES} and {SDK_REFERENCE}");
    Ok(())
}
