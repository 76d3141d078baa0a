//! Calls that succeed.

use hookswitch_script::Function;
use hookswitch_script::data;
use serde_json::json;

use crate::support::{eval, load, value};

#[tokio::test]
async fn a_function_gets_its_arguments_and_returns_a_result() {
    let script = load(
        "export async function VoipGenerateCall(src: string, dst: string) { return { src, dst, n: 1.5 }; }",
    );
    let outcome = script.call(Function::GenerateCall, vec![json!("101"), json!("+15551234")]).await.unwrap();
    assert_eq!(outcome.value, json!({ "src": "101", "dst": "+15551234", "n": 1.5 }));
    assert!(outcome.wall_micros > 0);
}

#[tokio::test]
async fn functions_are_found_however_they_are_declared() {
    let script = load(
        "async function VoipTestConnection() {}
         export async function VoipParseWebhookRequest(request: unknown) {}
         const VoipGetMembers = async (): Promise<any[]> => [];
         function inner() { function VoipHoldCall() {} return VoipHoldCall; }
         const renamed = () => 1;
         export { renamed as VoipAcceptCall };
         const VoipHangupCall = 'not a function';
         // function VoipRedirectCall() {}",
    );
    let mut functions = script.handle.functions().await.unwrap();
    functions.sort();
    assert_eq!(
        functions,
        [Function::TestConnection, Function::ParseWebhookRequest, Function::GetMembers, Function::AcceptCall]
    );
    assert_eq!(script.call(Function::HoldCall, vec![]).await.unwrap_err().code(), "notImplemented");
}

#[tokio::test]
async fn bytes_cross_in_both_directions() {
    let script = load(
        "async function VoipGetCallLink(data: any) {
            return { length: data.body.byteLength, back: data.body, view: new Uint8Array(data.body).subarray(1) };
         }",
    );
    let result = script.link(json!({ "body": data::bytes(&[1, 2, 255]) })).await.unwrap();
    assert_eq!(result["length"], 3);
    assert_eq!(data::as_bytes(&result["back"]), Some(vec![1, 2, 255]));
    assert_eq!(data::as_bytes(&result["view"]), Some(vec![2, 255]));
}

#[tokio::test]
async fn results_match_json_stringify() {
    assert_eq!(value("undefined").await, json!(null));
    assert_eq!(
        value("{ a: undefined, b: NaN, c: new Date(0) }").await,
        json!({ "b": null, "c": "1970-01-01T00:00:00.000Z" })
    );
    assert_eq!(value("'a\\ud800b'").await, json!("a\u{FFFD}b"));
    assert_eq!(value("JSON.stringify(new Uint8Array([1]))").await, json!("{\"0\":1}"));
    assert_eq!(
        value("new HttpResponse().status(201).header('X-A', 'b').json({ ok: true })").await,
        json!({ "status": 201, "headers": { "x-a": "b", "content-type": "application/json" }, "content": "{\"ok\":true}" })
    );
}

#[tokio::test]
async fn enums_of_the_script_are_compiled() {
    let body = "enum Colour { Red = 'red', Blue = 'blue' } const enum Size { S, L = 5 }
        return [Colour.Blue, Size.L, VoipCallDirection.Internal, VoipWebhookEvent.NotifyUnhold, VoipCallDisposition.NoAnswer];";
    assert_eq!(eval(body).await.unwrap(), json!(["blue", 5, "internal", "notifyUnhold", "noAnswer"]));
}
