//! The outcome codes, in memory: every call that is shown needs them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hookswitch_model::{ModuleId, OutcomeId};
use hookswitch_store::{OutcomeList, Store, StoreError};

/// The lists that are offered, and what every code says.
#[derive(Default)]
pub struct Outcomes(RwLock<Arc<Known>>);

#[derive(Default)]
struct Known {
    lists: Vec<OutcomeList>,
    labels: HashMap<OutcomeId, String>,
}

impl Outcomes {
    /// Reads them again; call it after any of them changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let known = Known { lists: store.outcome_lists().await?, labels: store.outcome_labels().await? };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
        Ok(())
    }

    /// The lists that are offered, oldest first.
    pub fn lists(&self) -> Vec<OutcomeList> {
        self.known().lists.clone()
    }

    /// What a code says, also one that is offered no longer.
    pub fn label(&self, id: OutcomeId) -> Option<String> {
        self.known().labels.get(&id).cloned()
    }

    /// The list for calls of that module: the one that names it, else the one for all.
    pub fn for_module(&self, module: ModuleId) -> Option<OutcomeList> {
        let known = self.known();
        let named = known.lists.iter().find(|list| list.module_ids.contains(&module));
        named.or_else(|| known.lists.iter().find(|list| list.module_ids.is_empty())).cloned()
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
