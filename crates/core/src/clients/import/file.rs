//! Receives and scans the uploaded file.

use std::path::Path;

use serde::Serialize;
use utoipa::ToSchema;

use super::guess::{ImportTarget, guess};
use super::lines::{Format, Lines};
use super::utf16::to_utf8;
use crate::error::{Error, Result};

/// Maximum number of lines after the first.
const MAX_LINES: u64 = 1_000_000;
/// Values shown per column, and their length in characters.
const SAMPLES: usize = 3;
const SAMPLE_CHARS: usize = 100;

/// The content of a file.
#[derive(Debug)]
pub struct Table {
    pub columns: Vec<ImportColumn>,
    /// The number of lines after the first.
    pub total: u64,
    format: Format,
}

/// A column of a file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportColumn {
    /// The name in the first line; `Column 3` if there is none.
    pub name: String,
    /// The column's first values.
    pub sample: Vec<String>,
    /// The suggested target.
    pub suggested: Option<ImportTarget>,
}

/// Scans a whole file. Takes time proportional to its size, so do not call it on an async thread.
///
/// # Errors
/// 422 if it is not a table within the limits, or neither UTF-8 nor UTF-16.
pub fn scan(file: &Path) -> Result<Table> {
    to_utf8(file)?;
    let format = Format::of(file)?;
    let mut lines = Lines::open(file, format)?;
    let names = lines.names()?;
    let mut samples = vec![Vec::new(); names.len()];
    let mut total = 0;
    while let Some(line) = lines.next()? {
        total += 1;
        if total > MAX_LINES {
            return Err(Error::invalid(
                "",
                format!("The file has more than {MAX_LINES} lines. Split it and send the parts."),
            ));
        }
        for (sample, cell) in samples.iter_mut().zip(&line.cells) {
            if sample.len() < SAMPLES && !cell.is_empty() {
                sample.push(cell.chars().take(SAMPLE_CHARS).collect::<String>());
            }
        }
    }
    if total == 0 {
        return Err(Error::invalid("", "The file has no lines after the first, which names the columns."));
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
    /// The lines of the scanned file.
    ///
    /// # Errors
    /// 500 if it can no longer be read.
    pub fn lines(&self, file: &Path) -> Result<Lines> {
        let mut lines = Lines::open(file, self.format)?;
        lines.names()?;
        Ok(lines)
    }
}
