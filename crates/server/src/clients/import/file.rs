//! The file: taking it, and looking what is in it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use axum::body::Body;
use axum::http::StatusCode;
use futures::TryStreamExt as _;
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use utoipa::ToSchema;

use super::guess::{ImportTarget, guess};
use super::lines::{Format, Lines};
use super::utf16::to_utf8;
use crate::error::{ApiError, ApiResult};

/// Bytes of a file, at most.
const MAX_BYTES: usize = 64 << 20;
/// Lines of a file after the first, at most.
const MAX_LINES: u64 = 1_000_000;
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
    format: Format,
}

/// A column of a file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportColumn {
    /// As the first line names it; `Column 3` where it does not.
    pub name: String,
    /// The first values that it has.
    pub sample: Vec<String>,
    /// What it seems to be.
    pub suggested: Option<ImportTarget>,
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
/// 422 where it is not a table within the bounds, or neither UTF-8 nor UTF-16.
pub fn scan(file: &Path) -> ApiResult<Table> {
    to_utf8(file)?;
    let format = Format::of(file)?;
    let mut lines = Lines::open(file, format)?;
    let names = lines.names()?;
    let mut samples = vec![Vec::new(); names.len()];
    let mut total = 0;
    while let Some(line) = lines.next()? {
        total += 1;
        if total > MAX_LINES {
            return Err(ApiError::invalid(
                "",
                format!("The file has more than {MAX_LINES} lines. Send it in parts."),
            ));
        }
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
    let columns = columns.enumerate().map(|(place, ((name, sample), suggested))| {
        let name = match name {
            "" => format!("Column {}", place + 1),
            name => name.chars().take(SAMPLE_CHARS).collect(),
        };
        ImportColumn { name, sample, suggested }
    });
    Ok(Table { columns: columns.collect(), total, format })
}

impl Table {
    /// The lines of the file that the table is of.
    ///
    /// # Errors
    /// 500 where it cannot be read any more.
    pub fn lines(&self, file: &Path) -> ApiResult<Lines> {
        let mut lines = Lines::open(file, self.format)?;
        lines.names()?;
        Ok(lines)
    }
}
