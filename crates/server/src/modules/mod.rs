//! Modules: what their folders hold and which come with the program.

pub mod builtin;
pub mod manifest;
pub mod sample;
