//! Modules in `modules_dir`: offered, reloaded, followed. And updates to newer versions of providers.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use hookswitch_store::{ModulePatch, NewScript};
use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, Server, both, only_call};

const MANIFEST: &str =
    "code = \"attic\"\nname = \"Attic\"\ndescription = \"The PBX in the attic.\"\ndefault_country = \"GB\"\n";
const REGION: &str =
    "[[settings]]\nname = \"region\"\nlabel = \"Region\"\ntype = \"text\"\ndefault = \"eu\"\n";

/// Creates a folder outside the tree; returns the setting that names it.
fn folder() -> [(&'static str, &'static str); 1] {
    let path = tempfile::tempdir().expect("a folder").keep();
    [("HOOKSWITCH_MODULES_DIR", path.to_str().expect("a path").to_owned().leak())]
}

fn dir(server: &Server) -> PathBuf {
    server.app.config.server.modules_dir.clone().expect("a folder")
}

fn put(server: &Server, folder: &str, manifest: &str, source: &str) {
    let folder = dir(server).join(folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("module.toml"), manifest).expect("a file");
    fs::write(folder.join("module.ts"), source).expect("a file");
}

async fn providers(admin: &Client) -> (Vec<Value>, Value) {
    let listed = admin.get("/api/v1/providers").await.json(200);
    let items = listed["items"].as_array().expect("items").clone();
    (items.into_iter().filter(|item| item["folder"].is_string()).collect(), listed["problems"].clone())
}

