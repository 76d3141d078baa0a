//! The command line, as used by people who run the server.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use crate::support::process::{finished, hookswitch, run, run_with_input, serve, terminate};
use crate::support::{Database, PASSWORD};

async fn get(address: &str, path: &str, token: &str) -> (u16, String) {
    let client = crate::support::Client::new(address.to_owned(), std::sync::Arc::default());
    let answer = client.header("authorization", &format!("Bearer {token}")).get(path).await;
    (answer.status.as_u16(), answer.text)
}

async fn users_and_tokens_are_made_while_the_server_runs(database: Database) {
    let (mut child, address, before, _lines) = serve(&database).await;
    assert!(before.concat().contains(&format!("{address}/setup#code=")), "{before:?}");
    assert!(before.concat().contains("hookswitch user create --admin"), "{before:?}");

    let input = format!("{PASSWORD}\n");
    let made =
        run_with_input(&database, "user create --login ann --name Ann --admin --password-stdin", &input)
            .await;
    assert_eq!(made, (0, "created admin ann\n".to_owned(), String::new()));
    let (code, token, _) = run(&database, "token create --user ANN").await;
    assert_eq!((code, token.lines().count()), (0, 1), "the token alone");
    assert_eq!(get(&address, "/api/v1/users", token.trim()).await.0, 200);

    let (code, out, _) = run(&database, "user create --login bob").await;
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    let password = out.lines().nth(1).unwrap().strip_prefix("password: ").unwrap();
    let client = crate::support::Client::new(address.clone(), std::sync::Arc::default());
    client.post("/api/v1/session", json!({ "login": "bob", "password": password })).await.is(200);

    // The audit trail records it, without the token or the password.
    let (_, trail) = get(&address, "/api/v1/audit", token.trim()).await;
    assert_eq!(trail.matches(r#"{"field":"by","from":null,"to":"command line"}"#).count(), 3, "{trail}");
    assert!(!trail.contains(token.trim()) && !trail.contains(password), "{trail}");

    terminate(&child).await;
    let status = tokio::time::timeout(Duration::from_secs(30), child.wait()).await.expect("an end").unwrap();
    assert_eq!(status.code(), Some(0));
}

mod users_and_tokens_are_made_while_the_server_runs {
    use crate::support::Database;

    #[tokio::test]
    async fn on_sqlite() {
        super::users_and_tokens_are_made_while_the_server_runs(Database::sqlite()).await;
    }

    #[tokio::test]
    async fn on_postgres() {
        super::users_and_tokens_are_made_while_the_server_runs(Database::postgres().await).await;
    }
}

#[tokio::test]
async fn what_was_not_done_says_so_in_one_line() {
    let database = Database::sqlite();
    let cases = [
        ("token create --user nobody", "there is no user `nobody`"),
        ("user create --login a\u{a0}b", "Enter a login of"),
        ("--config /nowhere.toml serve", "/nowhere"),
        ("backup /nowhere/file", "/nowhere/file"),
    ];
    for (arguments, words) in cases {
        let (code, out, error) = run(&database, arguments).await;
        assert_eq!((code, out.as_str(), error.lines().count()), (1, "", 1), "{arguments}: {error}");
        assert!(error.starts_with("hookswitch: ") && error.contains(words), "{arguments}: {error}");
    }
    let (code, _, error) =
        run_with_input(&database, "user create --login ann --password-stdin", "short\n").await;
    assert!(code == 1 && error.contains("at least 10 characters"), "{error}");
    for arguments in ["serv", "user create", "token create", "backup", "serve --port 80"] {
        assert_eq!(run(&database, arguments).await.0, 2, "{arguments}");
    }
}

#[tokio::test]
async fn what_is_shown_once_is_shown_even_where_the_audit_trail_cannot_be_written() {
    let database = Database::sqlite();
    assert_eq!(run(&database, "user create --login ann").await.0, 0);
    let mut db = SqliteConnection::connect(&database.url).await.unwrap();
    let refuse = "create trigger refused before insert on audit begin select raise(abort, 'refused'); end";
    sqlx::raw_sql(refuse).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    for (arguments, lines, what) in
        [("token create --user ann", 1, "token"), ("user create --login bob", 2, "user")]
    {
        let (code, out, error) = run(&database, arguments).await;
        assert_eq!((code, out.lines().count()), (1, lines), "{arguments}: {out}{error}");
        assert!(
            error.contains(&format!("the {what} was created, but could not be recorded in the audit trail")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_backup_of_a_running_server_can_be_started_from() {
    let database = Database::sqlite();
    let (_child, _, _, _lines) = serve(&database).await;
    assert_eq!(run(&database, "user create --login ann").await.0, 0);
    let (_, token, _) = run(&database, "token create --user ann").await;

    let copy = Database::sqlite();
    let file = copy.folder.path().join("hookswitch.db");
    let (code, _, error) = run(&database, &format!("backup {}", file.display())).await;
    assert_eq!((code, error.as_str()), (0, ""));
    std::fs::copy(database.folder.path().join("secret.key"), copy.folder.path().join("secret.key")).unwrap();
    assert_eq!(run(&database, &format!("backup {}", file.display())).await.0, 1, "nothing is overwritten");

    let (_other, address, _, _other_lines) = serve(&copy).await;
    assert_eq!(get(&address, "/api/v1/me", token.trim()).await.0, 200);
}

#[tokio::test]
async fn the_description_of_the_api_needs_no_server() {
    let (code, out, _) = run(&Database::sqlite(), "openapi").await;
    assert_eq!(code, 0);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(document["paths"]["/api/v1/users"]["get"].is_object());
}

#[tokio::test]
async fn the_settings_that_are_printed_are_a_file_to_start_with() {
    let database = Database::sqlite();
    let (code, out, _) = run(&database, "config").await;
    assert!(code == 0 && out.contains("\n# Address and port to listen on"), "{out}");
    let file = database.folder.path().join("settings.toml");
    std::fs::write(&file, out.replace("session_days = 30", "session_days = 0")).unwrap();
    let (code, _, error) = run(&database, &format!("--config {} serve", file.display())).await;
    assert!(code == 1 && error.contains("auth.session_days"), "it is read: {error}");
}

#[tokio::test]
async fn a_folder_of_modules_that_is_not_there_stops_the_start() {
    let database = Database::sqlite();
    let output = hookswitch(&database, "serve").env("HOOKSWITCH_MODULES_DIR", "/nowhere/modules").output();
    let (code, _, error) = finished(output.await.unwrap());
    assert!(
        code == 1 && error.contains("cannot read the modules folder /nowhere/modules (server.modules_dir)"),
        "{error}"
    );
}

#[tokio::test]
async fn what_the_folder_holds_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::sqlite();
    let folder = database.folder.path().join("data");
    let output = hookswitch(&database, "user create --login ann")
        .env("HOOKSWITCH_DATA_DIR", &folder)
        .env_remove("HOOKSWITCH_DATABASE_URL")
        .output();
    assert_eq!(finished(output.await.unwrap()).0, 0);
    for (name, mode) in [("", 0o700), ("secret.key", 0o600), ("hookswitch.db", 0o600)] {
        let permissions = std::fs::metadata(folder.join(name)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{name}");
    }
}
