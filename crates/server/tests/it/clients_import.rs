//! Clients from a file.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::clients::{contact, done, names};
use crate::support::{Answer, Client, Module, PASS_ON, Server, both};

const IMPORTS: &str = "/api/v1/clients/imports";

async fn send(person: &Client, file: impl Into<Vec<u8>>) -> Answer {
    let request = person.request(Method::POST, IMPORTS).header("content-type", "text/csv").body(file.into());
    person.send(request).await
}

/// Sends a file and gives the import and its path.
async fn upload(person: &Client, file: &str) -> (Value, String) {
    let import = send(person, file).await.json(201);
    let path = format!("{IMPORTS}/{}", import["id"].as_str().expect("an id"));
    (import, path)
}

/// Starts an import as its columns were suggested, and gives it when it is over.
async fn run(person: &Client, (import, path): &(Value, String), duplicates: &str) -> Value {
    let columns = import["columns"].as_array().expect("columns").iter();
    let mapping: Vec<Value> = columns.map(|column| column["suggested"].clone()).collect();
    let body = json!({ "mapping": mapping, "duplicates": duplicates });
    person.post(&format!("{path}/start"), body).await.is(202);
    over(person, path).await
}

async fn over(person: &Client, path: &str) -> Value {
    let wait = async {
        loop {
            let import = person.get(path).await.json(200);
            if import["state"] != "running" {
                return import;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("an import that ends")
}

fn counts(import: &Value) -> [u64; 5] {
    ["done", "created", "updated", "skipped", "rejected"].map(|name| import[name].as_u64().expect("a number"))
}

async fn in_britain(server: &Server) -> Client {
    let admin = server.admin().await;
    Module::with_script(server, &admin, PASS_ON).await;
    admin
}

both!(a_file_is_looked_at_and_imported, |server| {
    let admin = in_britain(server).await;
    let ann = server.operator("ann").await.0;
    let file = "\u{feff}First name;Last name;Company;Mobile;Phone;E-mail;Tags;Notes;Owner;Birthday\r\n\
                Zoë;Élan;Acme;020 7946 0000;+44 20 7946 0000;zoe@example.com, z@example.com;VIP, new;\"two\r\nlines\";ann;1.1.\r\n\
                Bob;;ACME;020 7946 0002;;;;;;\r\n\
                ;;Globex;;;info@globex.example;;;;\r\n\
                ;;;;;;;;;\r\n";
    let (import, path) = upload(&admin, file).await;
    let columns = import["columns"].as_array().expect("columns");
    let suggested: Vec<_> = columns.iter().map(|column| column["suggested"].as_str()).collect();
    let expected =
        ["firstName", "lastName", "company", "phone", "phone", "email", "tags", "notes", "responsible"];
    assert_eq!(suggested[..9], expected.map(Some));
    assert_eq!((suggested[9], &columns[9]["sample"]), (None, &json!(["1.1."])));
    assert_eq!(
        (&columns[0]["name"], &import["total"], &import["state"]),
        (&json!("First name"), &json!(3), &json!("uploaded"))
    );

    let mapping: Vec<Value> = columns.iter().map(|column| column["suggested"].clone()).collect();
    let seen = admin.post(&format!("{path}/preview"), json!({ "mapping": mapping })).await.json(200);
    assert_eq!((&seen["good"], &seen["bad"], &seen["checked"]), (&json!(3), &json!(0), &json!(3)), "{seen}");
    let first = json!({
        "kind": "contact", "name": "Zoë Élan", "company": "Acme", "phones": ["+44 20 7946 0000"],
        "emails": ["zoe@example.com", "z@example.com"], "tags": ["VIP", "new"], "notes": "two\r\nlines",
    });
    assert_eq!((&seen["rows"][0]["client"], &seen["rows"][0]["line"]), (&first, &json!(2)));
    assert_eq!(names(&admin, "").await, [""; 0], "looking makes nothing");

    let ended = run(&admin, &(import, path), "skip").await;
    assert_eq!((counts(&ended), &ended["state"]), ([3, 3, 0, 0, 0], &json!("done")));
    assert_eq!(names(&admin, "").await, ["Acme", "Bob", "Globex", "Zoë Élan"]);
    assert_eq!(names(&admin, "kind=company").await, ["Acme", "Globex"], "one Acme, whoever writes it how");
    let zoe = &admin.get("/api/v1/clients?query=02079460000").await.json(200)["items"][0];
    assert_eq!((&zoe["company"]["name"], &zoe["responsible"]["id"]), (&json!("Acme"), &json!(ann)));
    assert_eq!((&zoe["phones"][0]["label"], &zoe["source"]), (&json!("Mobile"), &json!("import")));
    assert_eq!(done(&admin).await, ["imported"]);
});

both!(lines_that_cannot_be_taken_come_back_with_the_reason, |server| {
    let admin = in_britain(server).await;
    let file = "Name,Phone,Email,Kind,Responsible\n\
                Zoe,+442079460000,,,\n\
                ,020 7946 0002,,,\n\
                Bob,call me,,,\n\
                \"Eve, \"\"the\"\" one\",,nobody,,\n\
                Jim,,,friend,\n\
                Kay,,,,stranger\n\
                Lee,,,,,one too many\n\
                =1+1,,,wrong,\n\
                Ann,'+44 20 7946 0001,,lead,\n";
    let import = upload(&admin, file).await;
    let ended = run(&admin, &import, "skip").await;
    assert_eq!(counts(&ended), [9, 2, 0, 0, 7]);
    assert_eq!(names(&admin, "").await, ["Ann", "Zoe"]);
    let rejected = admin.get(&format!("{}/rejected.csv", import.1)).await;
    assert_eq!(rejected.is(200).header("content-type"), "text/csv; charset=utf-8");
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(rejected.text.as_bytes());
    assert_eq!(
        csv.headers().expect("names"),
        vec!["Line", "Reason", "Name", "Phone", "Email", "Kind", "Responsible"]
    );
    let lines: Vec<csv::StringRecord> = csv.records().map(|line| line.expect("a line")).collect();
    let told = [
        ("3", "Enter a name of 1 to 200 characters"),
        ("4", "Enter a valid number"),
        ("5", "Enter a valid email address"),
        ("6", "\"friend\" is not a kind of client"),
        ("7", "There is no user \"stranger\""),
        ("8", "This line has 6 cells, the first one 5"),
        ("9", "\"wrong\" is not a kind"),
    ];
    for (line, (number, reason)) in lines.iter().zip(told) {
        assert!(&line[0] == number && line[1].starts_with(reason), "{line:?}");
    }
    assert_eq!((&lines[2][2], &lines[6][2]), ("Eve, \"the\" one", "'=1+1"));
    assert_eq!(lines.len(), told.len());
});

both!(clients_that_are_there_already_are_left_or_completed, |server| {
    let admin = in_britain(server).await;
    contact(&admin, "Zoe", &["020 7946 0000"]).await;
    let file = "Name,Phone,Email,Notes\n\
                Zoë É.,+442079460000,zoe@example.com,Tea\n\
                Bob,020 7946 0002,,\n\
                Bob again,+442079460002,bob@example.com,\n\
                Nameless,,,\n\
                nameless,,,\n";
    let import = upload(&admin, file).await;
    let mapping = json!(["name", "phone", "email", "notes"]);
    let seen = admin.post(&format!("{}/preview", import.1), json!({ "mapping": mapping })).await.json(200);
    assert_eq!((&seen["duplicates"], &seen["rows"][0]["duplicateOf"]["name"]), (&json!(3), &json!("Zoe")));
    assert_eq!((&seen["good"], &seen["bad"], &seen["checked"]), (&json!(2), &json!(0), &json!(5)), "{seen}");
    assert_eq!((&seen["rows"][2]["repeated"], &seen["rows"][1]["repeated"]), (&json!(true), &json!(false)));
    let ended = run(&admin, &import, "skip").await;
    assert_eq!(counts(&ended), [5, 2, 0, 3, 0], "also those that the file itself has twice");
    assert_eq!(names(&admin, "").await, ["Bob", "Nameless", "Zoe"]);

    let ended = run(&admin, &upload(&admin, file).await, "update").await;
    assert_eq!(counts(&ended), [5, 0, 2, 3, 0], "what brings nothing new changes nothing");
    assert_eq!(ended["incomplete"], 2, "a client that is there keeps its name");
    let zoe = &admin.get("/api/v1/clients?query=zoe").await.json(200)["items"][0];
    assert_eq!((&zoe["name"], &zoe["emails"]), (&json!("Zoe"), &json!(["zoe@example.com"])));
    assert_eq!((&zoe["notes"], zoe["phones"].as_array().map(Vec::len)), (&json!("Tea"), Some(1)));

    let ended = run(&admin, &upload(&admin, file).await, "create").await;
    assert_eq!(counts(&ended), [5, 5, 0, 0, 0]);
    assert_eq!(names(&admin, "query=02079460000").await, ["Zoe", "Zoë É."]);
});

both!(what_was_exported_can_be_imported, |server| {
    let admin = in_britain(server).await;
    let acme = admin.post("/api/v1/clients", json!({ "kind": "company", "name": "Acme" })).await.json(201);
    let zoe = json!({
        "kind": "lead", "name": "=Zoe", "companyId": acme["id"], "notes": "-tea",
        "phones": [{ "label": "Mobile", "number": "020 7946 0000" }, { "number": "020 7946 0002" }],
        "emails": ["zoe@example.com"], "tags": ["a", "b"],
    });
    let before = admin.post("/api/v1/clients", zoe).await.json(201);
    let file = admin.get("/api/v1/clients.csv").await.is(200).text.clone();
    for client in admin.get("/api/v1/clients").await.json(200)["items"].as_array().expect("items") {
        admin.delete(&crate::clients::path(client)).await.is(204);
    }
    let ended = run(&admin, &upload(&admin, &file).await, "skip").await;
    assert_eq!(counts(&ended), [2, 2, 0, 0, 0]);
    let after = admin.get("/api/v1/clients?query=zoe").await.json(200)["items"][0].clone();
    for field in ["kind", "name", "notes", "emails", "tags"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["company"]["name"], "Acme");
    let phones = |client: &Value| {
        let phones = client["phones"].as_array().expect("phones").iter();
        phones.map(|phone| (phone["label"].clone(), phone["e164"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(phones(&after), phones(&before));
});

both!(what_is_no_table_is_refused, |server| {
    let admin = in_britain(server).await;
    let (_, operator) = server.operator("one").await;
    send(&operator, "Name\nZoe\n").await.problem(403, "notAllowed");
    admin.post(IMPORTS, json!({})).await.problem(415, "notCsv");
    for (file, said) in [
        (b"Name\nZoe\nZo\xeb\n".to_vec(), "Line 3 is not text in UTF-8"),
        (Vec::new(), "The first line must name"),
        (b"Name\n".to_vec(), "The file has no line"),
        (vec![b','; 300], "The first line must name"),
    ] {
        let problem = send(&admin, file).await.problem(422, "invalid");
        assert!(problem["detail"].as_str().expect("a sentence").starts_with(said), "{problem}");
    }
    let problem = send(&admin, b"Name,Note\nZoe,\"tea\nBob,\n".to_vec()).await.problem(422, "invalid");
    assert!(
        problem["detail"].as_str().is_some_and(|said| said.contains("quotation mark in line 2")),
        "{problem}"
    );
    send(&admin, vec![b'x'; (64 << 20) + 1]).await.problem(413, "tooLarge");
    let folder = server.app.config.server.data_dir.join("imports");
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0, "nothing is kept of them");

    let (import, path) = upload(&admin, "Name\tPhone\nZoe\t101\n").await;
    assert_eq!(import["columns"].as_array().map(Vec::len), Some(2));
    let preview = format!("{path}/preview");
    for mapping in
        [json!(["name"]), json!([null, "phone"]), json!(["name", "name"]), json!(["name", "color"])]
    {
        let problem = admin.post(&preview, json!({ "mapping": mapping })).await.problem(422, "invalid");
        assert!(problem["path"].as_str().is_some_and(|path| path.starts_with("mapping")), "{problem}");
    }
    let file = folder.join(format!("{}.csv", import["id"].as_str().expect("an id")));
    assert_eq!(std::fs::metadata(file).expect("a file").permissions().mode() & 0o777, 0o600);
    admin.get(&format!("{path}/rejected.csv")).await.problem(409, "notStarted");
    admin.delete(&path).await.is(204);
    admin.get(&path).await.problem(404, "notFound");
});

both!(an_import_is_cancelled_and_files_do_not_stay, |server| {
    let admin = in_britain(server).await;
    let folder = server.app.config.server.data_dir.join("imports");
    let kept = || std::fs::read_dir(&folder).expect("a folder").count();
    let lines: String = (0..20_000).map(|line| format!("Client {line},+44163296{line:04}\n")).collect();
    let (import, path) = upload(&admin, &format!("Name,Phone\n{lines}")).await;
    let start = json!({ "mapping": ["name", "phone"], "duplicates": "create" });
    admin.post(&format!("{path}/start"), start.clone()).await.is(202);
    send(&admin, "Name\nZoe\n").await.problem(409, "importRunning");
    admin.delete(&path).await.is(204);
    let ended = over(&admin, &path).await;
    assert_eq!(ended["state"], "cancelled");
    assert!(counts(&ended)[0] < import["total"].as_u64().expect("a number"), "it did not go on to the end");
    admin.post(&format!("{path}/start"), start).await.problem(409, "alreadyStarted");

    let (_, second) = upload(&admin, "Name\nZoe\n").await;
    admin.get(&path).await.problem(404, "notFound");
    assert_eq!(kept(), 1, "each user's last file alone is kept");
    server.app.imports.purge(server.app.clock.now() + TimeDelta::hours(25));
    admin.get(&second).await.problem(404, "notFound");
    assert_eq!(kept(), 0);
});

both!(files_are_read_however_programs_write_them, |server| {
    let admin = in_britain(server).await;
    let file = "Name\tPhone\r\nZoë\t+442079460000\r\n😀 Bob\t+442079460002\r\n";
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), file.encode_utf16().flat_map(bytes).collect()].concat()
    };
    let files = [
        utf16([0xff, 0xfe], u16::to_le_bytes),
        utf16([0xfe, 0xff], u16::to_be_bytes),
        format!("\u{feff}sep=;\r\n{}", file.replace('\t', ";")).into_bytes(),
        file.replace("\r\n", "\r").into_bytes(),
    ];
    for file in files {
        let import = send(&admin, file).await.json(201);
        assert_eq!(
            (&import["total"], &import["columns"][0]["sample"]),
            (&json!(2), &json!(["Zoë", "😀 Bob"]))
        );
        assert_eq!(
            (&import["columns"][1]["name"], &import["columns"][1]["suggested"]),
            (&json!("Phone"), &json!("phone"))
        );
    }
    for (file, said) in [
        ([vec![0xff, 0xfe], b"Name".to_vec(), vec![0]].concat(), "The file starts as UTF-16"),
        (vec![0xff, 0xfe, 0x00, 0xd8, 0x41, 0x00], "The file starts as UTF-16"),
        (b"Name\nZo\xeb\n".to_vec(), "Line 2 is not text in UTF-8"),
    ] {
        let problem = send(&admin, file).await.problem(422, "invalid");
        assert!(problem["detail"].as_str().expect("a sentence").starts_with(said), "{problem}");
    }
});

both!(nothing_in_a_cell_is_lost_without_a_word, |server| {
    let admin = in_britain(server).await;
    contact(&admin, "Ann", &["+442079460009"]).await;
    let file = "Name,First Name,Last Name,Phone,E-mail,Labels,,Company,Owner\n\
                Zoe Adams,Zoe,Adams,+442079460000 ::: +442079460002,zoe@example.com ::: z@example.com,* myContacts ::: VIP,,,\n\
                Bob,Robert,,\"020 7946 0003, 020 7946 0004\",,,,,,,,\n\
                Ann Archer,,,+442079460009,,,,Acme,\n\
                Eve,,,101; 102,,,more,,\n";
    let import = upload(&admin, file).await;
    assert_eq!(import.0["columns"][6]["name"], "Column 7");
    let mapping =
        json!(["name", "firstName", "lastName", "phone", "email", "tags", "notes", "company", "responsible"]);
    let seen = admin.post(&format!("{}/preview", import.1), json!({ "mapping": mapping })).await.json(200);
    assert_eq!(
        (&seen["good"], &seen["duplicates"], &seen["bad"]),
        (&json!(3), &json!(1), &json!(0)),
        "{seen}"
    );
    let zoe = &seen["rows"][0]["client"];
    assert_eq!(zoe["phones"], json!(["+44 20 7946 0000", "+44 20 7946 0002"]));
    assert_eq!(
        (&zoe["emails"], &zoe["tags"]),
        (&json!(["zoe@example.com", "z@example.com"]), &json!(["myContacts", "VIP"]))
    );
    assert_eq!(seen["rows"][1]["leftOut"].as_array().map(Vec::len), Some(1), "{seen}");

    admin
        .post(&format!("{}/start", import.1), json!({ "mapping": mapping, "duplicates": "update" }))
        .await
        .is(202);
    let ended = over(&admin, &import.1).await;
    assert_eq!((counts(&ended), &ended["incomplete"]), ([4, 3, 1, 0, 0], &json!(2)), "{ended}");
    let report = admin.get(&format!("{}/rejected.csv", import.1)).await.is(200).text.clone();
    for said in ["Imported without the name \"\"Robert\"\"", "since the client is named \"\"Ann\"\""] {
        assert!(report.contains(said), "{report}");
    }
    let eve = &admin.get("/api/v1/clients?query=eve").await.json(200)["items"][0];
    assert_eq!((eve["phones"].as_array().map(Vec::len), &eve["notes"]), (Some(2), &json!("more")));
});