/// Waits until a module satisfies a condition.
async fn until(admin: &Client, module: &Module, is: impl Fn(&Value) -> bool) -> Value {
    let wait = async {
        loop {
            let seen = admin.get(&module.path("")).await.json(200);
            if is(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it becomes so")
}

both!(a_folder_is_a_provider_without_touching_the_server, super::folder(), |server| {
    let admin = server.admin().await;
    let (user, operator) = server.operator("one").await;
    assert_eq!(providers(&admin).await, (vec![], json!([])));
    put(server, "my-pbx", MANIFEST, PASS_ON);
    let (offered, problems) = providers(&admin).await;
    assert_eq!((offered.len(), &offered[0]["folder"]), (1, &json!("my-pbx")));
    assert_eq!((&offered[0]["code"], &offered[0]["name"]), (&json!("attic"), &json!("Attic")));
    assert_eq!(problems, json!([]));

    let module = Module::of(server, &admin, json!({ "name": "Attic", "provider": "attic" })).await;
    module.bind(&[("101", user)]).await;
    module.event("notifyStart", "a", "020 7946 0000", "101").await;
    let call = only_call(&operator).await;
    assert_eq!(call["clientNumber"]["e164"], "+442079460000", "the manifest says in which country");
    fs::remove_dir_all(dir(server)).expect("a folder");
});

both!(a_folder_that_cannot_be_used_says_why, super::folder(), |server| {
    let admin = server.admin().await;
    put(server, "broken", MANIFEST, "function a() {\n  return 1 +;\n}");
    put(server, "hostile", &MANIFEST.replace("attic", "hostile"), "for (;;) {}");
    put(server, "shadow", &MANIFEST.replace("attic", "demo"), PASS_ON);
    put(server, "typo", &MANIFEST.replace("name", "nam"), PASS_ON);
    put(server, "good", &MANIFEST.replace("attic", "good"), PASS_ON);
    put(server, "twin", &MANIFEST.replace("attic", "good"), PASS_ON);
    let (offered, problems) = providers(&admin).await;
    assert_eq!((offered.len(), &offered[0]["folder"]), (1, &json!("good")));
    let said = |folder: &str| {
        let of = |problem: &&Value| problem["folder"] == folder;
        let problem = problems.as_array().expect("problems").iter().find(of);
        problem.expect("it is listed")["error"].as_str().expect("a text").to_owned()
    };
    assert!(said("broken").starts_with("module.ts:2:"), "{}", said("broken"));
    assert!(said("hostile").contains("CPU time"), "{}", said("hostile"));
    assert!(said("shadow").contains("\"demo\" is the code of a built-in module"), "{}", said("shadow"));
    assert!(said("typo").contains("nam"), "{}", said("typo"));
    assert!(said("twin").contains("also used by the folder good"), "{}", said("twin"));
    let refused = admin.post("/api/v1/modules", json!({ "name": "X", "provider": "attic" })).await;
    let detail = refused.problem(422, "invalid")["detail"].as_str().expect("a sentence").to_owned();
    assert!(detail.contains("module.ts:2:"), "{detail}");

    fs::remove_dir_all(dir(server)).expect("a folder");
    let (offered, problems) = providers(&admin).await;
    assert_eq!(offered, Vec::<Value>::new());
    assert!(problems[0]["error"].as_str().expect("a text").contains("cannot be read"), "{problems}");
});

both!(a_module_follows_its_folder, super::folder(), |server| {
    let admin = server.admin().await;
    put(server, "attic", MANIFEST, PASS_ON);
    let body = json!({ "name": "Attic", "provider": "attic", "followsFolder": true });
    let module = Module::of(server, &admin, body).await;
    let newer = PASS_ON.replace("It works.", "It works better.");
    put(server, "attic", &format!("{MANIFEST}{REGION}"), &newer);
    let seen = until(&admin, &module, |module| module["scriptVersion"] == 2).await;
    assert_eq!((&seen["followsFolder"], &seen["settings"][0]["name"]), (&json!(true), &json!("region")));
    let update = json!({ "available": false, "edited": false, "folder": "attic", "problem": null });
    assert_eq!(seen["update"], update);
    assert_eq!(admin.get(&module.path("/script")).await.json(200)["source"], newer);
    let tested = admin.post(&module.path("/test-connection"), json!({})).await.json(200);
    assert_eq!(tested["message"], "It works better.");
    let trail = admin.get("/api/v1/audit").await.json(200);
    assert_eq!(trail["items"][0]["changes"][0]["to"], "2, taken from its folder", "{trail}");

    // While it follows the folder, its script can only be changed there.
    module.save(PASS_ON).await.problem(409, "followsFolder");
    admin.post(&module.path("/script/versions/1/restore"), json!({})).await.problem(409, "followsFolder");
    put(server, "attic", MANIFEST, "nonsense(");
    let seen = until(&admin, &module, |module| module["update"]["problem"].is_string()).await;
    assert!(seen["update"]["problem"].as_str().expect("a text").starts_with("attic: module.ts:1:"), "{seen}");
    assert_eq!(seen["scriptVersion"], 2, "a script that does not work is not used");

    admin.patch(&module.path(""), json!({ "followsFolder": false })).await.is(200);
    module.save(PASS_ON).await.is(200);
    put(server, "attic", MANIFEST, &newer);
    let seen = until(&admin, &module, |module| module["update"]["available"] == true).await;
    assert_eq!((&seen["scriptVersion"], &seen["update"]["edited"]), (&json!(3), &json!(true)));
    let seen = admin.patch(&module.path(""), json!({ "followsFolder": true })).await.json(200);
    assert_eq!((&seen["scriptVersion"], &seen["update"]["edited"]), (&json!(4), &json!(false)), "at once");

    let demo = Module::of(server, &admin, json!({ "name": "Demo", "provider": "demo" })).await;
    let refused = admin.patch(&demo.path(""), json!({ "followsFolder": true })).await;
    assert_eq!(refused.problem(422, "invalid")["path"], "followsFolder");
    let body = json!({ "name": "Demo", "provider": "demo", "followsFolder": true });
    assert_eq!(admin.post("/api/v1/modules", body).await.problem(422, "invalid")["path"], "followsFolder");
    for (field, value) in [("script", json!(PASS_ON)), ("settings", json!([]))] {
        let body = json!({ "name": "Own", "provider": "attic", "followsFolder": true, field: value });
        assert_eq!(admin.post("/api/v1/modules", body).await.problem(422, "invalid")["path"], field);
    }
    fs::remove_dir_all(dir(server)).expect("a folder");
});

both!(what_a_module_could_not_take_is_tried_again_once_its_settings_are_others, super::folder(), |server| {
    let admin = server.admin().await;
    put(server, "attic", &format!("{MANIFEST}{REGION}"), PASS_ON);
    let body = json!({ "name": "Attic", "provider": "attic", "followsFolder": true });
    let module = Module::of(server, &admin, body).await;
    admin.patch(&module.path("/settings"), json!({ "region": "mars" })).await.is(200);
    let picky =
        format!("if (Namespace.params.data.region === 'mars') throw new Error('too far');\n{PASS_ON}");
    put(server, "attic", &format!("{MANIFEST}{REGION}"), &picky);
    let seen = until(&admin, &module, |module| module["update"]["problem"].is_string()).await;
    assert!(seen["update"]["problem"].as_str().expect("a text").contains("too far"), "{seen}");
    assert_eq!((&seen["scriptVersion"], &seen["update"]["available"]), (&json!(1), &json!(true)));

    admin.patch(&module.path("/settings"), json!({ "region": "eu" })).await.is(200);
    let seen = until(&admin, &module, |module| module["scriptVersion"] == 2).await;
    assert_eq!((&seen["update"]["available"], &seen["update"]["problem"]), (&json!(false), &json!(null)));
    fs::remove_dir_all(dir(server)).expect("a folder");
});

both!(a_module_begins_to_follow_with_all_that_is_asked_or_not_at_all, super::folder(), |server| {
    let admin = server.admin().await;
    put(server, "attic", MANIFEST, PASS_ON);
    let module = Module::of(server, &admin, json!({ "name": "Attic", "provider": "attic" })).await;
    let newer = PASS_ON.replace("It works.", "It works better.");
    put(server, "attic", &format!("{MANIFEST}{REGION}"), &newer);
    for (field, value) in [("name", json!(" ")), ("settings", json!([])), ("defaultCountry", json!("ZZZ"))] {
        let refused = admin.patch(&module.path(""), json!({ "followsFolder": true, field: value })).await;
        assert_eq!(refused.problem(422, "invalid")["path"], field);
    }
    let seen = admin.get(&module.path("")).await.json(200);
    let before = (&json!(1), &json!(false), &json!([]));
    assert_eq!((&seen["scriptVersion"], &seen["followsFolder"], &seen["settings"]), before);

    let all = json!({ "followsFolder": true, "name": "Cellar", "dialsExtensions": true });
    let seen = admin.patch(&module.path(""), all).await.json(200);
    assert_eq!((&seen["scriptVersion"], &seen["followsFolder"]), (&json!(2), &json!(true)));
    assert_eq!((&seen["name"], &seen["dialsExtensions"]), (&json!("Cellar"), &json!(true)));
    assert_eq!(seen["settings"][0]["name"], "region");
    fs::remove_dir_all(dir(server)).expect("a folder");
});

both!(a_newer_version_of_a_built_in_module_is_offered_and_taken, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    let module = Module::of(server, &admin, json!({ "name": "Demo", "provider": "demo" })).await;
    let seen = admin.get(&module.path("")).await.json(200);
    let update = json!({ "available": false, "edited": false, "folder": null, "problem": null });
    assert_eq!(
        (&seen["update"], operator.get(&module.path("")).await.json(200).get("update")),
        (&update, None)
    );
    let script = admin.get(&module.path("/script")).await.json(200)["source"].clone();

    // As if created by an older program and then edited by hand.
    let older = json!([
        { "name": "pbxUrl", "label": "Address", "type": "text" },
        { "name": "gone", "label": "Gone", "type": "text" },
    ]);
    let id = module.id.parse().unwrap();
    let patch = ModulePatch { fields: Some(older), ..ModulePatch::default() };
    let took = NewScript { source: PASS_ON, patch: Some(&patch), template_hash: Some("older") };
    server.app.store.save_script_with(id, took, None, server.app.clock.now()).await.unwrap();
    admin.patch(&module.path(""), json!({ "name": "Office" })).await.is(200);
    admin.patch(&module.path("/settings"), json!({ "pbxUrl": "https://pbx.example" })).await.is(200);
    let own = PASS_ON.replace("It works.", "Mine.");
    module.save(&own).await.is(200);
    let seen = admin.get(&module.path("")).await.json(200);
    assert_eq!((&seen["update"]["available"], &seen["update"]["edited"]), (&json!(true), &json!(true)));

    let offered = admin.get(&module.path("/update")).await.json(200);
    assert_eq!((&offered["takenSource"], &offered["currentSource"]), (&json!(PASS_ON), &json!(own)));
    assert_eq!(offered["newSource"], script);
    let settings = &offered["settings"];
    assert_eq!(settings["changed"][0]["before"]["label"], "Address", "{settings}");
    assert_eq!(settings["removed"][0]["name"], "gone");
    assert!(settings["added"].as_array().is_some_and(|added| !added.is_empty()), "{settings}");
    admin.post(&module.path("/update"), json!({ "hash": "another" })).await.problem(409, "changedMeanwhile");
    let taken = admin.post(&module.path("/update"), json!({ "hash": offered["hash"] })).await.json(200);
    assert_eq!((&taken["scriptVersion"], &taken["update"]), (&json!(4), &update));
    assert_eq!(taken["settings"][0]["name"], "pbxUrl");
    assert_eq!(taken["settings"][0]["value"], "https://pbx.example", "values are kept");
    assert_eq!(admin.get(&module.path("/script")).await.json(200)["source"], script);

    let own = Module::with_script(server, &admin, PASS_ON).await;
    assert_eq!(admin.get(&own.path("")).await.json(200)["update"], json!(null));
    admin.get(&own.path("/update")).await.problem(409, "noTemplate");
});

both!(a_script_is_saved_with_the_settings_it_needs_or_not_at_all, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let needs =
        format!("if (Namespace.params.data.region !== 'eu') throw new Error('no region');\n{PASS_ON}");
    module.save(&needs).await.problem(422, "script");
    let region = json!([{ "name": "region", "label": "Region", "type": "text", "default": "eu" }]);
    let path = module.path("/script");
    let saved = admin.put(&path, json!({ "source": needs, "settings": region })).await.json(200);
    assert_eq!((&saved["scriptVersion"], &saved["settings"][0]["name"]), (&json!(2), &json!("region")));
    let none = json!({ "source": needs, "settings": [] });
    admin.put(&path, none).await.problem(422, "script");
    let seen = admin.get(&module.path("")).await.json(200);
    assert_eq!((&seen["scriptVersion"], &seen["settings"][0]["name"]), (&json!(2), &json!("region")));
});
