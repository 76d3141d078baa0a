//! Modules' scripts run by the real engine against a host in memory.

mod calls;
mod errors;
mod support;
