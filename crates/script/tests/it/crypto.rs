//! `crypto`. The keys and signatures in the fixtures were made with OpenSSL, over the text `hello`.

use hookswitch_script::data;
use serde_json::{Value, json};

use crate::support::{eval, load, value};

const HELPERS: &str = "
    const bytes = (text: string) => new TextEncoder().encode(text);
    const hex = (buffer: ArrayBuffer) => Array.from(new Uint8Array(buffer), (b) => b.toString(16).padStart(2, '0')).join('');
    const RSA = 'RSASSA-PKCS1-v1_5';";

async fn with_helpers(body: &str) -> Value {
    eval(&format!("{HELPERS}\n{body}")).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn digests() {
    assert_eq!(value("crypto.md5('hello')").await, json!("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(
        value("crypto.md5(new Uint8Array([104, 101, 108, 108, 111]))").await,
        value("crypto.md5('hello')").await
    );
    let sha1 = with_helpers("return hex(await crypto.subtle.digest('SHA-1', bytes('hello')))").await;
    assert_eq!(sha1, json!("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"));
    let sha512 =
        with_helpers("return hex(await crypto.subtle.digest({ name: 'sha-512' }, bytes('hello').buffer))")
            .await;
    assert!(
        sha512
            .as_str()
            .unwrap()
            .starts_with("9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7")
    );
    assert!(
        eval("await crypto.subtle.digest('MD4', new Uint8Array(1))")
            .await
            .unwrap_err()
            .to_string()
            .contains("MD4")
    );
}

#[tokio::test]
async fn hmac_signs_and_verifies() {
    let body = "
        const key = await crypto.subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
        const old = await crypto.subtle.importKey('jwk', { kty: 'oct', k: 'a2V5' }, { name: 'HMAC', hash: { name: 'SHA-1' } }, false, ['sign']);
        const signature = await crypto.subtle.sign('HMAC', key, bytes('hello'));
        return [
            hex(signature), hex(await crypto.subtle.sign('HMAC', old, bytes('hello'))),
            await crypto.subtle.verify('HMAC', key, signature, bytes('hello')),
            await crypto.subtle.verify('HMAC', key, signature, bytes('hullo')),
            key.type, key.algorithm.hash.name, key.usages, key.extractable,
        ];";
    assert_eq!(
        with_helpers(body).await,
        json!([
            "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b",
            "b34ceac4516ff23a143e61d79d0fa7a4fbe5f266",
            true,
            false,
            "secret",
            "SHA-256",
            ["sign", "verify"],
            false
        ])
    );
}

#[tokio::test]
async fn a_key_is_only_usable_for_its_imported_purpose() {
    let import = "const key = await crypto.subtle.importKey('raw', new Uint8Array(4), { name: 'HMAC', hash: 'SHA-1' }, false, ['verify']);";
    for use_it in [
        "sign('HMAC', key, new Uint8Array(1))",
        "verify('Ed25519', key, new Uint8Array(64), new Uint8Array(1))",
    ] {
        let error = eval(&format!("{import} return crypto.subtle.{use_it}")).await.unwrap_err();
        assert!(error.to_string().starts_with("InvalidAccessError"), "{error}");
    }
    assert_eq!(
        eval("return crypto.subtle.sign('HMAC', {}, new Uint8Array(1))").await.unwrap_err().code(),
        "threw"
    );
}

async fn with_keys(body: &str, data: Value) -> Value {
    let script = load(&format!("{HELPERS}\nasync function VoipGetCallLink(data: any) {{ {body} }}"));
    script.link(data).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn ed25519_signs_and_verifies() {
    let keys = json!({
        "private": data::bytes(include_bytes!("fixtures/ed25519.pkcs8.der")),
        "public": data::bytes(include_bytes!("fixtures/ed25519.spki.der")),
    });
    let body = "
        const signer = await crypto.subtle.importKey('pkcs8', data.private, 'Ed25519', false, ['sign']);
        const reader = await crypto.subtle.importKey('spki', data.public, { name: 'Ed25519' }, false, ['verify']);
        const raw = await crypto.subtle.importKey('raw', data.public.slice(-32), 'Ed25519', false, ['verify']);
        const signature = await crypto.subtle.sign('Ed25519', signer, bytes('hello'));
        const check = (key: any, text: string) => crypto.subtle.verify('Ed25519', key, signature, bytes(text));
        return [signature.byteLength, await check(reader, 'hello'), await check(raw, 'hello'), await check(raw, 'hullo')];";
    assert_eq!(with_keys(body, keys).await, json!([64, true, true, false]));
}

#[tokio::test]
async fn ed25519_keys_may_be_jwks() {
    // RFC 8037, appendix A.
    let body = "
        const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
        const d = 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A';
        const signer = await crypto.subtle.importKey('jwk', { ...jwk, d }, 'Ed25519', false, ['sign']);
        const reader = await crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['verify']);
        const text = bytes('eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc');
        const signature = await crypto.subtle.sign('Ed25519', signer, text);
        return [hex(signature).slice(0, 16), await crypto.subtle.verify('Ed25519', reader, signature, text)];";
    assert_eq!(with_helpers(body).await, json!(["860c98d2297f3060", true]));
}

#[tokio::test]
async fn rsa_signs_and_verifies() {
    let keys = json!({
        "private": data::bytes(include_bytes!("fixtures/rsa.pkcs8.der")),
        "public": data::bytes(include_bytes!("fixtures/rsa.spki.der")),
        "sha1": data::bytes(include_bytes!("fixtures/rsa.sha1.sig")),
        "sha256": data::bytes(include_bytes!("fixtures/rsa.sha256.sig")),
    });
    let body = "
        const sha1 = await crypto.subtle.importKey('spki', data.public, { name: RSA, hash: 'SHA-1' }, false, ['verify']);
        const sha256 = await crypto.subtle.importKey('spki', data.public, { name: RSA, hash: 'SHA-256' }, false, ['verify']);
        const signer = await crypto.subtle.importKey('pkcs8', data.private, { name: RSA, hash: 'SHA-256' }, false, ['sign']);
        const url = (buffer: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
        const n = url(data.public.slice(33, 33 + 256));
        const jwk = await crypto.subtle.importKey('jwk', { kty: 'RSA', n, e: 'AQAB' }, { name: RSA, hash: 'SHA-256' }, true, ['verify']);
        const check = (key: any, signature: any, text = 'hello') => crypto.subtle.verify(RSA, key, signature, bytes(text));
        return [
            await check(sha1, data.sha1), await check(sha256, data.sha256), await check(jwk, data.sha256),
            await check(sha256, data.sha1), await check(sha256, data.sha256, 'hullo'),
            hex(await crypto.subtle.sign(RSA, signer, bytes('hello'))) === hex(data.sha256),
        ];";
    assert_eq!(with_keys(body, keys).await, json!([true, true, true, false, false, true]));
}

#[tokio::test]
async fn keys_of_the_wrong_kind_are_refused() {
    let spki = json!(data::bytes(include_bytes!("fixtures/ed25519.spki.der")));
    let script = load(
        "async function VoipGetCallLink(data: any) {
            return crypto.subtle.importKey('spki', data, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['verify']); }",
    );
    assert!(script.link(spki).await.unwrap_err().to_string().contains("not an SPKI key for this algorithm"));
    let pkcs8 = "await crypto.subtle.importKey('pkcs8', new Uint8Array(48), 'Ed25519', false, ['sign'])";
    assert!(eval(pkcs8).await.unwrap_err().to_string().contains("not a private key"));
}

#[tokio::test]
async fn random_values_come_from_the_host() {
    assert_eq!(value("crypto.getRandomValues(new Uint8Array(4))[1]").await, json!(48));
    let uuid = value("crypto.randomUUID()").await;
    assert_eq!(uuid, json!("0b30557a-9fc4-490e-b358-7da2c7ec1136"));
    assert_eq!(eval("crypto.getRandomValues(new Uint8Array(70000))").await.unwrap_err().code(), "threw");
}

#[tokio::test]
async fn an_hmac_in_one_call() {
    for (call, expected) in [
        (
            "(await crypto.hmac('SHA-256', 'key', 'hello')).toHex()",
            "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b",
        ),
        (
            "(await crypto.hmac('sha-1' as any, bytes('key'), bytes('hello').buffer)).toHex()",
            "b34ceac4516ff23a143e61d79d0fa7a4fbe5f266",
        ),
        ("(await crypto.hmac('SHA-512', 'é', '')).toBase64().length", "88"),
        ("(await crypto.hmac('SHA-384', 'k', new Uint8Array([1, 2, 3]).subarray(1))).length", "48"),
    ] {
        assert_eq!(with_helpers(&format!("return `${{{call}}}`")).await, json!(expected), "{call}");
    }
    for (call, says) in [
        (
            "crypto.hmac('MD5' as any, 'key', 'hello')",
            "unknown hash MD5: use SHA-1, SHA-256, SHA-384, SHA-512",
        ),
        ("crypto.hmac('SHA-1', '', 'hello')", "the key is empty"),
        (
            "crypto.hmac('SHA-1', undefined as any, 'hello')",
            "the key must be a string, an ArrayBuffer or a typed array",
        ),
        (
            "crypto.hmac('SHA-1', 'key', 5 as any)",
            "the data must be a string, an ArrayBuffer or a typed array",
        ),
    ] {
        let error = eval(&format!("await {call}")).await.unwrap_err().to_string();
        assert!(error.contains(says), "{call}: {error}");
    }
}

#[tokio::test]
async fn signatures_are_compared() {
    for (arguments, equal) in [
        ("'abc', 'abc'", true),
        ("'abc', 'abd'", false),
        ("'abc', 'ab'", false),
        ("'', ''", true),
        ("'é', bytes('é')", true),
        ("bytes('xabc').subarray(1), bytes('abc').buffer", true),
        ("new DataView(bytes('abc').buffer), 'abc'", true),
        ("undefined, 'abc'", false),
        ("'abc', null", false),
        ("undefined, undefined", false),
        ("'x'.repeat(1e6), 'x'.repeat(1e6)", true),
    ] {
        let call = format!("return crypto.timingSafeEqual({arguments})");
        assert_eq!(with_helpers(&call).await, json!(equal), "{arguments}");
    }
    for odd in [
        "5, 5",
        "true, true",
        "['abc'], ['abc']",
        "{ toString: () => 'a' }, 'a'",
        "new Proxy(new Uint8Array(1), {}), 'a'",
    ] {
        let error = eval(&format!("return crypto.timingSafeEqual({odd} as any)")).await.unwrap_err();
        assert!(
            error.to_string().contains("must be a string, an ArrayBuffer or a typed array"),
            "{odd}: {error}"
        );
    }
    let lying = "class Lying extends Uint8Array { get buffer(): any { return new ArrayBuffer(9) } get byteOffset() { return 7 } get byteLength() { return 0 } }
        return [[98], [99]].map((one) => crypto.timingSafeEqual(new Lying(one), 'b'))";
    assert_eq!(
        with_helpers(lying).await,
        json!([true, false]),
        "the bytes count, not what the class reports"
    );
}
