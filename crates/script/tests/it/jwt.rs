//! `Jwt`. The keys in the fixtures were made with OpenSSL, their tokens with Node.js, on 2 March 2026 at 14:00 UTC for
//! an hour.

use hookswitch_script::data;
use serde_json::{Value, json};

use crate::support::{Script, load};

const MADE_AT: i64 = 1_772_460_000;

/// A script that evaluates the expression with `data`, and returns the error's text if it throws.
fn script(expression: &str) -> Script {
    load(&format!(
        "async function VoipGetCallLink(data: any): Promise<any> {{
            try {{ return await ({expression}); }} catch (error: any) {{ return `${{error}}`; }}
         }}"
    ))
}

async fn at(seconds: i64, expression: &str, data: Value) -> Value {
    let script = script(expression);
    script.host.set_clock(seconds * 1_000);
    script.link(data).await.unwrap()
}

fn keys() -> Value {
    json!({
        "hs256": include_str!("fixtures/hs256.jwt"),
        "rs256": include_str!("fixtures/rs256.jwt"),
        "es256": include_str!("fixtures/es256.jwt"),
        "rsaPrivate": include_str!("fixtures/rsa.pkcs8.pem"),
        "rsaPrivate1": include_str!("fixtures/rsa.pkcs1.pem"),
        "rsaPublic": include_str!("fixtures/rsa.spki.pem"),
        "rsaPublic1": include_str!("fixtures/rsa.pkcs1.pub.pem"),
        "rsaPublicBytes": data::bytes(include_bytes!("fixtures/rsa.spki.der")),
        "ecPrivate": include_str!("fixtures/p256.pkcs8.pem"),
        "ecPublic": include_str!("fixtures/p256.spki.pem"),
    })
}

/// The value of an expression at the time the tokens were made.
async fn with_keys(expression: &str) -> Value {
    at(MADE_AT, expression, keys()).await
}

#[tokio::test]
async fn tokens_from_elsewhere_are_read() {
    let claims =
        json!({ "sub": "101", "name": "Zoë", "iat": MADE_AT, "nbf": MADE_AT, "exp": MADE_AT + 3_600 });
    for expression in [
        "Jwt.verify(data.hs256, 'Schlüssel', { algorithms: ['HS256'] })",
        "Jwt.verify(data.hs256, new TextEncoder().encode('Schlüssel'), { algorithms: ['HS256', 'HS256'] })",
        "Jwt.verify(data.rs256, data.rsaPublic, { algorithms: ['RS256'] })",
        "Jwt.verify(data.rs256, data.rsaPublic1, { algorithms: ['RS256'] })",
        "Jwt.verify(data.rs256, data.rsaPublicBytes, { algorithms: ['RS256'] })",
        "Jwt.verify(data.rs256, data.rsaPublic.replaceAll('\\n', ' '), { algorithms: ['RS256'] })",
        "Jwt.verify(data.es256, data.ecPublic, { algorithms: ['ES256'] })",
        "Jwt.verify(data.es256, data.ecPublic.replaceAll('\\n', '\\\\n'), { algorithms: ['ES256'] })",
    ] {
        assert_eq!(with_keys(expression).await, claims, "{expression}");
    }
}

