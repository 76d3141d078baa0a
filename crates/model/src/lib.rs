//! What a call is.
//!
//! Plain data and pure functions: no I/O, no async, no clock. Time and randomness come in as arguments, so every
//! function here gives the same result for the same arguments.

pub mod call;
pub mod client;
pub mod contract;
pub mod fact;
pub mod ids;
pub mod masking;
pub mod matching;
pub mod missed;
pub mod phone;
pub mod view;

pub use call::{Call, ReduceError, reduce, retract};
pub use client::ClientKind;
pub use fact::{Fact, FactKind, Parties, Record, Target};
pub use ids::{
    CallId, ClientId, CommentId, ImportId, MergeId, ModuleId, OutcomeId, OutcomeListId, RequestId, TokenId,
    UserId,
};
pub use matching::CallKey;
pub use view::{CallState, CallView, OperatorLeg, OperatorState, Segment, view};
