//! Why a call page did or did not appear, according to the request log.

use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, Tab, both};

const CLIENT: &str = "+442079460000";

/// Waits until the delivery of the module's newest request is known and returns the request.
async fn newest(admin: &Client, module: &Module) -> Value {
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let path = module.path(&format!("/requests/{id}"));
    loop {
        let request = admin.get(&path).await.json(200);
        if !request["outcome"].is_null() {
            return request;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Returns the newest request's outcome: its code, and each operator's extension, result and number of tabs.
async fn outcome(admin: &Client, module: &Module) -> (String, Vec<(String, String, u64)>) {
    let outcome = newest(admin, module).await["outcome"].clone();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let operators = outcome["calls"].as_array().expect("calls").iter().flat_map(|call| {
        call["operators"].as_array().expect("operators").iter().map(|operator| {
            (
                text(&operator["extension"]),
                text(&operator["result"]),
                operator["tabs"].as_u64().expect("a number"),
            )
        })
    });
    (text(&outcome["code"]), operators.collect())
}

fn is(code: &str, operators: &[(&str, &str, u64)]) -> (String, Vec<(String, String, u64)>) {
    let operator = |(extension, result, tabs): &(&str, &str, u64)| {
        ((*extension).to_owned(), (*result).to_owned(), *tabs)
    };
    (code.to_owned(), operators.iter().map(operator).collect())
}

both!(the_log_says_on_whose_screens_a_call_page_is_and_why_not, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (two, _) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two)]).await;
    let _tabs = (Tab::open(server, &operator).await, Tab::open(server, &operator).await);
    let event = async |event: &str, extension: &str| {
        module.event(event, "a", CLIENT, extension).await;
        outcome(&admin, &module).await
    };

    assert_eq!(event("notifyStart", "109").await, is("notShown", &[("109", "nobodyBound", 0)]));
    let ringing = [("109", "nobodyBound", 0), ("102", "noTab", 0)];
    assert_eq!(event("notifyStart", "102").await, is("notShown", &ringing));
    let ringing = [("109", "nobodyBound", 0), ("102", "noTab", 0), ("101", "shown", 2)];
    assert_eq!(event("notifyStart", "101").await, is("shown", &ringing));
    assert_eq!(event("notifyStart", "101").await, is("unchanged", &[]), "the same said again");
    let taken = [("109", "nobodyBound", 0), ("102", "noTab", 0), ("101", "closed", 2)];
    assert_eq!(event("notifyAnswer", "102").await, is("closed", &taken));
    let over = [("109", "nobodyBound", 0), ("102", "closed", 0), ("101", "inactive", 2)];
    assert_eq!(event("notifyEnd", "102").await, is("closed", &over));

    let request = newest(&admin, &module).await;
    let call = &request["outcome"]["calls"][0];
    assert_eq!(
        (&call["callId"], &call["created"], &call["state"]),
        (&request["calls"][0], &json!(false), &json!("ended"))
    );
    assert_eq!(
        (&call["operators"][2]["userId"], &call["operators"][2]["name"]),
        (&json!(one), &json!("one"))
    );
    assert_eq!(request["tabs"], 2);
});

both!(the_log_says_why_there_was_nothing_to_show, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.post(&json!({})).await.is(200);
    assert_eq!(outcome(&admin, &module).await, is("noEvent", &[]));
    let steps = newest(&admin, &module).await["steps"].clone();
    assert_eq!(names(&steps), ["authenticated", "parsed", "committed", "delivered"]);

    module.post(&json!({ "callRecord": { "callId": "a", "duration": 3 } })).await.is(200);
    assert_eq!(outcome(&admin, &module).await, is("waiting", &[]));
    // An event without numbers names an operator but no direction.
    module
        .post(&json!({ "event": { "event": "notifyRedirect", "callId": "a", "redirectTo": "101" } }))
        .await
        .is(200);
    assert_eq!(outcome(&admin, &module).await.0, "waiting");

    module.post(&json!(1)).await.is(500);
    assert_eq!(outcome(&admin, &module).await, is("failed", &[]));
    let failed = newest(&admin, &module).await;
    assert_eq!(names(&failed["steps"]), ["authenticated", "parsed", "committed", "delivered"]);
});

/// The steps of every request. Only a request whose script is slow, as any is on a busy machine, is stored before it is
/// processed.
fn names(steps: &Value) -> Vec<&str> {
    let names = steps.as_array().expect("steps").iter().map(|step| step["name"].as_str().expect("a name"));
    names.filter(|name| *name != "stored").collect()
}

both!(the_log_says_how_long_each_step_took, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    let request = newest(&admin, &module).await;
    let steps = &request["steps"];
    assert_eq!(names(steps), ["authenticated", "parsed", "operator", "matched", "committed", "delivered"]);
    let times: Vec<_> =
        steps.as_array().expect("steps").iter().map(|s| s["milliseconds"].as_f64().expect("ms")).collect();
    assert!(times.is_sorted() && times[0] >= 0.0, "{times:?}");
    assert_eq!(request["milliseconds"].as_f64(), times.last().map(|last| last.round()));
    assert_eq!(module.requests().await[0]["milliseconds"], request["milliseconds"], "in the list as well");
});

both!(a_replay_writes_the_outcome_anew, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let _tab = Tab::open(server, &operator).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    assert_eq!(outcome(&admin, &module).await, is("notShown", &[("101", "nobodyBound", 0)]));
    module.bind(&[("101", one)]).await;
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    admin.post(&module.path(&format!("/requests/{id}/replay")), json!({})).await.is(200);
    assert_eq!(outcome(&admin, &module).await, is("shown", &[("101", "shown", 1)]));
});
