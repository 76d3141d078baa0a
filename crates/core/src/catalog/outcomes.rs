//! The outcome codes, in memory: every call shown needs them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hookswitch_model::{ModuleId, OutcomeId};
use hookswitch_store::{OutcomeList, Store, StoreError};

/// The current lists, and the labels of all codes.
#[derive(Default)]
pub struct Outcomes(RwLock<Arc<Known>>);

#[derive(Default)]
struct Known {
    lists: Vec<OutcomeList>,
    labels: HashMap<OutcomeId, String>,
}

impl Outcomes {
    /// Reloads them; call it after any change.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let known = Known { lists: store.outcome_lists().await?, labels: store.outcome_labels().await? };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    /// The current lists, oldest first.
    pub fn lists(&self) -> Vec<OutcomeList> {
        self.known().lists.clone()
    }

    /// A code's label, even if it is archived.
    pub fn label(&self, id: OutcomeId) -> Option<String> {
        self.known().labels.get(&id).cloned()
    }

    /// The list for a module's calls: the one that names the module, else the general one.
    pub fn for_module(&self, module: ModuleId) -> Option<OutcomeList> {
        let known = self.known();
        let named = known.lists.iter().find(|list| list.module_ids.contains(&module));
        named.or_else(|| known.lists.iter().find(|list| list.module_ids.is_empty())).cloned()
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
