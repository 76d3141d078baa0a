//! Backups of the database.

use std::os::unix::fs::PermissionsExt;

use hookswitch_store::{Store, StoreError};

use crate::support::{Db, key, request, start};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_a_snapshot_taken_while_others_write() {
    Db::sqlite()
        .await
        .run(|db| async move {
            let module = db.new_module().await;
            let (id, calls) = db.report(module, 0, vec![start("a", "+4930123456", None)]).await;
            let writer = db.store.clone();
            let writing = tokio::spawn(async move {
                for second in 0..300 {
                    writer.accept(request(module, second)).await.unwrap();
                }
            });
            let file = db.file.clone().expect("a file").with_file_name("copy.db");
            // As the command does: another process has its own store.
            let command = db.second().await;
            command.backup(&file).await.unwrap();
            command.close().await;
            writing.await.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

            let copy = Store::open(&format!("sqlite:{}", file.display()), &key()).await.unwrap();
            assert!(copy.request(id).await.unwrap().is_some());
            assert!(copy.call(calls[0].id).await.unwrap().is_some());
            assert_eq!(copy.module(module).await.unwrap().expect("it").webhook_token, "token-1");
            copy.close().await;

            let before = std::fs::read(&file).unwrap();
            let refused = db.backup(&file).await.unwrap_err();
            assert!(matches!(refused, StoreError::BackupFile { .. }), "{refused}");
            assert_eq!(std::fs::read(&file).unwrap(), before);
        })
        .await;
}

#[tokio::test]
async fn postgres_is_not_backed_up_this_way() {
    Db::postgres()
        .await
        .run(|db| async move {
            let file = std::env::temp_dir().join("hookswitch-never-written.db");
            let refused = db.backup(&file).await.unwrap_err();
            assert!(matches!(refused, StoreError::BackupUnsupported));
            assert!(!file.exists() && refused.to_string().contains("pg_dump"));
        })
        .await;
}
