//! `Namespace.storage.remember`: a token created on demand and stored.

use hookswitch_script::Function;
use serde_json::{Value, json};

use crate::support::{Script, begin, eval, load, soon};

/// A script that fetches its token from `/gate` and counts how often.
fn with_token() -> Script {
    load(
        "let made = 0;
         async function VoipTestConnection() {
            const token = await Namespace.storage.remember('token', async () => {
                made += 1;
                const response = await fetch('https://example.com/gate');
                return { value: `token ${made}`, ttlSeconds: 3540 };
            });
            return [token, made];
         }
         async function VoipGetCallLink() { await Namespace.storage.delete('token'); return made; }",
    )
}

#[tokio::test]
async fn a_token_is_created_once_and_kept_for_its_lifetime() {
    let script = with_token();
    script.host.gate.notify_one();
    assert_eq!(script.test().await, Ok(json!(["token 1", 1])));
    assert_eq!(script.test().await, Ok(json!(["token 1", 1])), "the gate is shut, so it was not asked");
    assert_eq!(script.host.stored.lock().unwrap()["token"], (json!("token 1"), Some(3540)));

    script.link(json!(null)).await.unwrap();
    script.host.gate.notify_one();
    assert_eq!(script.test().await, Ok(json!(["token 2", 2])), "a deleted token is created again");
}

#[tokio::test]
async fn concurrent_calls_wait_for_one_token() {
    let script = with_token();
    let calls: Vec<_> = (0..20).map(|_| begin(&script, Function::TestConnection, json!(null))).collect();
    soon(script.host.arrived.notified()).await;
    script.host.gate.notify_one();
    for call in calls {
        assert_eq!(soon(call).await.unwrap(), Ok(json!(["token 1", 1])));
    }
    assert_eq!(script.host.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_is_kept_if_a_token_cannot_be_created() {
    let script = load(
        "async function VoipGetCallLink(data: any) {
            const { storage } = Namespace;
            const made = storage.remember('token', async () => {
                await fetch('https://example.com/echo');
                if (data.throws) throw new Error('wrong client secret');
                return data.gives;
            });
            return made.then((value) => ({ value }), (error) => error.message);
         }",
    );
    for (data, outcome) in [
        (json!({ "throws": true }), json!("wrong client secret")),
        (json!({}), json!("the function given to remember must return { value, ttlSeconds }")),
        (
            json!({ "gives": "token" }),
            json!("the function given to remember must return { value, ttlSeconds }"),
        ),
        (
            json!({ "gives": { "ttlSeconds": 60 } }),
            json!("the function given to remember must return { value, ttlSeconds }"),
        ),
        (json!({ "gives": { "value": 1 } }), json!("ttlSeconds must be a number of seconds, not undefined")),
        (
            json!({ "gives": { "value": 1, "ttlSeconds": "3600" } }),
            json!("ttlSeconds must be a number of seconds, not 3600"),
        ),
        (
            json!({ "gives": { "value": "x".repeat(70_000), "ttlSeconds": 60 } }),
            json!("a stored value has at most 65536 bytes as JSON"),
        ),
        (json!({ "gives": { "value": "short-lived", "ttlSeconds": 0 } }), json!({ "value": "short-lived" })),
        (json!({ "gives": { "value": "expired", "ttlSeconds": -60 } }), json!({ "value": "expired" })),
    ] {
        assert_eq!(script.link(data.clone()).await, Ok(outcome), "{data}");
        assert!(script.host.stored.lock().unwrap().is_empty(), "{data}");
    }
    let good = json!({ "gives": { "value": { "access": "a" }, "ttlSeconds": 59.5 } });
    assert_eq!(script.link(good).await, Ok(json!({ "value": { "access": "a" } })));
    assert_eq!(script.host.stored.lock().unwrap()["token"], (json!({ "access": "a" }), Some(60)));
}

#[tokio::test]
async fn waiting_calls_get_the_error_and_the_next_call_tries_again() {
    let script = load(
        "let tries = 0;
         async function VoipTestConnection() {
            return Namespace.storage.remember('token', async () => {
                tries += 1;
                const failing = tries === 1;
                await fetch('https://example.com/gate');
                if (failing) throw new Error('down');
                return { value: tries, ttlSeconds: 60 };
            }).catch((error) => error.message);
         }",
    );
    let calls: Vec<_> = (0..3).map(|_| begin(&script, Function::TestConnection, json!(null))).collect();
    soon(script.host.arrived.notified()).await;
    script.host.gate.notify_one();
    for call in calls {
        assert_eq!(soon(call).await.unwrap(), Ok(json!("down")));
    }
    script.host.gate.notify_one();
    assert_eq!(script.test().await, Ok(json!(2)));
}

#[tokio::test]
async fn a_call_that_ends_while_creating_a_token_does_not_block_later_ones() {
    let script = load(
        "const remember = (make: () => Promise<any>) => Namespace.storage.remember('token', make);
         function VoipTestConnection() {
            remember(async () => { await fetch('https://example.com/never'); return { value: 1, ttlSeconds: 60 }; });
            return 'left';
         }
         async function VoipGetCallLink(make: any) {
            if (make === 'stuck') return remember(() => new Promise(() => {}));
            return remember(async () => ({ value: 'made', ttlSeconds: 60 }));
         }",
    );
    assert_eq!(script.test().await, Ok(json!("left")));
    let stuck = soon(script.link(json!("stuck"))).await.unwrap_err();
    assert_eq!(stuck.code(), "neverSettles");
    assert_eq!(soon(script.link(json!(null))).await, Ok(json!("made")));
}

#[tokio::test]
async fn a_key_and_a_function_are_needed() {
    for (call, says) in [
        ("remember('k')", "remember needs a function"),
        ("remember('', async () => ({ value: 1, ttlSeconds: 1 }))", "a storage key must have 1 to 512 bytes"),
        ("remember('k', () => { throw new Error('at once') })", "at once"),
    ] {
        let error = eval(&format!("return (Namespace.storage as any).{call}")).await.unwrap_err().to_string();
        assert!(error.contains(says), "{call}: {error}");
    }
    let odd: Value = eval(
        "const kept = async (key: any) => Namespace.storage.remember(key, async () => ({ value: `${key} made`, ttlSeconds: 60 }));
         return [await kept('__proto__'), await kept('constructor'), await kept('__proto__')];",
    )
    .await
    .unwrap();
    assert_eq!(odd, json!(["__proto__ made", "constructor made", "__proto__ made"]));
}
