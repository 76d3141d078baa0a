//! The demo PBX: a small simulated provider for trying the server out without one. A tool of ours; the server itself
//! talks to it through an ordinary module, and knows nothing of it but the panel of the app.

mod call;
mod control;
mod event;
mod leg;
mod outbox;
mod panel;
pub mod pbx;
mod provider;
mod scene;
mod switch;
mod wav;

pub use call::Call;
pub use leg::LegState;
pub use panel::Panel;
pub use scene::{Client, Scene};
pub use switch::Extension;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod through_the_module;
