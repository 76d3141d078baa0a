//! The storage of scripts, and their logs.

use hookswitch_model::ModuleId;
use hookswitch_store::{LogFilter, LogLevel, NewLogEntry, StoreError};
use serde_json::json;

use crate::support::{at, both};

both!(a_value_lasts_until_it_expires, |db| {
    let module = db.new_module().await;
    db.storage_set(module, "token", &json!({ "a": "\u{0}" }), Some(at(10)), at(0)).await.unwrap();
    db.storage_set(module, "count", &json!(1), None, at(0)).await.unwrap();
    db.storage_set(module, "count", &json!(2), None, at(0)).await.unwrap();
    assert_eq!(db.storage_get(module, "token", at(9)).await.unwrap(), Some(json!({ "a": "\u{0}" })));
    assert_eq!(db.storage_get(module, "token", at(10)).await.unwrap(), None);
    assert_eq!(db.storage_get(module, "count", at(99)).await.unwrap(), Some(json!(2)));
    assert_eq!(db.purge_storage(at(10)).await.unwrap(), 1);
    assert!(db.storage_delete(module, "count").await.unwrap());
    assert!(!db.storage_delete(module, "count").await.unwrap());
});

both!(storage_is_bounded, |db| {
    let module = db.new_module().await;
    let key = "k".repeat(513);
    let refused = db.storage_set(module, &key, &json!(1), None, at(0)).await;
    assert!(matches!(refused, Err(StoreError::StorageKeyTooLong)));
    let refused = db.storage_set(module, "k", &json!("v".repeat(64 * 1024)), None, at(0)).await;
    assert!(matches!(refused, Err(StoreError::StorageValueTooLong)));
    let nobodys = ModuleId::new(at(9), [9; 10]);
    let refused = db.storage_set(nobodys, "k", &json!(1), None, at(0)).await;
    assert!(matches!(refused, Err(StoreError::UnknownModule)));

    // A thousand keys that expire when the test begins.
    db.execute(
        "with recursive keys (key) as (select 0 union all select key + 1 from keys where key < 999) \
         insert into module_storage (module_id, key, value, expires_at) \
         select id, cast(key as text), '1', created_at from keys cross join modules",
    )
    .await;
    let refused = db.storage_set(module, "one more", &json!(1), None, at(-1)).await;
    assert!(matches!(refused, Err(StoreError::StorageFull)));
    db.storage_set(module, "999", &json!("changed"), None, at(-1)).await.unwrap();
    db.storage_set(module, "one more", &json!(1), None, at(0)).await.unwrap();
});

fn entry(module: ModuleId, second: i64, level: LogLevel) -> NewLogEntry {
    NewLogEntry {
        module_id: module,
        at: at(second),
        level,
        message: format!("line {second}"),
        line: Some(12),
        function: Some("VoipGetMembers".into()),
        request_id: None,
    }
}

both!(the_log_is_read_backwards_in_pages, |db| {
    let module = db.new_module().await;
    let levels = [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    let entries: Vec<_> = (0..8).map(|second| entry(module, second, levels[second as usize % 4])).collect();
    db.append_log(&entries).await.unwrap();
    let filter = LogFilter { module_id: module, min_level: LogLevel::Warn, request_id: None };
    let first = db.log_entries(&filter, None, 3).await.unwrap();
    let messages = |page: &[hookswitch_store::LogEntry]| {
        page.iter().map(|entry| entry.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(messages(&first), ["line 7", "line 6", "line 3"]);
    assert_eq!((first[0].level, first[0].line, first[0].at), (LogLevel::Error, Some(12), at(7)));
    let second = db.log_entries(&filter, Some(first[2].id), 3).await.unwrap();
    assert_eq!(messages(&second), ["line 2"]);
});

both!(the_log_keeps_the_newest_lines, |db| {
    let (module, other) = (db.new_module().await, db.new_module().await);
    db.append_log(&[entry(other, 0, LogLevel::Info)]).await.unwrap();
    for _ in 0..2 {
        let entries: Vec<_> = (0..3000).map(|second| entry(module, second, LogLevel::Info)).collect();
        db.append_log(&entries).await.unwrap();
    }
    let mut kept = 0;
    let mut before = None;
    let filter = LogFilter { module_id: module, min_level: LogLevel::Debug, request_id: None };
    loop {
        let page = db.log_entries(&filter, before, 200).await.unwrap();
        let Some(last) = page.last() else { break };
        kept += page.len();
        before = Some(last.id);
    }
    assert_eq!(kept, 5000);
    let filter = LogFilter { module_id: other, ..filter };
    assert_eq!(db.log_entries(&filter, None, 10).await.unwrap().len(), 1);
});

both!(a_value_is_replaced_only_if_it_is_as_expected, |db| {
    let module = db.new_module().await;
    let first = json!({ "a": 0.1, "b": "\u{0}" });
    let (two, soon) = (json!(2), Some(at(10)));
    assert!(
        !db.storage_replace(module, "k", (Some("1"), Some(&two)), soon, at(0)).await.unwrap(),
        "there is no value"
    );
    assert!(db.storage_replace(module, "k", (None, Some(&first)), soon, at(0)).await.unwrap());
    assert!(
        !db.storage_replace(module, "k", (None, Some(&two)), soon, at(0)).await.unwrap(),
        "there is a value"
    );
    assert!(!db.storage_replace(module, "k", (Some("1"), Some(&two)), soon, at(0)).await.unwrap(), "another");
    assert!(!db.storage_replace(module, "k", (Some("1"), None), soon, at(0)).await.unwrap(), "another");

    let now = db.storage_get(module, "k", at(0)).await.unwrap().unwrap().to_string();
    assert!(db.storage_replace(module, "k", (Some(&now), Some(&two)), None, at(0)).await.unwrap());
    assert_eq!(
        db.storage_get(module, "k", at(99)).await.unwrap(),
        Some(two.clone()),
        "it is now stored forever"
    );
    assert!(db.storage_replace(module, "k", (Some("2"), None), soon, at(0)).await.unwrap());
    assert_eq!(db.storage_get(module, "k", at(0)).await.unwrap(), None);
    assert!(db.storage_replace(module, "k", (None, Some(&two)), soon, at(0)).await.unwrap());
    assert!(
        db.storage_replace(module, "k", (None, Some(&first)), soon, at(10)).await.unwrap(),
        "it has expired"
    );
});
