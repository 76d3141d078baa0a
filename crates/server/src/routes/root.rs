//! `/`, until the web app stands there.

use axum::response::Html;

/// A page that says what this is and where the documentation is.
pub async fn root() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Hookswitch</title>\
         <h1>Hookswitch</h1><p>The server runs. The web app is not part of this version; \
         the HTTP API is described at <a href=\"/docs\">/docs</a>.</p></html>",
    )
}
