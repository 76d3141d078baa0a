//! A call or request is damaged in the database; everything else continues to work.

use chrono::TimeDelta;
use hookswitch_core::calls::silent::close_silent;
use hookswitch_core::intake::recover::recover;
use hookswitch_model::RequestId;
use hookswitch_store::NewRequest;
use secrecy::ExposeSecret as _;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::support::{Module, PASS_ON, Server, Tab, both};

/// More levels than the JSON reader accepts.
fn deep() -> String {
    format!("{}{}", "[".repeat(200), "]".repeat(200))
}

/// Runs SQL behind the server's back.
async fn execute(server: &Server, sql: &str) {
    let url = server.app.config.database_url();
    let (url, sql) = (url.expose_secret(), AssertSqlSafe(sql.to_owned()));
    if url.starts_with("sqlite") {
        let mut db = SqliteConnection::connect(url).await.expect("connected");
        sqlx::raw_sql(sql).execute(&mut db).await.expect("executed");
    } else {
        let mut db = PgConnection::connect(url).await.expect("connected");
        sqlx::raw_sql(sql).execute(&mut db).await.expect("executed");
    }
}

fn event(event: &str, id: &str) -> Value {
    json!({ "event": { "event": event, "direction": "in", "callId": id, "srcPhone": "+442079460000", "dstPhone": "101" } })
}

both!(a_silent_call_that_cannot_be_closed_keeps_no_other_open, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for (kind, id) in [("notifyStart", "a"), ("notifyStart", "b"), ("notifyStart", "z"), ("notifyEnd", "z")] {
        module.post(&event(kind, id)).await.is(200);
    }
    // The database accepts only one of these two as ended.
    let one = "create unique index one on calls (state) where state = 'ended' and call_id in ('a', 'z')";
    execute(server, one).await;
    server.advance(TimeDelta::minutes(6));
    assert_eq!(close_silent(&server.app.calls).await.expect("an answer"), 1);
    let open = admin.get("/api/v1/calls?state=ringing").await.json(200);
    assert_eq!((&open["items"][0]["callId"], open["items"].as_array().map(Vec::len)), (&json!("a"), Some(1)));
});

both!(a_call_that_cannot_be_read_is_left_out_and_counted, |server| {
    let admin = server.admin().await;
    let (user, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", user)]).await;
    let body = json!({ "kind": "contact", "name": "Ann", "phones": [{ "number": "+442079460000" }] });
    let client = admin.post("/api/v1/clients", body).await.json(201);
    for id in ["a", "b", "c"] {
        module.post(&event("notifyStart", id)).await.is(200);
    }
    module.post(&event("notifyEnd", "b")).await.is(200);
    module.post(&event("notifyEnd", "c")).await.is(200);
    execute(server, &format!("update calls set facts = '{}' where call_id in ('a', 'b')", deep())).await;

    let calls = operator.get("/api/v1/calls").await.json(200);
    assert_eq!(
        (calls["items"].as_array().map(Vec::len), &calls["unreadable"]),
        (Some(1), &json!(2)),
        "{calls}"
    );
    assert_eq!(calls["items"][0]["callId"], "c");
    let missed = admin.get("/api/v1/missed-calls").await.json(200);
    assert_eq!(
        (&missed["items"][0]["call"]["callId"], &missed["unreadable"]),
        (&json!("c"), &json!(1)),
        "{missed}"
    );
    let stream = format!("/api/v1/clients/{}/activity", client["id"].as_str().expect("an id"));
    let stream = operator.get(&stream).await.json(200);
    assert_eq!(
        (stream["items"].as_array().map(Vec::len), &stream["unreadable"]),
        (Some(1), &json!(2)),
        "{stream}"
    );
    let csv = operator.get("/api/v1/calls.csv").await.is(200).text.clone();
    assert_eq!((csv.lines().count(), csv.matches(",unreadable,").count()), (4, 2), "{csv}");
    let (_tab, snapshot) = Tab::open(server, &operator).await;
    assert_eq!(snapshot["calls"], json!([]));

    // Requests for it are kept as failed, with the reason; requests for others are processed.
    module.post(&event("notifyEnd", "a")).await.is(500);
    let other = Module::with_script(server, &admin, PASS_ON).await;
    other.post(&event("notifyStart", "a")).await.is(200);
    let failed = module.requests().await[0].clone();
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("call")), "{failed}");
    let id = calls["items"][0]["id"].as_str().expect("an id");
    operator.get(&format!("/api/v1/calls/{id}")).await.is(200);
});

