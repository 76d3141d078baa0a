//! Numbers hidden from operators do not reach their screens.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::clients::path;
use crate::support::{Client, Module, PASS_ON, Server, Tab, both, only_call};

pub const NUMBER: &str = "+442079461234";
/// The digits that identify the number in any format.
const DIGITS: &str = "79461234";

pub fn tells_it(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    digits.contains(DIGITS)
}

/// Returns every route that an operator can read, from the API's description, with these ids in its paths.
pub async fn read_everything(person: &Client, ids: &[(&str, &str)]) -> Vec<(String, String)> {
    let description = serde_json::to_value(hookswitch_server::routes::openapi()).expect("JSON");
    let mut read = Vec::new();
    for (route, operations) in description["paths"].as_object().expect("paths") {
        if operations.get("get").is_none() || route == "/api/v1/events" || route.starts_with("/webhooks") {
            continue;
        }
        let mut path = route.clone();
        for (under, id) in ids {
            path = path.replace(&format!("/{under}/{{id}}"), &format!("/{under}/{id}"));
        }
        assert!(!path.contains("{id}"), "say which one of {route} the test reads");
        let answer = person.send(person.request(Method::GET, &path)).await;
        read.push((path, format!("{:?} {}", answer.headers, answer.text)));
    }
    read
}

async fn story(server: &Server) -> (Client, Client, Module, Value) {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    admin.patch("/api/v1/settings", json!({ "maskNumbers": true })).await.is(200);
    // A missed call creates a lead, whose name from the provider is the number.
    let named = json!({ "callerName": "020 7946 1234" });
    module.event_with("notifyStart", "a", NUMBER, "101", &named).await;
    module.event_with("notifyEnd", "a", NUMBER, "101", &named).await;
    let lead = only_call(&admin).await["client"].clone();
    (admin, operator, module, lead)
}

both!(a_hidden_number_is_in_no_answer, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
    let (admin, operator, module, lead) = story(server).await;
    let (mut tab, snapshot) = Tab::open(server, &operator).await;
    assert!(!tells_it(&snapshot.to_string()));
    server.advance(TimeDelta::seconds(60));
    let files = crate::support::provider::files(b"RIFF").await;
    module.event("notifyStart", "b", NUMBER, "101").await;
    module.event("notifyAnswer", "b", NUMBER, "101").await;
    let link = json!({ "link": format!("{files}/{NUMBER}.wav") });
    module.post(&json!({ "callRecord": { "callId": "b", "duration": 1, "call": link } })).await.is(200);
    module.event("notifyEnd", "b", NUMBER, "101").await;
    let calls = operator.get("/api/v1/calls").await.json(200)["items"].clone();
    let call = calls[0]["id"].as_str().expect("an id");
    operator.patch(&format!("/api/v1/calls/{call}"), json!({ "comment": "Called." })).await.is(200);
    operator.post(&format!("{}/activity", path(&lead)), json!({ "text": "Hello." })).await.is(201);

    let user = server.user("one").await.to_string();
    let client = lead["id"].as_str().expect("an id");
    let nothing = "01938d2e-0000-7000-8000-000000000000";
    let ids = [
        ("calls", call),
        ("clients", client),
        ("modules", module.id.as_str()),
        ("users", user.as_str()),
        ("imports", nothing),
        ("erasures", nothing),
    ];
    for (path, text) in read_everything(&operator, &ids).await {
        assert!(!tells_it(&text), "{path} tells the number: {text}");
    }
    // The test looks in the right places: an administrator sees the number in many of them.
    let told = read_everything(&admin, &ids).await.into_iter().filter(|(_, text)| tells_it(text));
    assert!(told.count() >= 6);
    // Nor is it on the socket, up to the last event.
    loop {
        let message = tab.next().await;
        assert!(!tells_it(&message.to_string()), "{message}");
        if message["type"] == "call" && message["call"]["comment"] == "Called." {
            break;
        }
    }
});

