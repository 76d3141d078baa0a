//! `fetch`, `Request`, `Response`, `Headers`, services and storage.

use hookswitch_script::Redirect;
use serde_json::json;

use crate::support::{eval, load, value};

#[tokio::test]
async fn fetch_sends_a_request_and_reads_the_response() {
    let script = load(
        "async function VoipTestConnection() {
            const response = await fetch('https://Example.com/echo?a=1#part', {
                method: 'post', headers: { 'X-Key': 'k', 'content-type': 'application/json' },
                body: JSON.stringify({ n: 1 }), redirect: 'manual', signal: AbortSignal.timeout(1500),
            });
            const copy = response.clone();
            const json = await response.json();
            return { json, ok: response.ok, status: response.status, statusText: response.statusText, url: response.url,
                used: [response.bodyUsed, copy.bodyUsed], length: (await copy.arrayBuffer()).byteLength > 10,
                headers: [...response.headers], cookies: response.headers.getSetCookie() };
         }",
    );
    let result = script.test().await.unwrap();
    assert_eq!(
        result["json"],
        json!({ "service": null, "method": "POST", "url": "https://example.com/echo?a=1#part", "body": "{\"n\":1}",
            "headers": [["x-key", "k"], ["content-type", "application/json"]], "redirect": "manual", "timeoutMs": 1500 })
    );
    assert_eq!(
        (&result["ok"], &result["status"], &result["statusText"]),
        (&json!(true), &json!(200), &json!("Fine"))
    );
    assert_eq!(result["used"], json!([true, false]));
    assert_eq!(
        result["headers"],
        json!([
            ["content-type", "application/json"],
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
            ["x-id", "7"]
        ])
    );
    assert_eq!(result["cookies"], json!(["a=1", "b=2"]));
}

#[tokio::test]
async fn bodies_bring_their_content_type() {
    let sent = |body: &str| {
        let expression = format!(
            "(await (await fetch('https://example.com/echo', {{ method: 'POST', body: {body} }})).json())"
        );
        async move { value(&expression).await }
    };
    let form = sent("new URLSearchParams({ a: 'b c', d: '&' })").await;
    assert_eq!(form["body"], "a=b+c&d=%26");
    assert_eq!(form["headers"], json!([["content-type", "application/x-www-form-urlencoded;charset=UTF-8"]]));
    let text = sent("'hällo'").await;
    assert_eq!(
        (&text["body"], &text["headers"]),
        (&json!("hällo"), &json!([["content-type", "text/plain;charset=UTF-8"]]))
    );
    let bytes = sent("new Uint8Array([0, 104, 105]).subarray(1)").await;
    assert_eq!((&bytes["body"], &bytes["headers"]), (&json!("hi"), &json!([])));
}

#[tokio::test]
async fn failures_reject_with_a_code_and_can_be_caught() {
    let caught = "try { await fetch('https://example.com/refused') } catch (e: any) { return [e.name, e.code, e.message] }";
    assert_eq!(
        eval(caught).await.unwrap(),
        json!(["TypeError", "refusedAddress", "10.0.0.1 is a private address"])
    );
    assert_eq!(value("(await fetch('https://example.com/status/404')).ok").await, json!(false));
    for wrong in [
        "fetch('/relative')",
        "fetch('https://example.com', { method: 'GET', body: 'x' })",
        "fetch('https://example.com', { method: 'A B' })",
        "fetch('https://example.com', { headers: { 'a b': 'c' } })",
        "fetch('https://example.com', { headers: { a: 'b\\nc: d' } })",
        "fetch('https://example.com', { redirect: 'perhaps' } as any)",
        "fetch('https://example.com', { signal: {} } as any)",
    ] {
        assert!(
            eval(&format!("await {wrong}")).await.unwrap_err().to_string().starts_with("TypeError"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_body_is_read_once() {
    let twice = "const r = await fetch('https://example.com/echo'); await r.text(); await r.text();";
    assert!(eval(twice).await.unwrap_err().to_string().contains("has been read already"));
    assert_eq!(value("(await (await fetch('https://example.com/status/200')).text())").await, json!(""));
    assert_eq!(value("(await new Response('{\"a\":1}', { status: 201 }).json()).a").await, json!(1));
}

#[tokio::test]
async fn requests_and_headers_work_on_their_own() {
    let body = "const base = new Request('https://example.com/echo', { method: 'PUT', body: 'one', headers: [['A', '1'], ['a', '2']] });
        const other = new Request(base, { headers: { b: '3' } });
        const sent = await (await fetch(other)).json();
        return [base.method, base.url, base.headers.get('A'), await base.text(), sent.method, sent.body, sent.headers[0],
                base.redirect, other.clone().headers.has('B')];";
    assert_eq!(
        eval(body).await.unwrap(),
        json!(["PUT", "https://example.com/echo", "1, 2", "one", "PUT", "one", ["b", "3"], "follow", true])
    );
    let body =
        "const h = new Headers({ b: ' x ', a: '1' }); h.append('A', '2'); h.set('C', '3'); h.delete('b');
        const seen: string[] = []; h.forEach((value, name) => seen.push(name + '=' + value));
        return [seen, [...h.keys()], [...h.values()], h.get('missing')];";
    assert_eq!(eval(body).await.unwrap(), json!([["a=1, 2", "c=3"], ["a", "c"], ["1, 2", "3"], null]));
}

#[tokio::test]
async fn a_service_is_reached_by_path() {
    let script = load(
        "async function VoipTestConnection() {
            const response = await Namespace.services.bridge.fetch('/calls/7?x=1', { method: 'DELETE' });
            return (await response.json()).url;
         }
         async function VoipGetCallLink(path: string) { return Namespace.services.bridge.fetch(path); }",
    );
    assert_eq!(script.test().await.unwrap(), json!("/calls/7?x=1"));
    {
        let requests = script.host.requests.lock().unwrap();
        assert_eq!(requests[0].0.as_deref(), Some("bridge"));
        assert_eq!((requests[0].1.method.as_str(), requests[0].1.redirect), ("DELETE", Redirect::Follow));
    }
    for elsewhere in ["https://example.com/", "//example.com/x"] {
        let error = script.link(json!(elsewhere)).await.unwrap_err();
        assert!(error.to_string().contains("by path, not by URL"), "{error}");
    }
}

#[tokio::test]
async fn storage_keeps_plain_data() {
    let script = load(
        "async function VoipTestConnection() {
            const before = await Namespace.storage.get('token');
            await Namespace.storage.set('token', { value: 'abc', list: [1] }, { ttlSeconds: 60 });
            const after = await Namespace.storage.get('token');
            await Namespace.storage.set('other', null);
            await Namespace.storage.delete('other');
            return [before === undefined, after];
         }",
    );
    assert_eq!(script.test().await.unwrap(), json!([true, { "value": "abc", "list": [1] }]));
    let stored = script.host.stored.lock().unwrap().clone();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored["token"], (json!({ "value": "abc", "list": [1] }), Some(60)));
}
