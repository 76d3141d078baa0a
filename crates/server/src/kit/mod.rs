//! The authors' kit: plays scenarios on a whole server in this process, and checks what a module can do.

pub mod conformance;
pub mod play;
