//! The audit trail: who saw or changed what.

use chrono::{DateTime, Utc};
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::db::{Tx, from_json, from_word, on, text, time, to_json};
use crate::error::StoreError;
use crate::open::Store;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum AuditAction {
    /// Viewed a client.
    Seen,
    /// Created a client.
    Created,
    /// Changed a client.
    Changed,
    /// Archived a client.
    Archived,
    /// Restored an archived client.
    Restored,
    /// Merged a client into another.
    Merged,
    /// Undid a merge.
    MergeUndone,
    /// Converted a lead to a contact.
    Converted,
    /// Exported clients, calls or a report to a file.
    Exported,
    /// Imported clients from a file.
    Imported,
    /// Logged a call on a client, or unlogged it.
    CallLogged,
    /// Played a call's recording.
    RecordingPlayed,
    /// Wrote a comment.
    Commented,
    /// Changed a comment.
    CommentEdited,
    CommentDeleted,
    /// Signed in with login and password.
    SignedIn,
    /// Tried to sign in with a wrong password.
    SignInFailed,
    UserCreated,
    UserChanged,
    UserDeleted,
    /// Created an API token.
    TokenCreated,
    /// Deleted an API token.
    TokenDeleted,
    ModuleCreated,
    ModuleChanged,
    ModuleDeleted,
    ModuleSettingsChanged,
    /// Saved a version of a module's script.
    ScriptSaved,
    /// Tried an unsaved script on a request from a module's log.
    ScriptTried,
    /// Changed the users bound to a module's members.
    BindingsChanged,
    /// Created a new webhook token for a module.
    WebhookTokenRotated,
    /// Created a list of outcome codes.
    OutcomeListCreated,
    /// Changed a list of outcome codes.
    OutcomeListChanged,
    /// Deleted a list of outcome codes.
    OutcomeListDeleted,
    /// Changed settings of the whole installation.
    SettingsChanged,
    /// Erased a client or a call; the changes are the numbers of deleted items.
    Erased,
    /// Deleted what was past its retention period, by the server itself.
    Purged,
}

impl AuditAction {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Archived => "archived",
            Self::Restored => "restored",
            Self::Merged => "merged",
            Self::MergeUndone => "mergeUndone",
            Self::Converted => "converted",
            Self::Exported => "exported",
            Self::Imported => "imported",
            Self::CallLogged => "callLogged",
            Self::RecordingPlayed => "recordingPlayed",
            Self::Commented => "commented",
            Self::CommentEdited => "commentEdited",
            Self::CommentDeleted => "commentDeleted",
            Self::SignedIn => "signedIn",
            Self::SignInFailed => "signInFailed",
            Self::UserCreated => "userCreated",
            Self::UserChanged => "userChanged",
            Self::UserDeleted => "userDeleted",
            Self::TokenCreated => "tokenCreated",
            Self::TokenDeleted => "tokenDeleted",
            Self::ModuleCreated => "moduleCreated",
            Self::ModuleChanged => "moduleChanged",
            Self::ModuleDeleted => "moduleDeleted",
            Self::ModuleSettingsChanged => "moduleSettingsChanged",
            Self::ScriptSaved => "scriptSaved",
            Self::ScriptTried => "scriptTried",
            Self::BindingsChanged => "bindingsChanged",
            Self::WebhookTokenRotated => "webhookTokenRotated",
            Self::OutcomeListCreated => "outcomeListCreated",
            Self::OutcomeListChanged => "outcomeListChanged",
            Self::OutcomeListDeleted => "outcomeListDeleted",
            Self::SettingsChanged => "settingsChanged",
            Self::Erased => "erased",
            Self::Purged => "purged",
        }
    }
}

/// A field's change, in readable form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditChange {
    /// The field's name.
    pub field: String,
    /// The old value; `None` if it was empty.
    pub from: Option<String>,
    /// The new value; `None` if it is empty.
    pub to: Option<String>,
}

/// An action of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// A UUIDv7 with the time `at`.
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub user_id: UserId,
    pub action: AuditAction,
    /// The client it was done to.
    pub client_id: Option<ClientId>,
    /// The call it was done to.
    pub call_id: Option<CallId>,
    /// The name of anything else it was done to: a user's login, a module, a token. It stays readable after that is
    /// deleted.
    pub subject: Option<String>,
    pub changes: Vec<AuditChange>,
}

