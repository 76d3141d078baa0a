//! The author's tools: push and pull a folder, make a sample of a request, check types.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::process::{finished, hookswitch};
use crate::support::{Client, Database, Module, PASS_ON, Server, both};

/// An author with a server's address and a token for it.
struct Author {
    url: String,
    token: String,
    nothing: Database,
}

impl Author {
    async fn new(server: &Server, admin: &Client) -> Self {
        let made = admin.post("/api/v1/tokens", json!({ "name": "author" })).await.json(201);
        let token = made["token"].as_str().expect("a token").to_owned();
        Self { url: server.url.clone(), token, nothing: Database::sqlite() }
    }

    /// Runs the program and checks that its output does not contain the token.
    async fn run(&self, arguments: &str) -> (i32, String, String) {
        let mut command = hookswitch(&self.nothing, arguments);
        command.env("HOOKSWITCH_SERVER", &self.url).env("HOOKSWITCH_TOKEN", &self.token);
        let (code, out, error) = finished(command.output().await.expect("it runs"));
        assert!(!out.contains(&self.token) && !error.contains(&self.token), "{out} {error}");
        (code, out, error)
    }

    async fn done(&self, arguments: &str) -> String {
        let (code, out, error) = self.run(arguments).await;
        assert_eq!((code, error.as_str()), (0, ""), "{arguments}: {out}");
        out
    }

    async fn refused(&self, arguments: &str) -> String {
        let (code, out, error) = self.run(arguments).await;
        assert_eq!((code, error.lines().count()), (1, 1), "{arguments}: {out} {error}");
        error
    }
}

fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a file");
    assert!(text.contains(from), "no {from} in {text}");
    fs::write(path, text.replace(from, to)).expect("a file");
}

both!(a_folder_goes_to_a_server_and_comes_back, |server| {
    let admin = server.admin().await;
    let author = Author::new(server, &admin).await;
    let folders = tempfile::tempdir().expect("a folder");
    let attic = folders.path().join("attic");
    let (dir, toml, script) = (attic.display(), attic.join("module.toml"), attic.join("module.ts"));
    author.done(&format!("module new {dir}")).await;

    let said = author.done(&format!("module push {dir}")).await;
    assert!(said.starts_with("created attic (") && said.contains("still to be set: API key"), "{said}");
    let modules = admin.get("/api/v1/modules").await.json(200)["items"].clone();
    let path = format!("/api/v1/modules/{}", modules[0]["id"].as_str().expect("an id"));
    assert_eq!((modules.as_array().map(Vec::len), &modules[0]["name"]), (Some(1), &json!("attic")));
    assert!(author.done(&format!("module push {dir}")).await.starts_with("nothing to change in attic"));

    change(&script, "Connected.", "It is connected.");
    change(&toml, "label = \"API key\"", "label = \"The key\"");
    change(&toml, "# default_country = \"GB\"", "default_country = \"DE\"");
    let said = author.done(&format!("module push {dir}")).await;
    for words in [
        "updated attic",
        "version 2 (1 lines added, 1 removed)",
        "settings changed: apiKey",
        "null -> \"DE\"",
    ] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    let seen = admin.get(&path).await.json(200);
    assert_eq!((&seen["scriptVersion"], &seen["defaultCountry"]), (&json!(2), &json!("DE")));

    let error = author.refused(&format!("module push {dir} --set apiKye=x")).await;
    assert!(
        error.contains("--set apiKye: module.toml declares no such setting; choose one of apiUrl, "),
        "{error}"
    );
    let said = author
        .done(&format!("module push {dir} --set apiUrl=https://pbx.example/2 --set webhookSecret=x"))
        .await;
    assert!(said.contains("set: apiUrl, webhookSecret") && !said.contains("Webhook secret"), "{said}");
    let declared = admin.get(&path).await.json(200)["settings"].clone();
    assert_eq!(declared[0]["value"], "https://pbx.example/2");

    // A script that does not work changes nothing.
    let good = fs::read_to_string(&script).expect("a file");
    fs::write(&script, format!("{good}\nconst x = ;\n")).expect("a file");
    let error = author.refused(&format!("module push {dir}")).await;
    assert!(error.contains(&format!("module.ts:{}:11: ", good.lines().count() + 2)), "{error}");
    fs::write(&script, format!("{good}\nthrow new Error('at load');\n")).expect("a file");
    let error = author.refused(&format!("module push {dir}")).await;
    assert!(
        error.contains(&format!("module.ts:{}:", good.lines().count() + 2)) && error.contains("at load"),
        "{error}"
    );
    fs::write(&script, &good).expect("a file");
    assert_eq!(admin.get(&path).await.json(200)["scriptVersion"], 2);

    let copy = folders.path().join("copy");
    admin.patch(&format!("{path}/settings"), json!({ "apiKey": "s3cret-of-the-pbx" })).await.is(200);
    author.done(&format!("module pull attic {}", copy.display())).await;
    assert_eq!(fs::read_to_string(copy.join("module.ts")).expect("a file"), good);
    let manifest = fs::read_to_string(copy.join("module.toml")).expect("a file");
    assert!(manifest.contains("The key") && !manifest.contains("s3cret"), "{manifest}");
    let said = author.done(&format!("module push {}", copy.display())).await;
    assert!(said.starts_with("nothing to change in attic"), "{said}");
    assert!(
        author.done(&format!("module pull attic {dir}")).await.contains("is up to date with attic"),
        "comments stay"
    );
    change(&copy.join("module.ts"), "It is connected.", "Mine.");
    let error = author.refused(&format!("module pull attic {}", copy.display())).await;
    assert!(error.contains("module.ts exists and differs"), "{error}");
    author.done(&format!("module pull attic {} --force", copy.display())).await;
    assert_eq!(fs::read_to_string(copy.join("module.ts")).expect("a file"), good);
});

