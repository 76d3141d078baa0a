//! All of the SQL.
//!
//! One [`Store`] over SQLite or PostgreSQL. Webhooks go through its committer ([`Store::accept`], [`Store::apply`]),
//! which writes waiting messages in one transaction; everything else is a plain function per query, one file per area.
//! A function that finds nothing returns `None` or `false`; errors are for what should not happen or is not allowed.

mod app_settings;
mod audit;
mod backup;
mod bindings;
mod call_annotations;
mod calls;
mod clients;
mod comments;
mod committer;
mod db;
mod direct;
mod erase;
mod error;
mod faults;
mod health;
mod key;
mod log;
mod mentions;
mod migrate;
mod missed;
mod modules;
mod open;
mod outcomes;
mod probe;
mod readable;
mod reports;
mod requests;
mod retention;
mod rows;
mod scripts;
mod sessions;
mod settings;
mod storage;
mod tokens;
mod users;

pub use audit::{AuditAction, AuditChange, AuditEntry, AuditFilter, AuditLine};
pub use bindings::Binding;
pub use calls::{CallCursor, CallFilter, CallPage, SilentCalls, SilentSince, StoredCall};
pub use clients::{
    Because, Client, ClientCursor, ClientFields, ClientFilter, ClientKeys, ClientMatch, ClientPage,
    ClientPhone, ClientScope, ClientSearch, ClientSource, ClientSummary, ClientWrite, Merge, NewClient,
    folded,
};
pub use comments::{Comment, CommentCursor, MAX_COMMENTS_OF_CALL};
pub use committer::{Applied, Apply, CallChange, NewRequest, Outcome, OutcomeStatus, RequestError};
pub use erase::{BeginErasure, Erasure, ErasureCounts, ErasurePreview, ErasureStep, GoneCall};
pub use error::{OpenError, StoreError};
pub use health::ModuleHealth;
pub use key::{KeyError, SecretKey};
pub use log::{LogEntry, LogFilter, LogLevel, NewLogEntry};
pub use mentions::Mention;
pub use missed::{MissedCaller, MissedCounts, MissedCursor, MissedPage};
pub use modules::{Module, ModulePatch, NewModule};
pub use open::Store;
pub use outcomes::{OutcomeCode, OutcomeList};
pub use reports::{OperatorFigures, ReportFilter};
pub use requests::{RequestFilter, RequestStatus, RequestSummary, StoredRequest};
pub use retention::{Kept, PurgeStep};
pub use scripts::{NewScript, ScriptInfo, ScriptVersion};
pub use sessions::{NewSession, Session};
pub use settings::{SettingChange, SettingValue, Settings};
pub use tokens::{ApiToken, NewToken, OpenToken};
pub use users::{NewUser, Role, User, UserPatch};

/// Longest list returned at once: a page of 200, and one more to tell whether another page follows.
pub const MAX_PAGE: u32 = 201;
