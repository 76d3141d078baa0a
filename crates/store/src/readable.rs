//! Rows that cannot be read: changed outside Hookswitch, or written by a version that allowed more. A single one does
//! not break a list.

use sqlx::{ColumnIndex, Database, Decode, FromRow, Row, Type};
use uuid::Uuid;

use crate::error::StoreError;

/// A row with an `id`, or why it cannot be read.
pub(crate) struct Readable<T>(pub Result<T, Unreadable>);

/// Why a row cannot be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// The row's id; `None` if even that cannot be read.
    pub id: Option<Uuid>,
    pub why: StoreError,
}

impl<'r, R: Row, T: FromRow<'r, R>> FromRow<'r, R> for Readable<T>
where
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    &'static str: ColumnIndex<R>,
    R::Database: Database,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let unreadable = |error: sqlx::Error| Unreadable { id: row.try_get("id").ok(), why: error.into() };
        Ok(Self(T::from_row(row).map_err(unreadable)))
    }
}

impl<T> Readable<T> {
    /// Converts the row to its type.
    pub(crate) fn turn<U>(self, id: impl Fn(&T) -> Uuid) -> Result<U, Unreadable>
    where
        U: TryFrom<T, Error = StoreError>,
    {
        let row = self.0?;
        let id = id(&row);
        row.try_into().map_err(|why| Unreadable { id: Some(id), why })
    }
}

/// The readable rows, and the number of unreadable ones, which are logged.
pub(crate) fn readable<T>(what: &str, rows: impl Iterator<Item = Result<T, Unreadable>>) -> (Vec<T>, u32) {
    let mut left_out = 0;
    let can_be_read = rows.filter_map(|row| match row {
        Ok(row) => Some(row),
        Err(Unreadable { id, why }) => {
            left_out += 1;
            let id = id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
            tracing::error!(id, error = %why, "a {what} in the database cannot be read and is left out");
            None
        }
    });
    (can_be_read.collect(), left_out)
}
