//! Recipes for signatures: how a provider signs its requests, so that samples and scenarios need no precomputed values.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::signature::Ed25519KeyPair;
use ring::{digest, hmac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;

use super::manifest::{Setting, SettingKind};
use super::outgoing::Outgoing;
use md5::Digest as _;

pub mod hex;
mod template;
#[cfg(test)]
mod tests;

use template::Room;

/// What to do to a request before it is sent, in order; nothing for `false`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signing(pub Vec<Recipe>);

/// A string added to a request: a signature, or (`value`) input for a later recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Recipe {
    /// A template whose text is added as it is, instead of a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The signature algorithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// A template; for Ed25519 the private key's seed in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The encoding of the key's bytes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key_encoding: KeyEncoding,
    /// A template: the text to sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The encoding of the signature.
    #[serde(default, skip_serializing_if = "is_default")]
    pub encoding: Encoding,
    /// The claims of a JWT; strings are templates.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Value>,
    /// The header to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The URL parameter to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The field of the urlencoded body to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Text before the value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "self-explanatory names")]
pub enum Algorithm {
    HmacSha1,
    HmacSha256,
    HmacSha512,
    Sha1,
    Sha256,
    Md5,
    Ed25519,
    JwtHs256,
}

/// The encoding of a key's bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyEncoding {
    /// The text itself.
    #[default]
    Text,
    Base64,
    /// Hexadecimal.
    Hex,
}

/// The encoding of a signature's bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    #[default]
    Base64,
    /// Hexadecimal, in lower case.
    Hex,
    /// Base64 for URLs, without padding.
    Base64url,
    /// Base64 of the hexadecimal text.
    #[serde(rename = "base64-of-hex")]
    Base64OfHex,
}

/// What recipes need to know in addition to the request.
pub struct Signer<'a> {
    /// The settings declared by the module.
    pub declared: &'a [Setting],
    /// Their values.
    pub settings: &'a Map<String, Value>,
    /// When the request is sent.
    pub now: DateTime<Utc>,
    /// Whether to spoil signatures.
    pub spoil: Spoil,
}

/// What to do to signatures, and to secrets sent as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// Leave them intact.
    Nothing,
    /// Change one character.
    OneCharacter,
    /// Leave them out.
    LeaveOut,
}

impl Signing {
    /// Whether it proves the sender's identity, for a module with these settings.
    #[must_use]
    pub fn proves(&self, declared: &[Setting]) -> bool {
        self.0.iter().any(|recipe| recipe.proves(declared))
    }

    /// Signs a request.
    ///
    /// # Errors
    /// What a recipe refers to that does not exist.
    pub fn apply(&self, request: &mut Outgoing, signer: &Signer<'_>) -> Result<(), String> {
        let room = Room::new();
        for recipe in &self.0 {
            recipe.apply(request, signer, &room).map_err(|problem| format!("sign: {problem}"))?;
        }
        Ok(())
    }

    fn check(self) -> Result<Self, String> {
        self.0.iter().try_for_each(Recipe::check)?;
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Signing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let recipe = |value| serde_json::from_value::<Recipe>(value);
        let recipes = match Value::deserialize(deserializer)? {
            Value::Bool(false) => Ok(Vec::new()),
            Value::Array(recipes) => recipes.into_iter().map(recipe).collect(),
            one => recipe(one).map(|recipe| vec![recipe]),
        };
        let signing = recipes.map(Self).map_err(|error| format!("sign: {error}"));
        signing.and_then(Self::check).map_err(de::Error::custom)
    }
}

