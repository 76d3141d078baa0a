//! How providers write a webhook's address, and what the script sees of it.

use hookswitch_core::requests::address;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Client, Module, PASS_ON, both, with_the_rest};

/// Responds with the request.
const ECHO: &str = r#"
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  return { response: new HttpResponse().json(request) };
}
"#;

/// Accepts only requests whose header is a hash of a secret and the full URL, as some providers sign.
const SIGNED: &str = r#"
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const text = new TextEncoder().encode('secret' + request.url);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  const signature = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { response: new HttpResponse().status(request.headers['x-signature'] === signature ? 200 : 403) };
}
"#;

/// Returns path and token of a module's webhook.
fn parts(module: &Module) -> (&str, &str) {
    let (path, token) = module.webhook.split_once("?token=").expect("a token");
    (&path[path.find("/webhooks").expect("a path")..], token)
}

async fn echoed(provider: &Client, target: &str) -> Value {
    provider.post(target, json!({})).await.json(200)
}

both!(
    the_address_is_given_byte_for_byte_and_the_token_taken_out_once,
    [("HOOKSWITCH_PUBLIC_URL", "https://calls.example.org/pbx")],
    |server| {
        let admin = server.admin().await;
        let module = Module::with_script(server, &admin, &with_the_rest(ECHO)).await;
        let (base, token) = parts(&module);
        let provider = server.anonymous();
        for (form, path, query) in [
            ("?token=T", "", json!({})),
            ("?token=T&From=%2B4930", "", json!({ "From": "+4930" })),
            ("?token=T?From=%2B4930&to=1", "", json!({ "From": "+4930", "to": "1" })),
            ("?token=T%3FFrom=1", "", json!({ "From": "1" })),
            ("?token=T/suffix", "/suffix", json!({})),
            ("/events/caf%C3%A9/?a=%20b&token=T&a=c+d", "/events/caf%C3%A9/", json!({ "a": [" b", "c d"] })),
            ("?token=theirs&token=T&token=", "", json!({ "token": ["theirs", ""] })),
            ("?%74oken=T", "", json!({})),
            ("/T", "", json!({})),
            ("/T/", "/", json!({})),
            ("/T/a/b%2Fc/?x=1&token=theirs", "/a/b%2Fc/", json!({ "x": "1", "token": "theirs" })),
            ("/T?From=1", "", json!({ "From": "1" })),
        ] {
            let target = format!("{base}{}", form.replace('T', token));
            let got = echoed(&provider, &target).await;
            assert_eq!(got["url"], format!("https://calls.example.org/pbx{target}"), "{form}");
            assert_eq!((&got["path"], &got["query"]), (&json!(path), &query), "{form}");
        }
        for wrong in ["?token=", "?token=Tx", "/Tx", "/x/T", "?Token=T", "?token=theirs"] {
            let target =
                format!("{base}{}", wrong.replace('T', token).replace(&format!("{token}oken"), "Token"));
            provider.post(&target, json!({})).await.problem(401, "unauthorized");
        }
    }
);

both!(a_signature_over_the_address_holds, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, &with_the_rest(SIGNED)).await;
    let (base, token) = parts(&module);
    for form in [
        format!("{base}/%7Ea%2Fb//c/?b=%E2%82%AC&token={token}&&z"),
        format!("{base}/{token}/%41/?q=a%20b+c"),
    ] {
        let hash = Sha256::digest(format!("secret{}{form}", server.url));
        let signature = hex::encode(hash);
        server.anonymous().header("x-signature", &signature).post(&form, json!({})).await.is(200);
    }
});

both!(the_token_is_shown_to_nobody_and_kept_in_no_clear_text, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let (base, token) = parts(&module);
    let escaped: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let provider = server.anonymous().header("x-original-url", &module.webhook);
    for form in
        ["?%74oken=E", "?token=E", "?to%6ben=T&a=%2F%3Ftoken%3DT", "/T/x?token=T", "/E/x", "?token=T/x"]
    {
        let target = format!("{base}{}", form.replace('E', &escaped).replace('T', token));
        provider.post(&target, json!({})).await.is(200);
    }
    server.keep_secret(token);
    server.keep_secret(&escaped);
    for request in module.requests().await {
        let id = request["id"].as_str().expect("an id").to_owned();
        admin.get(&module.path(&format!("/requests/{id}"))).await.is(200);
        let stored = server
            .app
            .store
            .request(id.parse().expect("an id"))
            .await
            .expect("an answer")
            .expect("a request");
        let clear = format!("{} {} {}", stored.summary.path, stored.query, stored.headers);
        assert!(!clear.contains(token) && !clear.contains(&escaped), "{clear}");
    }
    provider.get("/metrics").await.is(200);
});

