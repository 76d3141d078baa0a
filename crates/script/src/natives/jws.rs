//! Signatures of JSON Web Tokens. The algorithm decides which kind of key is read, never the token.

use der::Decode as _;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey, VerificationAlgorithm,
};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use super::keys::{RSA, rsa_signature};
use super::pem::{self, Pem};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Rs256,
    Es256,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Hs256, Self::Rs256, Self::Es256];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name() == name);
        found.ok_or_else(|| format!("unknown algorithm {}: use HS256, RS256 or ES256", super::shown(name)))
    }
}

pub(super) fn sign(algorithm: Algorithm, key: &[u8], data: &[u8]) -> Result<Vec<u8>, String> {
    if algorithm == Algorithm::Hs256 {
        return Ok(hmac::sign(&secret(key)?, data).as_ref().to_vec());
    }
    let Pem { label, der } = pem::read(key)?;
    let signature = match (algorithm, label.as_deref()) {
        (Algorithm::Rs256, None | Some("PRIVATE KEY" | "RSA PRIVATE KEY")) => rs256(&der, data),
        (_, None | Some("PRIVATE KEY")) => es256(&der, data),
        (_, Some(label)) => return Err(not_the_key(algorithm, "private", label)),
    };
    signature.ok_or_else(|| unreadable(algorithm, "private"))
}

pub(super) fn verify(
    algorithm: Algorithm,
    key: &[u8],
    data: &[u8],
    signature: &[u8],
) -> Result<bool, String> {
    let with: &dyn VerificationAlgorithm = match algorithm {
        Algorithm::Hs256 => return Ok(hmac::verify(&secret(key)?, data, signature).is_ok()),
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
    };
    let Pem { label, der } = pem::read(key)?;
    let public = match (algorithm, label.as_deref()) {
        (Algorithm::Rs256, Some("RSA PUBLIC KEY")) => Some(der),
        (_, None | Some("PUBLIC KEY")) => public_key(algorithm, &der),
        (_, Some(label)) => return Err(not_the_key(algorithm, "public", label)),
    };
    let public = public.ok_or_else(|| unreadable(algorithm, "public"))?;
    Ok(UnparsedPublicKey::new(with, public).verify(data, signature).is_ok())
}

/// The secret for HS256. A public key must not be taken for a secret: everybody has it.
fn secret(key: &[u8]) -> Result<hmac::Key, String> {
    if key.is_empty() {
        return Err("the key is empty".into());
    }
    if pem::is_pem(key) {
        return Err("HS256 needs a secret, but the key is a PEM".into());
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, key))
}

fn rs256(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let pair = RsaKeyPair::from_pkcs8(key).or_else(|_| RsaKeyPair::from_der(key)).ok()?;
    rsa_signature(&pair, &RSA_PKCS1_SHA256, data)
}

fn es256(pkcs8: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random).ok()?;
    Some(pair.sign(&random, data).ok()?.as_ref().to_vec())
}

/// The public key in an SPKI, if it is for this algorithm.
fn public_key(algorithm: Algorithm, spki: &[u8]) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let is_right = match algorithm {
        Algorithm::Es256 => {
            let curve = info.algorithm.parameters_oid();
            info.algorithm.oid == EC && curve.is_ok_and(|curve| curve == P256)
        }
        _ => info.algorithm.oid == RSA,
    };
    is_right.then(|| info.subject_public_key.raw_bytes().to_vec())
}

fn not_the_key(algorithm: Algorithm, kind: &str, label: &str) -> String {
    let advice = match label {
        "ENCRYPTED PRIVATE KEY" => "it is protected by a passphrase: remove it with `openssl pkcs8`",
        "EC PRIVATE KEY" => "convert it to PKCS#8 with `openssl pkcs8 -topk8 -nocrypt`",
        "CERTIFICATE" => "extract the public key with `openssl x509 -pubkey -noout`",
        _ => "it is another kind of key",
    };
    format!("{} needs a {kind} key, but this is a PEM of {}: {advice}", algorithm.name(), super::shown(label))
}

fn unreadable(algorithm: Algorithm, kind: &str) -> String {
    let needed = match (algorithm, kind) {
        (Algorithm::Es256, "private") => "a PKCS#8 key on the curve P-256",
        (Algorithm::Es256, _) => "an SPKI key on the curve P-256",
        (_, "private") => "a PKCS#8 or PKCS#1 key for RSA of 2048 to 4096 bits",
        _ => "an SPKI or PKCS#1 key for RSA",
    };
    format!("the {kind} key for {} cannot be read: it must be {needed}", algorithm.name())
}
