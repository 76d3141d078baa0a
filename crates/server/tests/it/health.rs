//! Health checks and metrics.

use crate::support::both;

both!(alive_and_ready, |server| {
    let nobody = server.anonymous();
    nobody.get("/healthz").await.is(200);
    nobody.get("/readyz").await.is(200);
    server.app.store.close().await;
    nobody.get("/healthz").await.is(200);
    nobody.get("/readyz").await.problem(503, "unavailable");
});

both!(metrics_count_requests_by_route, |server| {
    let (id, ann) = server.operator("ann").await;
    ann.get(&format!("/api/v1/users/{id}")).await.is(403);
    let text = ann.get("/metrics").await.is(200).text.clone();
    let line = "http_requests_total{method=\"GET\",route=\"/api/v1/users/{id}\",status=\"403\"}";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("http_request_duration_seconds_bucket{"), "{text}");
    assert!(!text.contains(&id.to_string()), "only routes, no addresses");
});

both!(metrics_are_for_the_own_machine_and_for_users, |server| {
    let nobody = server.anonymous();
    nobody.get("/metrics").await.is(200);
    // Requests through a proxy on this machine come from elsewhere.
    let proxied = server.anonymous().header("x-forwarded-for", "203.0.113.9");
    proxied.get("/metrics").await.problem(401, "notSignedIn");
    let (_, ann) = server.operator("ann").await;
    ann.header("x-forwarded-for", "203.0.113.9").get("/metrics").await.is(200);
});
