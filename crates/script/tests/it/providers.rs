//! What scripts need for real providers: local times, forms, XML, the webhook URL.

use std::sync::Arc;

use hookswitch_script::{Environment, data};
use serde_json::{Value, json};

use crate::support::{eval, load, value};

#[tokio::test]
async fn a_local_time_becomes_a_moment() {
    for (call, moment) in [
        ("zonedTime('2026-03-02 14:00:00', 'Europe/Moscow')", "2026-03-02T11:00:00.000Z"),
        ("zonedTime('2026-07-02T14:00', 'America/New_York')", "2026-07-02T18:00:00.000Z"),
        ("zonedTime(' 2026-03-02 14:00:00.25 ', 'Asia/Kolkata')", "2026-03-02T08:30:00.250Z"),
        ("zonedTime('2026-3-2 4:05:06', 'UTC')", "2026-03-02T04:05:06.000Z"),
        // Skipped and repeated hours.
        ("zonedTime('2026-03-29 02:30:00', 'Europe/Berlin')", "2026-03-29T01:30:00.000Z"),
        ("zonedTime('2026-10-25 02:30:00', 'Europe/Berlin')", "2026-10-25T00:30:00.000Z"),
    ] {
        assert_eq!(value(call).await, json!(moment), "{call}");
    }
    let standing = load(
        "function VoipTestConnection() {
            const moment = zonedTime('2026-03-02 14:00:00', 'UTC');
            return [moment instanceof Date, moment.getTime() - Date.now()];
         }",
    );
    standing.host.set_clock(1_772_460_000_000);
    assert_eq!(standing.test().await, Ok(json!([true, 0])));
}

#[tokio::test]
async fn other_text_is_not_a_local_time() {
    for (call, says) in [
        ("zonedTime('2026-03-02 14:00:00', 'Moscow')", "unknown time zone \"Moscow\""),
        ("zonedTime('2026-03-02 14:00:00', undefined as any)", "unknown time zone \"undefined\""),
        ("zonedTime('2026-03-02 14:00:00', 'x'.repeat(1e6))", "unknown time zone \"xxx"),
        ("zonedTime('2026-03-02T14:00:00Z', 'UTC')", "is not a local time"),
        ("zonedTime('2026-03-02 14:00:00+03:00', 'UTC')", "is not a local time"),
        ("zonedTime('2026-03-02', 'UTC')", "is not a local time"),
        ("zonedTime('02.03.2026 14:00', 'UTC')", "is not a local time"),
        ("zonedTime('2026-02-30 14:00:00', 'UTC')", "is not a local time"),
        ("zonedTime('2026-03-02 24:00:00', 'UTC')", "is not a local time"),
        ("zonedTime('', 'UTC')", "is not a local time"),
        ("zonedTime('1'.repeat(1e6), 'UTC')", "is not a local time"),
        ("zonedTime(null as any, 'UTC')", "\"null\" is not a local time"),
    ] {
        let error = eval(&format!("return {call}")).await.unwrap_err().to_string();
        assert!(error.starts_with("RangeError: ") && error.contains(says), "{call}: {error}");
        assert!(error.len() < 300, "{error}");
    }
}

#[tokio::test]
async fn text_is_escaped_for_xml() {
    assert_eq!(
        value(r#"escapeXml(`<Say voice="a">Smith & Sons' "café" 😀</Say>`)"#).await,
        json!("&lt;Say voice=&quot;a&quot;&gt;Smith &amp; Sons&apos; &quot;café&quot; 😀&lt;/Say&gt;")
    );
    assert_eq!(value(r"escapeXml('a\0b\x1b\ufffe\uffffc\ud800\t\n\r')").await, json!("abc\u{FFFD}\t\n&#13;"));
    assert_eq!(value("escapeXml(101 as any)").await, json!("101"));
}

/// The fields of a request with this content type and body.
async fn fields(content_type: &str, body: Value) -> Value {
    let script = load(
        "function VoipGetCallLink(data: any) {
            const request = { headers: { 'content-type': data.type }, body: data.body };
            return [...formFields(request)];
         }",
    );
    script.link(json!({ "type": content_type, "body": body })).await.unwrap()
}

#[tokio::test]
async fn the_fields_of_an_urlencoded_form() {
    let body = json!("From=%2B12025550101&Name=Zo%C3%AB+A&From=2&empty=&flag&?odd=1");
    assert_eq!(
        fields("application/x-www-form-urlencoded; charset=UTF-8", body.clone()).await,
        json!([
            ["From", "+12025550101"],
            ["Name", "Zoë A"],
            ["From", "2"],
            ["empty", ""],
            ["flag", ""],
            ["?odd", "1"]
        ])
    );
    for other in ["application/json", "", "text/plain", "application/x-www-form-urlencoded-not"] {
        assert_eq!(fields(other, body.clone()).await, json!([]), "{other}");
    }
    assert_eq!(value("[...formFields({ headers: {} })]").await, json!([]));
    let form = "{ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' }";
    assert_eq!(
        value(&format!("[formFields({form}) instanceof URLSearchParams, formFields({form}).get('a')]")).await,
        json!([true, "1"])
    );
}

