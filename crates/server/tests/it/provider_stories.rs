//! The built-in modules' stories (`modules/*/stories/*.json`): a provider's own requests, in any order and repeated, make
//! one call.

use std::path::{Path, PathBuf};

use hookswitch_model::UserId;
use hookswitch_server::modules::sample::{Sample, WebhookRequest};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{Answer, Client, Module, Server, both, provider};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Story {
    name: String,
    settings: Map<String, Value>,
    /// The setting that holds the address of the provider's API.
    api_setting: String,
    /// Numbers that are bound to one operator.
    members: Vec<String>,
    api: Vec<ApiAnswer>,
    /// Samples that are answered so and cause nothing.
    first: Vec<Asked>,
    /// Samples whose requests are about one call.
    events: Vec<String>,
    /// What the call is in the end, as far as it matters.
    call: Map<String, Value>,
    /// Where its recording is.
    recording: Option<String>,
}

#[derive(Deserialize)]
struct ApiAnswer {
    method: String,
    path: String,
    answer: Value,
}

#[derive(Deserialize)]
struct Asked {
    sample: String,
    status: u16,
}

fn modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../modules")
}

fn stories() -> Vec<(PathBuf, Story)> {
    let folders = std::fs::read_dir(modules()).expect("modules").map(|entry| entry.expect("an entry").path());
    let stories = folders.flat_map(|folder| {
        let files = std::fs::read_dir(folder.join("stories")).into_iter().flatten();
        files.map(move |file| (folder.clone(), read(&file.expect("an entry").path())))
    });
    stories.collect()
}

fn read<T: serde::de::DeserializeOwned>(file: &Path) -> T {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn request(folder: &Path, sample: &str) -> WebhookRequest {
    let sample: Sample = read(&folder.join("samples").join(format!("{sample}.json")));
    sample.request.expect("a sample of a request")
}

both!(a_providers_requests_make_one_call_in_any_order, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let stories = stories();
    assert!(!stories.is_empty());
    for (folder, story) in &stories {
        let in_order: Vec<usize> = (0..story.events.len()).collect();
        let told = tell(server, &admin, &operator, one, folder, story, &in_order).await;
        for (field, value) in &story.call {
            assert_eq!(&told[field], value, "{}: {field} of {told}", story.name);
        }
        assert_eq!(told["operators"][0]["userId"], json!(one));
        for order in orders(story.events.len()) {
            let again = tell(server, &admin, &operator, one, folder, story, &order).await;
            assert_eq!(again, told, "{} in the order {order:?}", story.name);
        }
    }
});

/// Backwards; every rotation; each event repeated at once, and the whole story repeated.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let forwards: Vec<usize> = (0..count).collect();
    let mut orders = vec![forwards.iter().rev().copied().collect()];
    orders.extend((1..count).map(|by| {
        let mut rotated = forwards.clone();
        rotated.rotate_left(by);
        rotated
    }));
    orders.push(forwards.iter().flat_map(|event| [*event, *event]).collect());
    orders.push(forwards.iter().chain(&forwards).copied().collect());
    orders
}

/// Tells the story to a module of its own and gives the call, but for what differs each time.
async fn tell(
    server: &Server,
    admin: &Client,
    operator: &Client,
    user: UserId,
    folder: &Path,
    story: &Story,
    order: &[usize],
) -> Value {
    let answers = story.api.iter().map(|api| (api.method.clone(), api.path.clone(), api.answer.clone()));
    let (api, _) = provider::api(answers.collect()).await;
    let code = folder.file_name().expect("a name").to_string_lossy();
    let module = Module::of(server, admin, json!({ "name": code, "provider": code })).await;
    let mut settings = story.settings.clone();
    settings.insert(story.api_setting.clone(), json!(api));
    admin.patch(&module.path("/settings"), Value::Object(settings)).await.is(200);
    let members: Vec<_> = story.members.iter().map(|member| (member.as_str(), user)).collect();
    module.bind(&members).await;

    let calls = format!("/api/v1/calls?moduleId={}", module.id);
    for asked in &story.first {
        send(server, &module, &request(folder, &asked.sample)).await.is(asked.status);
    }
    assert_eq!(operator.get(&calls).await.json(200)["items"], json!([]), "{}", story.name);
    for event in order {
        send(server, &module, &request(folder, &story.events[*event])).await.is(200);
    }
    let page = operator.get(&calls).await.json(200);
    let items = page["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "{} in the order {order:?}: {page}", story.name);
    let mut call = items[0].clone();
    if let Some(recording) = &story.recording {
        let path = format!("/api/v1/calls/{}/recording", call["id"].as_str().expect("an id"));
        assert_eq!(operator.get(&path).await.is(302).header("location"), recording);
    }
    for field in ["id", "version", "moduleId", "startedAt", "answeredAt", "endedAt", "segments"] {
        call.as_object_mut().expect("a call").remove(field);
    }
    call
}

async fn send(server: &Server, module: &Module, request: &WebhookRequest) -> Answer {
    let mut url = module.webhook.clone();
    for (name, value) in &request.query {
        url.push_str(&format!("&{name}={}", value.as_str().unwrap_or_default()));
    }
    let method: Method = request.method.parse().expect("a method");
    let provider = server.anonymous();
    let mut builder = provider.request(method, &url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if let Some(body) = &request.body {
        builder = builder.body(body.clone());
    }
    provider.send(builder).await
}
