//! The session cookie.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use hookswitch_core::accounts::Secret;

/// The cookie's name over http.
pub const SESSION_COOKIE: &str = "hookswitch_session";
/// The cookie's name over https. Browsers accept the `__Host-` prefix only from this exact host, not from its siblings.
const SECURE_SESSION_COOKIE: &str = "__Host-hookswitch_session";

/// Returns the `Set-Cookie` value for a new session. `secure` says whether browsers use https.
#[must_use]
pub fn new_session(secret: &Secret, days: u32, secure: bool) -> HeaderValue {
    set_cookie(secret.expose(), Duration::days(days.into()), secure)
}

/// Returns the `Set-Cookie` value for an ended session.
#[must_use]
pub fn ended_session(secure: bool) -> HeaderValue {
    set_cookie("", Duration::ZERO, secure)
}

/// Returns the session token in a request, if any. Over https, the cookie with the http name is ignored.
pub fn session_token(headers: &HeaderMap, secure: bool) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = values.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name(secure)).map(|cookie| cookie.value().to_owned())
}

const fn name(secure: bool) -> &'static str {
    if secure { SECURE_SESSION_COOKIE } else { SESSION_COOKIE }
}

fn set_cookie(value: &str, max_age: Duration, secure: bool) -> HeaderValue {
    let cookie = Cookie::build((name(secure), value))
        .path("/")
        .max_age(max_age)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure);
    #[expect(
        clippy::expect_used,
        reason = "name, value and attributes are letters, digits, `-`, `_`, `=`, `;` and `/`"
    )]
    HeaderValue::from_str(&cookie.to_string()).expect("an ASCII cookie")
}
