//! Statements with one row of parameters per item to write.

use std::fmt::Write;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Postgres, SqlSafeStr, SqlStr, Sqlite, Type};
use uuid::Uuid;

use crate::db::{Either, Tx};

/// The available numbers of rows: few enough that each statement stays prepared, and close enough that few rows stay
/// empty.
const SIZES: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
const LARGEST: usize = SIZES[SIZES.len() - 1];

type Texts = [OnceLock<SqlStr>; SIZES.len()];

/// A statement that takes many rows of values.
///
/// The items are padded with rows of nulls up to an available size: one prepared statement costs less than several
/// smaller ones or a new text. So the statement must skip such rows.
pub(crate) struct Rows {
    shape: Shape,
    sqlite: Texts,
    postgres: Texts,
}

enum Shape {
    /// Rows of `columns` values between two pieces of text.
    Between { before: &'static str, columns: usize, after: &'static str },
    /// Rows of named values as the table `v` before a statement.
    Named { columns: &'static [&'static [&'static str]], sql: &'static str },
}

impl Rows {
    /// A statement with `($1, $2), ($3, $4), …` in the middle.
    pub(crate) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self::of(Shape::Between { before, columns, after })
    }

    /// A statement over the rows as a table `v`, with columns named by [`columns`]. In `sql`, `{columns}` stands for
    /// the names of all columns; `{set}` for assignments of the last group's columns to those of the same name; `{add}`
    /// for adding the last group's columns to those of the same name in the table `t`, if a row exists.
    pub(crate) const fn named(columns: &'static [&'static [&'static str]], sql: &'static str) -> Self {
        Self::of(Shape::Named { columns, sql })
    }

    const fn of(shape: Shape) -> Self {
        let sqlite = [const { OnceLock::new() }; SIZES.len()];
        let postgres = [const { OnceLock::new() }; SIZES.len()];
        Self { shape, sqlite, postgres }
    }

    /// Runs the statement for these items. `add` adds the values of one item, or nulls for `None`. Returns the number
    /// of affected rows.
    pub(crate) async fn execute<T>(
        &self,
        tx: &mut Tx,
        things: &[T],
        add: impl Fn(&mut Values, Option<&T>),
    ) -> Result<u64, sqlx::Error> {
        let mut rows = 0;
        for chunk in chunks(things) {
            let (sql, values) = self.filled(&tx.conn(), chunk, &add);
            rows += match (tx.conn(), values.0) {
                (Either::Sqlite(db), Either::Sqlite(values)) => {
                    sqlx::query_with(sql, values.map_err(sqlx::Error::Encode)?)
                        .execute(db)
                        .await?
                        .rows_affected()
                }
                (Either::Postgres(db), Either::Postgres(values)) => {
                    sqlx::query_with(sql, values.map_err(sqlx::Error::Encode)?)
                        .execute(db)
                        .await?
                        .rows_affected()
                }
                _ => 0,
            };
        }
        Ok(rows)
    }

    /// Runs the statement for these items and returns the rows found; `add` as in [`Rows::execute`].
    pub(crate) async fn fetch<T, F>(
        &self,
        tx: &mut Tx,
        things: &[T],
        add: impl Fn(&mut Values, Option<&T>),
    ) -> Result<Vec<F>, sqlx::Error>
    where
        F: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut found = Vec::new();
        for chunk in chunks(things) {
            let (sql, values) = self.filled(&tx.conn(), chunk, &add);
            found.extend(match (tx.conn(), values.0) {
                (Either::Sqlite(db), Either::Sqlite(values)) => {
                    sqlx::query_as_with(sql, values.map_err(sqlx::Error::Encode)?).fetch_all(db).await?
                }
                (Either::Postgres(db), Either::Postgres(values)) => {
                    sqlx::query_as_with(sql, values.map_err(sqlx::Error::Encode)?).fetch_all(db).await?
                }
                _ => Vec::new(),
            });
        }
        Ok(found)
    }

    fn filled<S, P, T>(
        &self,
        target: &Either<S, P>,
        things: &[T],
        add: impl Fn(&mut Values, Option<&T>),
    ) -> (SqlStr, Values) {
        let mut values = Values(match target {
            Either::Sqlite(_) => Either::Sqlite(Ok(SqliteArguments::default())),
            Either::Postgres(_) => Either::Postgres(Ok(PgArguments::default())),
        });
        let (sql, rows) = self.fill(target, things);
        rows.for_each(|row| add(&mut values, row));
        (sql, values)
    }

