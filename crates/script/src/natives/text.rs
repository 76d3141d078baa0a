//! Text and bytes: encodings, base64, XML escapes.

use base64::engine::general_purpose::STANDARD;
use base64::{Engine as _, alphabet, engine};
use encoding_rs::{Encoding, UTF_8};
use rquickjs::{Ctx, Exception, Object};

use super::bytes::Bytes;
use super::define;

/// `atob` accepts its input with or without padding.
const FORGIVING: engine::GeneralPurpose = engine::GeneralPurpose::new(
    &alphabet::STANDARD,
    engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn install<'js>(natives: &Object<'js>) -> rquickjs::Result<()> {
    define(natives, "encodeUtf8", |text: String| Bytes(text.into_bytes()))?;
    define(natives, "encodingName", |label: String| {
        Encoding::for_label(label.as_bytes()).map(|encoding| encoding.name().to_ascii_lowercase())
    })?;
    define(natives, "decode", decode)?;
    define(natives, "encodeBase64", |bytes: Bytes| STANDARD.encode(bytes.0))?;
    define(natives, "decodeBase64", |text: String| STANDARD.decode(text).ok().map(Bytes))?;
    define(natives, "escapeXml", |text: String| escape_xml(&text))?;
    define(natives, "btoa", |text: String| {
        let latin1: Option<Vec<u8>> =
            text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
        latin1.map(|bytes| STANDARD.encode(bytes))
    })?;
    define(natives, "atob", |text: String| {
        let compact: String = text.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
        FORGIVING.decode(compact).ok().map(|bytes| bytes.into_iter().map(char::from).collect::<String>())
    })
}

/// Escapes text for an element or attribute of XML 1.0, which excludes most control characters.
fn escape_xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' | ' '..='\u{FFFD}' | '\u{10000}'.. => escaped.push(letter),
            _ => {}
        }
    }
    escaped
}

/// Decodes bytes; the label has been checked by `encodingName`.
fn decode(
    ctx: Ctx<'_>,
    label: String,
    bytes: Bytes,
    fatal: bool,
    keep_bom: bool,
) -> rquickjs::Result<String> {
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(UTF_8);
    let (text, malformed) = if keep_bom {
        encoding.decode_without_bom_handling(&bytes.0)
    } else {
        encoding.decode_with_bom_removal(&bytes.0)
    };
    if fatal && malformed {
        let message = format!("the bytes are not valid {}", encoding.name().to_ascii_lowercase());
        return Err(Exception::throw_type(&ctx, &message));
    }
    Ok(text.into_owned())
}
