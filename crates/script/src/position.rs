//! Maps QuickJS stack traces to TypeScript lines.

use oxc_sourcemap::SourceMap;
use serde::{Deserialize, Serialize};

/// The script's file name in QuickJS.
pub(crate) const SCRIPT_FILE: &str = "module.ts";

/// Frames kept per stack.
const MAX_FRAMES: usize = 20;

/// A position in the TypeScript, counted from 1. QuickJS notes positions at calls only: the column may be that of
/// another part of the statement, and an interrupted loop is located by the call before it or by its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    /// In UTF-16 units.
    pub column: u32,
}

/// The position of the innermost frame of the script's own code.
pub(crate) fn first(map: &SourceMap<'_>, stack: &str) -> Option<Position> {
    stack.lines().find_map(|frame| locate(map, frame).map(|(_, position)| position))
}

/// The script's own frames in TypeScript positions, one per line.
pub(crate) fn rewrite(map: &SourceMap<'_>, stack: &str) -> String {
    let frames = stack.lines().filter_map(|frame| locate(map, frame)).take(MAX_FRAMES);
    frames.map(|(name, at)| format!("at {name} ({SCRIPT_FILE}:{}:{})\n", at.line, at.column)).collect()
}

/// Parses `    at name (module.ts:12:5)`; `None` for frames of the prelude and of native functions.
fn locate<'a>(map: &SourceMap<'_>, frame: &'a str) -> Option<(&'a str, Position)> {
    let frame = frame.trim().strip_prefix("at ")?;
    let start = frame.rfind(SCRIPT_FILE)?;
    let mut numbers = frame[start + SCRIPT_FILE.len()..].trim_end_matches(')').split(':').skip(1);
    let line: u32 = numbers.next()?.parse().ok()?;
    let column: u32 = numbers.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let name = frame[..start].trim_end_matches('(').trim();
    let name = if name.is_empty() { "<anonymous>" } else { name };
    Some((name, original(map, line, column)?))
}

fn original(map: &SourceMap<'_>, line: u32, column: u32) -> Option<Position> {
    let table = map.generate_lookup_table();
    let token = map.lookup_token(&table, line.checked_sub(1)?, column.saturating_sub(1))?;
    Some(Position { line: token.get_src_line() + 1, column: token.get_src_col() + 1 })
}
