//! A running server on a free port with its own database, and a small client.

mod client;
mod database;
mod module;
pub mod postgres;
pub mod process;
pub mod provider;
mod server;
pub mod small_disk;
mod socket;

pub use client::{Answer, Client};
pub use database::Database;
pub use module::{Module, PASS_ON, only_call, server_log, with_the_rest};
pub use server::{PASSWORD, Server};
pub use socket::Tab;

/// Defines a test that runs on both databases. Settings, if any, are environment variables.
///
/// ```text
/// both!(name_of_the_story, |server| { … });
/// both!(name_of_the_story, [("HOOKSWITCH_PUBLIC_URL", "https://…")], |server| { … });
/// ```
macro_rules! both {
    ($name:ident, |$server:ident| $story:block) => {
        $crate::support::both!($name, [], |$server| $story);
    };
    ($name:ident, $settings:expr, |$server:ident| $story:block) => {
        async fn $name($server: &$crate::support::Server) $story

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let server = $crate::support::Server::start($crate::support::Database::sqlite(), &$settings).await;
                super::$name(&server).await;
                server.stop().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let server = $crate::support::Server::start($crate::support::Database::postgres().await, &$settings).await;
                super::$name(&server).await;
                server.stop().await;
            }
        }
    };
}
pub(crate) use both;
