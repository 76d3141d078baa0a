//! The running PBX as the app's "Try it" panel drives it.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use hookswitch_model::{ModuleId, UserId};

use super::call::Call;
use super::pbx::Shared;
use super::scene::{Cast, Client, Scene};
use super::switch::{Extension, SwitchError};
use hookswitch_core::modules::registry::Modules;

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

/// What drives the PBX.
#[derive(Debug)]
pub struct Panel {
    pbx: Shared,
    /// The module that connects it, once it is there.
    pub module: OnceLock<ModuleId>,
    clients_so_far: AtomicUsize,
}

impl Panel {
    /// A panel for that PBX.
    #[must_use]
    pub fn new(pbx: Shared) -> Self {
        Self { pbx, module: OnceLock::new(), clients_so_far: AtomicUsize::new(0) }
    }

    /// The extension that the scenes are about: one bound to this user, else the first.
    pub fn extension_of(&self, modules: &Modules, user: UserId) -> String {
        let bound = self.bindings(modules).into_iter().filter(|(_, bound)| *bound == user);
        let first = || self.pbx.switch().extensions.first().map(|extension| extension.number.clone());
        bound.map(|(number, _)| number).min().or_else(first).unwrap_or_default()
    }

    /// The scenes that can be played now.
    pub fn possible(&self, modules: &Modules, me: &str) -> Vec<Scene> {
        let cast = self.cast(modules, me, self.client());
        Scene::ALL
            .into_iter()
            .filter(|scene| self.pbx.possible(|switch, now| scene.play(switch, now, &cast)))
            .collect()
    }

    /// Plays a scene; a client who is not given is the next of [`CLIENTS`].
    ///
    /// # Errors
    /// There is nothing to do it to.
    pub fn play(
        &self,
        modules: &Modules,
        me: &str,
        scene: Scene,
        client: Option<Client>,
    ) -> Result<(), SwitchError> {
        let cast = self.cast(modules, me, client.unwrap_or_else(|| self.client()));
        self.pbx.act(|switch, now| scene.play(switch, now, &cast))?;
        self.clients_so_far.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The calls that are up, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.pbx.switch().calls().cloned().collect()
    }

    /// The PBX's phones.
    pub fn extensions(&self) -> Vec<Extension> {
        self.pbx.switch().extensions.clone()
    }

    fn cast(&self, modules: &Modules, me: &str, client: Client) -> Cast {
        let bindings = self.bindings(modules);
        let mut colleagues: Vec<_> = self
            .extensions()
            .into_iter()
            .map(|extension| extension.number)
            .filter(|number| number != me)
            .collect();
        colleagues.sort_by_key(|number| !bindings.contains_key(number));
        Cast { me: me.to_owned(), colleagues, client }
    }

    fn client(&self) -> Client {
        let (number, name) = CLIENTS[self.clients_so_far.load(Ordering::Relaxed) % CLIENTS.len()];
        Client { number: number.to_owned(), name: name.map(str::to_owned) }
    }

    fn bindings(&self, modules: &Modules) -> HashMap<String, UserId> {
        let module = self.module.get().and_then(|id| modules.get(*id));
        module.map(|module| module.bindings.clone()).unwrap_or_default()
    }
}
