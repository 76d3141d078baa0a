//! Modules: the format of their folders, the built-in ones, and the active ones.

pub mod builtin;
pub mod create;
pub mod folder;
pub mod host;
pub mod log;
pub mod manifest;
pub mod masks;
pub mod outgoing;
pub mod recorded;
pub mod registry;
pub mod run;
pub mod sample;
pub mod sample_of;
pub mod sample_signature;
pub mod scenario;
pub mod script;
pub mod templates;
pub mod token;
pub mod trial;
pub mod try_out;
pub mod update;
pub mod world;
