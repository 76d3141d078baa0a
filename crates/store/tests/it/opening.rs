//! Opening, migrations, keys, closing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hookswitch_store::{Apply, KeyError, OpenError, SecretKey, Store, StoreError};

use crate::support::{Db, both, key, processed, request};

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
        let files = std::fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
        names.sort();
        names
    };
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

both!(a_database_opens_again, |db| {
    let module = db.new_module().await;
    db.close().await;
    let again = db.second().await;
    assert!(again.module(module).await.unwrap().is_some());
    again.ping().await.unwrap();
    again.close().await;
});

both!(a_newer_schema_is_refused, |db| {
    db.execute(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         select 9999, 'later', success, checksum, 0 from _sqlx_migrations where version = 1",
    )
    .await;
    let refused = Store::open(&db.url, &key()).await.err().expect("refused");
    assert!(matches!(refused, OpenError::SchemaTooNew { found: 9999, known: 1.. }));
    assert!(refused.to_string().contains("a newer Hookswitch has used this database"), "{refused}");
});

both!(another_key_is_noticed, |db| {
    let refused = Store::open(&db.url, &SecretKey::from_bytes([8; 32])).await.err().expect("refused");
    assert!(matches!(refused, OpenError::WrongKey));
});

both!(a_closed_store_reports_it, |db| {
    let module = db.new_module().await;
    db.close().await;
    assert!(matches!(db.accept(request(module, 0)).await, Err(StoreError::Closed)));
    assert!(db.ping().await.is_err());
});

both!(closing_writes_what_was_accepted, |db| {
    let module = db.new_module().await;
    let sent: Vec<_> = (0..200).map(|second| request(module, second)).collect();
    let ids: Vec<_> = sent.iter().map(|request| request.id).collect();
    let waiting: Vec<_> = (0..)
        .zip(sent)
        .map(|(second, request)| {
            let store = db.store.clone();
            let processed = processed(module, request.id, second, vec![]);
            tokio::spawn(async move {
                match second % 2 {
                    0 => store.accept(request).await,
                    _ => store.apply(Apply { request: Some(request.into()), ..processed }).await.map(drop),
                }
            })
        })
        .collect();
    db.close().await;
    let again = db.second().await;
    for (id, waiting) in ids.into_iter().zip(waiting) {
        let accepted = waiting.await.unwrap().is_ok();
        assert_eq!(again.request(id).await.unwrap().is_some(), accepted);
    }
    again.close().await;
});

#[tokio::test]
async fn other_urls_are_refused_without_showing_a_password() {
    for url in ["mysql://root:hunter2@localhost/x", "sqlite::memory:", "sqlite:", "nonsense"] {
        let refused = Store::open(url, &key()).await.err().expect("refused").to_string();
        assert!(refused.contains("sqlite:") && !refused.contains("hunter2"), "{refused}");
    }
}

#[tokio::test]
async fn the_database_file_is_private() {
    Db::sqlite()
        .await
        .run(|db| async move {
            let file = db.file.clone().expect("a file");
            db.new_module().await;
            for file in std::fs::read_dir(file.parent().unwrap()).unwrap() {
                let mode = file.unwrap().metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600);
            }
        })
        .await;
}

#[test]
fn a_key_file_is_created_once_and_must_be_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    SecretKey::load_or_create(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    SecretKey::load_or_create(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    SecretKey::from_base64("HOOKSWITCH_SECRET_KEY", &text).unwrap();

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = SecretKey::load_or_create(&path).unwrap_err();
    assert!(matches!(refused, KeyError::TooOpen { mode: 0o640, .. }));
    assert!(refused.to_string().contains("chmod 600"), "{refused}");

    let refused = SecretKey::from_base64("HOOKSWITCH_SECRET_KEY", "c2hvcnQ=").unwrap_err();
    assert!(refused.to_string().starts_with("HOOKSWITCH_SECRET_KEY is not base64"), "{refused}");
}
