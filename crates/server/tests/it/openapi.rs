//! The description of the API.

use hookswitch_server::routes;
use serde_json::Value;

use crate::support::both;

#[test]
fn the_committed_description_is_what_the_server_says() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json"))
        .unwrap_or_default();
    let current = format!("{}\n", routes::openapi().to_pretty_json().unwrap());
    assert!(committed == current, "openapi.json is out of date; update it with `cargo xtask codegen`");
}

#[test]
fn operations_are_named_after_their_handlers_and_describe_their_errors() {
    let document = serde_json::to_value(routes::openapi()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name =
                operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(names.insert(name.to_owned()), "two operations are named {name}");
            if path.starts_with("/api/") && name != "me" {
                let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
                assert_eq!(problem["schema"]["$ref"], "#/components/schemas/ApiError", "{method} {path}");
            }
        }
    }
    assert!(names.contains("sign_in") && names.contains("list_users"), "{names:?}");
}

#[test]
fn nothing_in_it_links_into_the_code() {
    let text = routes::openapi().to_json().unwrap();
    assert!(!text.contains("[`") && !text.contains("super::") && !text.contains("crate::"));
}

both!(the_server_serves_its_description, |server| {
    let served: Value = server.anonymous().get("/openapi.json").await.json(200);
    assert_eq!(served, serde_json::to_value(routes::openapi()).unwrap());
});
