use super::*;

use std::os::unix::fs::PermissionsExt as _;

use crate::app::Start;

fn config(folder: &Path) -> Config {
    let folder = folder.to_str().expect("UTF-8").to_owned();
    let env = |name: &str| (name == "HOOKSWITCH_DATA_DIR").then(|| folder.clone());
    Config::load(None, env).expect("the defaults hold")
}

async fn start(folder: &Path) -> (Demo, Arc<App>, String) {
    let mut config = config(folder);
    let mut demo = prepare(&mut config, &Clock::system()).await.expect("it can be set up");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8700));
    let panel = Some(Arc::clone(&demo.panel));
    let start = Start { config, clock: Clock::system(), address, web: |_| None, demo: panel };
    let app = App::open(start).await.expect("it opens");
    let text = demo.connect(&app).await.expect("the PBX is told its webhook URL");
    (demo, app, text)
}

#[tokio::test]
async fn the_first_start_makes_everything_and_the_next_finds_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (demo, app, text) = start(folder.path()).await;
    for (login, password) in &demo.kept.passwords {
        assert!(text.contains(login) && text.contains(password), "{text}");
    }
    assert!(
        text.contains(&format!("curl --json '{{\"to\":\"101\"}}' http://{}/ring", demo.pbx.address)),
        "{text}"
    );
    let mode = fs::metadata(&demo.file).expect("it is kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let module = demo.kept.module.expect("a module");
    let bound = app.store.bindings(module).await.expect("bindings");
    assert_eq!(bound.iter().map(|binding| binding.member_id.as_str()).collect::<Vec<_>>(), ["101", "102"]);
    app.close().await;
    let passwords = demo.kept.passwords.clone();
    drop(demo);

    let (again, app, _) = start(folder.path()).await;
    assert_eq!((&again.kept.passwords, again.kept.module), (&passwords, Some(module)));
    assert_eq!(app.store.users().await.expect("users").len(), PEOPLE.len());
    app.close().await;
}

#[tokio::test]
async fn a_folder_with_users_of_its_own_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let store = open_store(&config).await.expect("it opens");
    let password = "a password of theirs".into();
    let user =
        CreateUser { login: "Admin".into(), name: "A".into(), email: None, role: Role::Admin, password };
    users::make(&store, &Passwords::new(), Clock::system().now(), user).await.expect("a user");
    store.close().await;

    let refused = prepare(&mut config, &Clock::system()).await.err().expect("it is refused").to_string();
    assert!(refused.contains("a user `admin` that the demo did not make"), "{refused}");
    assert!(!folder.path().join("demo.json").exists());
}