#[tokio::test]
async fn tokens_signed_here_are_read_with_the_public_key() {
    for (private, public, algorithm) in [
        ("'s'", "'s'", "HS256"),
        ("data.rsaPrivate", "data.rsaPublic", "RS256"),
        ("data.rsaPrivate1", "data.rsaPublic", "RS256"),
        ("data.ecPrivate", "data.ecPublic", "ES256"),
    ] {
        let signed = format!("Jwt.sign({{ iss: 'me', n: [1] }}, {private}, {{ algorithm: '{algorithm}' }})");
        let read = format!("Jwt.verify(await {signed}, {public}, {{ algorithms: ['{algorithm}'] }})");
        assert_eq!(with_keys(&read).await, json!({ "iss": "me", "n": [1] }), "{algorithm}");
    }
    // Node.js makes the same token of the same claims.
    let signed = "Jwt.sign({ sub: '101', name: 'Zoë', iat: 1772460000, nbf: 1772460000, exp: 1772463600 }, 'Schlüssel',
        { algorithm: 'HS256' }).then((token) => token === data.hs256)";
    assert_eq!(with_keys(signed).await, json!(true));
    let header = "Jwt.sign({}, 's', { algorithm: 'HS256', header: { kid: 'k1', alg: 'none' } })
        .then((token) => new TextDecoder().decode(Uint8Array.fromBase64(token.split('.')[0], { alphabet: 'base64url' })))";
    assert_eq!(with_keys(header).await, json!(r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#));
}

#[tokio::test]
async fn a_token_is_valid_from_nbf_to_exp_plus_or_minus_the_leeway() {
    let verify = |leeway: &str| {
        format!(
            "Jwt.verify(data, 'Schlüssel', {{ algorithms: ['HS256']{leeway} }}).then((claims) => claims.sub)"
        )
    };
    let token = json!(include_str!("fixtures/hs256.jwt"));
    for (after, leeway, outcome) in [
        (0, ", leewaySeconds: 0", "101"),
        (3_599, ", leewaySeconds: 0", "101"),
        (3_600, ", leewaySeconds: 0", "Error: the token expired 0 s ago"),
        (3_659, "", "101"),
        (3_660, "", "Error: the token expired 60 s ago"),
        (-60, "", "101"),
        (-61, "", "Error: the token becomes valid in 61 s"),
        (-1, ", leewaySeconds: 0", "Error: the token becomes valid in 1 s"),
        (7_000, ", leewaySeconds: 5000", "101"),
    ] {
        assert_eq!(
            at(MADE_AT + after, &verify(leeway), token.clone()).await,
            json!(outcome),
            "{after} {leeway}"
        );
    }
}

#[tokio::test]
async fn a_forged_token_is_rejected() {
    // A header or claims of the sender's making, with the signature of `data.hs256` or none.
    let forge = "(header, claims = { sub: 'admin' }, signature = data.hs256.split('.')[2]) =>
        [header, claims].map((part) => new TextEncoder().encode(JSON.stringify(part)).toBase64({ alphabet: 'base64url', omitPadding: true }))
            .concat(signature).join('.')";
    for (token, says) in [
        ("forge({ alg: 'HS256', typ: 'JWT' })", "the token's signature is wrong"),
        ("forge({ alg: 'none' }, {}, '')", "the token's algorithm is \"none\", accepted: HS256"),
        ("forge({ alg: 'None' }, {}, '')", "the token's algorithm is \"None\", accepted: HS256"),
        ("forge({ alg: 'hs256' })", "the token's algorithm is \"hs256\", accepted: HS256"),
        ("forge({ alg: ['HS256'] })", "the token's algorithm is \"\", accepted: HS256"),
        ("forge({})", "the token's algorithm is \"\", accepted: HS256"),
        ("forge([])", "the token is not a JWT"),
        ("forge({ alg: 'HS256', crit: ['b64'], b64: false })", "a critical header"),
        ("data.rs256", "the token's algorithm is \"RS256\", accepted: HS256"),
        ("data.hs256.slice(0, -1)", "the token is not a JWT"),
        ("data.hs256.slice(0, -4)", "the token's signature is wrong"),
        ("data.hs256 + '='", "the token is not a JWT"),
        ("data.hs256 + '.'", "the token is not a JWT"),
        ("data.hs256.split('.').slice(0, 2).join('.')", "the token is not a JWT"),
        ("data.hs256.split('.').slice(0, 2).join('.') + '.'", "the token's signature is wrong"),
        ("''", "the token is not a JWT"),
        ("'..'", "the token is not a JWT"),
        ("'ä.ö.ü'", "the token is not a JWT"),
        ("'a'.repeat(70000)", "the token is longer than 65536 bytes"),
        ("'.'.repeat(65000)", "the token is not a JWT"),
        ("undefined", "the token must be a string"),
        ("{ toString: () => data.hs256 }", "the token must be a string"),
    ] {
        let verify =
            format!("(forge => Jwt.verify({token}, 'Schlüssel', {{ algorithms: ['HS256'] }}))({forge})");
        let outcome = with_keys(&verify).await;
        assert!(outcome.as_str().is_some_and(|text| text.contains(says)), "{token}: {outcome}");
    }
}

#[tokio::test]
async fn a_public_key_is_never_used_as_a_secret() {
    let confused = |key: &str, algorithms: &str| {
        // A token signed by somebody who uses the public key as the secret.
        let part =
            "(json) => new TextEncoder().encode(json).toBase64({ alphabet: 'base64url', omitPadding: true })";
        format!(
            "(async (part) => {{
                const input = `${{part('{{\"alg\":\"HS256\"}}')}}.${{part('{{\"sub\":\"admin\"}}')}}`;
                const signature = await crypto.hmac('SHA-256', {key}, input);
                const token = `${{input}}.${{signature.toBase64({{ alphabet: 'base64url', omitPadding: true }})}}`;
                return Jwt.verify(token, {key}, {{ algorithms: [{algorithms}] }});
            }})({part})"
        )
    };
    for (key, algorithms, says) in [
        ("data.rsaPublic", "'HS256'", "HS256 needs a secret, but the key is a PEM"),
        ("data.rsaPublic", "'RS256', 'HS256'", "accept HS256 alone, or not at all"),
        ("data.rsaPublicBytes", "'RS256', 'HS256'", "accept HS256 alone, or not at all"),
        ("data.rsaPublicBytes", "'HS256', 'ES256'", "accept HS256 alone, or not at all"),
    ] {
        let outcome = with_keys(&confused(key, algorithms)).await;
        assert!(outcome.as_str().is_some_and(|text| text.contains(says)), "{key} {algorithms}: {outcome}");
    }
}

