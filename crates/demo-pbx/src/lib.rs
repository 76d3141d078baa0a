//! The demo PBX: a small simulated provider for trying the server out without one. It speaks HTTP both ways, as any provider
//! does, and knows nothing of the server: an ordinary module connects the two.

mod call;
mod control;
mod event;
mod leg;
mod outbox;
mod panel;
mod pbx;
mod provider;
mod scene;
mod switch;
mod wav;

pub use call::Call;
pub use event::Event;
pub use leg::{LegState, Plan};
pub use panel::CLIENTS;
pub use pbx::{Options, Pbx, extensions, start};
pub use scene::{Client, Scene};
pub use switch::{Extension, Strategy, Switch, SwitchError};

#[cfg(test)]
mod tests;
