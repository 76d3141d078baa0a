//! What the other functions of the contract may return.

use hookswitch_model::contract::{CallLink, Member, call_link, members, test_connection_result};
use serde_json::{Value, json};

use crate::contract::check;

#[test]
fn members_are_checked() {
    let given = json!([{ "id": 101, "name": "Reception" }, { "id": "102", "name": "Sales", "email": "" }]);
    let member = |id: &str, name: &str| Member { id: id.into(), name: name.into(), email: None };
    assert_eq!(members(given), Ok(vec![member("101", "Reception"), member("102", "Sales")]));
    for (given, expected) in [
        (Value::Null, "VoipGetMembers: returned nothing; return a list of { id, name }"),
        (json!({}), "VoipGetMembers: must be a list, not an object"),
        (json!([{ "id": "1", "name": "a" }, { "name": "b" }]), "VoipGetMembers[1].id: missing"),
        (json!([{ "id": "", "name": "b" }]), "VoipGetMembers[0].id: must not be empty"),
        (json!([{ "id": "1", "name": null }]), "VoipGetMembers[0].name: must not be empty"),
        (json!(["101"]), "VoipGetMembers[0]: must be an object, not \"101\""),
    ] {
        check(members(given), expected);
    }
}

#[test]
fn test_connection_result_is_checked() {
    let result = test_connection_result(json!({ "success": true, "message": null })).expect("a result");
    assert!(result.success && result.message.is_none());
    for (given, expected) in [
        (Value::Null, "VoipTestConnection: returned nothing; return { success, message }"),
        (json!(true), "VoipTestConnection: must be an object, not true"),
        (json!({ "message": "ok" }), "success: missing"),
        (json!({ "success": "yes" }), "success: must be true or false, not \"yes\""),
    ] {
        check(test_connection_result(given), expected);
    }
}

#[test]
fn call_link_is_checked() {
    let link = |headers: &[(&str, &str)]| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Ok(CallLink { url: "https://pbx.example/1.mp3".to_owned(), headers: headers.collect() })
    };
    assert_eq!(call_link(json!(" https://pbx.example/1.mp3 ")), link(&[]));
    assert_eq!(call_link(json!({ "url": "https://pbx.example/1.mp3" })), link(&[]));
    let with_headers =
        json!({ "url": "https://pbx.example/1.mp3", "headers": { "Authorization": "Bearer a" } });
    assert_eq!(call_link(with_headers), link(&[("Authorization", "Bearer a")]));
    assert!(call_link(json!("HTTP://pbx.example/1.mp3")).is_ok());
    for (given, expected) in [
        (Value::Null, "VoipGetCallLink: returned nothing; return the recording's link as a string"),
        (json!(5), "VoipGetCallLink: must be a string, not 5"),
        (json!({ "link": "https://pbx.example/1.mp3" }), "url: missing"),
        (
            json!({ "url": "ftp://a" }),
            "VoipGetCallLink: must be a link starting with https:// or http://, not \"ftp://a\"",
        ),
        (
            json!({ "url": "https://a", "headers": { "a b": "c" } }),
            "headers.a b: is not a header name; use letters, digits and -",
        ),
        (
            json!({ "url": "https://a", "headers": { "a": "b\r\nc" } }),
            "headers.a: must not contain line breaks or other control characters",
        ),
        (
            json!({ "service": "bridge", "path": "/1.wav" }),
            "VoipGetCallLink: a recording held by a service cannot be played yet; return its link, or { url, headers }",
        ),
        (json!(""), "VoipGetCallLink: must be a link starting with https:// or http://, not \"\""),
        (
            json!("javascript:alert(1)"),
            "VoipGetCallLink: must be a link starting with https:// or http://, not \"javascript:alert(1)\"",
        ),
    ] {
        check(call_link(given), expected);
    }
}
