//! Digests, signatures and random bytes, from `ring`; MD5 because providers still sign with it.

use std::rc::Rc;

use md5::{Digest as _, Md5};
use ring::{digest, hmac};
use rquickjs::{Ctx, Exception, Object};
use subtle::ConstantTimeEq as _;

use super::bytes::Bytes;
use super::{define, keys};
use crate::state::State;

/// Maximum number of bytes per `getRandomValues`, from the standard.
const MAX_RANDOM: usize = 65_536;

pub(super) fn install<'js>(natives: &Object<'js>, state: &Rc<State>) -> rquickjs::Result<()> {
    define(natives, "md5", |bytes: Bytes| hex::encode(Md5::digest(&bytes.0)))?;
    define(natives, "digest", |ctx: Ctx<'js>, hash: String, bytes: Bytes| {
        let algorithm = digest_algorithm(&hash).ok_or_else(|| unknown_hash(&ctx, &hash))?;
        rquickjs::Result::Ok(Bytes(digest::digest(algorithm, &bytes.0).as_ref().to_vec()))
    })?;
    define(natives, "hmacSign", |ctx: Ctx<'js>, hash: String, key: Bytes, data: Bytes| {
        let key = hmac_key(&ctx, &hash, &key.0)?;
        rquickjs::Result::Ok(Bytes(hmac::sign(&key, &data.0).as_ref().to_vec()))
    })?;
    define(
        natives,
        "hmacVerify",
        |ctx: Ctx<'js>, hash: String, key: Bytes, signature: Bytes, data: Bytes| {
            let key = hmac_key(&ctx, &hash, &key.0)?;
            rquickjs::Result::Ok(hmac::verify(&key, &data.0, &signature.0).is_ok())
        },
    )?;
    define(natives, "equal", |one: Bytes, other: Bytes| bool::from(one.0.ct_eq(&other.0)))?;
    keys::install(natives)?;
    let shared = state.clone();
    define(natives, "random", move |ctx: Ctx<'js>, length: usize| {
        if length > MAX_RANDOM {
            return Err(Exception::throw_range(&ctx, &format!("at most {MAX_RANDOM} random bytes at once")));
        }
        let mut buffer = vec![0; length];
        shared.guarded(&ctx, |host| host.random(&mut buffer))?;
        Ok(Bytes(buffer))
    })
}

fn digest_algorithm(hash: &str) -> Option<&'static digest::Algorithm> {
    Some(match hash {
        "SHA-1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "SHA-256" => &digest::SHA256,
        "SHA-384" => &digest::SHA384,
        "SHA-512" => &digest::SHA512,
        _ => return None,
    })
}

fn hmac_key(ctx: &Ctx<'_>, hash: &str, key: &[u8]) -> rquickjs::Result<hmac::Key> {
    let algorithm = match hash {
        "SHA-1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "SHA-256" => hmac::HMAC_SHA256,
        "SHA-384" => hmac::HMAC_SHA384,
        "SHA-512" => hmac::HMAC_SHA512,
        _ => return Err(unknown_hash(ctx, hash)),
    };
    Ok(hmac::Key::new(algorithm, key))
}

fn unknown_hash(ctx: &Ctx<'_>, hash: &str) -> rquickjs::Error {
    Exception::throw_type(ctx, &format!("unknown hash {hash:?}: use SHA-1, SHA-256, SHA-384 or SHA-512"))
}
