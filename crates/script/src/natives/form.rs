//! The fields of a form: urlencoded, or `multipart/form-data` (RFC 7578) without its files.

use encoding_rs::{Encoding, UTF_8};
use memchr::memmem::Finder;
use rquickjs::{Ctx, Exception, Object};
use url::form_urlencoded;

use super::bytes::Bytes;
use super::define;

/// More fields than any provider sends.
const MAX_FIELDS: usize = 1_000;

/// Longest boundary of a multipart body (RFC 2046).
const MAX_BOUNDARY: usize = 70;

type Field = (String, String);

pub(super) fn install<'js>(natives: &Object<'js>) -> rquickjs::Result<()> {
    define(natives, "formQuery", |ctx: Ctx<'js>, content_type: String, body: Bytes| {
        let fields = fields(&content_type, &body.0);
        if fields.len() > MAX_FIELDS {
            let message = format!("a form has at most {MAX_FIELDS} fields");
            return Err(Exception::throw_range(&ctx, &message));
        }
        Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    })
}

/// The fields in order, one more than allowed at most; empty if it is not a form.
fn fields(content_type: &str, body: &[u8]) -> Vec<Field> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            let pairs = form_urlencoded::parse(body).take(MAX_FIELDS + 1);
            pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
        }
        "multipart/form-data" => match parameter(content_type, "boundary") {
            Some(boundary) if (1..=MAX_BOUNDARY).contains(&boundary.len()) => multipart(body, &boundary),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The fields among the parts. A truncated part is left out.
fn multipart(body: &[u8], boundary: &str) -> Vec<Field> {
    let separator = format!("\r\n--{boundary}");
    let separator = Finder::new(separator.as_bytes());
    // The first boundary may be at the very start.
    let body = [b"\r\n", body].concat();
    let mut fields = Vec::new();
    let mut rest = split(&body, &separator).and_then(|(_before, rest)| rest);
    while let Some((part, next)) = rest.and_then(|rest| split(rest, &separator)) {
        fields.extend(field(part));
        rest = next.filter(|_| fields.len() <= MAX_FIELDS);
    }
    fields
}

/// Splits at the next boundary; `None` as the rest after the last one.
fn split<'a>(text: &'a [u8], separator: &Finder<'_>) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    separator.find_iter(text).find_map(|at| {
        let after = &text[at + separator.needle().len()..];
        if after.starts_with(b"--") {
            return Some((&text[..at], None));
        }
        let padding = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        // Otherwise it is a longer word starting like the boundary.
        after[padding..].starts_with(b"\r\n").then(|| (&text[..at], Some(&after[padding..])))
    })
}

/// A part's name and text; `None` for a file.
fn field(part: &[u8]) -> Option<Field> {
    const END_OF_HEADERS: &[u8] = b"\r\n\r\n";
    let end = Finder::new(END_OF_HEADERS).find(part)?;
    let (headers, content) = (String::from_utf8_lossy(&part[..end]), &part[end + END_OF_HEADERS.len()..]);
    let header = |wanted: &str| {
        let mut headers = headers.lines().filter_map(|line| line.split_once(':'));
        headers.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let disposition = header("content-disposition")?;
    if parameter(disposition, "filename").or_else(|| parameter(disposition, "filename*")).is_some() {
        return None;
    }
    // Browsers write these for characters that cannot occur in quotes.
    let name = parameter(disposition, "name")?.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n");
    let charset = header("content-type").and_then(|kind| parameter(kind, "charset"));
    let encoding = charset.and_then(|label| Encoding::for_label(label.as_bytes())).unwrap_or(UTF_8);
    Some((name, encoding.decode_without_bom_handling(content).0.into_owned()))
}

/// A parameter of a header value: `…; name=word` or `…; name="text"`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        // A word without a value may precede it.
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        let (value, left) = parameter_value(after.trim_start());
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = left;
    }
}

/// Splits a value from what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            // Browsers leave other backslashes unescaped.
            '\\' => value
                .push(letters.next_if(|(_, next)| matches!(next, '"' | '\\')).map_or('\\', |next| next.1)),
            letter => value.push(letter),
        }
    }
    (value, "")
}
