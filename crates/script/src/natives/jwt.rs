//! JSON Web Tokens (RFC 7519), signed with HS256, RS256 or ES256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rquickjs::{Ctx, Exception, Object};
use serde_json::{Map, Value};

use super::bytes::Bytes;
use super::jws::{self, Algorithm};
use super::{define, shown};

/// Longest accepted token.
const MAX_TOKEN: usize = 64 << 10;

type Members = Map<String, Value>;

pub(super) fn install<'js>(natives: &Object<'js>) -> rquickjs::Result<()> {
    define(
        natives,
        "jwtSign",
        |ctx: Ctx<'js>, algorithm: String, key: Bytes, header: String, claims: String| {
            let token = sign(&algorithm, &key.0, &header, &claims);
            token.map_err(|problem| Exception::throw_message(&ctx, &problem))
        },
    )?;
    define(
        natives,
        "jwtVerify",
        |ctx: Ctx<'js>, algorithms: Vec<String>, key: Bytes, token: String, now: f64, leeway: f64| {
            let claims = verify(&algorithms, &key.0, &token).and_then(|claims| in_time(claims, now, leeway));
            claims.map_err(|problem| Exception::throw_message(&ctx, &problem))
        },
    )
}

fn sign(algorithm: &str, key: &[u8], header: &str, claims: &str) -> Result<String, String> {
    let algorithm = Algorithm::named(algorithm)?;
    let read = members(claims).ok_or("the claims must be an object")?;
    for name in ["exp", "nbf", "iat"] {
        date(&read, name)?;
    }
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jws::sign(algorithm, key, input.as_bytes())?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims of a token with a valid signature, as JSON.
fn verify(algorithms: &[String], key: &[u8], token: &str) -> Result<String, String> {
    let algorithms: Vec<_> =
        algorithms.iter().map(|name| Algorithm::named(name)).collect::<Result<_, _>>()?;
    if algorithms.is_empty() {
        return Err("algorithms is empty: name those the provider signs with".into());
    }
    if algorithms.contains(&Algorithm::Hs256) && algorithms.iter().any(|other| *other != Algorithm::Hs256) {
        // Anybody can have the public key, and could sign with it as the secret.
        return Err(
            "HS256 needs a secret, RS256 and ES256 a public key: accept HS256 alone, or not at all".into()
        );
    }
    if token.len() > MAX_TOKEN {
        return Err(format!("the token is longer than {MAX_TOKEN} bytes"));
    }
    let malformed = || "the token is not a JWT, which has three base64url parts separated by dots";
    let (input, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = input.split_once('.').ok_or_else(malformed)?;
    let header = decoded(header).and_then(|json| members(&json)).ok_or_else(malformed)?;
    let (claims, signature) =
        decoded(claims).zip(URL_SAFE_NO_PAD.decode(signature).ok()).ok_or_else(malformed)?;
    let named = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let algorithm = algorithms.iter().find(|algorithm| algorithm.name() == named).ok_or_else(|| {
        let accepted: Vec<_> = algorithms.iter().map(|algorithm| algorithm.name()).collect();
        format!("the token's algorithm is {}, accepted: {}", shown(named), accepted.join(", "))
    })?;
    if header.contains_key("crit") {
        return Err("the token has a critical header that is not supported".into());
    }
    if !jws::verify(*algorithm, key, input.as_bytes(), &signature)? {
        return Err("the token's signature is wrong".into());
    }
    Ok(claims)
}

/// The claims, if they are valid at this time (seconds since 1970).
fn in_time(json: String, now: f64, leeway: f64) -> Result<String, String> {
    let claims = members(&json).ok_or("the token's claims are not a JSON object")?;
    date(&claims, "iat")?;
    match (date(&claims, "exp")?, date(&claims, "nbf")?) {
        (Some(expires), _) if now >= expires + leeway => {
            Err(format!("the token expired {:.0} s ago", now - expires))
        }
        (_, Some(begins)) if now < begins - leeway => {
            Err(format!("the token becomes valid in {:.0} s", begins - now))
        }
        _ => Ok(json),
    }
}

/// A claim with a time.
fn date(claims: &Members, name: &str) -> Result<Option<f64>, String> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let number = value.as_f64().filter(|number| number.is_finite());
    number.map(Some).ok_or_else(|| format!("the claim {name} must be a number of seconds since 1970"))
}

fn decoded(part: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn members(json: &str) -> Option<Members> {
    serde_json::from_str(json).ok()
}
