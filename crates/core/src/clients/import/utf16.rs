//! Converts files in UTF-16, which spreadsheets call "Unicode text".

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::{Error, Result};

/// Rewrites a file in UTF-8 if its byte order mark says UTF-16.
///
/// # Errors
/// 422 if it is malformed; 500 if it cannot be written.
pub(crate) fn to_utf8(file: &Path) -> Result<()> {
    let mut source = BufReader::new(File::open(file).map_err(Error::internal)?);
    let mut mark = [0; 2];
    match source.read_exact(&mut mark) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
        read => read.map_err(Error::internal)?,
    }
    let unit = match mark {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return Ok(()),
    };
    let place = file.with_extension("utf8");
    let written = write(source, unit, &place).and_then(|()| std::fs::rename(&place, file));
    written.map_err(|error| {
        // It may have been created.
        let _ = std::fs::remove_file(&place);
        match error.kind() {
            io::ErrorKind::InvalidData => Error::invalid(
                "",
                "The file starts as UTF-16 but is not. Save it as \"CSV UTF-8\" and send it again.",
            ),
            _ => Error::internal(error),
        }
    })
}

fn write(source: BufReader<File>, unit: impl Fn([u8; 2]) -> u16, place: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)?;
    let mut file = BufWriter::new(file);
    let mut failed = None;
    let mut bytes = source.bytes();
    let mut byte = || match bytes.next()? {
        Ok(byte) => Some(byte),
        Err(error) => {
            failed = Some(error);
            None
        }
    };
    let mut half = false;
    let units = std::iter::from_fn(|| {
        let first = byte()?;
        let second = byte();
        half = second.is_none();
        Some(unit([first, second?]))
    });
    for c in char::decode_utf16(units) {
        let c = c.map_err(|_| io::ErrorKind::InvalidData)?;
        file.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
    }
    match failed {
        Some(error) => Err(error),
        None if half => Err(io::ErrorKind::InvalidData.into()),
        None => file.flush(),
    }
}
