//! Reads a file line by line within bounds: neither a line nor the number of columns can exhaust the memory.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::str::from_utf8;

use csv::StringRecord;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use crate::error::{Error, Result};

/// Maximum number of columns.
pub(crate) const MAX_COLUMNS: usize = 200;
/// Maximum length of a line, in bytes.
const MAX_LINE: usize = 1 << 18;
/// Maximum number of bytes of lines taken at once, apart from the last line.
const MAX_TAKEN: usize = 4 << 20;
/// Bytes read at once, and examined to detect the format.
const PART: usize = 1 << 16;

/// The format of a file.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    delimiter: u8,
    /// Where the first line starts, after a byte order mark and `sep=;`.
    begins_at: u64,
    lines_before: u64,
    /// Whether lines end with CR alone, as in files of old programs.
    ends_with_cr: bool,
}

impl Format {
    /// Detects the format from the start of a UTF-8 file.
    ///
    /// # Errors
    /// 500 if the file cannot be read.
    pub fn of(file: &Path) -> Result<Self> {
        let mut head = Vec::with_capacity(PART);
        let opened = File::open(file).map_err(Error::internal)?;
        opened.take(PART as u64).read_to_end(&mut head).map_err(Error::internal)?;
        let mark = if head.starts_with("\u{feff}".as_bytes()) { '\u{feff}'.len_utf8() } else { 0 };
        let text = &head[mark..];
        let ends_with_cr = ends_with_cr(text);
        let (delimiter, first) = match separator(text) {
            Some((delimiter, length)) => (Some(delimiter), mark + length),
            None => (None, mark),
        };
        let format = |delimiter| Self {
            delimiter,
            begins_at: first as u64,
            lines_before: u64::from(first > mark),
            ends_with_cr,
        };
        if let Some(delimiter) = delimiter {
            return Ok(format(delimiter));
        }
        // The delimiter that yields the most columns in the first line.
        let mut best = (0, b',');
        for delimiter in [b',', b';', b'\t', b'|'] {
            let columns =
                Lines::open(file, format(delimiter))?.names().map_or(MAX_COLUMNS + 1, |names| names.len());
            if columns > best.0 {
                best = (columns, delimiter);
            }
        }
        Ok(format(best.1))
    }
}

/// The delimiter in a first line `sep=;`, and the length of that line: spreadsheets write it and do not show it.
fn separator(text: &[u8]) -> Option<(u8, usize)> {
    let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let line = &text[..end];
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let says = line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"sep="));
    let ([delimiter], true) = (line.get(4..)?, says) else { return None };
    let ending = if text[end..].starts_with(b"\r\n") { 2 } else { 1 };
    Some((*delimiter, end + ending))
}

/// Whether the first line ends with CR and no LF.
fn ends_with_cr(text: &[u8]) -> bool {
    let mut quoted = false;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return false,
            b'\r' if !quoted => return text.get(place + 1) != Some(&b'\n'),
            _ => {}
        }
    }
    false
}

/// A line of a file.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number, as counted by a text editor.
    pub number: u64,
    pub cells: StringRecord,
}

/// A file, line by line; lines without cells are skipped.
pub struct Lines {
    file: File,
    format: Format,
    reader: Reader,
    /// Data read but not parsed yet.
    part: Vec<u8>,
    parsed: usize,
    ended: bool,
    /// The cells of a line, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Lines {
    /// Opens the file at its first line, which names the columns.
    ///
    /// # Errors
    /// 500 if it cannot be read.
    pub fn open(file: &Path, format: Format) -> Result<Self> {
        let mut file = File::open(file).map_err(Error::internal)?;
        file.seek(SeekFrom::Start(format.begins_at)).map_err(Error::internal)?;
        // CR LF works as well, since the CR is trimmed.
        let reader =
            ReaderBuilder::new().delimiter(format.delimiter).terminator(Terminator::Any(b'\n')).build();
        Ok(Self {
            file,
            format,
            reader,
            part: Vec::new(),
            parsed: 0,
            ended: false,
            text: vec![0; MAX_LINE],
            ends: vec![0; MAX_COLUMNS + 2],
        })
    }

    /// Reads the first line.
    ///
    /// # Errors
    /// 422 if it does not name 1 to [`MAX_COLUMNS`] columns.
    pub fn names(&mut self) -> Result<StringRecord> {
        let names = self.next()?.map(|line| line.cells);
        names.ok_or_else(no_names)
    }

    /// Reads the next non-empty line.
    ///
    /// # Errors
    /// 422 if it is not a line of a table.
    pub fn next(&mut self) -> Result<Option<Line>> {
        while let Some((length, cells)) = self.record()? {
            let text = &self.text[..length];
            let inside = text.iter().filter(|byte| **byte == b'\n').count() as u64;
            let number = self.number().saturating_sub(1 + inside);
            if cells > MAX_COLUMNS {
                return Err(self.too_many_cells(number));
            }
            let mut record = StringRecord::with_capacity(length, cells);
            let mut start = 0;
            for end in &self.ends[..cells] {
                let cell = from_utf8(&text[start..*end]).ok().filter(|cell| !cell.contains('\0'));
                record.push_field(cell.ok_or_else(|| no_text(number))?.trim());
                start = *end;
            }
            if !record.iter().all(str::is_empty) {
                return Ok(Some(Line { number, cells: record }));
            }
        }
        Ok(None)
    }

