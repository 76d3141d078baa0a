//! The model of a call.
//!
//! Plain data and pure functions: no I/O, no async, no clock. Time and randomness are arguments, so every function here
//! returns the same result for the same arguments.

pub mod batch;
pub mod call;
pub mod call_annotations;
pub mod client;
pub mod contract;
pub mod erased_call;
pub mod fact;
pub mod ids;
pub mod masking;
pub mod matching;
pub mod missed;
pub mod phone;
pub mod report_counters;
pub mod storable;
pub mod view;

pub use call::{Call, ReduceError, reduce, retract};
pub use call_annotations::{CallAnnotations, Resolution, ResolvedHow};
pub use client::ClientKind;
pub use fact::{Extensions, Fact, FactKind, Parties, Record, Target};
pub use ids::{
    CallId, ClientId, CommentId, ErasureId, ImportId, MergeId, ModuleId, OutcomeId, OutcomeListId, RequestId,
    TokenId, UserId,
};
pub use matching::CallKey;
pub use view::{CallState, CallView, OperatorLeg, OperatorState, Segment, view};
