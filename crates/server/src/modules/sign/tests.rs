use super::*;
use crate::modules::sample::WebhookRequest;
use serde_json::json;

fn signed(request: Value, sign: Value, spoil: Spoil) -> Result<Outgoing, String> {
    let request: WebhookRequest = serde_json::from_value(request).expect("a request");
    let signing: Signing = serde_json::from_value(sign).map_err(|error| error.to_string())?;
    let settings = json!({ "token": "12345", "seed": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60" });
    let mut outgoing = Outgoing::new(&request, "sample");
    let signer = Signer {
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
fn what_is_missing_is_named() {
    let request = || json!({ "method": "POST" });
    let sign = |text: &str| json!({ "algorithm": "sha1", "text": text, "header": "s" });
    let error = |text| signed(request(), sign(text), Spoil::Nothing).expect_err("it is not there");
    assert_eq!(error("{header:x}"), "sign: {header:x}: the request has no such header");
    assert!(error("{urll}").starts_with("sign: {urll} is unknown; there are url, "));
    assert_eq!(error("{url"), "sign: \"{url\": a brace is not closed");
    let error = signed(request(), json!({ "algorithm": "sha1", "header": "s" }), Spoil::Nothing);
    assert!(error.expect_err("no text").contains("give \"text\""));
}
