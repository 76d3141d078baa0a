//! Checks that a module's events name the members that it lists.

use std::collections::BTreeSet;

use hookswitch_script::Function;
use serde_json::Value;

use hookswitch_core::modules::sample::Sample;

/// Event fields that may name a member.
const FIELDS: [&str; 5] = ["srcPhone", "srcPhoneExt", "dstPhone", "dstPhoneExt", "redirectTo"];

/// Returns a warning if no event in the samples names a listed member. Operators are bound to member ids, so no call
/// would find its operator.
pub fn warning<'a>(samples: impl Iterator<Item = &'a Sample> + Clone) -> Option<String> {
    let listed = samples.clone().filter(|sample| {
        sample.call.as_ref().is_some_and(|call| call.function == Function::GetMembers.name())
    });
    let members = listed.filter_map(|sample| sample.result.as_ref()?.as_array()).flatten();
    let members: BTreeSet<&str> = members.filter_map(|member| member["id"].as_str()).collect();
    let results =
        samples.filter(|sample| sample.request.is_some()).filter_map(|sample| sample.result.as_ref());
    let events = results.flat_map(|result| {
        let several = result["events"].as_array().into_iter().flatten();
        result.get("event").into_iter().chain(several)
    });
    let named =
        |event: &Value| FIELDS.iter().filter_map(|field| event[field].as_str().map(str::to_owned)).collect();
    let named: BTreeSet<String> = events.flat_map(|event| -> Vec<String> { named(event) }).collect();
    if members.is_empty() || named.is_empty() || members.iter().any(|id| named.contains(*id)) {
        return None;
    }
    let ids = |ids: &mut dyn Iterator<Item = &str>| ids.take(5).collect::<Vec<_>>().join(", ");
    Some(format!(
        "no event in the samples names a member that VoipGetMembers lists, so no call would find its operator: \
         the members are {}; the events name {}",
        ids(&mut members.iter().copied()),
        ids(&mut named.iter().map(String::as_str)),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn samples(member: &str) -> Vec<Sample> {
        let members = json!({
            "name": "Members",
            "call": { "function": "VoipGetMembers" },
            "result": [{ "id": member, "name": "Ann" }],
        });
        let request = json!({
            "name": "Ringing",
            "request": { "method": "POST" },
            "result": { "event": { "event": "notifyStart", "srcPhone": "+15550100", "dstPhone": "101" } },
        });
        [members, request].map(|sample| serde_json::from_value(sample).expect("a sample")).into()
    }

    #[test]
    fn members_that_no_event_names_are_warned_of() {
        assert_eq!(warning(samples("101").iter()), None);
        let warned = warning(samples("user-7").iter()).expect("a warning");
        assert!(warned.ends_with("the members are user-7; the events name +15550100, 101"), "{warned}");
        assert_eq!(
            warning(samples("user-7")[..1].iter()),
            None,
            "without events there is nothing to compare"
        );
    }
}
