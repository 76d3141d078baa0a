//! How much memory an import takes.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Child;

use crate::support::process::{run, run_with_input, serve};
use crate::support::{Client, Database};

/// Returns the process's peak memory so far, in megabytes.
fn peak(child: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id().expect("it runs"))).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a figure");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_takes_much_memory() {
    const MOST: u64 = 64;
    let database = Database::sqlite();
    run_with_input(&database, "user create --login admin --admin --password-stdin", "seven purple herons\n")
        .await;
    let (_, token, _) = run(&database, "token create --user admin").await;
    let (mut child, address, _, _lines) = serve(&database).await;
    let admin =
        Client::new(address, Arc::default()).header("authorization", &format!("Bearer {}", token.trim()));
    let send = async |file: Vec<u8>| {
        let request =
            admin.request(Method::POST, "/api/v1/clients/imports").header("content-type", "text/csv");
        admin.send(request.body(file)).await
    };
    send(b"Name\nZoe\n".to_vec()).await.is(201);
    let before = peak(&child);

    let wide = [b"Name\n".to_vec(), vec![b','; 63 << 20]].concat();
    let columns = vec![b','; 63 << 20];
    let long = [b"Name\n\"".to_vec(), vec![b'x'; 63 << 20]].concat();
    for file in [columns, wide, long] {
        send(file).await.problem(422, "invalid");
    }
    // Lines of the maximum length, previewed.
    let line = ["x".repeat(200_000).as_str(), "\n"].concat();
    let import = send(format!("Name\n{}", line.repeat(100)).into_bytes()).await.json(201);
    let preview = format!("/api/v1/clients/imports/{}/preview", import["id"].as_str().expect("an id"));
    let seen: Value = admin.post(&preview, json!({ "mapping": ["name"] })).await.json(200);
    assert_eq!(seen["checked"], seen["bad"]);
    let took = peak(&child) - before;
    assert!(took < MOST, "{took} MB, {MOST} at most");
    child.kill().await.expect("it runs");
}
