//! Bodies with a `Content-Encoding`.

use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Answer, Module, both, with_the_rest};

/// Responds with the body, and a hash of the bytes as sent.
const ECHO: &str = r#"
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const { body, rawBody } = request;
  const length = (bytes: unknown) => bytes instanceof ArrayBuffer ? bytes.byteLength : null;
  return { response: new HttpResponse().json({ text: typeof body === 'string' ? body : null, bytes: length(body), raw: length(rawBody) }) };
}
"#;

macro_rules! encoded {
    ($encoder:ident, $body:expr) => {{
        let mut encoder = $encoder::new(Vec::new());
        encoder.write_all($body).await.expect("room");
        encoder.shutdown().await.expect("room");
        encoder.into_inner()
    }};
}

async fn post(module: &Module, server: &crate::support::Server, encoding: &str, body: Vec<u8>) -> Answer {
    let provider = server.anonymous();
    let request = provider.request(Method::POST, &module.webhook).header("content-encoding", encoding);
    provider.send(request.body(body)).await
}

const TEXT: &str = r#"{"from":"+442079460000","name":"Zoë"}"#;

both!(an_encoded_body_is_decoded_before_the_script, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, &with_the_rest(ECHO)).await;
    let gzip = encoded!(GzipEncoder, TEXT.as_bytes());
    let two_members =
        [encoded!(GzipEncoder, &TEXT.as_bytes()[..9]), encoded!(GzipEncoder, &TEXT.as_bytes()[9..])].concat();
    for (encoding, body) in [
        ("gzip", gzip.clone()),
        ("X-GZIP", gzip.clone()),
        ("gzip", two_members),
        ("deflate", encoded!(ZlibEncoder, TEXT.as_bytes())),
        ("deflate", encoded!(DeflateEncoder, TEXT.as_bytes())),
        ("br", encoded!(BrotliEncoder, TEXT.as_bytes())),
        ("br, gzip", encoded!(GzipEncoder, &encoded!(BrotliEncoder, TEXT.as_bytes()))),
    ] {
        let raw = body.len();
        let got = post(&module, server, encoding, body).await.json(200);
        assert_eq!(got, json!({ "text": TEXT, "bytes": null, "raw": raw }), "{encoding}");
    }
    let got = post(&module, server, "identity", TEXT.into()).await.json(200);
    assert_eq!(got, json!({ "text": TEXT, "bytes": null, "raw": null }));
    let id = module.requests().await[1]["id"].as_str().expect("an id").to_owned();
    let request = admin.get(&module.path(&format!("/requests/{id}"))).await.json(200);
    assert_eq!(request["body"], TEXT);
    assert!(request["bodyBase64"].is_string(), "and as it came");
    let replay = admin.post(&module.path(&format!("/requests/{id}/replay")), json!({})).await.json(200);
    assert_eq!(replay["success"], true);
});

both!(
    a_body_that_is_too_large_once_decoded_is_refused,
    [("HOOKSWITCH_WEBHOOKS_BODY_BYTES", "100000")],
    |server| {
        let admin = server.admin().await;
        let module = Module::with_script(server, &admin, &with_the_rest(ECHO)).await;
        let zeros = vec![b'0'; 5_000_000];
        let bomb = encoded!(GzipEncoder, &zeros);
        assert!(bomb.len() < 100_000);
        post(&module, server, "gzip", bomb.clone()).await.problem(413, "tooLarge");
        post(&module, server, "br", encoded!(BrotliEncoder, &zeros[..200_000]))
            .await
            .problem(413, "tooLarge");
        post(&module, server, "gzip, gzip", encoded!(GzipEncoder, &bomb)).await.problem(413, "tooLarge");
        assert!(module.requests().await.is_empty());
        post(&module, server, "gzip", encoded!(GzipEncoder, &zeros[..100_000])).await.is(200);
    }
);

both!(a_body_that_cannot_be_decoded_is_given_as_it_came, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, &with_the_rest(ECHO)).await;
    for (encoding, body, expected) in [
        ("utf-8", TEXT.as_bytes().to_vec(), json!({ "text": TEXT, "bytes": null, "raw": null })),
        ("gzip", TEXT.as_bytes().to_vec(), json!({ "text": TEXT, "bytes": null, "raw": null })),
        (
            "gzip",
            encoded!(GzipEncoder, TEXT.as_bytes())[..20].to_vec(),
            json!({ "text": null, "bytes": 20, "raw": null }),
        ),
        ("gzip,gzip,gzip,gzip", vec![0xff; 9], json!({ "text": null, "bytes": 9, "raw": null })),
        ("gzip", Vec::new(), json!({ "text": "", "bytes": null, "raw": null })),
    ] {
        assert_eq!(post(&module, server, encoding, body.clone()).await.json(200), expected, "{encoding}");
        let newest: &Value = &module.requests().await[0];
        let warnings = newest["warnings"].as_array().map(Vec::len);
        assert_eq!((&newest["status"], warnings), (&json!("processed"), Some(usize::from(!body.is_empty()))));
    }
});
