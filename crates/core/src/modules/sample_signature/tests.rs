use super::*;
use crate::modules::sample::WebhookRequest;
use serde_json::json;

fn signed(request: Value, sign: Value, spoil: Spoil) -> Result<Outgoing, String> {
    let request: WebhookRequest = serde_json::from_value(request).expect("a request");
    let signing: Signing = serde_json::from_value(sign).map_err(|error| error.to_string())?;
    let settings = json!({ "token": "12345", "seed": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60" });
    let mut outgoing = Outgoing::new(&request, "sample");
    let declared = json!([{ "name": "token", "label": "Token", "type": "secret" }]);
    let declared: Vec<Setting> = serde_json::from_value(declared).expect("settings");
    let signer = Signer {
        declared: &declared,
        settings: settings.as_object().expect("an object"),
        now: DateTime::from_timestamp(1_772_460_309, 0).expect("a time"),
        spoil,
    };
    signing.apply(&mut outgoing, &signer).map(|()| outgoing)
}

#[test]
fn a_signature_over_the_address_and_the_sorted_fields() {
    let request =
        json!({ "method": "POST", "url": "/calls?x=1", "body": "To=%2B18005551212&From=%2B14158675310" });
    let sign = json!({ "algorithm": "hmac-sha1", "key": "{setting:token}", "text": "{url}{form:sorted}", "header": "x-sig" });
    let request = signed(request, sign, Spoil::Nothing).expect("it is signed");
    assert_eq!(request.url(), "https://hookswitch.example/webhooks/sample/calls?token=sample&x=1");
    let text = format!("{}From+14158675310To+18005551212", request.url());
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345"), text.as_bytes());
    assert_eq!(request.headers["x-sig"], STANDARD.encode(mac));
}

#[test]
fn a_time_is_put_first_and_signed_then() {
    let sign = json!([
        { "value": "{now:seconds}", "header": "x-time" },
        { "algorithm": "sha256", "text": "{header:x-time}.{body}", "encoding": "hex", "prefix": "v1=", "query": "s" },
    ]);
    let request =
        signed(json!({ "method": "POST", "body": "{}" }), sign, Spoil::Nothing).expect("it is signed");
    let digest = hex::encode(digest::digest(&digest::SHA256, b"1772460309.{}").as_ref());
    assert_eq!(request.target, format!("/webhooks/sample?token=sample&s=v1%3D{digest}"));
}

#[test]
fn known_answers() {
    let md5 = json!({ "algorithm": "md5", "text": "{body}", "encoding": "hex", "form": "hash" });
    let request =
        signed(json!({ "method": "POST", "body": "abc" }), md5, Spoil::Nothing).expect("it is signed");
    assert_eq!(request.body, b"abc&hash=900150983cd24fb0d6963f7d28e17f72");
    // RFC 8032, test 1: the signature of nothing.
    let ed = json!({ "algorithm": "ed25519", "key": "{setting:seed}", "text": "{body}", "encoding": "hex", "header": "s" });
    let request = signed(json!({ "method": "POST" }), ed, Spoil::Nothing).expect("it is signed");
    assert!(
        request.headers["s"].starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    );
}

#[test]
fn a_jwt_has_times_as_numbers() {
    let sign = json!({
        "algorithm": "jwt-hs256", "key": "k", "prefix": "Bearer ", "header": "authorization",
        "claims": { "iat": "{now:seconds}", "payload_hash": "{body:sha256}" },
    });
    let request =
        signed(json!({ "method": "POST", "body": "" }), sign.clone(), Spoil::Nothing).expect("signed");
    let token = request.headers["authorization"].strip_prefix("Bearer ").expect("the prefix").to_owned();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("three parts")).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims["iat"], 1_772_460_309);
    assert!(claims["payload_hash"].as_str().expect("a text").starts_with("e3b0c44298fc1c14"));

    let spoilt =
        signed(json!({ "method": "POST", "body": "" }), sign.clone(), Spoil::OneCharacter).expect("signed");
    let spoilt = &spoilt.headers["authorization"];
    let differs = spoilt.chars().zip(format!("Bearer {token}").chars()).filter(|(a, b)| a != b).count();
    assert_eq!(differs, 1);
    let without = signed(json!({ "method": "POST" }), sign, Spoil::LeaveOut).expect("not signed");
    assert!(without.headers.is_empty());
}

#[test]
fn a_secret_that_is_sent_as_it_is_can_be_spoilt() {
    let sign = json!([
        { "value": "{setting:token}", "header": "x-token", "prefix": "Token " },
        { "value": "{now:seconds}", "header": "x-time" },
    ]);
    let headers = |spoil| {
        let request = signed(json!({ "method": "POST" }), sign.clone(), spoil).expect("it is sent");
        json!(request.headers)
    };
    let all = json!({ "x-token": "Token 12345", "x-time": "1772460309" });
    assert_eq!(headers(Spoil::Nothing), all);
    assert_eq!(headers(Spoil::OneCharacter)["x-token"], "Token a2345");
    assert_eq!(headers(Spoil::LeaveOut), json!({ "x-time": "1772460309" }));
}

#[test]
fn recipes_that_repeat_each_other_end() {
    let double = json!({ "value": "{form:a}{form:a}", "form": "a" });
    let recipes: Vec<_> = std::iter::repeat_n(double, 60).collect();
    // Each doubles the text before it, and reads all of it to find that.
    let request = json!({ "method": "POST", "body": format!("a={}", "x".repeat(1000)) });
    let error = signed(request, recipes.into(), Spoil::Nothing).expect_err("too much");
    let expected = "sign: the recipes produce more than 1048576 bytes; shorten them or the request";
    assert_eq!(error, expected);

    let claims: Map<String, Value> = (0..2000).map(|n| (n.to_string(), json!("{body}"))).collect();
    let jwt = json!({ "algorithm": "jwt-hs256", "key": "k", "header": "authorization", "claims": claims });
    let request = json!({ "method": "POST", "body": "x".repeat(1000) });
    assert_eq!(signed(request, jwt, Spoil::Nothing).expect_err("too much"), expected);
}

#[test]
fn what_is_missing_is_named() {
    let request = || json!({ "method": "POST" });
    let sign = |text: &str| json!({ "algorithm": "sha1", "text": text, "header": "s" });
    let error = |text| signed(request(), sign(text), Spoil::Nothing).expect_err("it is not there");
    assert_eq!(error("{header:x}"), "sign: {header:x}: the request has no such header");
    assert!(error("{urll}").starts_with("sign: {urll} is unknown; use one of url, "));
    assert_eq!(error("{url"), "sign: \"{url\": missing closing brace");
    let error = signed(request(), json!({ "algorithm": "sha1", "header": "s" }), Spoil::Nothing);
    assert!(error.expect_err("no text").contains("give the \"text\""));
}
