//! The web app, as served to browsers.

use reqwest::Method;

use crate::support::{Answer, Client, Database, Server, both};

async fn get(client: &Client, path: &str, header: (&'static str, &str)) -> Answer {
    client.clone().header(header.0, header.1).get(path).await
}

both!(every_address_that_is_nothing_else_is_a_page_of_the_app, |server| {
    let nobody = server.anonymous();
    for path in
        ["/", "/calls", "/modules/018f3b1c/requests?status=failed", "/setup", "/index.html", "/apiary"]
    {
        let page = nobody.get(path).await;
        assert!(page.is(200).text.contains("A small web app"), "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-cache");
    }
    let head = nobody.send(nobody.request(Method::HEAD, "/calls")).await;
    assert_eq!(head.is(200).text, "");
});

both!(a_mistyped_address_of_the_server_is_no_page, |server| {
    let nobody = server.anonymous();
    for path in [
        "/api",
        "/api/v1/nothing",
        "/webhooks",
        "/healthz/nothing",
        "/metrics/nothing",
        "/readyz/",
        "/openapi.json/x",
    ] {
        nobody.get(path).await.problem(404, "notFound");
    }
    nobody.get("/docs/nothing").await.is(404);
    // A request for a missing file of the app must not get the page instead.
    nobody.get("/_app/immutable/gone.js").await.problem(404, "notFound");
    nobody.post("/calls", serde_json::json!({})).await.problem(404, "notFound");
    for path in ["/../Cargo.toml", "/..%2f..%2fmain.rs", "/%2e%2e/web.rs", "//etc/passwd", "/_app"] {
        assert!(nobody.get(path).await.is(200).text.contains("A small web app"), "{path}");
    }
});

both!(what_cannot_change_is_kept_and_what_can_is_asked_for, |server| {
    let nobody = server.anonymous();
    let script = nobody.get("/_app/immutable/app.js").await;
    assert_eq!(script.is(200).header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    let icon = nobody.get("/favicon.svg").await;
    assert_eq!(icon.is(200).header("cache-control"), "public, max-age=60");
    assert_eq!(icon.header("content-type"), "image/svg+xml");

    let page = nobody.get("/calls").await;
    let again = get(&nobody, "/missed-calls", ("if-none-match", page.header("etag"))).await;
    assert_eq!(again.is(304).text, "");
    for header in ["etag", "cache-control", "vary", "content-security-policy"] {
        assert_eq!(again.header(header), page.header(header));
    }
    get(&nobody, "/calls", ("if-none-match", script.header("etag"))).await.is(200);
});

both!(a_browser_gets_the_smallest_that_it_takes, |server| {
    let nobody = server.anonymous();
    let cases = [
        ("gzip, deflate, br, zstd", Some("br")),
        ("BR;q=0.5 , gzip;q=1.0", Some("br")),
        ("gzip, br;q=0", Some("gzip")),
        ("deflate, gzip", Some("gzip")),
        ("br;q=0.0, gzip;q=0", None),
        ("identity", None),
    ];
    for (accepted, coding) in cases {
        let script = get(&nobody, "/_app/immutable/app.js", ("accept-encoding", accepted)).await;
        let given = script.headers.get("content-encoding").map(|coding| coding.to_str().unwrap());
        assert_eq!(given, coding, "{accepted}");
        let text = match coding {
            Some("br") => "The app as Brotli would have it\n",
            Some(_) => "The app as gzip would have it\n",
            None => "console.log('the app');\n",
        };
        assert_eq!(script.is(200).text, text);
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(script.header("vary"), "accept-encoding");
    }
    let plain = get(&nobody, "/favicon.svg", ("accept-encoding", "br")).await;
    assert!(plain.is(200).text.starts_with("<svg"));
    let (page, small) = (nobody.get("/").await, get(&nobody, "/", ("accept-encoding", "br")).await);
    assert_ne!(page.header("etag"), small.header("etag"), "they are different bytes");
});

both!(a_page_runs_its_own_scripts_only, |server| {
    let nobody = server.anonymous();
    let page = nobody.get("/calls").await;
    let policy = page.header("content-security-policy");
    // SHA-256 of the page's only inline script, in base64.
    let script = "'sha256-DHbFh4o+L8meQM6JMbt/D2AhqsPiSksdB2N5Ub9s4aI='";
    assert!(policy.contains(&format!("script-src 'self' {script};")), "{policy}");
    for words in ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(words), "{policy}");
    }
    let small = get(&nobody, "/calls", ("accept-encoding", "br")).await;
    assert_eq!(small.header("content-security-policy"), policy, "it is the same page");
    let worker = nobody.get("/_app/immutable/app.js").await;
    let policy = worker.header("content-security-policy");
    assert!(policy.contains("script-src 'self';") && !policy.contains("sandbox"), "{policy}");
});

#[tokio::test]
async fn a_server_built_without_the_app_says_so() {
    let server = Server::start_with(Database::sqlite(), &[], |_| None).await;
    let nobody = server.anonymous();
    let start = nobody.get("/").await;
    assert!(
        start.is(200).text.contains("without the web app") && start.text.contains("/docs"),
        "{}",
        start.text
    );
    assert!(!start.text.contains("https://"), "{}", start.text);
    nobody.get("/calls").await.problem(404, "notFound");
    nobody.get("/healthz").await.is(200);
    server.stop().await;
}