#[tokio::test]
async fn invalid_claims_are_rejected_although_they_are_signed() {
    let sign = "async (claims) => {
        const part = (json) => new TextEncoder().encode(json).toBase64({ alphabet: 'base64url', omitPadding: true });
        const input = `${part('{\"alg\":\"HS256\"}')}.${part(claims)}`;
        const signature = await crypto.hmac('SHA-256', 's', input);
        return `${input}.${signature.toBase64({ alphabet: 'base64url', omitPadding: true })}`;
    }";
    for (claims, says) in [
        (r#"{"exp":"2030-01-01"}"#, "the claim exp must be a number"),
        (r#"{"exp":null}"#, "the claim exp must be a number"),
        (r#"{"nbf":{}}"#, "the claim nbf must be a number"),
        (r#"{"iat":"x"}"#, "the claim iat must be a number"),
        (r#"{"exp":1e999}"#, "not a JSON object"),
        ("[]", "not a JSON object"),
        ("nonsense", "not a JSON object"),
        ("", "not a JSON object"),
    ] {
        let verify = format!(
            "({sign})({}).then((token) => Jwt.verify(token, 's', {{ algorithms: ['HS256'] }}))",
            json!(claims)
        );
        let outcome = with_keys(&verify).await;
        assert!(outcome.as_str().is_some_and(|text| text.contains(says)), "{claims}: {outcome}");
    }
    let deep = format!(
        "({sign})('{{\"a\":'.repeat(1000) + '1' + '}}'.repeat(1000)).then((token) => Jwt.verify(token, 's', {{ algorithms: ['HS256'] }}))"
    );
    assert_eq!(with_keys(&deep).await, json!("Error: the token's claims are not a JSON object"));
}

#[tokio::test]
async fn an_unsuitable_key_is_explained() {
    for (call, says) in [
        ("Jwt.sign({}, '', { algorithm: 'HS256' })", "the key is empty"),
        ("Jwt.sign({}, undefined, { algorithm: 'HS256' })", "the key must be a string"),
        ("Jwt.sign({}, 'secret', { algorithm: 'RS256' })", "the key is not a PEM"),
        (
            "Jwt.sign({}, data.rsaPublic, { algorithm: 'RS256' })",
            "RS256 needs a private key, but this is a PEM of \"PUBLIC KEY\"",
        ),
        ("Jwt.sign({}, data.ecPrivate, { algorithm: 'RS256' })", "the private key for RS256 cannot be read"),
        ("Jwt.sign({}, data.rsaPrivate, { algorithm: 'ES256' })", "the private key for ES256 cannot be read"),
        ("Jwt.sign({}, data.rsaPrivate.slice(0, 300), { algorithm: 'RS256' })", "damaged or truncated"),
        (
            "Jwt.sign({}, data.ecPrivate.replaceAll('PRIVATE', 'EC PRIVATE'), { algorithm: 'ES256' })",
            "convert it to PKCS#8",
        ),
        (
            "Jwt.sign({}, data.ecPrivate.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'), { algorithm: 'ES256' })",
            "passphrase",
        ),
        ("Jwt.sign({}, 'x'.repeat(70000), { algorithm: 'RS256' })", "a key has at most 65536 bytes"),
        ("Jwt.verify(data.rs256, data.rsaPrivate, { algorithms: ['RS256'] })", "RS256 needs a public key"),
        (
            "Jwt.verify(data.rs256, data.ecPublic, { algorithms: ['RS256'] })",
            "the public key for RS256 cannot be read",
        ),
        (
            "Jwt.verify(data.es256, data.rsaPublic, { algorithms: ['ES256'] })",
            "the public key for ES256 cannot be read",
        ),
    ] {
        let outcome = with_keys(call).await;
        assert!(outcome.as_str().is_some_and(|text| text.contains(says)), "{call}: {outcome}");
    }
}

#[tokio::test]
async fn options_are_checked() {
    for (call, says) in [
        ("Jwt.sign({}, 's')", "unknown algorithm \"undefined\": use HS256, RS256 or ES256"),
        ("Jwt.sign({}, 's', { algorithm: 'none' })", "unknown algorithm \"none\""),
        ("Jwt.sign({}, 's', { algorithm: 'HS512' })", "unknown algorithm \"HS512\""),
        ("Jwt.sign('{}', 's', { algorithm: 'HS256' })", "the claims must be an object"),
        ("Jwt.sign([], 's', { algorithm: 'HS256' })", "the claims must be an object"),
        ("Jwt.sign({ toJSON: () => 1 }, 's', { algorithm: 'HS256' })", "the claims must be an object"),
        ("Jwt.sign({ exp: new Date() }, 's', { algorithm: 'HS256' })", "the claim exp must be a number"),
        ("Jwt.sign({ exp: NaN }, 's', { algorithm: 'HS256' })", "the claim exp must be a number"),
        ("Jwt.sign({}, 's', { algorithm: 'HS256', header: 'kid' })", "the header must be an object"),
        ("Jwt.verify(data.hs256, 's')", "algorithms must be a list"),
        ("Jwt.verify(data.hs256, 's', { algorithms: 'HS256' })", "algorithms must be a list"),
        ("Jwt.verify(data.hs256, 's', { algorithms: [] })", "algorithms is empty"),
        ("Jwt.verify(data.hs256, 's', { algorithms: ['none'] })", "unknown algorithm \"none\""),
        ("Jwt.verify(data.hs256, 's', { algorithms: ['HS256', 'none'] })", "unknown algorithm \"none\""),
        (
            "Jwt.verify(data.hs256, 's', { algorithms: ['HS256'], leewaySeconds: NaN })",
            "leewaySeconds must be",
        ),
        (
            "Jwt.verify(data.hs256, 's', { algorithms: ['HS256'], leewaySeconds: -1 })",
            "leewaySeconds must be",
        ),
        (
            "Jwt.verify(data.hs256, 's', { algorithms: ['HS256'], leewaySeconds: Infinity })",
            "leewaySeconds must be",
        ),
        ("Jwt.sign({ get a() { throw new Error('mine') } }, 's', { algorithm: 'HS256' })", "mine"),
    ] {
        let outcome = with_keys(call).await;
        assert!(outcome.as_str().is_some_and(|text| text.contains(says)), "{call}: {outcome}");
    }
}

#[tokio::test]
async fn a_script_that_tampers_accepts_no_forged_token() {
    let script = load(
        "JSON.parse = () => ({ sub: 'forged' }); JSON.stringify = () => '{}'; Date.now = () => 0;
         Array.isArray = () => true; (String.prototype as any).toWellFormed = () => 'x';
         (Object.prototype as any).algorithms = ['HS256']; (Object.prototype as any).alg = 'HS256';
         async function VoipGetCallLink(token: string) {
            const read = (key: string) => Jwt.verify(token, key, { algorithms: ['HS256'] }).then((claims) => claims.sub, (error) => error.message);
            return [await read('Schlüssel'), await read('other')];
         }",
    );
    script.host.set_clock(MADE_AT * 1_000);
    let token = json!(include_str!("fixtures/hs256.jwt"));
    assert_eq!(script.link(token).await, Ok(json!(["101", "the token's signature is wrong"])));
}
