//! Reports.

use serde_json::{Value, json};

use crate::support::both;

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
