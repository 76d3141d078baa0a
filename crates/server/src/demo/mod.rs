//! The demo PBX: a small simulated provider for trying the server out without one. A tool of ours; the server itself
//! does not know it, and talks to it through an ordinary module.

mod call;
mod control;
mod event;
mod leg;
mod outbox;
pub mod pbx;
mod provider;
pub mod setup;
mod switch;
mod wav;

pub use switch::Extension;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod through_the_module;