/// An entry with the client's current name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    pub entry: AuditEntry,
    /// The client's name; `None` if the entry has no client.
    pub client_name: Option<String>,
}

/// Which entries to list; `None` matches everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditFilter {
    /// About this client.
    pub client_id: Option<ClientId>,
    /// By this user.
    pub user_id: Option<UserId>,
    pub action: Option<AuditAction>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    at: DateTime<Utc>,
    user_id: Uuid,
    action: String,
    client_id: Option<Uuid>,
    call_id: Option<Uuid>,
    subject: Option<String>,
    detail: Option<String>,
    client_name: Option<String>,
}

impl TryFrom<Row> for AuditLine {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let entry = AuditEntry {
            id: row.id,
            at: row.at,
            user_id: UserId(row.user_id),
            action: from_word(row.action)?,
            client_id: row.client_id.map(ClientId),
            call_id: row.call_id.map(CallId),
            subject: row.subject,
            changes: row.detail.as_deref().map(from_json).transpose()?.unwrap_or_default(),
        };
        Ok(Self { entry, client_name: row.client_name })
    }
}

impl Store {
    /// Writes an entry.
    pub async fn add_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        insert(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes an entry, or updates the changes of an existing one.
    pub async fn put_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let sql = "update audit set detail = $2 where id = $1";
        let detail = to_json(&entry.changes)?;
        let mut tx = self.begin().await?;
        let there = on!(tx.conn(), |db| {
            let query = sqlx::query(sql).bind(entry.id).bind(text(&detail));
            query.execute(db).await.map(|done| done.rows_affected())
        })?;
        if there == 0 {
            insert(&mut tx, entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Whether the trail has an equal entry from `since` or later.
    pub async fn audited_since(&self, entry: &AuditEntry, since: DateTime<Utc>) -> Result<bool, StoreError> {
        // Ids start with the time, so the index of a user's entries bounds the rows read.
        let sql = "select exists (select 1 from audit where user_id = $1 and id >= $2 and action = $3 \
                   and client_id is not distinct from $4 and call_id is not distinct from $5)";
        Ok(on!(self.read(), |db| {
            sqlx::query_scalar(sql)
                .bind(entry.user_id.0)
                .bind(uuid_v7(since, [0; 10]))
                .bind(entry.action.as_str())
                .bind(entry.client_id.map(|client| client.0))
                .bind(entry.call_id.map(|call| call.0))
                .fetch_one(db)
                .await
        })?)
    }

    /// Lists entries, newest first, starting before the entry `before`.
    pub async fn audit(
        &self,
        filter: AuditFilter,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let rows: Vec<Row> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(
                "select audit.id, at, user_id, action, client_id, call_id, subject, detail, clients.name as client_name \
                 from audit left join clients on clients.id = client_id where true",
            );
            if let Some(client) = filter.client_id {
                query.push(" and client_id = ").push_bind(client.0);
            }
            if let Some(user) = filter.user_id {
                query.push(" and user_id = ").push_bind(user.0);
            }
            if let Some(action) = filter.action {
                query.push(" and action = ").push_bind(action.as_str());
            }
            if let Some(before) = before {
                query.push(" and audit.id < ").push_bind(before);
            }
            query.push(" order by audit.id desc limit ").push_bind(i64::from(limit.min(MAX_PAGE)));
            query.build_query_as().fetch_all(db).await
        })?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

/// Writes an entry within a larger transaction.
pub(crate) async fn insert(tx: &mut Tx, entry: &AuditEntry) -> Result<(), StoreError> {
    let sql = "insert into audit (id, at, user_id, action, client_id, call_id, detail, subject) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let changes = (!entry.changes.is_empty()).then(|| to_json(&entry.changes)).transpose()?;
    on!(tx.conn(), |db| {
        sqlx::query(sql)
            .bind(entry.id)
            .bind(time(entry.at))
            .bind(entry.user_id.0)
            .bind(entry.action.as_str())
            .bind(entry.client_id.map(|client| client.0))
            .bind(entry.call_id.map(|call| call.0))
            .bind(changes.as_deref().map(text))
            .bind(entry.subject.as_deref().map(text))
            .execute(db)
            .await
            .map(drop)
    })?;
    Ok(())
}