    /// Reads the next lines; empty at the end.
    ///
    /// # Errors
    /// 422 if one of them is not a line of a table.
    pub fn take(&mut self, most: usize) -> Result<Vec<Line>> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while lines.len() < most
            && bytes < MAX_TAKEN
            && let Some(line) = self.next()?
        {
            bytes += line.cells.as_slice().len();
            lines.push(line);
        }
        Ok(lines)
    }

    /// The number of the line at the reader's position.
    fn number(&self) -> u64 {
        self.reader.line() + self.format.lines_before
    }

    /// Reads a line; returns the length of its text and the number of its cells.
    fn record(&mut self) -> Result<Option<(usize, usize)>> {
        let (mut length, mut cells) = (0, 0);
        let began = self.number();
        while !self.ended || self.parsed < self.part.len() {
            if self.parsed == self.part.len() {
                self.read_part()?;
            }
            let (input, output, ends) =
                (&self.part[self.parsed..], &mut self.text[length..], &mut self.ends[cells..]);
            let (result, read, wrote, ended) = self.reader.read_record(input, output, ends);
            (self.parsed, length, cells) = (self.parsed + read, length + wrote, cells + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::Record => return Ok(Some((length, cells))),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull => return Err(too_long(began)),
                ReadRecordResult::OutputEndsFull => return Err(self.too_many_cells(began)),
            }
        }
        // A line break is appended to the file; it is part of a cell only within quotation marks.
        if length > 0 || cells > 0 { Err(not_closed(began)) } else { Ok(None) }
    }

    fn too_many_cells(&self, line: u64) -> Error {
        match line == 1 + self.format.lines_before {
            true => no_names(),
            false => Error::invalid("", format!("Line {line} has more than {MAX_COLUMNS} cells.")),
        }
    }

    fn read_part(&mut self) -> Result<()> {
        self.part.resize(PART, 0);
        let read = self.file.read(&mut self.part).map_err(Error::internal)?;
        self.part.truncate(read);
        self.parsed = 0;
        if read == 0 {
            self.ended = true;
            self.part.push(b'\n');
        } else if self.format.ends_with_cr {
            self.part.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        }
        Ok(())
    }
}

fn no_names() -> Error {
    Error::invalid("", format!("The first line must name 1 to {MAX_COLUMNS} columns."))
}

fn too_long(line: u64) -> Error {
    let detail = format!(
        "Line {line} has more than {} KB. If it is not that long, it has an unclosed quotation mark.",
        MAX_LINE >> 10
    );
    Error::invalid("", detail)
}

fn not_closed(line: u64) -> Error {
    let detail =
        format!("A quotation mark in line {line} is not closed: it makes one cell of the rest of the file.");
    Error::invalid("", detail)
}

fn no_text(line: u64) -> Error {
    let detail =
        format!("Line {line} is not text in UTF-8. Save the file as \"CSV UTF-8\" and send it again.");
    Error::invalid("", detail)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(file: &[u8]) -> Result<Vec<(u64, Vec<String>)>> {
        let mut place = tempfile::NamedTempFile::new().expect("a file");
        place.write_all(file).expect("written");
        let mut lines = Lines::open(place.path(), Format::of(place.path())?)?;
        let mut read = Vec::new();
        while let Some(line) = lines.next()? {
            read.push((line.number, line.cells.iter().map(str::to_owned).collect()));
        }
        Ok(read)
    }

    fn line(number: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (number, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn lines_are_read_however_they_are_written() {
        let expected = [line(1, &["Name", "Note"]), line(2, &["Zoë", "a\nb"]), line(5, &["Bob", "x"])];
        for file in [
            "Name,Note\nZoë,\"a\nb\"\n\nBob, x ",
            "\u{feff}Name;Note\r\nZoë;\"a\nb\"\r\n\r\nBob; x\r\n",
            "Name\tNote\nZoë\t\"a\nb\"\n\t\nBob\tx\n",
            "Name|Note\rZoë|\"a\rb\"\r\rBob|x\r",
        ] {
            assert_eq!(read(file.as_bytes()).expect(file), expected, "{file:?}");
        }
        for first in ["sep=;", "\u{feff}SEP=;", "\"sep=;\""] {
            let file = format!("{first}\r\nName,Note;Phone\r\nZoë;1\r\n");
            let expected = [line(2, &["Name,Note", "Phone"]), line(3, &["Zoë", "1"])];
            assert_eq!(read(file.as_bytes()).expect(&file), expected);
        }
        assert_eq!(read(b"sep=x,y\n1,2").expect("no separator")[0], line(1, &["sep=x", "y"]));
    }

    #[test]
    fn other_files_are_rejected_with_the_line() {
        let cells = |number: usize| [b"Name\n".to_vec(), vec![b','; number], b"x\n".to_vec()].concat();
        for (file, said) in [
            (vec![b','; 1 << 20], "The first line must name"),
            (cells(300), "Line 2 has more than 200 cells."),
            ([b"Name\nZoe\n".to_vec(), vec![b'x'; 1 << 20]].concat(), "Line 3 has more than 256 KB."),
            (b"Name,Note\nZoe,\"tea\nBob,x\n".to_vec(), "A quotation mark in line 2 is not closed"),
            (b"Name,Note\nZoe,\"".to_vec(), "A quotation mark in line 2 is not closed"),
            (b"Name\nZo\xeb\n".to_vec(), "Line 2 is not text in UTF-8."),
            (b"N\0a\0m\0e\0\n\0".to_vec(), "Line 1 is not text in UTF-8."),
        ] {
            let error = read(&file).expect_err(said);
            assert!(error.detail().starts_with(said), "{}", error.detail());
        }
    }
}
