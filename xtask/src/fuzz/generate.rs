//! Malformed and unusual webhooks generated from a seed; the same seed gives the same webhooks.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};

/// A webhook to send to the fuzz module or, if `builtin`, to a built-in one.
pub struct Webhook {
    pub builtin: bool,
    pub method: &'static str,
    /// A path after the module's address.
    pub suffix: String,
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub struct Generator(StdRng);

const METHODS: [&str; 8] = ["POST", "POST", "POST", "POST", "GET", "PUT", "DELETE", "PATCH"];
const EVENTS: [&str; 8] = [
    "notifyStart",
    "notifyAnswer",
    "notifyHold",
    "notifyUnhold",
    "notifyRedirect",
    "notifyEnd",
    "NOTIFY_START",
    "x",
];
const DIRECTIONS: [&str; 5] = ["in", "out", "internal", "IN", "sideways"];
const DISPOSITIONS: [&str; 8] =
    ["unknown", "answered", "noAnswer", "busy", "cancelled", "failed", "voicemail", "no_answer"];
const NUMBERS: [&str; 16] = [
    "+12125550100",
    "100",
    "101",
    "2125550101",
    "anonymous",
    "",
    "0",
    "+",
    "sip:+4930901820@gw;user=phone",
    "*72",
    "+49 30 901820, 0178 1234567",
    "00000000000000000000000000000000",
    "\u{200f}+4930\u{2060}901820",
    "Unknown",
    "-1",
    "１００",
];
const FIELDS: [&str; 16] = [
    "event",
    "direction",
    "disposition",
    "srcPhone",
    "dstPhone",
    "srcPhoneExt",
    "dstPhoneExt",
    "callId",
    "legId",
    "sequence",
    "occurredAt",
    "redirectTo",
    "callerName",
    "line",
    "duration",
    "call",
];
const TEXTS: [&str; 12] = [
    "",
    " ",
    "\0",
    "a\0b",
    "\u{FEFF}",
    "\u{202E}drow",
    "'; drop table calls; --",
    "<script>",
    "💥",
    "e\u{301}\u{301}\u{301}",
    "\u{FDD0}bytes",
    "__proto__",
];
const TIMES: [&str; 9] = [
    "2026-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "-262144-01-01T00:00:00Z",
    "+262143-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "1969-12-31T23:59:59.999999999+14:00",
    "now",
    "1e9",
];
const ODD: [&str; 30] = [
    "undefined",
    "nan",
    "infinity",
    "minusZero",
    "bigint",
    "symbol",
    "function",
    "date",
    "regexp",
    "map",
    "set",
    "error",
    "bytes",
    "buffer",
    "boxed",
    "holes",
    "deep",
    "circular",
    "lone",
    "url",
    "promise",
    "thenable",
    "getter",
    "throwingGetter",
    "proxy",
    "throwingProxy",
    "endlessProxy",
    "toJSON",
    "endlessToJSON",
    "noPrototype",
];

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    pub fn webhook(&mut self) -> Webhook {
        let builtin = self.0.random_ratio(1, 4);
        let body = if builtin { self.notice() } else { self.wish() };
        Webhook {
            builtin,
            method: self.pick(&METHODS),
            suffix: if self.0.random_ratio(1, 8) { self.path() } else { String::new() },
            query: if self.0.random_ratio(1, 6) { self.query() } else { String::new() },
            headers: self.headers(),
            body,
        }
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        // None of the lists is empty.
        of.choose(&mut self.0).copied().unwrap_or(of[0])
    }

    /// Returns instructions for the fuzz module; now and then not even JSON.
    fn wish(&mut self) -> Vec<u8> {
        let wish = match self.0.random_range(0..20) {
            0 => return self.garbage(),
            1 => json!({ "throw": self.tree(3) }),
            2 => json!({ "log": self.tree(4), "give": {} }),
            3 => json!({ "store": self.tree(4), "key": self.pick(&TEXTS), "give": {} }),
            4 => json!({ "give": self.tree(5) }),
            5 | 6 => json!({ "give": { "response": self.response() } }),
            7 => json!({ "give": { "events": self.list(|one| one.event()) } }),
            8 | 9 => json!({ "give": { "callRecord": self.event(), "event": self.event() } }),
            10 => {
                json!({ "give": { "callRecord": { "callId": self.call_id(), "duration": self.number(), "call": self.tree(6) } } })
            }
            _ => json!({ "give": { "event": self.event() } }),
        };
        wish.to_string().into_bytes()
    }

    /// Returns an event or a record with up to two invalid fields.
    fn event(&mut self) -> Value {
        let mut event = Map::new();
        event.insert("event".into(), json!(self.pick(&EVENTS[..6])));
        event.insert("direction".into(), json!(self.pick(&DIRECTIONS[..3])));
        event.insert("srcPhone".into(), json!(self.pick(&NUMBERS)));
        event.insert("dstPhone".into(), json!(self.pick(&NUMBERS)));
        event.insert("callId".into(), json!(self.call_id()));
        event.insert("disposition".into(), json!(self.pick(&DISPOSITIONS)));
        for _ in 0..self.0.random_range(0..3) {
            let field = self.pick(&FIELDS);
            let value = match (field, self.0.random_range(0..3)) {
                (_, 0) => self.tree(2),
                ("event", _) => json!(self.pick(&EVENTS)),
                ("direction", _) => json!(self.pick(&DIRECTIONS)),
                ("occurredAt", _) => json!(self.pick(&TIMES)),
                ("sequence" | "duration", _) => self.number(),
                ("callerName" | "line", _) => self.text(),
                ("call", _) => self.tree(5),
                _ => json!(self.pick(&NUMBERS)),
            };
            event.insert(field.into(), value);
        }
        Value::Object(event)
    }