impl Serialize for Signing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_bool(false),
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl Recipe {
    /// Whether it is a signature, or a secret sent as it is.
    fn proves(&self, declared: &[Setting]) -> bool {
        let value = self.value.as_deref().unwrap_or_default();
        let mut secrets = declared.iter().filter(|setting| setting.kind == SettingKind::Secret);
        self.algorithm.is_some()
            || secrets.any(|secret| value.contains(&format!("{{setting:{}}}", secret.name)))
    }

    fn check(&self) -> Result<(), String> {
        let wrong = |problem: &str| Err(format!("sign: {problem}"));
        if [&self.header, &self.query, &self.form].into_iter().flatten().count() != 1 {
            return wrong("give the target: one of \"header\", \"query\" and \"form\"");
        }
        if self.header.as_ref().is_some_and(|name| *name != name.to_lowercase()) {
            return wrong("write the name of \"header\" in lower case");
        }
        let algorithm = match (self.algorithm, &self.value) {
            (Some(algorithm), None) => algorithm,
            (None, Some(_)) => return Ok(()),
            _ => return wrong("give either \"algorithm\" or \"value\""),
        };
        let digest = matches!(algorithm, Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Md5);
        if self.key.is_none() != digest {
            return wrong(if digest { "a plain digest takes no \"key\"" } else { "\"key\" is missing" });
        }
        if self.text.is_none() != (algorithm == Algorithm::JwtHs256) {
            return wrong("give the \"text\" to sign (for a JWT, its \"claims\")");
        }
        Ok(())
    }

    fn apply(&self, request: &mut Outgoing, signer: &Signer<'_>, room: &Room) -> Result<(), String> {
        let expand = |text: &str| template::expand(text, request, signer, room);
        let proves = self.proves(signer.declared);
        if proves && signer.spoil == Spoil::LeaveOut {
            return Ok(());
        }
        let mut text = match (&self.value, self.algorithm) {
            (Some(value), _) => as_text(expand(value)?)?,
            (None, Some(algorithm)) => self.signature(algorithm, request, signer, room)?,
            (None, None) => return Err("a recipe needs either \"algorithm\" or \"value\"".into()),
        };
        if proves && signer.spoil == Spoil::OneCharacter {
            spoil(&mut text, self.algorithm);
        }
        let text = format!("{}{text}", as_text(expand(&self.prefix)?)?);
        if let Some(name) = &self.header {
            request.headers.insert(name.clone(), text);
        } else if let Some(name) = &self.query {
            let separator = if request.target.contains('?') { '&' } else { '?' };
            request.target.push_str(&format!("{separator}{}", pair(name, &text)));
        } else if let Some(name) = &self.form {
            let separator = if request.body.is_empty() { "" } else { "&" };
            request.body.extend_from_slice(format!("{separator}{}", pair(name, &text)).as_bytes());
        }
        Ok(())
    }

    fn signature(
        &self,
        algorithm: Algorithm,
        request: &Outgoing,
        signer: &Signer<'_>,
        room: &Room,
    ) -> Result<String, String> {
        let expand = |text: &Option<String>| {
            template::expand(text.as_deref().unwrap_or_default(), request, signer, room)
        };
        let key = || self.key_bytes(as_text(expand(&self.key)?)?, algorithm);
        let mac = |algorithm| -> Result<Vec<u8>, String> {
            let key = hmac::Key::new(algorithm, &key()?);
            Ok(hmac::sign(&key, &expand(&self.text)?).as_ref().to_vec())
        };
        let plain = |algorithm| -> Result<Vec<u8>, String> {
            Ok(digest::digest(algorithm, &expand(&self.text)?).as_ref().to_vec())
        };
        let bytes = match algorithm {
            Algorithm::HmacSha1 => mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY)?,
            Algorithm::HmacSha256 => mac(hmac::HMAC_SHA256)?,
            Algorithm::HmacSha512 => mac(hmac::HMAC_SHA512)?,
            Algorithm::Sha1 => plain(&digest::SHA1_FOR_LEGACY_USE_ONLY)?,
            Algorithm::Sha256 => plain(&digest::SHA256)?,
            Algorithm::Md5 => md5::Md5::digest(expand(&self.text)?).to_vec(),
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(&key()?);
                let pair =
                    pair.map_err(|_| "an Ed25519 \"key\" must be a seed of 32 bytes in hexadecimal")?;
                pair.sign(&expand(&self.text)?).as_ref().to_vec()
            }
            Algorithm::JwtHs256 => return self.jwt(&key()?, request, signer, room),
        };
        Ok(match self.encoding {
            Encoding::Base64 => STANDARD.encode(bytes),
            Encoding::Hex => hex::encode(&bytes),
            Encoding::Base64url => URL_SAFE_NO_PAD.encode(bytes),
            Encoding::Base64OfHex => STANDARD.encode(hex::encode(&bytes)),
        })
    }

    fn key_bytes(&self, key: String, algorithm: Algorithm) -> Result<Vec<u8>, String> {
        let encoding = if algorithm == Algorithm::Ed25519 { KeyEncoding::Hex } else { self.key_encoding };
        match encoding {
            KeyEncoding::Text => Ok(key.into_bytes()),
            KeyEncoding::Base64 => {
                STANDARD.decode(&key).map_err(|error| format!("\"key\" is not base64: {error}"))
            }
            KeyEncoding::Hex => hex::decode(&key).ok_or_else(|| "\"key\" is not hexadecimal".to_owned()),
        }
    }

    fn jwt(
        &self,
        key: &[u8],
        request: &Outgoing,
        signer: &Signer<'_>,
        room: &Room,
    ) -> Result<String, String> {
        let mut claims = Map::new();
        for (name, value) in &self.claims {
            let value = match value {
                // A time is a number in a JWT.
                Value::String(text) if text == "{now:seconds}" => json!(signer.now.timestamp()),
                Value::String(text) => {
                    Value::String(as_text(template::expand(text, request, signer, room)?)?)
                }
                other => other.clone(),
            };
            claims.insert(name.clone(), value);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims.into()));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Replaces the first character of the signature itself. The last ones may contain bits that do not count.
fn spoil(signature: &mut String, algorithm: Option<Algorithm>) {
    let at = match algorithm {
        Some(Algorithm::JwtHs256) => signature.rfind('.').map_or(0, |dot| dot + 1),
        _ => 0,
    };
    let first = signature[at..].chars().next();
    let other = if first == Some('a') { "b" } else { "a" };
    signature.replace_range(at..at + first.map_or(0, char::len_utf8), other);
}

fn pair(name: &str, value: &str) -> String {
    let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("{}={}", escaped(name), escaped(value))
}

fn as_text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "text that is not UTF-8 can only be signed".to_owned())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
