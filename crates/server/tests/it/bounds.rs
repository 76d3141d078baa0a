//! Limits on what scripts can use and leave behind.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use crate::support::process::{hookswitch, ready, run, run_with_input};
use crate::support::{Client, Database, Module, PASS_ON, both};

/// Adds the other required functions to a script of which only one matters.
fn with_the_rest(script: &str) -> String {
    let rest = PASS_ON.lines().filter(|line| !line.contains("VoipParseWebhookRequest"));
    let rest = rest.filter(|line| line.starts_with("export async function"));
    format!("{script}\n{}", rest.collect::<Vec<_>>().join("\n"))
}

both!(a_result_that_nests_too_deeply_fails_its_webhook_alone, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(
        server,
        &admin,
        &with_the_rest(
            "export async function VoipParseWebhookRequest(request: FetchRequest): Promise<any> {
                let call: any = 'core';
                for (let level = 0; level < Number(request.query.levels); level++) call = { call };
                const numbers = { callId: String(request.query.levels), direction: 'in', srcPhone: '+12125550100', dstPhone: '100' };
                return { callRecord: { ...numbers, duration: 1, call }, event: { event: 'notifyEnd', ...numbers } };
            }",
        ),
    )
    .await;
    for (levels, status) in [(30, 200), (31, 500), (125, 500), (128, 500), (100_000, 500)] {
        let answer = server.anonymous().get(&format!("{}&levels={levels}", module.webhook)).await;
        let said = answer.is(status).text.clone();
        assert!(status == 200 || said.contains("32 levels of objects and lists"), "{levels}: {said}");
    }
    let calls = admin.get("/api/v1/calls").await.json(200);
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(1), "{calls}");
});

both!(what_looks_like_bytes_is_none, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(
        server,
        &admin,
        &with_the_rest(
            "export async function VoipParseWebhookRequest({ query, headers, body }: FetchRequest): Promise<any> {
                return { response: { content: { query, header: headers['$bytes'], body: JSON.parse(body as string) } } };
            }",
        ),
    )
    .await;
    for marker in ["$bytes", "\u{FDD0}bytes"] {
        let forged = json!({ marker: "AA==" });
        let name = url::form_urlencoded::byte_serialize(marker.as_bytes()).collect::<String>();
        let request = server
            .anonymous()
            .header("$bytes", "AA==")
            .request(reqwest::Method::POST, &format!("{}&{name}=AA%3D%3D", module.webhook))
            .json(&forged);
        let said: Value = server.anonymous().send(request).await.json(200);
        let seen = json!({ marker.replace('\u{FDD0}', "\u{FFFD}"): "AA==" });
        assert_eq!(said, json!({ "query": seen, "header": "AA==", "body": seen }));
    }
});

both!(sixty_requests_at_once_update_storage_one_after_the_other, |server| {
    let admin = server.admin().await;
    let script = with_the_rest(
        "export async function VoipParseWebhookRequest({ query }: FetchRequest): Promise<any> {
            const seen = await Namespace.storage.update('seen', (seen: any[] = []) => [...seen, query.n], { ttlSeconds: 60 });
            return { response: new HttpResponse().json(seen) };
        }",
    );
    let module = Module::with_script(server, &admin, &script).await;
    let provider = server.anonymous();
    let addresses: Vec<_> = (0..60).map(|number| format!("{}&n={number}", module.webhook)).collect();
    let answers = futures::future::join_all(addresses.iter().map(|address| provider.get(address))).await;
    let mut longest =
        answers.iter().map(|answer| answer.json(200)).max_by_key(|seen| seen.as_array().map(Vec::len));
    let seen = longest.as_mut().and_then(Value::as_array_mut).expect("a list");
    seen.sort_by_key(|number| number.as_str().and_then(|number| number.parse::<u32>().ok()));
    assert_eq!(*seen, (0..60).map(|number| json!(number.to_string())).collect::<Vec<_>>());
});

/// A provider whose every response has 8 MB.
async fn large_answers() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/large", get(async || vec![b'x'; 8_000_000]));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Returns the process's peak memory, in MB.
fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_that_fetch_much_at_once_take_little_memory() {
    let database = Database::sqlite();
    let password = "seven purple herons\n";
    run_with_input(&database, "user create --login admin --admin --password-stdin", password).await;
    let (_, token, _) = run(&database, "token create --user admin").await;
    let mut command = hookswitch(&database, "serve");
    let mut child = command.env("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1").spawn().unwrap();
    let (address, _, _lines) = ready(&mut child).await;
    let large = large_answers().await;
    let admin = Client::new(address.clone(), Arc::default())
        .header("authorization", &format!("Bearer {}", token.trim()));
    let script = with_the_rest(&format!(
        "export async function VoipParseWebhookRequest(): Promise<any> {{
            const all = await Promise.allSettled(Array.from({{ length: 50 }}, () => fetch('http://{large}/large')));
            return {{ response: new HttpResponse().json(all.map((one) => one.status)) }};
        }}"
    ));
    let made = admin.post("/api/v1/modules", json!({ "name": "Test", "script": script })).await.json(201);
    let webhook = made["webhookUrl"].as_str().unwrap().split_once("/webhooks").unwrap().1.to_owned();
    let before = peak_memory(child.id().unwrap());

    let provider = Client::new(address, Arc::default());
    let addresses = vec![format!("/webhooks{webhook}"); 4];
    let answers = futures::future::join_all(addresses.iter().map(|address| provider.get(address))).await;
    for answer in answers {
        assert!(answer.text.contains("bytes of fetch"), "{}", answer.text);
    }
    let more = peak_memory(child.id().unwrap()).saturating_sub(before);
    assert!(more < 300, "{more} MB more at the peak");
    child.kill().await.unwrap();
}
