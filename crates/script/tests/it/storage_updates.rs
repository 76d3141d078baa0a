//! `Namespace.storage.update`.

use hookswitch_script::Function;
use serde_json::json;

use crate::support::{Script, begin, load, soon};

/// A script that counts in storage; `update` is the statement that does.
fn counting(update: &str) -> Script {
    load(&format!(
        "async function VoipGetCallLink(name: any) {{
            await fetch('https://example.com/echo');
            return {update};
         }}
         async function VoipTestConnection() {{ return Namespace.storage.get('seen'); }}"
    ))
}

#[tokio::test]
async fn concurrent_storage_updates_lose_nothing() {
    let script = counting("await Namespace.storage.update('seen', (seen: any[] = []) => [...seen, name])");
    let calls: Vec<_> = (0..60).map(|number| begin(&script, Function::GetCallLink, json!(number))).collect();
    for call in calls {
        soon(call).await.unwrap().unwrap();
    }
    let mut seen: Vec<u64> = serde_json::from_value(script.test().await.unwrap()).unwrap();
    seen.sort_unstable();
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_update_recomputes_if_another_write_came_first() {
    let script = load(
        "let times = 0;
         async function VoipTestConnection() {
            const after = await Namespace.storage.update('n', (n = 0) => { times += 1; return n + 1; }, { ttlSeconds: 7 });
            return [after, times];
         }",
    );
    script.host.stored.lock().unwrap().insert("n".into(), (json!(1), None));
    *script.host.overtake.lock().unwrap() = Some(json!(10));
    assert_eq!(script.test().await, Ok(json!([11, 2])));
    assert_eq!(script.host.stored.lock().unwrap()["n"], (json!(11), Some(7)));
}

#[tokio::test]
async fn an_update_deletes_fails_and_goes_on() {
    let script = load(
        "async function VoipTestConnection() {
            const { storage } = Namespace;
            await storage.set('k', { a: 1 });
            const failures = [];
            const bad: [any, string][] = [
                [() => { throw new Error('mine') }, 'mine'], [async () => 1, 'async'], [1, 'function'], [() => 'x'.repeat(70000), 'at most'],
            ];
            for (const [change, says] of bad) {
                await storage.update('k', change).catch((error: any) => failures.push(error.message.includes(says)));
            }
            const gone = await storage.update('k', () => undefined);
            return [failures, gone === undefined, await storage.get('k') === undefined];
         }",
    );
    assert_eq!(script.test().await, Ok(json!([[true, true, true, true], true, true])));
}

#[tokio::test]
async fn a_call_that_ends_within_an_update_does_not_block_later_ones() {
    let script = load(
        "function VoipTestConnection() { Namespace.storage.update('k', (n = 0) => n + 1); return 'left'; }
         async function VoipGetCallLink() { return Namespace.storage.update('k', (n = 0) => n + 1); }",
    );
    for _ in 0..3 {
        assert_eq!(script.test().await, Ok(json!("left")));
        assert!(soon(script.link(json!(null))).await.unwrap().is_u64());
    }
}
