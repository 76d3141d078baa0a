//! The extensions that users are bound to.

use std::collections::HashMap;

use hookswitch_model::{ModuleId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;

/// An extension that a user is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserNumber {
    /// The module whose provider has the extension.
    pub module_id: ModuleId,
    /// The extension as it appears in the provider's events.
    pub number: String,
}

/// Returns each user's extensions, by module, oldest module first.
pub fn numbers(app: &App) -> HashMap<UserId, Vec<UserNumber>> {
    let mut numbers: HashMap<UserId, Vec<UserNumber>> = HashMap::new();
    for active in app.modules.all() {
        for (number, user) in &active.bindings {
            let number = UserNumber { module_id: active.module.id, number: number.clone() };
            numbers.entry(*user).or_default().push(number);
        }
    }
    numbers.values_mut().for_each(|of_user| of_user.sort());
    numbers
}
