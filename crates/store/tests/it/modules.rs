//! Modules, scripts, settings, bindings.

use hookswitch_model::{ModuleId, UserId};
use hookswitch_store::{Binding, ModulePatch, NewScript, Role, SettingChange, SettingValue, StoreError};
use serde_json::json;

use crate::support::{at, both, start, status};

fn nobodys() -> ModuleId {
    ModuleId::new(at(9), [9; 10])
}

both!(a_module_is_changed_part_by_part, |db| {
    let id = db.new_module().await;
    let patch = ModulePatch {
        name: Some("Second line".into()),
        enabled: Some(false),
        default_country: Some(None),
        icon: Some(Some("phone".into())),
        ..ModulePatch::default()
    };
    let module = db.update_module(id, &patch, at(5)).await.unwrap().expect("a module");
    assert_eq!((module.name.as_str(), module.enabled), ("Second line", false));
    assert_eq!((module.default_country, module.icon.as_deref()), (None, Some("phone")));
    assert_eq!((module.created_at, module.updated_at), (at(0), at(5)));
    assert_eq!((module.fields, module.services), (json!([{ "name": "key" }]), json!([])));
    assert_eq!(module.webhook_token, "token-1");
    assert_eq!(db.modules().await.unwrap().len(), 1);
    assert_eq!(db.update_module(nobodys(), &patch, at(5)).await.unwrap(), None);
});

both!(a_new_webhook_token_has_not_been_reported, |db| {
    let id = db.new_module().await;
    assert!(db.set_public_url_notified(id, Some("https://example.org/?token=token-1")).await.unwrap());
    let told = db.module(id).await.unwrap().expect("a module").public_url_notified;
    assert_eq!(told.as_deref(), Some("https://example.org/?token=token-1"));
    assert!(db.set_webhook_token(id, "token-2", at(1)).await.unwrap());
    let module = db.module(id).await.unwrap().expect("a module");
    assert_eq!((module.webhook_token.as_str(), module.public_url_notified), ("token-2", None));
    assert!(!db.set_webhook_token(nobodys(), "x", at(1)).await.unwrap());
});

both!(a_deleted_module_leaves_its_calls_and_its_name, |db| {
    let id = db.new_module().await;
    db.save_script(id, "function f() {}", None, at(0)).await.unwrap();
    let (request, calls) = db.report(id, 0, vec![start("a", "+4930123456", None)]).await;
    assert!(db.delete_module(id, at(1)).await.unwrap());
    assert!(!db.delete_module(id, at(2)).await.unwrap());

    assert!(db.module(id).await.unwrap().is_none());
    assert!(db.modules().await.unwrap().is_empty());
    assert!(db.script(id, None).await.unwrap().is_none());
    assert_eq!(db.purge_deleted_modules(10).await.unwrap(), 1);
    assert_eq!(db.purge_deleted_modules(10).await.unwrap(), 0);
    assert!(db.request(request).await.unwrap().is_none());
    assert!(matches!(db.save_script(id, "x", None, at(3)).await, Err(StoreError::UnknownModule)));
    assert!(db.call(calls[0].id).await.unwrap().is_some());
    assert_eq!(db.module_names().await.unwrap(), [(id, "Office line".to_owned())]);
});

both!(requests_of_a_deleted_module_are_purged_in_parts, |db| {
    let (gone, stays) = (db.new_module().await, db.new_module().await);
    for second in 0..5 {
        db.report(gone, second, vec![]).await;
    }
    let (kept, _) = db.report(stays, 9, vec![]).await;
    db.delete_module(gone, at(10)).await.unwrap();
    for deleted in [2, 2, 1, 0] {
        assert_eq!(db.purge_deleted_modules(2).await.unwrap(), deleted);
    }
    assert!(db.request(kept).await.unwrap().is_some());
});

