//! The URL standard, from the `url` crate.

use rquickjs::Object;
use url::{Url, form_urlencoded, quirks};

use super::define;

pub(super) fn install(natives: &Object<'_>) -> rquickjs::Result<()> {
    define(natives, "parseUrl", |input: String, base: Option<String>| {
        let parsed = match base {
            Some(base) => Url::parse(&base).and_then(|base| base.join(&input)),
            None => Url::parse(&input),
        };
        parsed.ok().map(|url| parts(&url))
    })?;
    define(natives, "changeUrl", |href: String, part: String, value: String| {
        let mut url = Url::parse(&href).ok()?;
        change(&mut url, &part, &value);
        Some(parts(&url))
    })?;
    define(natives, "parseQuery", |query: String| -> Vec<Vec<String>> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        pairs.map(|(name, value)| vec![name.into_owned(), value.into_owned()]).collect()
    })?;
    define(natives, "formatQuery", |pairs: Vec<Vec<String>>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for pair in &pairs {
            if let [name, value] = pair.as_slice() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    })
}

/// In the order in which the prelude's `URL` class reads them.
fn parts(url: &Url) -> Vec<String> {
    let parts = [
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::host(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
    ];
    let mut parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
    parts.push(quirks::origin(url));
    parts
}

/// By the standard, a setter that cannot apply its value leaves the URL unchanged.
fn change(url: &mut Url, part: &str, value: &str) {
    let _unchanged_if_invalid = match part {
        "protocol" => quirks::set_protocol(url, value),
        "username" => quirks::set_username(url, value),
        "password" => quirks::set_password(url, value),
        "host" => quirks::set_host(url, value),
        "hostname" => quirks::set_hostname(url, value),
        "port" => quirks::set_port(url, value),
        "pathname" => {
            quirks::set_pathname(url, value);
            Ok(())
        }
        "search" => {
            quirks::set_search(url, value);
            Ok(())
        }
        _ => {
            quirks::set_hash(url, value);
            Ok(())
        }
    };
}
