//! Bindings of providers' members to users.

use std::collections::BTreeSet;

use hookswitch_model::{ModuleId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{on, text};
use crate::error::StoreError;
use crate::modules;
use crate::open::Store;
use crate::sessions::unknown_user;

/// A member at the provider and the user bound to it. A user may be bound to several members.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Binding {
    /// The member's number as in events.
    pub member_id: String,
    /// The member's name at the provider.
    pub member_name: String,
    #[sqlx(try_from = "Uuid")]
    pub user_id: UserId,
}

impl Store {
    /// A module's bindings, sorted by member.
    pub async fn bindings(&self, module: ModuleId) -> Result<Vec<Binding>, StoreError> {
        let sql =
            "select member_id, member_name, user_id from bindings where module_id = $1 order by member_id";
        Ok(on!(self.read(), |db| sqlx::query_as(sql).bind(module.0).fetch_all(db).await)?)
    }

    /// Replaces all of the module's bindings.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`], [`StoreError::UnknownUser`], [`StoreError::MemberBoundTwice`]; nothing has
    /// changed then.
    pub async fn replace_bindings(&self, module: ModuleId, bindings: &[Binding]) -> Result<(), StoreError> {
        let mut members = BTreeSet::new();
        if let Some(twice) = bindings.iter().find(|binding| !members.insert(&binding.member_id)) {
            return Err(StoreError::MemberBoundTwice(twice.member_id.clone()));
        }
        let mut tx = self.begin().await?;
        modules::lock(&mut tx, module).await?;
        let sql = "delete from bindings where module_id = $1";
        on!(tx.conn(), |db| sqlx::query(sql).bind(module.0).execute(db).await.map(drop))?;
        for binding in bindings {
            let sql =
                "insert into bindings (module_id, member_id, member_name, user_id) values ($1, $2, $3, $4)";
            on!(tx.conn(), |db| {
                sqlx::query(sql)
                    .bind(module.0)
                    .bind(text(&binding.member_id))
                    .bind(text(&binding.member_name))
                    .bind(binding.user_id.0)
                    .execute(db)
                    .await
                    .map(drop)
            })
            .map_err(unknown_user)?;
        }
        tx.commit().await?;
        Ok(())
    }
}
