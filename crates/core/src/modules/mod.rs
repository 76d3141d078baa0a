//! Modules: what their folders hold, which come with the program, and the ones that work here.

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
