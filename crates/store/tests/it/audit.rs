//! Settings of the whole installation, and the audit trail.

use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, UserId};
use hookswitch_store::{AuditAction, AuditChange, AuditEntry, AuditFilter, Role};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Db, at, both};

both!(settings_are_kept_by_name, |db| {
    assert!(db.app_settings().await.unwrap().is_empty());
    let set = async |value: serde_json::Value| {
        db.update_app_settings(value.as_object().unwrap()).await.unwrap();
    };
    set(json!({ "maskNumbers": true, "dialSeconds": 30 })).await;
    set(json!({ "dialSeconds": null })).await;
    let kept = db.second().await.app_settings().await.unwrap();
    assert_eq!(json!(kept), json!({ "maskNumbers": true, "dialSeconds": null }));
});

fn entry(second: i64, user_id: UserId, action: AuditAction, client: Option<ClientId>) -> AuditEntry {
    let id = uuid_v7(at(second), rand::random());
    AuditEntry {
        id,
        at: at(second),
        user_id,
        action,
        client_id: client,
        call_id: None,
        subject: None,
        changes: Vec::new(),
    }
}

async fn ids(db: &Db, filter: AuditFilter, before: Option<Uuid>, limit: u32) -> Vec<Uuid> {
    let lines = db.audit(filter, before, limit).await.unwrap();
    lines.into_iter().map(|line| line.entry.id).collect()
}

both!(the_audit_trail_tells_who_did_what, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let (one, two) = (ClientId(Uuid::from_u128(1)), ClientId(Uuid::from_u128(2)));
    let seen = entry(1, ada, AuditAction::Seen, Some(one));
    let changed = AuditEntry {
        call_id: Some(CallId(Uuid::from_u128(3))),
        changes: vec![AuditChange { field: "name".into(), from: None, to: Some("A\0b".into()) }],
        ..entry(2, bob, AuditAction::Changed, Some(one))
    };
    let other = entry(3, ada, AuditAction::Seen, Some(two));
    let exported = entry(4, bob, AuditAction::Exported, None);
    for entry in [&seen, &changed, &other, &exported] {
        db.add_audit(entry).await.unwrap();
    }
    let all = AuditFilter::default;
    let whole = db.audit(all(), None, 200).await.unwrap();
    assert_eq!(whole[3].entry, seen);
    assert_eq!(
        (whole[2].entry.call_id, whole[2].entry.changes[0].to.as_deref()),
        (changed.call_id, Some("A\0b"))
    );
    assert_eq!(ids(&db, all(), None, 2).await, [exported.id, other.id]);
    assert_eq!(ids(&db, all(), Some(other.id), 2).await, [changed.id, seen.id]);
    assert_eq!(ids(&db, AuditFilter { client_id: Some(one), ..all() }, None, 9).await, [changed.id, seen.id]);
    assert_eq!(ids(&db, AuditFilter { user_id: Some(ada), ..all() }, None, 9).await, [other.id, seen.id]);
    let action = Some(AuditAction::Exported);
    assert_eq!(ids(&db, AuditFilter { action, ..all() }, None, 9).await, [exported.id]);
    let narrow = AuditFilter { client_id: Some(one), user_id: Some(bob), action: Some(AuditAction::Seen) };
    assert!(ids(&db, narrow, None, 9).await.is_empty());
});

both!(what_somebody_did_already_is_known, |db| {
    let ada = db.new_user("ada", Role::Operator).await;
    let bob = db.new_user("bob", Role::Operator).await;
    let (one, two) = (ClientId(Uuid::from_u128(1)), ClientId(Uuid::from_u128(2)));
    let seen = entry(600, ada, AuditAction::Seen, Some(one));
    let played = entry(601, ada, AuditAction::RecordingPlayed, None);
    let played = AuditEntry { call_id: Some(CallId(Uuid::from_u128(3))), ..played };
    db.add_audit(&seen).await.unwrap();
    db.add_audit(&played).await.unwrap();
    let known = async |entry: &AuditEntry, since| db.audited_since(entry, at(since)).await.unwrap();
    assert!(known(&seen, 600).await && known(&played, 600).await);
    assert!(!known(&seen, 601).await, "that entry is older");
    for other in [
        AuditEntry { user_id: bob, ..seen.clone() },
        AuditEntry { client_id: Some(two), ..seen.clone() },
        AuditEntry { action: AuditAction::Changed, ..seen.clone() },
        AuditEntry { call_id: None, ..played.clone() },
        AuditEntry { client_id: Some(one), ..played.clone() },
    ] {
        assert!(!known(&other, 600).await, "{other:?}");
    }
});
