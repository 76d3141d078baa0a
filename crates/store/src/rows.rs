//! Statements with one row of parameters per item to write.

use std::fmt::Write;
use std::sync::OnceLock;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, FromRow, Postgres, SqlSafeStr, SqlStr, Sqlite, Type};
use uuid::Uuid;

use crate::db::{Db, Either};

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
        db: &mut impl Db,
        things: &[T],
        add: impl Fn(&mut Values, Option<&T>),
    ) -> Result<u64, sqlx::Error> {
        let mut rows = 0;
        for chunk in chunks(things) {
            let (sql, values) = self.filled(db.values(), chunk, &add);
            rows += db.execute(sql, values).await?;
        }
        Ok(rows)
    }

    /// Runs the statement for these items and returns the rows found; `add` as in [`Rows::execute`].
    pub(crate) async fn fetch<T, F: Found>(
        &self,
        db: &mut impl Db,
        things: &[T],
        add: impl Fn(&mut Values, Option<&T>),
    ) -> Result<Vec<F>, sqlx::Error> {
        let mut found = Vec::new();
        for chunk in chunks(things) {
            let (sql, values) = self.filled(db.values(), chunk, &add);
            found.append(&mut db.fetch(sql, values).await?);
        }
        Ok(found)
    }

    fn filled<T>(
        &self,
        mut values: Values,
        things: &[T],
        add: impl Fn(&mut Values, Option<&T>),
    ) -> (SqlStr, Values) {
        let (sql, rows) = match values {
            Values::Postgres(_) => self.filled_text(&self.postgres, true, things.len()),
            Values::Sqlite(_) | Values::Direct(_) => self.filled_text(&self.sqlite, false, things.len()),
        };
        (0..rows).for_each(|row| add(&mut values, things.get(row)));
        (sql, values)
    }

    /// The statement for these items, at most as many as in one of [`chunks`], for the database of `target`; and the
    /// rows: an item, or `None` for nulls.
    pub(crate) fn fill<'a, S, P, T>(
        &self,
        target: &Either<S, P>,
        things: &'a [T],
    ) -> (SqlStr, impl Iterator<Item = Option<&'a T>> + use<'a, S, P, T>) {
        let (sql, rows) = match target {
            Either::Sqlite(_) => self.filled_text(&self.sqlite, false, things.len()),
            Either::Postgres(_) => self.filled_text(&self.postgres, true, things.len()),
        };
        (sql, (0..rows).map(|row| things.get(row)))
    }

    /// The text for so many things, and how many rows it has. SQLite looks a numbered parameter up in a list, one by one: slow
    /// with thousands of them.
    fn filled_text(&self, texts: &Texts, numbered: bool, things: usize) -> (SqlStr, usize) {
        let size = SIZES.partition_point(|size| *size < things).min(SIZES.len() - 1);
        let rows = SIZES[size];
        let text = texts[size].get_or_init(|| AssertSqlSafe(self.text(rows, numbered)).into_sql_str());
        (text.clone(), rows)
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
pub(crate) enum Values {
    Sqlite(Result<SqliteArguments, BoxDynError>),
    Postgres(Result<PgArguments, BoxDynError>),
    Direct(Vec<rusqlite::types::Value>),
}

impl Values {
    /// Adds a value; `None` adds null.
    pub(crate) fn add<V: Cell>(&mut self, value: Option<V>)
    where
        Option<V>: for<'q> Encode<'q, Sqlite> + Type<Sqlite> + for<'q> Encode<'q, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(values) => add(values, value),
            Self::Postgres(values) => add(values, value),
            Self::Direct(values) => values.push(value.map_or(rusqlite::types::Value::Null, Cell::direct)),
        }
    }
}

/// What a column holds, as SQLite keeps it.
pub(crate) trait Cell {
    fn direct(self) -> rusqlite::types::Value;
}

macro_rules! cells {
    ($($type:ty: |$value:ident| $kept:expr;)+) => {
        $(impl Cell for $type {
            fn direct(self) -> rusqlite::types::Value {
                let $value = self;
                rusqlite::types::Value::from($kept)
            }
        })+
    };
}
cells! {
    bool: |value| value;
    i32: |value| value;
    i64: |value| value;
    String: |value| value;
    &'static str: |value| value.to_owned();
    Vec<u8>: |value| value;
    Uuid: |value| value.as_bytes().to_vec();
    // As sqlx writes it: one column has one form, by which it is compared.
    DateTime<Utc>: |value| value.to_rfc3339_opts(SecondsFormat::AutoSi, false);
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

/// What a statement finds, on whichever connection it runs.
pub(crate) trait Found:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
    /// Reads a row of a connection that is driven directly.
    fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;
}

/// Defines a row of such a statement: its columns by their names, and perhaps those of another struct after `..`.
macro_rules! found {
    ($(#[$doc:meta])* $vis:vis struct $name:ident {
        $($field_vis:vis $column:ident: $type:ty,)+
        $(.. $rest:ident: $rest_type:ty,)?
    }) => {
        $(#[$doc])*
        #[derive(sqlx::FromRow)]
        $vis struct $name {
            $($field_vis $column: $type,)+
            $(#[sqlx(flatten)] $rest: $rest_type,)?
        }

        impl $crate::rows::Found for $name {
            fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(Self {
                    $($column: row.get(stringify!($column))?,)+
                    $($rest: <$rest_type as $crate::rows::Found>::found(row)?,)?
                })
            }
        }
    };
}
pub(crate) use found;

macro_rules! found_tuples {
    ($(($($type:ident $place:tt),+))+) => {
        $(impl<$($type),+> Found for ($($type,)+)
        where
            Self: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
            $($type: rusqlite::types::FromSql),+
        {
            fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
                Ok(($(row.get::<_, $type>($place)?,)+))
            }
        })+
    };
}
found_tuples! { (A 0, B 1) (A 0, B 1, C 2, D 3) }

/// Splits items into the slices that one statement takes.
pub(crate) fn chunks<T>(things: &[T]) -> std::slice::Chunks<'_, T> {
    things.chunks(LARGEST)
}
