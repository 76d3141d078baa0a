//! The one error of the services. It says what kind of thing is wrong, in a code for programs and a sentence for people.

use hookswitch_store::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::cut::{self, cut};

/// What a service gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a service did not do what it was asked. Boxed, since every `Result` has room for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Error(Box<Parts>);

/// What an [`Error`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What kind of thing is wrong.
    pub kind: Kind,
    /// Stable, in camelCase; for programs.
    pub code: String,
    /// A sentence to act on; for people.
    pub detail: String,
    /// The field that is wrong, for example `operators[1].email`.
    pub path: Option<String>,
    /// Every wrong field, where several are known.
    pub errors: Vec<FieldError>,
    /// More, by code: for example the `diagnostics` of a script.
    pub more: Map<String, Value>,
    /// When it is worth asking again.
    pub retry_after_seconds: Option<u64>,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody is signed in.
    NotSignedIn,
    /// The user may not do this.
    NotAllowed,
    /// It is not there, or the user may not see it.
    NotFound,
    /// It is in a state that does not allow this.
    Conflict,
    /// A field is wrong.
    Invalid,
    /// Too much was asked for in too little time.
    TooMany,
    /// Not now.
    Unavailable,
    /// A module's function failed.
    ModuleFailed,
    /// Not the fault of whoever asked.
    Internal,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where, for example `operators[1].email`.
    pub path: String,
    /// A sentence to act on.
    pub detail: String,
}

impl Error {
    /// An error of that kind; `code` is stable and in camelCase, `detail` a sentence to act on.
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

    /// `notFound`; `what` as in "There is no such {what}, or you may not see it."
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, "notFound", format!("There is no such {what}, or you may not see it."))
    }

    /// The same, where it is not there, of what the user asked for, so that it is answered like one that was never there.
    #[must_use]
    pub fn not_found_as(self, what: &str) -> Self {
        if self.0.kind == Kind::NotFound { Self::not_found(what) } else { self }
    }

    /// The thing is in a state that does not allow this.
    pub fn conflict(code: &str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    /// `invalid`: understood, but the field at `path` is wrong.
    pub fn invalid(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, "invalid", detail).at(path)
    }

    /// `invalid` with every wrong field; the first one is also `path` and `detail`.
    ///
    /// # Errors
    /// Those given; `Ok` when there are none.
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

    /// The same with its sentences changed.
    #[must_use]
    pub fn map_texts(mut self, change: impl Fn(String) -> String) -> Self {
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

    /// `storageUnavailable`: the cause goes to the log.
    pub fn storage_unavailable(cause: &StoreError) -> Self {
        tracing::error!(error = %cause, "request failed");
        Self::new(
            Kind::Unavailable,
            "storageUnavailable",
            "The database cannot be reached or written now, for example because its disk is full. Send the request again \
             later; the server's log says why.",
        )
        .retry_after(5)
    }

    /// `internal`: the cause goes to the log alone.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cut(cause, cut::ERROR), "request failed");
        Self::new(
            Kind::Internal,
            "internal",
            "The server failed at this. Whoever runs it finds the reason in its log, by this answer's x-request-id.",
        )
    }

    /// The same for the field at `path`.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.0.path = Some(path.into());
        self
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// The same with the extension member `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    /// Whether it comes of what was asked, so that asking again is no use.
    #[must_use]
    pub fn is_of_what_was_asked(&self) -> bool {
        !matches!(self.0.kind, Kind::Unavailable | Kind::ModuleFailed | Kind::Internal)
    }

    /// Everything that it says.
    #[must_use]
    pub fn into_parts(self) -> Parts {
        *self.0
    }

    /// What kind of thing is wrong.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for people.
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

/// What a library or a script says, as a sentence.
#[must_use]
pub fn sentence(said: &str) -> String {
    let mut letters = said.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LoginTaken => {
                Self::conflict("loginTaken", "Another user has this login.").at("login")
            }
            StoreError::LastAdmin => Self::conflict(
                "lastAdmin",
                "This is the last active administrator. Make another user an administrator first.",
            ),
            StoreError::UnknownReference => Self::conflict(
                "changedMeanwhile",
                "A company or a user that this refers to was deleted meanwhile. Load it again.",
            ),
            StoreError::UnknownUser => Self::not_found("user"),
            StoreError::UnknownModule => Self::not_found("module"),
            StoreError::Contention => Self::unavailable(1, "Others kept changing the same thing. Try again."),
            StoreError::Unavailable(_) => Self::storage_unavailable(&error),
            StoreError::Closed => Self::unavailable(5, "The server is stopping."),
            StoreError::Corrupt(_) => {
                tracing::error!(%error, "request failed");
                Self::new(
                    Kind::Internal,
                    "unreadable",
                    "What the database holds of this is damaged. The server's log says what it is.",
                )
            }
            other => Self::internal(other),
        }
    }
}
