//! A stored request as the script gets it: the contract's `FetchRequest`.

use hookswitch_script::data;
use hookswitch_store::NewRequest;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::webhook::TOKEN_PLACE;

/// The `FetchRequest` of a request to the webhook at `webhook_base` (the webhook URL without its query).
///
/// `url` is what the provider called, under the one configured public URL and with the token: some providers sign it.
pub fn script_request(request: &NewRequest, webhook_base: &str, token: &str) -> Value {
    let query = request.query.as_str().unwrap_or_default();
    let mut object = json!({
        "method": request.method,
        "url": url(&request.path, query, webhook_base, token),
        "path": request.path,
        "query": parameters(query),
        "headers": request.headers,
        "remoteAddress": request.remote_address,
    });
    let has_body = !request.body.is_empty() || request.method != "GET";
    if has_body {
        object["body"] = body(&request.body);
    }
    object
}

fn url(path: &str, query: &str, base: &str, token: &str) -> String {
    let suffix = if path == "/" { "" } else { path };
    format!("{base}{suffix}?{}", query.replace(TOKEN_PLACE, token))
}

/// Text as it came; an `ArrayBuffer` where it is not UTF-8.
fn body(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| data::bytes(bytes), |text| Value::String(text.to_owned()))
}

/// `Record<string, string | string[]>`, without the token.
fn parameters(query: &str) -> Value {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "token") {
        let value = Value::String(value.into_owned());
        match parameters.get_mut(name.as_ref()) {
            None => {
                parameters.insert(name.into_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    Value::Object(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_texts_or_lists_and_the_token_is_none() {
        assert_eq!(
            parameters("a=1&b=x%20y&a=2&token={token}&a=3"),
            json!({ "a": ["1", "2", "3"], "b": "x y" })
        );
    }

    #[test]
    fn the_url_is_what_the_provider_called() {
        let url = url("/events", "token={token}&x=%41", "https://pbx.example/webhooks/m", "s3cret");
        assert_eq!(url, "https://pbx.example/webhooks/m/events?token=s3cret&x=%41");
    }

    #[test]
    fn bytes_that_are_no_text_stay_bytes() {
        assert_eq!(body("ü".as_bytes()), json!("ü"));
        assert_eq!(data::as_bytes(&body(&[0xff])), Some(vec![0xff]));
    }
}