both!(scripts_keep_their_history, |db| {
    let id = db.new_module().await;
    let ada = db.new_user("ada", Role::Admin).await;
    let first = db.save_script(id, "// one", Some(ada), at(1)).await.unwrap();
    db.save_script(id, "// two", None, at(2)).await.unwrap();
    let third = db.save_script(id, "// one", Some(ada), at(3)).await.unwrap();
    assert_eq!((first.info.version, third.info.version), (1, 3));
    let versions = db.script_versions(id).await.unwrap();
    assert_eq!(versions.iter().map(|info| info.version).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(versions[1].created_by, None);
    assert_eq!(db.script(id, Some(2)).await.unwrap().expect("it").source, "// two");
    assert_eq!(db.script(id, None).await.unwrap().expect("it"), third);
});

both!(a_script_is_saved_with_its_changes_or_not_at_all, |db| {
    let id = db.new_module().await;
    let fields = json!([{ "name": "zone" }]);
    let patch =
        ModulePatch { fields: Some(fields.clone()), dials_extensions: Some(true), ..ModulePatch::default() };
    let taken = NewScript { source: "// taken", patch: Some(&patch), template_hash: Some("one") };
    db.save_script_with(id, taken, None, at(1)).await.unwrap();
    let module = db.module(id).await.unwrap().expect("a module");
    assert_eq!((module.fields, module.dials_extensions), (fields, true));
    assert_eq!((module.template_hash.as_deref(), module.template_version), (Some("one"), Some(1)));

    db.save_script_with(id, NewScript { source: "// own", ..NewScript::default() }, None, at(2))
        .await
        .unwrap();
    let module = db.module(id).await.unwrap().expect("a module");
    assert_eq!((module.template_hash.as_deref(), module.template_version), (Some("one"), Some(1)), "still");
    let same = NewScript { source: "// own", template_hash: Some("two"), ..NewScript::default() };
    let saved = db.save_script_with(id, same, None, at(3)).await.unwrap();
    assert_eq!(saved.info.version, 2, "the same text creates no version");
    let module = db.module(id).await.unwrap().expect("a module");
    assert_eq!((module.template_hash.as_deref(), module.template_version), (Some("two"), Some(2)));
    assert!(module.dials_extensions && !module.follows_folder);
    let refused = db.save_script_with(nobodys(), same, None, at(4)).await;
    assert!(matches!(refused, Err(StoreError::UnknownModule)));
});

both!(saving_at_the_same_time_leaves_no_gap, |db| {
    let id = db.new_module().await;
    let other = db.second().await;
    for _ in 0..5 {
        let saved =
            tokio::join!(db.save_script(id, "a", None, at(1)), other.save_script(id, "b", None, at(1)));
        saved.0.unwrap();
        saved.1.unwrap();
    }
    assert_eq!(db.script_versions(id).await.unwrap().len(), 10);
    other.close().await;
});

fn change(name: &str, value: SettingValue) -> SettingChange {
    SettingChange { name: name.into(), value }
}

both!(secrets_come_back_only_for_the_script, |db| {
    let id = db.new_module().await;
    let changes = [
        change("host", SettingValue::Plain(json!("pbx.example.org"))),
        change("port", SettingValue::Plain(json!(8088))),
        change("apiKey", SettingValue::Secret("s3cr3t".into())),
    ];
    db.update_settings(id, &changes).await.unwrap();
    let settings = db.settings(id).await.unwrap();
    assert_eq!(settings.for_script()["apiKey"], json!("s3cr3t"));
    assert_eq!(settings.for_script()["port"], json!(8088));
    assert_eq!(settings.plain.keys().collect::<Vec<_>>(), ["host", "port"]);
    assert!(settings.secrets_set().contains("apiKey"));
    assert!(!format!("{settings:?} {changes:?}").contains("s3cr3t"));

    db.update_settings(id, &[change("host", SettingValue::Unset), change("apiKey", SettingValue::Unset)])
        .await
        .unwrap();
    assert_eq!(db.settings(id).await.unwrap().for_script().len(), 1);
    assert!(matches!(db.update_settings(nobodys(), &changes).await, Err(StoreError::UnknownModule)));
});

both!(a_secret_moved_to_another_field_does_not_decrypt, |db| {
    let id = db.new_module().await;
    db.update_settings(id, &[change("apiKey", SettingValue::Secret("s3cr3t".into()))]).await.unwrap();
    db.execute("update settings set name = 'host'").await;
    assert!(matches!(db.settings(id).await, Err(StoreError::Secret(_))));
});

both!(bindings_are_replaced_together_or_not_at_all, |db| {
    let id = db.new_module().await;
    let ada = db.new_user("ada", Role::Admin).await;
    let bind = |member: &str, user: UserId| Binding {
        member_id: member.into(),
        member_name: format!("Phone {member}"),
        user_id: user,
    };
    db.replace_bindings(id, &[bind("102", ada), bind("101", ada)]).await.unwrap();
    let nobody = UserId::new(at(1), [1; 10]);
    let refused = db.replace_bindings(id, &[bind("103", ada), bind("104", nobody)]).await;
    assert!(matches!(refused, Err(StoreError::UnknownUser)));
    let refused = db.replace_bindings(id, &[bind("103", ada), bind("103", ada)]).await;
    assert!(matches!(refused, Err(StoreError::MemberBoundTwice(member)) if member == "103"));
    assert_eq!(db.bindings(id).await.unwrap(), [bind("101", ada), bind("102", ada)]);
    db.replace_bindings(id, &[]).await.unwrap();
    assert!(db.bindings(id).await.unwrap().is_empty());
    assert!(matches!(db.replace_bindings(nobodys(), &[]).await, Err(StoreError::UnknownModule)));
});

both!(facts_of_one_module_do_not_reach_another, |db| {
    let (one, two) = (db.new_module().await, db.new_module().await);
    let (_, of_one) = db.report(one, 0, vec![start("same", "+4930123456", None)]).await;
    let (request, of_two) = db.report(two, 1, vec![start("same", "+4930123456", None)]).await;
    assert_ne!(of_one[0].id, of_two[0].id);
    assert_eq!(status(&db, request).await, hookswitch_store::RequestStatus::Processed);
});
