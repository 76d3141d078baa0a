//! `hookswitch module new`

use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::cli::CliResult;
use hookswitch_core::modules::builtin;

pub(super) const SDK: &str = include_str!("../../../../../sdk/hookswitch.d.ts");
pub(super) const TSCONFIG: &str = include_str!("template/tsconfig.json");
const TEMPLATE: [(&str, &str); 5] = [
    ("module.toml", include_str!("template/module.toml")),
    ("module.ts", include_str!("template/module.ts")),
    ("samples/1-rings.json", include_str!("template/samples/1-rings.json")),
    ("samples/2-members.json", include_str!("template/samples/2-members.json")),
    ("scenarios/1-answered.json", include_str!("template/scenarios/1-answered.json")),
];

pub fn run(dir: &Path, provider: Option<&str>) -> CliResult {
    let taken = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if taken || dir.is_file() {
        return Err(format!("{} already exists and is not empty; name a new folder", dir.display()).into());
    }
    match provider {
        None => {
            let code = code_of(dir);
            for (path, text) in TEMPLATE {
                write(&dir.join(path), &text.replace("CODE", &code))?;
            }
        }
        Some(provider) => {
            let files = builtin::files(provider).ok_or_else(|| no_such(provider))?;
            for (path, text) in files {
                write(&dir.join(path), text)?;
            }
        }
    }
    write(&dir.join("hookswitch.d.ts"), SDK)?;
    write(&dir.join("tsconfig.json"), TSCONFIG)?;
    let dir = dir.display();
    writeln!(
        std::io::stdout(),
        "{dir} is ready: write the module in {dir}/module.ts, then run\n  hookswitch module check {dir}\n  hookswitch module test {dir}"
    )?;
    Ok(())
}

fn no_such(provider: &str) -> String {
    let codes: Vec<_> = builtin::all().iter().map(|module| module.manifest.code.as_str()).collect();
    format!("there is no built-in module `{provider}`; choose one of {}", codes.join(", "))
}

/// Returns a module code made from the folder's name.
pub(super) fn code_of(dir: &Path) -> String {
    let name = dir.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let code: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    if code.is_empty() { "my-pbx".to_owned() } else { code }
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
}
