//! Statements with as many rows of parameters as there are things to write.

use std::fmt::Write;
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Sizes are powers of two, up to 128 rows: so few texts that each stays prepared.
const SIZES: usize = 8;

/// A statement with `($1, $2), ($3, $4), …` in the middle.
pub(crate) struct Rows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    texts: [OnceLock<SqlStr>; SIZES],
}

impl Rows {
    pub(crate) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self { before, columns, after, texts: [const { OnceLock::new() }; SIZES] }
    }

    /// The things in slices, each of a size that [`Rows::sql`] has a text for.
    pub(crate) fn chunks<'a, T>(&self, mut rest: &'a [T]) -> impl Iterator<Item = &'a [T]> {
        std::iter::from_fn(move || {
            let size = 1 << rest.len().checked_ilog2()?.min(SIZES as u32 - 1);
            let (chunk, others) = rest.split_at(size);
            rest = others;
            Some(chunk)
        })
    }

    /// The statement for so many rows, a power of two.
    pub(crate) fn sql(&self, rows: usize) -> SqlStr {
        self.texts[rows.ilog2() as usize]
            .get_or_init(|| AssertSqlSafe(self.text(rows)).into_sql_str())
            .clone()
    }

    fn text(&self, rows: usize) -> String {
        let mut text = self.before.to_owned();
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 1..=self.columns {
                let comma = if column == 1 { "" } else { ", " };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}${}", row * self.columns + column);
            }
            text.push(')');
        }
        text.push_str(self.after);
        text
    }
}
