//! The list of clients as CSV.

use serde_json::json;

use crate::clients::{contact, done};
use crate::support::{Client, both};

async fn lines(person: &Client, query: &str) -> Vec<Vec<String>> {
    let answer = person.get(&format!("/api/v1/clients.csv?{query}")).await;
    assert_eq!(answer.is(200).header("content-type"), "text/csv; charset=utf-8");
    let mut csv = csv::ReaderBuilder::new().has_headers(false).from_reader(answer.text.as_bytes());
    let lines = csv.records().map(|line| line.expect("a line").iter().map(str::to_owned).collect());
    lines.collect()
}

both!(clients_are_exported_as_they_are_listed, |server| {
    let admin = server.admin().await;
    let (ann_id, ann) = server.operator("ann").await;
    let company = json!({ "kind": "company", "name": "Acme, \"Ltd\"" });
    let acme = admin.post("/api/v1/clients", company).await.json(201);
    let zoe = json!({
        "kind": "contact", "name": "=HYPERLINK(\"x\")", "companyId": acme["id"], "responsibleId": ann_id,
        "phones": [{ "label": "Mobile", "number": "+44 20 7946 0000" }, { "number": "101" }],
        "emails": ["zoe@example.com"], "tags": ["a", "b"], "notes": "two\nlines",
    });
    admin.post("/api/v1/clients", zoe).await.is(201);
    contact(&admin, "Bea", &["+442079460001"]).await;

    let all = lines(&admin, "").await;
    assert_eq!(all.len(), 4);
    let column = |name: &str| all[0].iter().position(|of| of == name).unwrap_or_else(|| panic!("no {name}"));
    let cells = |line: usize, names: &[&str]| {
        names.iter().map(|name| all[line][column(name)].clone()).collect::<Vec<_>>()
    };
    let shown = ["Name", "Company", "Responsible", "Phones", "E-mails", "Tags", "Notes", "Kind"];
    let expected = [
        "'=HYPERLINK(\"x\")",
        "Acme, \"Ltd\"",
        "ann",
        "Mobile: +442079460000; 101",
        "zoe@example.com",
        "a; b",
        "two\nlines",
        "contact",
    ];
    assert_eq!(cells(1, &shown), expected, "no formula reaches a spreadsheet");
    assert_eq!(cells(3, &["Name", "Phones"]), ["Bea", "+442079460001"]);
    assert_eq!(lines(&admin, "kind=company").await.len(), 2);
    assert_eq!(lines(&admin, "query=bea").await.len(), 2);
    ann.get("/api/v1/clients.csv").await.problem(403, "notAllowed");
    assert_eq!(done(&admin).await.iter().filter(|action| *action == "exported").count(), 3);
});

both!(an_export_of_clients_goes_on_past_a_page, |server| {
    let admin = server.admin().await;
    for number in 0..205 {
        contact(&admin, &format!("Client {}", number / 2), &[]).await;
    }
    let all = lines(&admin, "").await;
    let ids: std::collections::BTreeSet<_> = all[1..].iter().map(|line| &line[11]).collect();
    assert_eq!((all.len(), ids.len()), (206, 205), "each client once");
});
