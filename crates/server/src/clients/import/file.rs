//! The file: taking it, and reading it line by line.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use axum::body::Body;
use axum::http::StatusCode;
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use futures::TryStreamExt as _;
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use utoipa::ToSchema;

use super::guess::{ImportTarget, guess};
use crate::error::{ApiError, ApiResult};

/// Bytes of a file, at most.
const MAX_BYTES: usize = 64 << 20;
/// Columns of a file, at most.
const MAX_COLUMNS: usize = 200;
/// Values shown of each column, and characters of each.
const SAMPLES: usize = 3;
const SAMPLE_CHARS: usize = 100;

/// What is in a file.
#[derive(Debug)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<ImportColumn>,
    /// Its lines after the first.
    pub total: u64,
    delimiter: u8,
}

/// A column of a file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportColumn {
    /// As the first line names it.
    pub name: String,
    /// The first values that it has.
    pub sample: Vec<String>,
    /// What it seems to be.
    pub suggested: Option<ImportTarget>,
}

/// A line of a file.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number, as a text editor counts.
    pub number: u64,
    /// Its cells.
    pub cells: StringRecord,
}

/// Writes a request's body to a new file that nobody else can read.
///
/// # Errors
/// 413 where it is too long, 400 where it breaks off; then there may be part of a file.
pub async fn receive(body: Body, place: &Path) -> ApiResult<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(place);
    let mut file = tokio::fs::File::from_std(file.map_err(ApiError::internal)?);
    let mut body = body.into_data_stream();
    let mut bytes = 0;
    let broken = |error: axum::Error| {
        ApiError::new(StatusCode::BAD_REQUEST, "bodyUnreadable", format!("The file broke off: {error}."))
    };
    while let Some(part) = body.try_next().await.map_err(broken)? {
        bytes += part.len();
        if bytes > MAX_BYTES {
            let detail = format!("The file has more than {} MB. Send it in parts.", MAX_BYTES >> 20);
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", detail));
        }
        file.write_all(&part).await.map_err(ApiError::internal)?;
    }
    file.flush().await.map_err(ApiError::internal)
}

/// Looks through a whole file. Takes as long as the file is large: not for the async threads.
///
/// # Errors
/// 422 where it is no table, or not UTF-8.
pub fn scan(file: &Path) -> ApiResult<Table> {
    let delimiter = delimiter(file)?;
    let mut lines = Lines::open(file, delimiter)?;
    let names = lines.names()?;
    if names.len() > MAX_COLUMNS || names.iter().all(str::is_empty) {
        let detail = format!("The first line has to name 1 to {MAX_COLUMNS} columns.");
        return Err(ApiError::invalid("", detail));
    }
    let mut samples = vec![Vec::new(); names.len()];
    let mut total = 0;
    while let Some(line) = lines.next()? {
        total += 1;
        for (sample, cell) in samples.iter_mut().zip(&line.cells) {
            if sample.len() < SAMPLES && !cell.is_empty() {
                sample.push(cell.chars().take(SAMPLE_CHARS).collect::<String>());
            }
        }
    }
    if total == 0 {
        return Err(ApiError::invalid("", "The file has no line after the first, which names the columns."));
    }
    let suggested = guess(&names, &samples);
    let columns = names.iter().zip(samples).zip(suggested);
    let columns = columns.map(|((name, sample), suggested)| {
        let name = name.chars().take(SAMPLE_CHARS).collect();
        ImportColumn { name, sample, suggested }
    });
    Ok(Table { columns: columns.collect(), total, delimiter })
}

/// What stands between the cells of the first line: whatever makes the most of it.
fn delimiter(file: &Path) -> ApiResult<u8> {
    let mut best = (0, b',');
    for delimiter in [b',', b';', b'\t'] {
        let columns = Lines::open(file, delimiter)?.names()?.len();
        if columns > best.0 {
            best = (columns, delimiter);
        }
    }
    Ok(best.1)
}

impl Table {
    /// The lines of the file that the table is of.
    ///
    /// # Errors
    /// 500 where it cannot be read any more.
    pub fn lines(&self, file: &Path) -> ApiResult<Lines> {
        let mut lines = Lines::open(file, self.delimiter)?;
        lines.names()?;
        Ok(lines)
    }
}

/// A file, line by line; lines without any cell are passed over.
pub struct Lines(Reader<File>);

impl Lines {
    fn open(file: &Path, delimiter: u8) -> ApiResult<Self> {
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .trim(csv::Trim::All)
            // Lines that end with CR LF as well, the CR being trimmed: else their numbers are one too small.
            .terminator(csv::Terminator::Any(b'\n'))
            .from_path(file)
            .map_err(|error| unreadable(&error))?;
        Ok(Self(reader))
    }

    fn names(&mut self) -> ApiResult<StringRecord> {
        self.0.headers().cloned().map_err(|error| unreadable(&error))
    }

    fn next(&mut self) -> ApiResult<Option<Line>> {
        let mut cells = StringRecord::new();
        while self.0.read_record(&mut cells).map_err(|error| unreadable(&error))? {
            if !cells.iter().all(str::is_empty) {
                let number = cells.position().map_or(0, csv::Position::line);
                return Ok(Some(Line { number, cells }));
            }
        }
        Ok(None)
    }

    /// The next lines; fewer than `most` at the end.
    ///
    /// # Errors
    /// 500 where the file cannot be read any more.
    pub fn take(&mut self, most: usize) -> ApiResult<Vec<Line>> {
        let mut lines = Vec::with_capacity(most);
        while lines.len() < most
            && let Some(line) = self.next()?
        {
            lines.push(line);
        }
        Ok(lines)
    }
}

fn unreadable(error: &csv::Error) -> ApiError {
    match error.kind() {
        ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(1, csv::Position::line);
            let detail = format!(
                "Line {line} is not text in UTF-8. Save the file anew as \"CSV UTF-8\" and send it again."
            );
            ApiError::invalid("", detail)
        }
        _ => ApiError::internal(error),
    }
}
