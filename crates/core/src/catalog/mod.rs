//! In-memory copies of data needed by nearly every response: users' names and roles, the installation's settings,
//! outcome codes.

pub mod directory;
pub mod outcomes;
pub mod settings;

use hookswitch_model::UserId;
use hookswitch_store::{ClientScope, Store, StoreError, User};

use directory::Directory;
pub use directory::NamedUser;
pub(crate) use directory::SERVER;
use outcomes::Outcomes;
use settings::CurrentSettings;

/// Copies of small tables. Whoever changes one reloads it.
#[derive(Default)]
pub struct Catalog {
    /// Names and roles of the users.
    pub directory: Directory,
    /// Settings that administrators can change at run time.
    pub settings: CurrentSettings,
    pub outcomes: Outcomes,
}

impl Catalog {
    /// Loads everything.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let catalog = Self::default();
        catalog.directory.reload(store).await?;
        catalog.settings.reload(store).await?;
        catalog.outcomes.reload(store).await?;
        Ok(catalog)
    }

    /// The clients a user may see.
    #[must_use]
    pub fn scope(&self, user: &User) -> ClientScope {
        match self.settings.get().shows_only_own(user.role) {
            false => ClientScope::All,
            true => ClientScope::OwnOrUnassigned(user.id),
        }
    }

    /// Whether a user sees only clients that are theirs or unassigned.
    #[must_use]
    pub fn sees_only_own(&self, user: UserId) -> bool {
        self.directory.role_of(user).is_none_or(|role| self.settings.get().shows_only_own(role))
    }
}
