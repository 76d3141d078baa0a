//! Reports.

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both};

const REPORTS: &str = "/api/v1/reports";

both!(a_report_covers_thirty_days_unless_asked_otherwise, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("ann").await;
    let nothing = admin.get(REPORTS).await.json(200);
    assert_eq!((&nothing["totals"]["calls"], &nothing["totals"]["answeredShare"]), (&json!(0), &Value::Null));
    let days = nothing["periods"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["calls"], &days[0]["slot"]), (30, &json!(0), &Value::Null));
    let weekdays = admin.get(&format!("{REPORTS}?by=weekday")).await.json(200);
    assert_eq!((&weekdays["periods"][6]["slot"], &weekdays["periods"][6]["at"]), (&json!(7), &Value::Null));
    let summer = "from=2026-06-01T23:00:00Z&to=2026-06-03T23:00:00Z&timeZone=Europe/London";
    let london = admin.get(&format!("{REPORTS}?{summer}")).await.json(200);
    let starts: Vec<_> = london["periods"].as_array().unwrap().iter().map(|day| &day["at"]).collect();
    assert_eq!(starts, ["2026-06-01T23:00:00Z", "2026-06-02T23:00:00Z"]);

    for (query, path) in [
        ("timeZone=London", "timeZone"),
        ("by=year", "by"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "from"),
        ("from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("from=2026-01-01T00:00:00Z&to=2026-04-01T00:00:00Z&by=hour", "from"),
        ("from=-200000-01-01T00:00:00Z&to=-200000-02-01T00:00:00Z", "to"),
        ("direction=up", "direction"),
    ] {
        let problem = admin.get(&format!("{REPORTS}?{query}")).await.problem(422, "invalid");
        assert_eq!(problem["path"], path, "{query}");
    }
    admin.get("/api/v1/reports.csv").await.problem(422, "invalid");
    operator.get(REPORTS).await.problem(403, "notAllowed");
    operator.get("/api/v1/reports.csv?part=periods").await.problem(403, "notAllowed");
});

both!(a_reports_tables_are_files_too, |server| {
    let admin = server.admin().await;
    let csv = async |query: &str| {
        let answer = admin.get(&format!("/api/v1/reports.csv?{query}")).await;
        answer.is(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        answer
    };
    let days =
        csv("part=periods&from=2026-06-01T23:00:00Z&to=2026-06-02T23:00:00Z&timeZone=Europe/London").await;
    assert!(days.header("content-disposition").starts_with("attachment; filename=\"periods-"));
    let lines: Vec<_> = days.text.lines().collect();
    assert!(lines[0].starts_with("Period,Calls,Answered,Answered share,"), "{lines:?}");
    assert_eq!(lines[1..], ["2026-06-02,0,0,,,0,0,,0,0,"]);
    let weekdays = csv("part=periods&by=weekday").await.text;
    assert!(weekdays.lines().nth(7).unwrap().starts_with("Sunday,0,"), "{weekdays}");
    assert_eq!(csv("part=operators").await.text.lines().count(), 1);
});

both!(a_report_tells_who_answered_and_what_it_came_to, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("=one").await;
    operator.get("/api/v1/me").await.is(200);
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let list = json!({ "name": "All", "required": false, "moduleIds": [], "codes": [{ "label": "Order" }] });
    let list = admin.post("/api/v1/outcome-lists", list).await.json(201);
    for (id, events) in
        [("a", vec!["notifyStart", "notifyAnswer", "notifyEnd"]), ("b", vec!["notifyStart", "notifyEnd"])]
    {
        for event in events {
            module.event(event, id, "+442079460000", "101").await;
        }
    }
    let calls = operator.get("/api/v1/calls?disposition=answered").await.json(200);
    let path = format!("/api/v1/calls/{}", calls["items"][0]["id"].as_str().unwrap());
    operator.patch(&path, json!({ "outcomeId": list["codes"][0]["id"] })).await.is(200);

    let report = admin.get(&format!("{REPORTS}?moduleId={}", module.id)).await.json(200);
    let totals = &report["totals"];
    assert_eq!((&totals["calls"], &totals["answered"], &totals["missed"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&totals["answeredShare"], &totals["answeredSoon"]), (&json!(0.5), &json!(1)));
    let days = report["periods"].as_array().unwrap();
    assert_eq!(days.iter().map(|day| day["calls"].as_i64().unwrap()).sum::<i64>(), 2);
    let user = json!({ "id": one, "name": "=one" });
    let operators = json!([{ "user": user, "calls": 2, "answered": 1, "missed": 1, "talkSeconds": 0 }]);
    assert_eq!(report["operators"], operators);
    assert_eq!(report["outcomes"], json!([{ "outcome": list["codes"][0], "calls": 1 }]));
    assert_eq!(report["dispositions"].as_array().unwrap().len(), 2);
    let outgoing = admin.get(&format!("{REPORTS}?direction=out")).await.json(200);
    assert_eq!((&outgoing["totals"]["calls"], &outgoing["operators"]), (&json!(0), &json!([])));

    let csv = admin.get("/api/v1/reports.csv?part=operators").await;
    assert_eq!(csv.text, "Operator,Calls,Answered,Missed,Talk seconds\n'=one,2,1,1,0\n");
    let csv = admin.get("/api/v1/reports.csv?part=outcomes").await;
    assert_eq!(csv.text, "Result,Calls\nOrder,1\n");
    let csv = admin.get("/api/v1/reports.csv?part=dispositions").await;
    assert_eq!(csv.text.lines().next(), Some("Outcome,Calls"));
});