    /// Returns one of a few call ids, so that events share calls.
    fn call_id(&mut self) -> String {
        format!("call {}", self.0.random_range(0..5_000_u32) * self.0.random_range(0..40_u32))
    }

    fn response(&mut self) -> Value {
        let content = self.tree(3);
        match self.0.random_range(0..4) {
            0 => json!({ "$": "response", "status": self.number(), "of": content }),
            1 => json!({ "$": "json", "of": content }),
            _ => {
                let mut response = Map::new();
                response.insert("status".into(), self.number());
                response.insert("content".into(), content);
                let mut headers = Map::new();
                headers.insert(
                    self.pick(&["x-a", "content-type", "set-cookie", "content-length", "é", ""]).into(),
                    self.tree(1),
                );
                response.insert("headers".into(), Value::Object(headers));
                Value::Object(response)
            }
        }
    }

    /// Returns any value, at most `levels` deep except for endless ones.
    fn tree(&mut self, levels: u32) -> Value {
        match self.0.random_range(0..if levels == 0 { 8 } else { 12 }) {
            0 => Value::Null,
            1 => json!(self.0.random::<bool>()),
            2 => self.number(),
            3 | 4 => self.text(),
            5 | 6 => {
                let odd = self.pick(&ODD);
                let of = match odd {
                    "deep" => json!(self.pick(&[10, 31, 32, 33, 125, 127, 128, 5_000])),
                    "holes" => json!(self.pick(&[0_u32, 5, u32::MAX])),
                    "bytes" | "buffer" => json!(self.pick(&[0, 3, 70_000])),
                    "bigint" => json!(self.0.random::<i32>()),
                    "date" => json!(self.pick(&[0.0, -1e15, 8.64e15, 1e300])),
                    "noPrototype" => json!({ "a": 1 }),
                    _ if levels > 0 => self.tree(levels - 1),
                    _ => Value::Null,
                };
                json!({ "$": odd, "of": of })
            }
            7 => {
                json!({ "$": "long", "of": self.pick(&[300, 5_000, 66_000]), "text": self.pick(&["x", "ü", "\\", "\""]) })
            }
            8 | 9 => self.list(|one| one.tree(levels - 1)),
            _ => {
                let count = self.0.random_range(0..4);
                let members = (0..count).map(|_| (self.name(), self.tree(levels - 1)));
                Value::Object(members.collect())
            }
        }
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Value) -> Value {
        let count = self.0.random_range(0..4);
        Value::Array((0..count).map(|_| item(self)).collect())
    }

    fn name(&mut self) -> String {
        if self.0.random() { self.pick(&FIELDS).into() } else { self.pick(&TEXTS).into() }
    }

    fn text(&mut self) -> Value {
        match self.0.random_range(0..4) {
            0 => json!(self.pick(&NUMBERS)),
            1 => json!(self.pick(&TIMES)),
            _ => json!(self.pick(&TEXTS)),
        }
    }

    fn number(&mut self) -> Value {
        match self.0.random_range(0..4) {
            0 => json!(self.0.random_range(100..600)),
            1 => json!(self.0.random::<i64>()),
            2 => json!(self.pick(&[
                1e300,
                -1e300,
                0.1,
                -0.5,
                1e-320,
                2_147_483_648.0,
                9_007_199_254_740_993.0
            ])),
            _ => json!(self.0.random_range(-5..5_000)),
        }
    }

    /// Returns what a provider might send to a built-in module: forms and JSON with invalid parts.
    fn notice(&mut self) -> Vec<u8> {
        match self.0.random_range(0..4) {
            0 => self.garbage(),
            1 => self.query().into_bytes(),
            _ => self.tree(5).to_string().into_bytes(),
        }
    }

    fn garbage(&mut self) -> Vec<u8> {
        let count = self.0.random_range(0..200);
        match self.0.random_range(0..3) {
            0 => (0..count).map(|_| self.0.random()).collect(),
            1 => "[".repeat(count * 100).into_bytes(),
            _ => b"{\"give\":".to_vec(),
        }
    }

    fn query(&mut self) -> String {
        let count = self.0.random_range(1..5);
        let part = |one: &mut Self| {
            let name = one.name();
            let value = one.text();
            format!("{}={}", escaped(&name), escaped(value.as_str().unwrap_or_default()))
        };
        (0..count).map(|_| part(self)).collect::<Vec<_>>().join("&")
    }

    fn path(&mut self) -> String {
        let text = self.name();
        format!("/{}", if self.0.random() { escaped(&text) } else { "..//%2e%2e/%".into() })
    }

    fn headers(&mut self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        let kinds = [
            "application/json",
            "application/x-www-form-urlencoded",
            "text/xml",
            "x",
            "multipart/form-data; boundary=x",
        ];
        headers.push(("content-type", self.pick(&kinds).to_owned()));
        if self.0.random_ratio(1, 6) {
            let noise: Vec<u8> = (0..9).map(|_| self.0.random()).collect();
            let name = self.pick(&[
                "$bytes",
                "x-forwarded-for",
                "x-signature",
                "cookie",
                "accept",
                "content-encoding",
            ]);
            headers.push((name, URL_SAFE_NO_PAD.encode(noise)));
        }
        headers
    }
}

/// Percent-encodes everything except ASCII letters and digits.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_webhooks_again() {
        let bodies = |seed| {
            let mut generator = Generator::new(seed);
            (0..500).map(|_| generator.webhook().body).collect::<Vec<_>>()
        };
        assert_eq!(bodies(7), bodies(7));
        assert_ne!(bodies(7), bodies(8));
    }
}
