//! Statements with as many rows of parameters as there are things to write.

use std::fmt::Write;
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::db::Either;

/// The numbers of rows that there are texts for: so few that each stays prepared, so near each other that few rows stay
/// empty.
const SIZES: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
const LARGEST: usize = SIZES[SIZES.len() - 1];

type Texts = [OnceLock<SqlStr>; SIZES.len()];

/// A statement with `($1, $2), ($3, $4), …` in the middle.
///
/// What is to be written is padded with rows of nulls up to a size that there is a text for: one statement, already
/// prepared, costs less than several smaller ones or a new text. So the statement has to pass over such rows.
pub(crate) struct Rows {
    before: &'static str,
    columns: usize,
    after: &'static str,
    sqlite: Texts,
    postgres: Texts,
}

impl Rows {
    pub(crate) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        let sqlite = [const { OnceLock::new() }; SIZES.len()];
        let postgres = [const { OnceLock::new() }; SIZES.len()];
        Self { before, columns, after, sqlite, postgres }
    }

    /// The statement for these things, of which there are no more than [`chunks`] gives, on the database of `target`; and
    /// each row: a thing, or none where nulls are to be bound.
    pub(crate) fn fill<'a, S, P, T>(
        &self,
        target: &Either<S, P>,
        things: &'a [T],
    ) -> (SqlStr, impl Iterator<Item = Option<&'a T>> + use<'a, S, P, T>) {
        let size = SIZES.partition_point(|size| *size < things.len()).min(SIZES.len() - 1);
        let (texts, numbered) = match target {
            // SQLite looks a numbered parameter up in a list, one by one: slow with thousands of them.
            Either::Sqlite(_) => (&self.sqlite, false),
            Either::Postgres(_) => (&self.postgres, true),
        };
        let rows = SIZES[size];
        let text = texts[size].get_or_init(|| AssertSqlSafe(self.text(rows, numbered)).into_sql_str());
        (text.clone(), (0..rows).map(|row| things.get(row)))
    }

    fn text(&self, rows: usize, numbered: bool) -> String {
        let mut text = self.before.to_owned();
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 1..=self.columns {
                text.push_str(if column == 1 { "" } else { ", " });
                // Writing to a string cannot fail.
                let _ = match numbered {
                    true => write!(text, "${}", row * self.columns + column),
                    false => write!(text, "?"),
                };
            }
            text.push(')');
        }
        text.push_str(self.after);
        text
    }
}

/// The things in slices that one statement takes.
pub(crate) fn chunks<T>(things: &[T]) -> std::slice::Chunks<'_, T> {
    things.chunks(LARGEST)
}
