//! The error type of the services. It has a kind, a code for programs and a sentence for people.

use hookswitch_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::cut::{self, cut};

/// The result type of the services.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a service failed. Boxed to keep every `Result` small.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Parts>);

/// The contents of an [`Error`].
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    pub kind: Kind,
    /// Stable, in camelCase; for programs.
    pub code: String,
    /// A sentence for people that says what to do.
    pub detail: String,
    /// The wrong field, e.g. `operators[1].email`.
    pub path: Option<String>,
    /// All wrong fields, if several are known.
    pub errors: Vec<FieldError>,
    /// Extension members by name, e.g. the `diagnostics` of a script.
    pub more: Map<String, Value>,
    /// When to try again.
    pub retry_after_seconds: Option<u64>,
}

/// The kind of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody is signed in.
    NotSignedIn,
    /// The user may not do this.
    NotAllowed,
    /// It does not exist, or the user may not see it.
    NotFound,
    /// Its state does not allow this.
    Conflict,
    /// A field is wrong.
    Invalid,
    /// Too many requests in too little time.
    TooMany,
    /// Temporarily unavailable.
    Unavailable,
    /// A module's function failed.
    ModuleFailed,
    /// Not the caller's fault.
    Internal,
}

/// A wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, e.g. `operators[1].email`.
    pub path: String,
    /// A sentence that says what to do.
    pub detail: String,
}

impl Error {
    /// An error of this kind; `code` is stable and in camelCase, `detail` says what to do.
    pub fn new(kind: Kind, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            code: code.to_owned(),
            detail: detail.into(),
            path: None,
            errors: Vec::new(),
            more: Map::new(),
            retry_after_seconds: None,
        }))
    }

    /// `notSignedIn`.
    #[must_use]
    pub fn not_signed_in() -> Self {
        Self::new(
            Kind::NotSignedIn,
            "notSignedIn",
            "Sign in with POST /api/v1/session, or send a token as `Authorization: Bearer <token>`.",
        )
    }

    /// `notAllowed`.
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(Kind::NotAllowed, "notAllowed", detail)
    }

    /// `notFound`, with `what` as in "There is no such {what}, or you may not see it."
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, "notFound", format!("There is no such {what}, or you may not see it."))
    }

    /// Turns a `notFound` error into one about the object asked for, so that the response is the same as if it had
    /// never existed.
    #[must_use]
    pub fn not_found_as(self, what: &str) -> Self {
        if self.0.kind == Kind::NotFound { Self::not_found(what) } else { self }
    }

    /// The state does not allow the operation.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    /// `invalid`: understood, but the field at `path` is wrong.
    pub fn invalid(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, "invalid", detail).at(path)
    }

    /// `invalid` with all wrong fields; the first one is also `path` and `detail`.
    ///
    /// # Errors
    /// The given errors; `Ok` if there are none.
    pub fn check(errors: Vec<FieldError>) -> Result<()> {
        match errors.first() {
            None => Ok(()),
            Some(FieldError { path, detail }) => {
                let mut error = Self::invalid(path, detail);
                error.0.errors = errors;
                Err(error)
            }
        }
    }

    /// Changes all texts.
    #[must_use]
    pub(crate) fn map_texts(mut self, change: impl Fn(String) -> String) -> Self {
        self.0.detail = change(self.0.detail);
        for error in &mut self.0.errors {
            error.detail = change(std::mem::take(&mut error.detail));
        }
        for value in self.0.more.values_mut() {
            map_strings(value, &change);
        }
        self
    }

    /// `tooMany`.
    pub fn too_many(retry_after_seconds: u64, detail: impl Into<String>) -> Self {
        Self::new(Kind::TooMany, "tooMany", detail).retry_after(retry_after_seconds)
    }

    /// `unavailable`.
    pub fn unavailable(retry_after_seconds: u64, detail: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, "unavailable", detail).retry_after(retry_after_seconds)
    }

    /// `storageUnavailable`: the cause is logged.
    pub(crate) fn storage_unavailable(cause: &StoreError) -> Self {
        tracing::error!(error = %cause, "request failed");
        Self::new(
            Kind::Unavailable,
            "storageUnavailable",
            "The database cannot be reached or written to, e.g. because its disk is full. Send the request again \
             later; the server's log says why.",
        )
        .retry_after(5)
    }

    /// `internal`: the cause is only logged.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cut(cause, cut::ERROR), "request failed");
        Self::new(
            Kind::Internal,
            "internal",
            "The server failed. Its administrator can find the reason in the log by this response's x-request-id.",
        )
    }

    /// Sets the field.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.0.path = Some(path.into());
        self
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// Adds the extension member `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    /// Whether the request itself is at fault, so that a retry is useless.
    #[must_use]
    pub(crate) fn is_of_what_was_asked(&self) -> bool {
        !matches!(self.0.kind, Kind::Unavailable | Kind::ModuleFailed | Kind::Internal)
    }

    /// The contents.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        *self.0
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

fn map_strings(value: &mut Value, change: &impl Fn(String) -> String) {
    match value {
        Value::String(text) => *text = change(std::mem::take(text)),
        Value::Array(values) => values.iter_mut().for_each(|value| map_strings(value, change)),
        Value::Object(members) => members.values_mut().for_each(|value| map_strings(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Turns a message of a library or script into a sentence.
#[must_use]
pub fn sentence(said: &str) -> String {
    let mut letters = said.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LoginTaken => {
                Self::conflict("loginTaken", "Another user has this login. Choose another one.").at("login")
            }
            StoreError::LastAdmin => Self::conflict(
                "lastAdmin",
                "This is the last active administrator. Make another user an administrator first.",
            ),
            StoreError::UnknownReference => Self::conflict(
                "changedMeanwhile",
                "The company or user this refers to was deleted. Reload and try again.",
            ),
            StoreError::UnknownUser => Self::not_found("user"),
            StoreError::UnknownModule => Self::not_found("module"),
            StoreError::Contention => Self::unavailable(1, "Others kept changing the same data. Try again."),
            StoreError::Unavailable(_) => Self::storage_unavailable(&error),
            StoreError::Closed => Self::unavailable(5, "The server is stopping."),
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "request failed");
                Self::new(
                    Kind::Internal,
                    "unreadable",
                    "The data in the database is damaged. See the server's log for details.",
                )
            }
            other => Self::internal(other),
        }
    }
}
