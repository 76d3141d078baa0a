//! The file: taking it, and looking what is in it.

use std::path::Path;

use serde::Serialize;
use utoipa::ToSchema;

use super::guess::{ImportTarget, guess};
use super::lines::{Format, Lines};
use super::utf16::to_utf8;
use crate::error::{Error, Result};

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

/// Looks through a whole file. Takes as long as the file is large: not for the async threads.
///
/// # Errors
/// 422 where it is not a table within the bounds, or neither UTF-8 nor UTF-16.
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
        return Err(Error::invalid("", "The file has no line after the first, which names the columns."));
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
    pub fn lines(&self, file: &Path) -> Result<Lines> {
        let mut lines = Lines::open(file, self.format)?;
        lines.names()?;
        Ok(lines)
    }
}