both!(both_addresses_are_shown_and_rotate_together, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let shown = async |path: &str| -> Vec<String> {
        let json = admin.get(path).await.json(200);
        ["webhookUrl", "webhookPathUrl"]
            .map(|name| json[name].as_str().expect("an address").to_owned())
            .into()
    };
    let post = async |url: &str| {
        let target = url.strip_prefix(&server.url).expect("of this server").to_owned();
        server.anonymous().post(&target, json!({})).await.status.as_u16()
    };
    let old = shown(&module.path("")).await;
    assert_eq!(
        (post(&old[0]).await, post(&old[1]).await, post(&format!("{}/x", old[1])).await),
        (200, 200, 200)
    );
    let rotated = admin.post(&module.path("/webhook-token"), json!({})).await.json(200);
    let new = shown(&module.path("")).await;
    assert_eq!((&rotated["webhookUrl"], &rotated["webhookPathUrl"]), (&json!(new[0]), &json!(new[1])));
    assert_eq!((post(&old[0]).await, post(&old[1]).await), (401, 401));
    assert_eq!((post(&new[0]).await, post(&new[1]).await), (200, 200));
    let (_, operator) = server.operator("one").await;
    assert!(operator.get(&module.path("")).await.json(200).get("webhookPathUrl").is_none());
});

both!(probes_are_answered_without_the_script_and_tell_nothing, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let (base, token) = parts(&module);
    let provider = server.anonymous();
    let nobody = "/webhooks/00000000-0000-7000-8000-000000000000";
    let mut said = Vec::new();
    for target in [
        module.webhook.as_str(),
        base,
        nobody,
        &format!("{base}/{token}/x"),
        &format!("{nobody}/x"),
        &format!("{base}/"),
    ] {
        let head = provider.send(provider.request(Method::HEAD, target)).await;
        assert_eq!(head.is(200).text, "");
        let options = provider.send(provider.request(Method::OPTIONS, target)).await;
        assert_eq!(options.is(204).header("allow"), "GET, HEAD, OPTIONS, POST");
        let names = |headers: &reqwest::header::HeaderMap| -> Vec<String> {
            headers.keys().map(ToString::to_string).collect()
        };
        said.push((names(&head.headers), names(&options.headers)));
        provider.send(provider.request(Method::DELETE, target)).await.is(405);
    }
    assert!(said.iter().all(|answer| *answer == said[0]), "{said:?}");
    assert!(module.requests().await.is_empty());
});

both!(
    the_senders_address_is_the_providers_behind_a_proxy,
    [("HOOKSWITCH_SERVER_TRUSTED_PROXIES", "127.0.0.1")],
    |server| {
        let admin = server.admin().await;
        let module = Module::with_script(server, &admin, &with_the_rest(ECHO)).await;
        let provider = server.anonymous().header("x-forwarded-for", "192.0.2.9, 198.51.100.7");
        assert_eq!(echoed(&provider, &module.webhook).await["remoteAddress"], "198.51.100.7");
        let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
        let request = admin.get(&module.path(&format!("/requests/{id}"))).await.json(200);
        assert_eq!(request["remoteAddress"], "198.51.100.7");
    }
);

both!(a_replay_gives_the_request_as_it_came, |server| {
    let admin = server.admin().await;
    let script = with_the_rest(
        r#"
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const Again = new Date().constructor as any;
  const now = [Date.now(), new Date().getTime(), new Date(Date()).getTime() / 1000, new Again().getTime()];
  await new Promise((resolve) => setTimeout(resolve, 5));
  return { response: new HttpResponse().json({ ...request, now: [...now, Date.now()], year: new Date('2001-02-03').getFullYear() }) };
}
"#,
    );
    let module = Module::with_script(server, &admin, &script).await;
    let (base, token) = parts(&module);
    let target = format!("{base}/%C3%A9/?a=1&token={token}?b=2");
    let provider = server
        .anonymous()
        .header("authorization", "Bearer hush")
        .header("cookie", "a=hush")
        .header("x-plain", "p");
    let mut first = echoed(&provider, &target).await;
    server.advance(chrono::TimeDelta::days(3));
    admin.post(&module.path("/webhook-token"), json!({})).await.is(200);

    let request = module.requests().await[0].clone();
    let path = module.path(&format!("/requests/{}", request["id"].as_str().expect("an id")));
    let shown = admin.get(&path).await.json(200);
    assert_eq!(
        (&shown["headers"]["authorization"], &shown["headers"]["x-plain"]),
        (&json!("•••••"), &json!("p"))
    );
    assert!(!shown["headers"].to_string().contains("hush"));

    let stored = server.app.store.request(request["id"].as_str().expect("an id").parse().expect("an id"));
    let stored = stored.await.expect("an answer").expect("a request");
    let arrived = stored.summary.received_at.timestamp_millis();
    assert!(!stored.headers.to_string().contains("hush"));
    let active = server.app.modules.get(module.id.parse().expect("an id")).expect("a module");
    let replayed = hookswitch_core::intake::replay::replay(&server.app.intake, &active, stored, true)
        .await
        .expect("an answer");
    let content = &replayed.result.expect("a result")["response"]["content"];
    let mut again: Value = serde_json::from_str(content.as_str().expect("JSON")).expect("JSON");
    assert_eq!(again["now"], json!([arrived, arrived, arrived / 1000, arrived, arrived]));
    assert_eq!(again["year"], 2001);
    for echo in [&mut first, &mut again] {
        echo["now"].take();
    }
    assert_eq!(again, first);
    assert_eq!(address::module(&target), module.id);
});
