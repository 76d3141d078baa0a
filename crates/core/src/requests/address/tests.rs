use super::*;

const TOKEN: &str = "T0ken_of-24_bytes";
const MODULE: &str = "018f0000-0000-7000-8000-000000000000";

fn found(rest: &str) -> Option<Address> {
    Address::find(&format!("/webhooks/{MODULE}{}", rest.replace('T', TOKEN)), TOKEN)
}

fn path_and_parameters(rest: &str) -> (String, Vec<(String, String)>) {
    let address = found(rest).unwrap_or_else(|| panic!("no token in {rest}"));
    assert_eq!(address.target(), format!("/webhooks/{MODULE}{}", rest.replace('T', TOKEN)));
    (address.path(), address.parameters())
}

#[track_caller]
fn check(rest: &str, path: &str, parameters: &[(&str, &str)]) {
    let pairs = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(path_and_parameters(rest), (path.to_owned(), pairs.collect()), "{rest}");
}

#[test]
fn the_token_is_a_parameter_or_the_segment_after_the_module() {
    check("?token=T", "", &[]);
    check("/events/call?a=1&token=T&a=%C3%BC", "/events/call", &[("a", "1"), ("a", "ü")]);
    check("/T", "", &[]);
    check("/T/", "/", &[]);
    check("/T/caf%C3%A9/?a=1", "/caf%C3%A9/", &[("a", "1")]);
    check("/T?a=1", "", &[("a", "1")]);
    check("/T/a&b", "/a&b", &[]);
}

#[test]
fn text_directly_after_the_token_is_the_providers() {
    check("?token=T?From=%2B4930&to=1", "", &[("From", "+4930"), ("to", "1")]);
    check("?token=T/suffix", "/suffix", &[]);
    check("/x?a=1&token=T/suffix/?b=2&c=3", "/x/suffix/", &[("a", "1"), ("b", "2"), ("c", "3")]);
    check("?token=T%3FFrom=%2B4930&to=1", "", &[("From", "+4930"), ("to", "1")]);
    check("?token=T%3FFrom%3D%252B4930%26to%3D1", "", &[("From", "+4930"), ("to", "1")]);
    check("?token=T%2Fsuffix", "/suffix", &[]);
    check("?token=T%26a=1", "", &[("a", "1")]);
    check("?token=T;a=1", "", &[("a", "1")]);
    check("/T&a=1", "", &[("a", "1")]);
    check("/T%3Fa=1", "", &[("a", "1")]);
}

#[test]
fn our_token_is_removed_once_and_theirs_stays() {
    check("?token=theirs&token=T", "", &[("token", "theirs")]);
    check("?token=T&token=theirs&token=", "", &[("token", "theirs"), ("token", "")]);
    check("?token=T&token=T", "", &[("token", TOKEN)]);
    check("/T?token=theirs", "", &[("token", "theirs")]);
}

#[test]
fn escapes_spell_the_same_token() {
    let escaped: String = TOKEN.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for rest in [format!("?token={escaped}"), format!("?%74oke%6E={escaped}"), format!("/{escaped}")] {
        let address = Address::find(&format!("/webhooks/{MODULE}{rest}"), TOKEN).expect("the token");
        assert_eq!((address.path().as_str(), address.parameters().len()), ("", 0), "{rest}");
        assert!(!format!("{:?}", address.shown()).contains(&escaped), "{rest}");
    }
}

#[test]
fn another_token_is_not_found() {
    for rest in [
        "",
        "?token=",
        "?token=Tx",
        "?token=T_",
        "?token=x",
        "?Token=T",
        "?a=T",
        "/",
        "/x/T",
        "/Tx",
        "/x?b=T",
        "?token=%54",
    ] {
        assert_eq!(found(rest), None, "{rest}");
    }
    assert_eq!(
        Address::find(&format!("/webhooks/{MODULE}?token="), ""),
        None,
        "a module without a token accepts nothing"
    );
}

#[test]
fn nothing_shown_contains_the_token() {
    for (rest, path, query) in [
        ("?a=%20b&token=T&c", "", "a=%20b&token={token}&c"),
        ("?%74oken=T", "", "%74oken={token}"),
        ("?token=T/x&back=%2Fwebhooks%3Ftoken%3DT", "", "token={token}/x&back=%2Fwebhooks%3Ftoken%3D{token}"),
        ("/T/x/T?b=T&token=T", "/x/{token}", "b={token}&token={token}"),
        ("/x/?token=T", "/x/", "token={token}"),
        ("/T", "", ""),
    ] {
        assert_eq!(found(rest).expect("a token").shown(), (path.to_owned(), query.to_owned()), "{rest}");
    }
}
