//! The list of calls as CSV.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{Client, Module, PASS_ON, both};

const CLIENT: &str = "+442079460000";

async fn lines(person: &Client, query: &str) -> Vec<Vec<String>> {
    let answer = person.get(&format!("/api/v1/calls.csv?{query}")).await;
    assert_eq!(answer.is(200).header("content-type"), "text/csv; charset=utf-8");
    let mut csv = csv::ReaderBuilder::new().has_headers(false).from_reader(answer.text.as_bytes());
    let lines = csv.records().map(|line| line.expect("a line").iter().map(str::to_owned).collect());
    lines.collect()
}

both!(calls_are_exported_as_they_are_listed, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (two, other) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two)]).await;
    module.event_with("notifyStart", "a", CLIENT, "101", &json!({ "callerName": "=HYPERLINK(\"x\")" })).await;
    module.event("notifyStart", "a", CLIENT, "109").await;
    module.event("notifyAnswer", "a", CLIENT, "101").await;
    server.advance(TimeDelta::seconds(30));
    module.event("notifyEnd", "a", CLIENT, "101").await;
    module.event("notifyStart", "b", "anonymous", "102").await;
    let call = crate::support::only_call(&operator).await;
    let path = format!("/api/v1/calls/{}", call["id"].as_str().expect("an id"));
    operator.patch(&path, json!({ "comment": "Wants \"both\",\nand soon; ü" })).await.is(200);

    let all = lines(&admin, "").await;
    assert_eq!(all.len(), 3, "column names and two calls");
    let column = |name: &str| all[0].iter().position(|of| of == name).unwrap_or_else(|| panic!("no {name}"));
    let cell = |line: usize, name: &str| all[line][column(name)].as_str();
    assert_eq!((cell(1, "Number"), cell(1, "Ended"), cell(1, "Missed")), ("Number withheld", "", "false"));
    assert_eq!((cell(2, "Number"), cell(2, "Direction"), cell(2, "Outcome")), (CLIENT, "in", "answered"));
    assert_eq!(cell(2, "Caller name"), "'=HYPERLINK(\"x\")", "no formula reaches a spreadsheet");
    assert_eq!(cell(2, "Comment"), "Wants \"both\",\nand soon; ü");
    assert_eq!((cell(2, "Operators"), cell(2, "Talk seconds")), ("one (101); 109", "30"));
    assert_eq!((cell(2, "Module"), cell(2, "Call id")), ("Test", call["id"].as_str().expect("an id")));

    assert_eq!(lines(&operator, "").await.len(), 2, "operators export their own");
    assert_eq!(lines(&other, &format!("operatorId={one}")).await.len(), 1);
    assert_eq!(lines(&admin, "state=ringing").await[1][column("Number")], "Number withheld");
    let file = admin.get("/api/v1/calls.csv").await.header("content-disposition").to_owned();
    let today = server.app.clock.now().format("%F");
    assert_eq!(file, format!("attachment; filename=\"calls-{today}.csv\""));
    admin.delete(&module.path("")).await.is(204);
    assert_eq!(
        lines(&admin, "").await[2][column("Module")],
        "Test",
        "calls keep their deleted module's name"
    );
    admin.get("/api/v1/calls.csv?limit=5").await.problem(422, "invalid");
    server.anonymous().get("/api/v1/calls.csv").await.problem(401, "notSignedIn");
});

both!(an_export_goes_on_past_a_page, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let start = |id: u32| json!({ "event": "notifyStart", "direction": "in", "callId": id, "srcPhone": CLIENT, "dstPhone": "101" });
    for first in [0, 90, 180, 270, 360] {
        module.post(&json!({ "events": (first..first + 90).map(start).collect::<Vec<_>>() })).await.is(200);
    }
    let all = lines(&admin, "").await;
    let ids: std::collections::BTreeSet<_> = all[1..].iter().map(|line| &line[15]).collect();
    assert_eq!((all.len(), ids.len()), (451, 450), "each call once");
    assert!(all.iter().all(|line| line.len() == 16), "column names are only in the first line");
});
