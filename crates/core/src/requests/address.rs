//! The URL that a provider called, and the position of the module's token in it.
//!
//! The token is the parameter `token`, or the path segment after the module. Providers use the webhook URL as a prefix,
//! escape it, or have a parameter of that name themselves: ours is the one with our value, and what follows it directly
//! belongs to the provider.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

/// The prefix of every webhook's path.
pub(crate) const PREFIX: &str = "/webhooks/";

/// Replaces the token wherever an address is shown or stored in the clear.
const TOKEN_PLACE: &str = "{token}";

/// An address that contains the token: never shown, and stored only encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Path and query, byte for byte.
    target: String,
    /// The position of the token.
    token: Range<usize>,
}

/// The module named by a target: the part between [`PREFIX`] and the next slash.
pub fn module(target: &str) -> &str {
    let rest = target.strip_prefix(PREFIX).unwrap_or_default();
    &rest[..rest.find(['/', '?']).unwrap_or(rest.len())]
}

impl Address {
    /// The address, if it contains the token. Takes as long for a wrong token as for the right one.
    pub fn find(target: &str, token: &str) -> Option<Self> {
        let found = |at: usize, raw: &str| {
            let length = spelled(raw, token)?;
            Some(Self { target: target.to_owned(), token: at..at + length })
        };
        let module_end = PREFIX.len() + module(target).len();
        let path_end = target.find('?').unwrap_or(target.len());
        let behind = target.get(module_end + 1..path_end).unwrap_or_default();
        let segment = &behind[..behind.find('/').unwrap_or(behind.len())];
        found(module_end + 1, segment).or_else(|| {
            let mut at = path_end + 1;
            target.get(at..)?.split('&').find_map(|pair| {
                let begin = at;
                at += pair.len() + 1;
                let (name, value) = pair.split_once('=')?;
                let is_ours = percent_decode_str(name).eq(b"token".iter().copied());
                is_ours.then(|| found(begin + name.len() + 1, value)).flatten()
            })
        })
    }

    /// The address of a request stored before addresses were: from its path, its query with a placeholder for the
    /// token, and the token.
    pub(crate) fn of_old(module: &str, path: &str, query: &str, token: &str) -> Self {
        let path = if path == "/" { "" } else { path };
        let target = format!("{PREFIX}{module}{path}?{}", query.replacen(TOKEN_PLACE, token, 1));
        let nowhere = PREFIX.len() + module.len();
        Self::find(&target, token).unwrap_or(Self { target, token: nowhere..nowhere })
    }

    /// Path and query, byte for byte as called.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path that the provider appended to the webhook URL; may be empty.
    pub fn path(&self) -> String {
        let (path, _) = appended(self.behind_token());
        let before = if self.is_in_path() { "" } else { &self.target[self.module_end()..self.path_end()] };
        format!("{before}{path}")
    }

    /// The parameters, in order, without our token.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let query = self.target.get(self.path_end() + 1..).unwrap_or_default();
        let (_, more) = appended(self.behind_token());
        let (before, after) = match self.is_in_path() {
            true => ("", query),
            false => {
                let query_begins = self.path_end() + 1;
                let before = self.target[query_begins..self.token.start].rfind('&').unwrap_or(0);
                let after = self.token.end + self.behind_token().len();
                (&query[..before], &self.target[after..])
            }
        };
        let parts = [before, more.as_ref(), after];
        let pairs = parts.iter().flat_map(|part| form_urlencoded::parse(part.as_bytes()));
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    /// The path after the module (and the token) and the query, safe to show: without the token, however it is spelled.
    pub fn shown(&self) -> (String, String) {
        let path_begins = if self.is_in_path() { self.token.end } else { self.module_end() };
        let path = &self.target[path_begins..self.path_end()];
        let query = self.target.get(self.path_end() + 1..).unwrap_or_default();
        if self.is_in_path() {
            return (self.without_token(path), self.without_token(query));
        }
        let (before, after) =
            (&self.target[self.path_end() + 1..self.token.start], &self.target[self.token.end..]);
        let query = format!("{}{TOKEN_PLACE}{}", self.without_token(before), self.without_token(after));
        (self.without_token(path), query)
    }

    /// Whether a text contains the token, however it is spelled.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let token = self.token();
        text.contains(token.as_ref())
            || (text.contains('%') && percent_decode_str(text).decode_utf8_lossy().contains(token.as_ref()))
    }

    fn without_token(&self, text: &str) -> String {
        if !self.is_in(text) {
            return text.to_owned();
        }
        let parts = text.split('&').map(|part| {
            let part = part.replace(self.token().as_ref(), TOKEN_PLACE);
            if self.is_in(&part) { TOKEN_PLACE.to_owned() } else { part }
        });
        parts.collect::<Vec<_>>().join("&")
    }

    /// The token, unescaped.
    pub fn token(&self) -> Cow<'_, str> {
        percent_decode_str(&self.target[self.token.clone()]).decode_utf8_lossy()
    }

    /// The rest of the token's segment and of the path, or of its parameter.
    fn behind_token(&self) -> &str {
        let behind = &self.target[self.token.end..];
        let end = if self.is_in_path() { behind.find('?') } else { behind.find('&') };
        &behind[..end.unwrap_or(behind.len())]
    }

    fn is_in_path(&self) -> bool {
        self.token.end <= self.path_end()
    }

    fn path_end(&self) -> usize {
        self.target.find('?').unwrap_or(self.target.len())
    }

    fn module_end(&self) -> usize {
        PREFIX.len() + module(&self.target).len()
    }
}

/// The number of bytes of `raw` that spell the token, if it starts with the token and the token ends there.
fn spelled(raw: &str, token: &str) -> Option<usize> {
    let mut bytes = Escaped(raw.as_bytes());
    let begins: Vec<u8> = bytes.by_ref().take(token.len()).collect();
    let length = raw.len() - bytes.0.len();
    let goes_on = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    (!token.is_empty() && bool::from(begins.ct_eq(token.as_bytes())) && !goes_on).then_some(length)
}

/// Percent-escaped bytes, decoded.
struct Escaped<'a>(&'a [u8]);

impl Iterator for Escaped<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (byte, length) = match *self.0 {
            [b'%', high, low, ..] => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [byte, ..] => (byte, 1),
            [] => return None,
        };
        self.0 = &self.0[length..];
        Some(byte)
    }
}

/// What was appended directly to the token: a path, and parameters.
fn appended(raw: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let escaped = raw.starts_with('%');
    let text = match escaped
        && (!raw.contains('=') || raw.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("%2f")))
    {
        true => percent_decode_str(raw).decode_utf8_lossy(),
        false => Cow::Borrowed(raw),
    };
    let cut = |from: usize| {
        let from = text.floor_char_boundary(from);
        match &text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[from..]),
            Cow::Owned(text) => Cow::Owned(text[from..].to_owned()),
        }
    };
    match text.as_bytes().first() {
        None => (Cow::Borrowed(""), Cow::Borrowed("")),
        Some(b'/') => match text.find('?') {
            Some(at) => (Cow::Owned(text[..at].to_owned()), cut(at + 1)),
            None => (text, Cow::Borrowed("")),
        },
        // An escaped character between the token and unescaped text.
        Some(b'%') if text.len() > 2 => (Cow::Borrowed(""), cut(3)),
        Some(first) if first.is_ascii() => (Cow::Borrowed(""), cut(1)),
        Some(_) => (Cow::Borrowed(""), text),
    }
}

#[cfg(test)]
mod tests;
