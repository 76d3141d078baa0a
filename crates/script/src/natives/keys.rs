//! Public-key signatures: Ed25519 and RSASSA-PKCS1-v1_5.
//!
//! Key material is passed as bytes, in one form per kind: a raw 32-byte public key or PKCS#8 (or a 32-byte seed) for
//! Ed25519, a PKCS#1 `RSAPublicKey` or PKCS#8 for RSA.

use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};
use ring::rand::SystemRandom;
use ring::signature::{self, Ed25519KeyPair, RsaKeyPair, UnparsedPublicKey};
use rquickjs::{Ctx, Exception, Object};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::bytes::Bytes;
use super::define;

const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

pub(super) fn install<'js>(natives: &Object<'js>) -> rquickjs::Result<()> {
    define(natives, "publicKeyOfSpki", |ctx: Ctx<'js>, algorithm: String, spki: Bytes| {
        public_key_of_spki(&algorithm, &spki.0)
            .map(Bytes)
            .ok_or_else(|| bad_key(&ctx, "not an SPKI key for this algorithm"))
    })?;
    define(natives, "rsaPublicKey", |ctx: Ctx<'js>, modulus: Bytes, exponent: Bytes| {
        rsa_public_key(&modulus.0, &exponent.0)
            .map(Bytes)
            .ok_or_else(|| bad_key(&ctx, "the JWK's n or e is invalid"))
    })?;
    define(natives, "checkPrivateKey", |ctx: Ctx<'js>, algorithm: String, key: Bytes| {
        let valid = if algorithm == "Ed25519" {
            ed25519(&key.0).is_some()
        } else {
            RsaKeyPair::from_pkcs8(&key.0).is_ok()
        };
        if valid { Ok(()) } else { Err(bad_key(&ctx, "not a private key for this algorithm")) }
    })?;
    define(
        natives,
        "verify",
        |algorithm: String, hash: String, key: Bytes, signature: Bytes, data: Bytes| {
            verification(&algorithm, &hash).is_some_and(|with| {
                UnparsedPublicKey::new(with, &key.0).verify(&data.0, &signature.0).is_ok()
            })
        },
    )?;
    define(natives, "sign", |ctx: Ctx<'js>, algorithm: String, hash: String, key: Bytes, data: Bytes| {
        let signature = if algorithm == "Ed25519" {
            ed25519(&key.0).map(|pair| pair.sign(&data.0).as_ref().to_vec())
        } else {
            rsa_sign(&hash, &key.0, &data.0)
        };
        signature.map(Bytes).ok_or_else(|| bad_key(&ctx, "the key cannot sign with this hash"))
    })
}

fn bad_key(ctx: &Ctx<'_>, message: &str) -> rquickjs::Error {
    Exception::throw_type(ctx, message)
}

fn public_key_of_spki(algorithm: &str, spki: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let expected = if algorithm == "Ed25519" { ED25519 } else { RSA };
    (info.algorithm.oid == expected).then(|| info.subject_public_key.raw_bytes().to_vec())
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let key =
        RsaPublicKey { modulus: UintRef::new(modulus).ok()?, public_exponent: UintRef::new(exponent).ok()? };
    key.to_der().ok()
}

fn ed25519(key: &[u8]) -> Option<Ed25519KeyPair> {
    if key.len() == 32 {
        return Ed25519KeyPair::from_seed_unchecked(key).ok();
    }
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).ok()
}

fn verification(algorithm: &str, hash: &str) -> Option<&'static dyn signature::VerificationAlgorithm> {
    Some(match (algorithm, hash) {
        ("Ed25519", _) => &signature::ED25519,
        (_, "SHA-1") => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (_, "SHA-256") => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (_, "SHA-384") => &signature::RSA_PKCS1_2048_8192_SHA384,
        (_, "SHA-512") => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        _ => return None,
    })
}

fn rsa_sign(hash: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let encoding: &'static dyn signature::RsaEncoding = match hash {
        "SHA-256" => &signature::RSA_PKCS1_SHA256,
        "SHA-384" => &signature::RSA_PKCS1_SHA384,
        "SHA-512" => &signature::RSA_PKCS1_SHA512,
        _ => return None,
    };
    rsa_signature(&RsaKeyPair::from_pkcs8(key).ok()?, encoding, data)
}

/// Signs these bytes with the key.
pub(super) fn rsa_signature(
    pair: &RsaKeyPair,
    encoding: &'static dyn signature::RsaEncoding,
    data: &[u8],
) -> Option<Vec<u8>> {
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), data, &mut signature).ok()?;
    Some(signature)
}