both!(a_server_that_does_not_do_it_is_told_in_one_line, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    let mut author = Author::new(server, &admin).await;
    let folders = tempfile::tempdir().expect("a folder");
    let dir = folders.path().join("attic").display().to_string();
    author.done(&format!("module new {dir}")).await;
    author.done(&format!("module push {dir}")).await;
    let error = author.refused(&format!("module push {dir} --module nobodys")).await;
    assert!(error.contains("no module with the id or name nobodys"), "{error}");
    admin.post("/api/v1/modules", json!({ "name": "attic" })).await.is(201);
    let error = author.refused(&format!("module push {dir}")).await;
    assert!(error.contains("several modules are named attic"), "{error}");

    author.token = Author::new(server, &operator).await.token;
    assert!(author.refused(&format!("module pull attic {dir}2")).await.contains("administrator"));
    author.token = "hs_wrong-token-of-nobody".to_owned();
    assert!(author.refused(&format!("module push {dir}")).await.contains("Sign in"));
    author.token = "line\nbreak".to_owned();
    assert!(author.refused(&format!("module push {dir}")).await.contains("HOOKSWITCH_TOKEN"));
    author.url = "http://127.0.0.1:9".to_owned();
    author.token = "hs_some-token".to_owned();
    assert!(author.refused(&format!("module push {dir}")).await.contains("cannot reach "));
    author.url = "https://me:p4ssword@example.org".to_owned();
    let error = author.refused(&format!("module push {dir}")).await;
    assert!(error.contains("HOOKSWITCH_SERVER") && !error.contains("p4ssword"), "{error}");
});

both!(a_request_of_the_log_is_put_into_the_folder, |server| {
    let admin = server.admin().await;
    let author = Author::new(server, &admin).await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.event("notifyStart", "a", "+442083661177", "101").await;
    let request = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let folders = tempfile::tempdir().expect("a folder");
    let dir = folders.path().join("test");
    author.done(&format!("module pull Test {}", dir.display())).await;
    author.done(&format!("module sample Test {request} {}", dir.display())).await;
    let text = fs::read_to_string(dir.join("samples/01-notify-start.json")).expect("a sample");
    let sample: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(sample["result"]["event"]["srcPhone"], "+442079460100");
    // The sample gives the expected result; that this little script fails on garbage is another matter.
    let (_, said, _) = author.run(&format!("module test {}", dir.display())).await;
    assert!(said.contains("ok   01-notify-start.json"), "it still gives the recorded result: {said}");
    author.done(&format!("module sample {} {request} {}", module.id, dir.display())).await;
    assert!(dir.join("samples/02-notify-start.json").exists());
});

#[tokio::test]
async fn types_are_checked_by_the_folders_own_typescript() {
    let author = Author { url: String::new(), token: "none".into(), nothing: Database::sqlite() };
    let folders = tempfile::tempdir().expect("a folder");
    let dir = folders.path().join("attic");
    author.done(&format!("module new {}", dir.display())).await;
    let check = format!("module check {}", dir.display());
    assert!(author.done(&check).await.contains("types: not checked, except for syntax and names"));

    let bin = folders.path().join("node_modules/.bin");
    fs::create_dir_all(&bin).expect("a folder");
    let tsc = |script: &str| {
        fs::write(bin.join("tsc"), format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(bin.join("tsc"), fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    tsc("test -f module.ts && test \"$1\" = --noEmit");
    assert!(author.done(&check).await.contains("types: correct according to "));
    tsc("echo 'module.ts(3,5): error TS2322: No.'; exit 2");
    let (code, out, error) = author.run(&check).await;
    assert!(out.contains("module.ts(3,5): error TS2322: No."), "{out}");
    assert_eq!((code, error.as_str()), (1, "hookswitch: the types have errors\n"));
}
