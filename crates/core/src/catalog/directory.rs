//! The users, in memory: names and roles for socket messages.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use hookswitch_model::UserId;
use hookswitch_store::{Role, Store, StoreError, User};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The author of what the server does by itself, or on its command line.
pub(crate) const SERVER: UserId = UserId(Uuid::nil());

/// A user with their name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedUser {
    /// The user's id.
    pub id: UserId,
    /// The user's name.
    pub name: String,
}

/// All users by id.
#[derive(Default)]
pub struct Directory(RwLock<HashMap<UserId, Entry>>);

struct Entry {
    name: String,
    role: Role,
    active: bool,
}

impl Directory {
    /// Reloads all users; call it after any change.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let users = store
            .users()
            .await?
            .into_iter()
            .map(|User { id, name, role, active, .. }| (id, Entry { name, role, active }));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = users.collect();
        Ok(())
    }

    pub fn name_of(&self, user: UserId) -> Option<String> {
        self.read(user, |entry| entry.name.clone())
    }

    /// A user with the name to show, including deleted users and the server itself.
    pub fn named(&self, id: UserId) -> NamedUser {
        let other = if id == SERVER { "Hookswitch" } else { "Deleted user" };
        NamedUser { id, name: self.name_of(id).unwrap_or_else(|| other.to_owned()) }
    }

    /// Whether a user may sign in.
    pub fn is_active(&self, user: UserId) -> bool {
        self.read(user, |entry| entry.active).unwrap_or_default()
    }

    pub fn role_of(&self, user: UserId) -> Option<Role> {
        self.read(user, |entry| entry.role)
    }

    fn read<T>(&self, user: UserId, get: impl Fn(&Entry) -> T) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&user).map(get)
    }
}
