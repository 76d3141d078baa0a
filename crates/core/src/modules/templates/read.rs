//! Reads the folders in the server's `modules_dir`.
//!
//! Nothing outside it is ever read: symbolic links are rejected, and files are opened by name relative to an open
//! folder. Anything that is not a plain file, or is too large, is rejected as well.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use hookswitch_script::MAX_SOURCE_BYTES;
use rustix::fs::{Mode, OFlags, open, openat};
use rustix::io::Errno;

/// Maximum number of folders read.
const MAX_FOLDERS: usize = 100;
const MAX_MANIFEST_BYTES: usize = 64 << 10;

/// The files of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// `module.toml`
    pub manifest: String,
    /// `module.ts`
    pub source: String,
}

/// A folder and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub name: String,
    /// Its files, or why they cannot be read.
    pub texts: Result<Texts, String>,
}

/// The modules' folders in `dir`, by name. A folder without `module.toml` is not one.
///
/// # Errors
/// If `dir` itself cannot be read.
pub fn folders(dir: &Path) -> Result<Vec<Folder>, String> {
    let wrong = |error: std::io::Error| format!("{} cannot be read: {error}", dir.display());
    let root = open(dir, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let root = root.map_err(|error| wrong(error.into()))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        // A link to a folder was meant as one, so report why it is not accepted.
        let name = entry.file_name();
        // A separate file system has a lost+found, which only root can open.
        let is_anothers = name.as_encoded_bytes().starts_with(b".") || name == "lost+found";
        if entry.path().is_dir() && !is_anothers {
            names.push(name);
        }
    }
    names.sort();
    let mut found: Vec<Folder> = Vec::new();
    for name in names {
        let Some(texts) = texts(&root, &name).transpose() else { continue };
        let name = name.to_string_lossy().into_owned();
        if found.len() == MAX_FOLDERS {
            let texts = Err(format!("not read: the server reads at most {MAX_FOLDERS} folders"));
            found.push(Folder { name, texts });
            break;
        }
        found.push(Folder { name, texts });
    }
    Ok(found)
}

/// The files of a folder; `None` if it has no `module.toml`.
fn texts(root: &OwnedFd, name: &OsStr) -> Result<Option<Texts>, String> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(root, name, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::NOTDIR => "the folder is a symbolic link; use a real folder".to_owned(),
        error => format!("the folder cannot be opened: {}", std::io::Error::from(error)),
    })?;
    let Some(manifest) = text(&folder, "module.toml", MAX_MANIFEST_BYTES)? else { return Ok(None) };
    let source = text(&folder, "module.ts", MAX_SOURCE_BYTES)?;
    let source = source.ok_or("module.ts is missing")?;
    Ok(Some(Texts { manifest, source }))
}

/// A file's text; `None` if there is no such file.
fn text(folder: impl AsFd, name: &str, max_bytes: usize) -> Result<Option<String>, String> {
    // Opening a pipe would block.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(format!("{name} is a symbolic link; use a real file")),
        Err(error) => return Err(format!("{name} cannot be opened: {}", std::io::Error::from(error))),
    };
    let cannot = |error: std::io::Error| format!("{name} cannot be read: {error}");
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(format!("{name} is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(max_bytes as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > max_bytes {
        return Err(format!("{name} is larger than {} KiB", max_bytes >> 10));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| format!("{name} is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn put(dir: &Path, folder: &str, manifest: &str, source: &str) {
        fs::create_dir(dir.join(folder)).expect("a folder");
        fs::write(dir.join(folder).join("module.toml"), manifest).expect("a file");
        fs::write(dir.join(folder).join("module.ts"), source).expect("a file");
    }

    fn said(dir: &Path, folder: &str) -> Result<Texts, String> {
        let found = folders(dir).expect("a folder").into_iter().find(|found| found.name == folder);
        found.unwrap_or_else(|| panic!("{folder} is not listed")).texts
    }

    #[test]
    fn only_a_folder_with_both_files_is_a_module() {
        let dir = tempfile::tempdir().expect("a folder");
        put(dir.path(), "b", "m", "s");
        put(dir.path(), "a", "", "");
        put(dir.path(), ".hidden", "", "");
        put(dir.path(), "lost+found", "", "");
        fs::create_dir(dir.path().join("node_modules")).expect("a folder");
        fs::write(dir.path().join("README.md"), "").expect("a file");
        let found = folders(dir.path()).expect("they are read");
        assert_eq!(found.iter().map(|folder| folder.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found[1].texts, Ok(Texts { manifest: "m".into(), source: "s".into() }));
    }

    #[test]
    fn nothing_outside_is_read_and_nothing_large_or_odd() {
        let (dir, outside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        put(outside.path(), "module", "out", "side");
        symlink(outside.path().join("module"), dir.path().join("linked")).expect("a link");
        assert!(said(dir.path(), "linked").expect_err("a link").contains("the folder is a symbolic link"));

        put(dir.path(), "file", "m", "s");
        fs::remove_file(dir.path().join("file/module.ts")).expect("a file");
        assert_eq!(said(dir.path(), "file"), Err("module.ts is missing".into()));
        symlink(outside.path().join("module/module.ts"), dir.path().join("file/module.ts")).expect("a link");
        assert!(said(dir.path(), "file").expect_err("a link").contains("module.ts is a symbolic link"));

        put(dir.path(), "pipe", "m", "s");
        let pipe = dir.path().join("pipe/module.ts");
        fs::remove_file(&pipe).expect("a file");
        let made = rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        );
        made.expect("a pipe");
        assert_eq!(said(dir.path(), "pipe"), Err("module.ts is not a file".into()));

        put(dir.path(), "large", "m", &"x".repeat(MAX_SOURCE_BYTES + 1));
        assert_eq!(said(dir.path(), "large"), Err("module.ts is larger than 256 KiB".into()));
        put(dir.path(), "huge", &"#".repeat(MAX_MANIFEST_BYTES + 1), "s");
        assert_eq!(said(dir.path(), "huge"), Err("module.toml is larger than 64 KiB".into()));
        put(dir.path(), "binary", "m", "s");
        fs::write(dir.path().join("binary/module.ts"), [0xff, 0xfe]).expect("a file");
        assert_eq!(said(dir.path(), "binary"), Err("module.ts is not UTF-8".into()));
    }

    #[test]
    fn too_many_folders_are_reported_once() {
        let dir = tempfile::tempdir().expect("a folder");
        for number in 0..MAX_FOLDERS + 5 {
            put(dir.path(), &format!("m{number:03}"), "", "");
        }
        let found = folders(dir.path()).expect("they are read");
        assert_eq!(found.len(), MAX_FOLDERS + 1);
        assert!(found[MAX_FOLDERS].texts.as_ref().expect_err("one too many").contains("100 folders"));
    }
}