#[tokio::test]
async fn the_fields_of_a_multipart_form_without_its_files() {
    let body = "a preamble\r\n--b0\r\n\
        Content-Disposition: form-data; name=\"from\"\r\n\r\n+12025550101\r\n\
        --b0 \t\r\ncontent-disposition:form-data;NAME=plain\r\nContent-Type: text/plain\r\n\r\ntwo\r\nlines\r\n\r\n\
        --b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.wav\"\r\n\r\nRIFF\r\n\
        --b0\r\nContent-Disposition: form-data; filename*=UTF-8''x; name=\"other file\"\r\n\r\nRIFF\r\n\
        --b0\r\nContent-Disposition: form-data; name=\"q\\\"%22;\\d\"\r\n\r\n\r\n--b00 no boundary\r\n\
        --b0\r\n\r\nno headers\r\n--b0\r\nContent-Disposition: form-data\r\n\r\nno name\r\n\
        --b0\r\nContent-Disposition: form-data; name=\"last\"\r\n\r\nZoë\r\n--b0--\r\nan epilogue\r\n--b0\r\n\
        Content-Disposition: form-data; name=\"late\"\r\n\r\n1\r\n--b0--";
    let expected = json!([
        ["from", "+12025550101"],
        ["plain", "two\r\nlines\r\n"],
        ["q\"\";\\d", "\r\n--b00 no boundary"],
        ["last", "Zoë"]
    ]);
    assert_eq!(fields("multipart/form-data; boundary=b0", json!(body)).await, expected);
    assert_eq!(fields("Multipart/Form-Data; charset=utf-8; Boundary=\"b0\"", json!(body)).await, expected);

    // Bytes that are not UTF-8: a file, and a field in another charset.
    let head = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n";
    let body = [
        head.as_bytes(),
        &[0xcf, 0xf0],
        b"\r\n--x\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n\xff\r\n--x--",
    ]
    .concat();
    assert_eq!(fields("multipart/form-data; boundary=x", data::bytes(&body)).await, json!([["name", "Пр"]]));
}

#[tokio::test]
async fn a_broken_form_yields_its_intact_fields() {
    let part = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
    for (content_type, body, expected) in [
        ("multipart/form-data; boundary=b", format!("{part}{part}"), json!([["a", "1"]])),
        ("multipart/form-data; boundary=b", format!("{part}--b"), json!([])),
        ("multipart/form-data; boundary=b", String::new(), json!([])),
        ("multipart/form-data; boundary=b", "\u{0}garbage--b\r\n--b--".into(), json!([])),
        ("multipart/form-data; boundary=", part.into(), json!([])),
        ("multipart/form-data; boundary=\"", part.into(), json!([])),
        ("multipart/form-data", part.into(), json!([])),
        ("multipart/form-data;;;=;boundary", part.into(), json!([])),
        ("application/x-www-form-urlencoded", "%&=&%zz=%".into(), json!([["%", ""], ["", ""], ["%zz", "%"]])),
    ] {
        assert_eq!(fields(content_type, json!(body)).await, expected, "{content_type} {body:?}");
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    assert_eq!(fields(&long, json!(format!("--{0}\r\n\r\n\r\n--{0}--", "b".repeat(71)))).await, json!([]));
}

#[tokio::test]
async fn a_hostile_form_costs_little_and_harms_nothing() {
    let form = |kind: &str, body: &str| {
        format!("return [...formFields({{ headers: {{ 'content-type': '{kind}' }}, body: {body} }})].length")
    };
    let urlencoded = "application/x-www-form-urlencoded";
    let multipart = "multipart/form-data; boundary=b";
    assert_eq!(eval(&form(urlencoded, "'a&'.repeat(1000)")).await, Ok(json!(1_000)));
    for (kind, body) in [
        (urlencoded, "'a&'.repeat(500000)"),
        (
            multipart,
            "'--b\\r\\nContent-Disposition: form-data; name=a\\r\\n\\r\\n\\r\\n'.repeat(1002) + '--b--'",
        ),
    ] {
        let error = eval(&form(kind, body)).await.unwrap_err().to_string();
        assert!(error.starts_with("RangeError: a form has at most 1000 fields"), "{error}");
    }
    for body in [
        "'\\r\\n--b'.repeat(200000)",
        "'--b' + ' '.repeat(1000000)",
        "'\\r\\n-'.repeat(300000)",
        "'--b\\r\\n'.repeat(200000)",
    ] {
        assert_eq!(eval(&form(multipart, body)).await, Ok(json!(0)), "{body}");
    }
    for (request, says) in [
        ("undefined", "formFields needs the request"),
        ("'a=1'", "formFields needs the request"),
        (
            "{ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 5 }",
            "the body must be a string",
        ),
        ("{ get headers() { throw new Error('mine') } }", "mine"),
        ("{ headers: { 'content-type': Symbol('x') } }", "TypeError"),
    ] {
        let error = eval(&format!("return formFields({request} as any)")).await.unwrap_err().to_string();
        assert!(error.contains(says), "{request}: {error}");
    }
    assert_eq!(value("[...formFields({ headers: { get 'content-type'() { return 'text/xml' } }, body: new Uint8Array(5) } as any)]").await, json!([]));
}

#[tokio::test]
async fn a_script_sees_its_webhook_url_and_its_changes() {
    let script = load(
        "const url = Namespace.webhookUrl; function VoipTestConnection() { return { url, now: Namespace.webhookUrl }; }",
    );
    assert_eq!(script.test().await, Ok(json!({})));
    for url in ["https://pbx.example/webhooks/1?token=a", "https://pbx.example/webhooks/1?token=b"] {
        let environment = Environment { webhook_url: Some(url.into()), ..Environment::default() };
        *script.host.environment.lock().unwrap() = Arc::new(environment);
        assert_eq!(script.test().await, Ok(json!({ "url": url, "now": url })));
    }
    let change = "try { (Namespace as any).webhookUrl = 'https://evil.example/'; } catch {} return typeof Namespace.webhookUrl";
    assert_eq!(eval(change).await, Ok(json!("undefined")));
}
