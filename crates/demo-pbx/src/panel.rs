//! What drives the running PBX by scenes: the app's "Try it" panel.

use std::sync::atomic::Ordering;

use crate::call::Call;
use crate::pbx::Pbx;
use crate::scene::{Cast, Client, Scene};
use crate::switch::{Extension, SwitchError};

/// Who calls when nobody is named, in turn. The numbers are given to nobody: each country keeps some for plays and films.
pub const CLIENTS: [(&str, Option<&str>); 7] = [
    ("+442079460958", Some("Harbour Books")),
    ("+12125550142", Some("Fifth Street Bakery")),
    ("+493023125042", None),
    ("+33199001234", Some("Atelier du Port")),
    ("+61255501234", Some("Blue Bay Surf School")),
    ("+46701740650", None),
    ("+441134960312", Some("Moorland Cycles")),
];

impl Pbx {
    /// The phones.
    #[must_use]
    pub fn extensions(&self) -> Vec<Extension> {
        self.shared.switch().extensions.clone()
    }

    /// The calls that are up, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.switch().calls().cloned().collect()
    }

    /// The scenes that can be played now at the extension `me`. `colleagues`: the other extensions, those first who have somebody
    /// to see the call.
    #[must_use]
    pub fn possible(&self, me: &str, colleagues: Vec<String>) -> Vec<Scene> {
        let cast = Cast { me: me.to_owned(), colleagues, client: self.next_client() };
        Scene::ALL
            .into_iter()
            .filter(|scene| self.shared.possible(|switch, now| scene.play(switch, now, &cast)))
            .collect()
    }

    /// Plays a scene; a client who is not given is the next of [`CLIENTS`].
    ///
    /// # Errors
    /// There is nothing to do it to.
    pub fn play(
        &self,
        scene: Scene,
        me: &str,
        colleagues: Vec<String>,
        client: Option<Client>,
    ) -> Result<(), SwitchError> {
        let client = client.unwrap_or_else(|| self.next_client());
        let cast = Cast { me: me.to_owned(), colleagues, client };
        self.shared.act(|switch, now| scene.play(switch, now, &cast))?;
        self.clients_so_far.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn next_client(&self) -> Client {
        let (number, name) = CLIENTS[self.clients_so_far.load(Ordering::Relaxed) % CLIENTS.len()];
        Client { number: number.to_owned(), name: name.map(str::to_owned) }
    }
}