both!(a_start_goes_past_what_cannot_be_processed, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.post(&event("notifyStart", "a")).await.is(200);
    execute(server, &format!("update calls set facts = '{}'", deep())).await;
    // Stored by a server that stopped before processing them.
    let now = server.app.clock.now();
    let events = ["broken", "a", "b"];
    for (place, id) in (0_i64..).zip(events) {
        let received_at = now + TimeDelta::seconds(place);
        let request = NewRequest {
            id: RequestId::new(received_at, [0; 10]),
            module_id: module.id.parse().expect("an id"),
            received_at,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: to_raw_value("").expect("JSON"),
            headers: to_raw_value(&json!({ "content-type": "application/json" })).expect("JSON"),
            sealed: None,
            body: event("notifyEnd", id).to_string().into_bytes(),
            remote_address: None,
        };
        server.app.store.accept(request).await.expect("accepted");
    }
    let first = "select id from requests where status = 'new' order by id limit 1";
    execute(server, &format!("update requests set headers = '{}' where id in ({first})", deep())).await;

    assert_eq!(recover(&server.app.intake, now + TimeDelta::hours(1)).await.expect("a database"), 2);
    let requests = module.requests().await;
    let told: Vec<_> =
        requests[..3].iter().map(|request| (&request["status"], &request["error"]["code"])).collect();
    let (failed, processed, nothing) = (json!("failed"), json!("processed"), json!(null));
    assert_eq!(told, [(&processed, &nothing), (&failed, &json!("call")), (&failed, &json!("unreadable"))]);
    let spoilt = module.path(&format!("/requests/{}", requests[2]["id"].as_str().expect("an id")));
    assert_eq!(admin.get(&spoilt).await.json(200)["error"]["code"], "unreadable");
    admin.post(&format!("{spoilt}/replay"), json!({})).await.problem(409, "unreadable");
});

both!(odd_cursors_and_texts_are_the_askers_mistake, |server| {
    use base64::Engine as _;
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let of = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let id = "018f3b1c-0000-7000-8000-000000000000";
    let cursors = [
        "nonsense!".to_owned(),
        of("\u{0}"),
        of(r#"["\u0000","018f3b1c-0000-7000-8000-000000000000"]"#),
        of(r#"["a\u0000b","018f3b1c-0000-7000-8000-000000000000"]"#),
        of("-1e999"),
        of("99999999999999999999999999"),
        of("[]"),
        of("null"),
        "A".repeat(10_000),
    ];
    let lists = [
        "/api/v1/calls".to_owned(),
        "/api/v1/clients".to_owned(),
        "/api/v1/missed-calls".to_owned(),
        "/api/v1/users".to_owned(),
        "/api/v1/tokens".to_owned(),
        "/api/v1/audit".to_owned(),
        "/api/v1/mentions".to_owned(),
        module.path("/requests"),
        module.path("/log"),
    ];
    for list in &lists {
        for cursor in &cursors {
            let answer = admin.get(&format!("{list}?cursor={cursor}")).await;
            assert!(
                [400, 414, 422, 431].contains(&answer.status.as_u16()),
                "{list} {} {}",
                answer.status,
                answer.text
            );
        }
        // Of the right type, but far out of range.
        for cursor in [
            of(&format!(r#"["+262142-01-01T00:00:00Z","{id}"]"#)),
            of(&format!(r#"["-9999-01-01T00:00:00Z","{id}"]"#)),
            of("-1"),
            of("9223372036854775807"),
        ] {
            let status = admin.get(&format!("{list}?cursor={cursor}")).await.status.as_u16();
            assert!([200, 422].contains(&status), "{list} {status}");
        }
    }
    for query in [
        "/api/v1/clients?query=a%00b",
        "/api/v1/calls?phone=%00",
        "/api/v1/calls?phone=%2B44%00",
        "/api/v1/audit?action=%00",
    ] {
        admin.get(query).await.problem(422, "invalid");
    }
    for body in [
        json!({ "kind": "contact", "name": "a\u{0}b" }),
        json!({ "kind": "contact", "name": "Ann", "notes": "a\u{0}b", "tags": ["\u{0}"] }),
    ] {
        let status = admin.post("/api/v1/clients", body).await.status.as_u16();
        assert!([201, 422].contains(&status), "{status}");
    }
    let surrogate =
        admin.request(reqwest::Method::POST, "/api/v1/clients").header("content-type", "application/json");
    admin.send(surrogate.body(r#"{"kind":"contact","name":"\ud800"}"#)).await.problem(400, "notJson");
});
