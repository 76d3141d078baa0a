//! A small file system for a test to fill.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A tmpfs in its own mount namespace, which disappears with the process that holds it, however the test ends.
pub struct SmallDisk {
    folder: TempDir,
    holder: Child,
}

impl SmallDisk {
    /// Needs root.
    pub async fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut holder = Command::new("unshare")
            .args([
                "--mount",
                "sh",
                "-c",
                "mount -t tmpfs -o size=$1 tmpfs \"$0\" && echo mounted && exec cat",
            ])
            .arg(folder.path())
            .arg(size)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).await.unwrap();
        assert_eq!(said, "mounted\n", "a tmpfs cannot be mounted");
        Self { folder, holder }
    }

    /// Returns our program, with its data there.
    pub fn hookswitch(&self, arguments: &str) -> Command {
        let database = format!("sqlite:{}", self.folder.path().join("hookswitch.db").display());
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id().unwrap()))
            .args(["--", env!("CARGO_BIN_EXE_hookswitch")])
            .args(arguments.split(' '))
            .env("HOOKSWITCH_DATA_DIR", self.folder.path())
            .env("HOOKSWITCH_DATABASE_URL", database)
            .env("HOOKSWITCH_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Returns the path of a file there, as seen from this process.
    pub fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.holder.id().unwrap())).join(folder).join(name)
    }

    pub fn append(&self, name: &str) -> File {
        OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap()
    }

    /// Fills the file system.
    pub fn fill(&self) {
        let mut filler = self.append("filler");
        for part in [1 << 16, 1 << 12, 1] {
            let full =
                std::iter::repeat_with(|| filler.write_all(&vec![0; part])).find_map(Result::err).unwrap();
            assert_eq!(full.kind(), ErrorKind::StorageFull);
        }
    }

    pub fn free(&self) {
        std::fs::remove_file(self.path("filler")).unwrap();
    }
}