both!(a_hidden_number_is_called_found_and_kept_all_the_same, |server| {
    let (admin, operator, module, lead) = story(server).await;
    let call = only_call(&operator).await;
    let number = &call["clientNumber"];
    assert_eq!((&number["hidden"], &number["raw"]), (&json!(true), &json!("")));
    assert_eq!((&number["formatted"], &number["country"]), (&json!("••• 34"), &json!("GB")));
    assert_eq!(call["callerName"], Value::Null);
    for target in [json!({ "callId": call["id"] }), json!({ "clientId": lead["id"], "position": 0 })] {
        let made = operator.post("/api/v1/calls", target).await;
        assert!(!tells_it(&made.text));
        assert_eq!(made.json(202)["phoneFormatted"], "••• 34");
    }
    // The provider's refusal may contain the number.
    let script = PASS_ON.replace(
        "console.info('VoipGenerateCall', JSON.stringify(args));",
        "throw new Error('No line to ' + args[1]);",
    );
    admin.put(&module.path("/script"), json!({ "source": script })).await.is(200);
    let refused = operator.post("/api/v1/calls", json!({ "callId": call["id"] })).await;
    assert_eq!(refused.problem(502, "moduleFailed")["detail"], "No line to ••• 34");
    let change = json!({ "version": 1, "name": "Zoe", "phones": [{ "label": "Home", "position": 0 }] });
    let changed = operator.patch(&path(&lead), change).await;
    assert!(!tells_it(&changed.is(200).text));
    assert_eq!(admin.get(&path(&lead)).await.json(200)["phones"][0]["e164"], NUMBER);
});

/// The number in formats that providers and modules use.
const SPELLINGS: [&str; 5] =
    ["+442079461234", "020 7946 1234", "0044-20-7946-1234", "%2B44%2020%207946%201234", "(020) 79.46.12.34"];

both!(what_providers_and_modules_say_has_no_hidden_number_in_it, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let script = PASS_ON
        .replace(
            "console.info('VoipHangupCall', JSON.stringify(args));",
            r#"throw new Error(`No call of ${(args[2] as any).callId} at https://pbx.example/${encodeURIComponent(args[1] as string)} {"to":"${args[0]}"}`);"#,
        )
        .replace("return callData.link;", "throw new Error(`No file ${callData.link}`);");
    let module = Module::with_script(server, &admin, &script).await;
    module.bind(&[("101", one)]).await;
    admin.patch("/api/v1/settings", json!({ "maskNumbers": true })).await.is(200);
    for (place, spelling) in SPELLINGS.iter().enumerate() {
        let id = format!("{place}-{spelling}@pbx");
        let named = json!({
            "callerName": format!("Zoe Zimmermann-Young {spelling}"), "legId": format!("leg of {spelling}"), "line": spelling,
        });
        module.event_with("notifyStart", &id, NUMBER, "101", &named).await;
        module.event_with("notifyAnswer", &id, NUMBER, "101", &named).await;
        let call = operator.get("/api/v1/calls?state=talking").await.json(200)["items"][0].clone();
        let path = format!("/api/v1/calls/{}", call["id"].as_str().expect("an id"));
        let hangup = operator.post(&format!("{path}/hangup"), json!({})).await;
        let record = json!({ "callRecord": { "callId": id, "call": { "link": format!("https://x/{spelling}.wav") } } });
        module.post(&record).await.is(200);
        let history = operator.get(&format!("{path}/history")).await;
        let recording = operator.get(&format!("{path}/recording")).await;
        module.event_with("notifyEnd", &id, NUMBER, "101", &json!({ "legId": named["legId"] })).await;
        let shown = operator.get(&path).await;
        let csv = operator.get("/api/v1/calls.csv").await;
        for answer in [&hangup, &history, &recording, &shown, &csv] {
            assert!(
                !tells_it(&format!("{:?}{}", answer.headers, answer.text)),
                "{spelling}: {}",
                answer.text
            );
        }
        assert!(!tells_it(&call.to_string()), "{spelling}: {call}");
        hangup.problem(502, "moduleFailed");
        recording.problem(502, "moduleFailed");
        let shown = shown.json(200);
        assert_eq!((&shown["callId"], &shown["line"]), (&Value::Null, &Value::Null));
        assert_eq!(shown["callerName"], "Zoe Zimmermann-Young ••• 34");
        let legs: Vec<_> = history.json(200)["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|entry| entry["legId"].clone())
            .collect();
        assert_eq!(legs[0], "leg 1");
    }
    // Administrators see the original texts.
    let calls = admin.get("/api/v1/calls").await.json(200);
    assert!(calls["items"][0]["callId"].as_str().expect("an id").ends_with("@pbx"));
});

both!(a_lead_is_not_named_after_a_number, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for (place, spelling) in SPELLINGS.iter().enumerate() {
        let caller = format!("+44207946123{place}");
        let spelling = spelling.replace("1234", &format!("123{place}"));
        let spelling = spelling.replace("12.34", &format!("12.3{place}"));
        let named = json!({ "callerName": format!("Zoe Zimmermann-Young-Smith ({spelling})") });
        module.event_with("notifyStart", &caller, &caller, "109", &named).await;
        module.event_with("notifyEnd", &caller, &caller, "109", &named).await;
    }
    for client in admin.get("/api/v1/clients").await.json(200)["items"].as_array().expect("items") {
        assert_eq!(client["name"], "Zoe Zimmermann-Young-Smith");
    }
});
