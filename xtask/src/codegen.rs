//! `cargo xtask codegen`: the files that are made from the code and committed beside it.

use crate::process::{self, command, project_root};
use crate::run::{Profile, build_server};
use anyhow::{Context, Result, ensure};

const OPENAPI: &str = "openapi.json";

/// Writes `openapi.json`, or (`check`) fails when the committed one differs from what the server would say.
pub async fn codegen(check: bool) -> Result<()> {
    let server = build_server(Profile::DevWithTests).await?;
    let document = process::output(command(server).arg("openapi")).await?;
    let file = project_root().join(OPENAPI);
    if check {
        let committed =
            std::fs::read_to_string(&file).with_context(|| format!("{OPENAPI} cannot be read"))?;
        ensure!(committed == document, "{OPENAPI} is out of date; write it anew with `cargo xtask codegen`");
        return Ok(());
    }
    std::fs::write(&file, document).with_context(|| format!("{OPENAPI} cannot be written"))?;
    println!("wrote {OPENAPI}");
    Ok(())
}
