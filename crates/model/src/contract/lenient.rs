//! Reads script results leniently: spelling variants of enum values, numbers in place of strings.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::wording::{choice, shown};

/// A string enum that accepts `NotifyStart`, `notify_start` and `NOTIFY-START` alike, and writes one spelling.
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        // Not `rename = $text`: utoipa cannot read a macro's literal.
        #[serde(rename_all = "camelCase")]
        pub enum $name { $( $(#[$variant_meta])* $variant, )+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The spelling used in scripts, the API and the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                // Usually it is that spelling already; always, when a stored call is read.
                if let Some(value) = Self::ALL.iter().find(|value| value.as_str() == text) {
                    return Ok(*value);
                }
                let folded = $crate::contract::lenient::folded(&text);
                Self::ALL.iter().copied().find(|value| $crate::contract::lenient::folded(value.as_str()) == folded)
                    .ok_or_else(|| $crate::contract::lenient::none_of(&text, &[$($text),+]))
            }
        }
    };
}
pub(super) use text_enum;

/// The error for a string that matches no value of an enum.
pub(super) fn none_of<E: Error>(text: &str, texts: &[&str]) -> E {
    E::custom(format!("must be {}, not \"{}\"", choice(texts), shown(text)))
}

/// Lower case, without word separators.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// A string, or a number taken as one; empty counts as missing.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<TextOrNumber>::deserialize(deserializer)?;
    Ok(text.map(|text| text.0).filter(|text| !text.is_empty()))
}

/// Like [`text`], but required.
pub(super) fn required_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer)?.ok_or_else(|| D::Error::custom("must not be empty"))
}

/// Strings by name; numbers count as strings.
pub(super) fn texts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let texts = Option::<BTreeMap<String, TextOrNumber>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(texts.into_iter().map(|(name, text)| (name, text.0)).collect())
}

/// A number, or a string that is one, as in form fields; empty counts as missing.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    parsed(deserializer, "a number")
}

/// Like [`number`], but an integer.
pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    parsed(deserializer, "a whole number")
}

/// A time with its zone.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    parsed(deserializer, "a time with its zone, such as \"2026-01-31T12:00:00Z\"")
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr>(deserializer: D, what: &str) -> Result<Option<T>, D::Error> {
    let text = text(deserializer)?;
    let parse = |text: String| {
        text.parse().map_err(|_| D::Error::custom(format!("must be {what}, not \"{}\"", shown(&text))))
    };
    text.map(parse).transpose()
}

struct TextOrNumber(String);

impl<'de> Deserialize<'de> for TextOrNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = TextOrNumber;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOrNumber(text.trim().to_owned()))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(TextOrNumber(number.to_string()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(TextOrNumber(number.to_string()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(TextOrNumber(number.to_string()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