    /// The statement for these items, at most as many as in one of [`chunks`], for the database of `target`; and the
    /// rows: an item, or `None` for nulls.
    pub(crate) fn fill<'a, S, P, T>(
        &self,
        target: &Either<S, P>,
        things: &'a [T],
    ) -> (SqlStr, impl Iterator<Item = Option<&'a T>> + use<'a, S, P, T>) {
        let size = SIZES.partition_point(|size| *size < things.len()).min(SIZES.len() - 1);
        let (texts, numbered) = match target {
            // SQLite looks up a numbered parameter in a list, one by one: slow with thousands of them.
            Either::Sqlite(_) => (&self.sqlite, false),
            Either::Postgres(_) => (&self.postgres, true),
        };
        let rows = SIZES[size];
        let text = texts[size].get_or_init(|| AssertSqlSafe(self.text(rows, numbered)).into_sql_str());
        (text.clone(), (0..rows).map(|row| things.get(row)))
    }

    fn text(&self, rows: usize, numbered: bool) -> String {
        match self.shape {
            Shape::Between { before, columns, after } => {
                format!("{before}{}{after}", placeholders(rows, columns, numbered))
            }
            Shape::Named { columns, sql } => {
                let names = columns.concat();
                let each = |assigned: fn(&str) -> String| {
                    let last = columns.last().copied().unwrap_or_default();
                    last.iter().map(|name| assigned(name)).collect::<Vec<_>>().join(", ")
                };
                let sql = sql
                    .replace("{columns}", &names.join(", "))
                    .replace("{set}", &each(|name| format!("{name} = v.{name}")))
                    .replace("{add}", &each(|name| format!("{name} = t.{name} + excluded.{name}")));
                let rows = placeholders(rows, names.len(), numbered);
                format!("with v ({}) as (values {rows}) {sql}", names.join(", "))
            }
        }
    }
}

/// `($1, $2), ($3, $4), …`
fn placeholders(rows: usize, columns: usize, numbered: bool) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            text.push_str(if column == 1 { "" } else { ", " });
            // Writing to a string cannot fail.
            let _ = match numbered {
                true => write!(text, "${}", row * columns + column),
                false => write!(text, "?"),
            };
        }
        text.push(')');
    }
    text
}

/// A statement's values in order.
pub(crate) struct Values(Either<Result<SqliteArguments, BoxDynError>, Result<PgArguments, BoxDynError>>);

impl Values {
    /// Adds a value; `None` adds null.
    pub(crate) fn add<V>(&mut self, value: Option<V>)
    where
        Option<V>: for<'q> Encode<'q, Sqlite> + Type<Sqlite> + for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        match &mut self.0 {
            Either::Sqlite(values) => add(values, value),
            Either::Postgres(values) => add(values, value),
        }
    }
}

fn add<'q, A: Arguments, V>(values: &mut Result<A, BoxDynError>, value: V)
where
    V: Encode<'q, A::Database> + Type<A::Database>,
{
    if let Err(error) = values.as_mut().map_or(Ok(()), |values| values.add(value)) {
        *values = Err(error);
    }
}

/// A column's value, which may be missing.
pub(crate) trait Column {
    type Value;

    fn column(self) -> Option<Self::Value>;
}

impl<V> Column for Option<V> {
    type Value = V;

    fn column(self) -> Self {
        self
    }
}

macro_rules! always_there {
    ($($type:ty),+) => {
        $(impl Column for $type {
            type Value = Self;

            fn column(self) -> Option<Self> {
                Some(self)
            }
        })+
    };
}
always_there!(bool, i32, i64, String, &'static str, Vec<u8>, DateTime<Utc>, Uuid);

/// Defines a statement's columns, each name next to the row's value for it, so that no two can be swapped.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident of $row:ident: $type:ty { $($column:ident: $value:expr,)+ }) => {
        $(#[$doc])*
        struct $name;

        impl $name {
            const NAMES: &[&str] = &[$(stringify!($column)),+];

            fn add(values: &mut $crate::rows::Values, $row: Option<&$type>) {
                $(values.add($row.and_then(|$row| {
                    let _ = $row;
                    $crate::rows::Column::column($value)
                }));)+
            }
        }
    };
}
pub(crate) use columns;

/// Splits items into the slices that one statement takes.
pub(crate) fn chunks<T>(things: &[T]) -> std::slice::Chunks<'_, T> {
    things.chunks(LARGEST)
}
