//! Finds the number in a SIP or tel address.

use percent_encoding::percent_decode_str;

use super::clean::clean;

/// The parts of an address that concern its number.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// The user part, or the whole text if it is not an address; empty if the address has no user part.
    pub user: String,
    /// From `;ext=`, `;isub=` or `;postd=`.
    pub extension: Option<String>,
    /// Whether the host says that the caller's number is withheld (RFC 3323).
    pub anonymous: bool,
}

/// Parses an address: `"Desk 3" <sip:+4930901820;npdi@gw.example:5060;user=phone>`. The display name and the host are
/// never the number. The text must be clean.
pub(super) fn address(text: &str) -> Address {
    let inside = without_name(text);
    let (scheme, rest) = without_scheme(inside);
    let (user, host) = match rest.split_once('@') {
        Some((user, host)) => (user, host),
        None if scheme == Scheme::Sip && is_host(rest) => ("", rest),
        None => (rest, ""),
    };
    // Drop the password of a SIP address.
    let user = if host.is_empty() { user } else { user.split(':').next().unwrap_or_default() };
    let decoded = percent_decode_str(user).decode_utf8_lossy();
    let mut address = with_parameters(&clean(&decoded), scheme != Scheme::None || !host.is_empty());
    let host = host.split([':', ';', '>']).next().unwrap_or_default();
    address.anonymous = host.eq_ignore_ascii_case("anonymous.invalid");
    address
}

/// The part within `<…>`, or after a quoted name.
fn without_name(text: &str) -> &str {
    if let Some((_, inside)) = text.rsplit_once('<') {
        return inside.split_once('>').map_or(inside, |(inside, _)| inside).trim();
    }
    let Some((name, rest)) = text.strip_prefix('"').and_then(|text| text.rsplit_once('"')) else {
        return text;
    };
    let rest = rest.trim();
    if rest.is_empty() { name.trim() } else { rest }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    None,
    Sip,
    Tel,
}

fn without_scheme(text: &str) -> (Scheme, &str) {
    let schemes =
        [("sips:", Scheme::Sip), ("sip:", Scheme::Sip), ("tel:", Scheme::Tel), ("callto:", Scheme::Tel)];
    let found = schemes.iter().find_map(|(name, scheme)| {
        let begins = text.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
        begins.then(|| (*scheme, text[name.len()..].trim_start_matches('/').trim_start()))
    });
    found.unwrap_or((Scheme::None, text))
}

/// Whether what follows `sip:` without an `@` is a host rather than a user.
fn is_host(text: &str) -> bool {
    let host = text.split([';', '?']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_name = |name: &str| name.contains('.') && name.contains(|c: char| c.is_ascii_alphabetic());
    host.is_empty() || host.starts_with('[') || is_name(name) || name.parse::<std::net::Ipv4Addr>().is_ok()
}

fn with_parameters(user: &str, is_address: bool) -> Address {
    let mut parts = user.split(';');
    let mut address =
        Address { user: parts.next().unwrap_or_default().trim().to_owned(), ..Address::default() };
    let mut context = None;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "ext" | "isub" | "postd" => {
                let digits: String = value.chars().filter(char::is_ascii_digit).collect();
                address.extension =
                    address.extension.take().or(Some(digits)).filter(|digits| !digits.is_empty());
            }
            "phone-context" => context = Some(value.trim()),
            // In `030 901820;12` the semicolon is a pause.
            _ if !is_address && !part.contains('=') => address.user = format!("{};{part}", address.user),
            _ => {}
        }
    }
    // RFC 3966: a local number is completed by a context of digits; a domain as context says nothing.
    if let Some(context) = context.filter(|context| context.starts_with('+'))
        && address.user.starts_with(|c: char| c.is_ascii_digit() || c == '(')
    {
        address.user = format!("{context}{}", address.user);
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_the_user_part() {
        for (text, user) in [
            ("+4930901820", "+4930901820"),
            ("sip:+4930901820@gw.example", "+4930901820"),
            ("SIPS:+4930901820@192.0.2.20:5061;transport=tls", "+4930901820"),
            ("\"Desk 3\" <sip:+4930901820@gw;user=phone>", "+4930901820"),
            ("Desk 3 <tel:+49-30-901820>;tag=81", "+49-30-901820"),
            ("\"030 901821\" <sip:101@192.0.2.20>", "101"),
            ("\"Anne <Sales>\" <sip:101@pbx>", "101"),
            ("\"Desk 3\" +4930901820", "+4930901820"),
            ("\"+4930901820\"", "+4930901820"),
            ("<+4930901820>", "+4930901820"),
            ("sip:+4930901820;npdi;rn=+4930901800@gw", "+4930901820"),
            ("sip:%2B4930901820@gw", "+4930901820"),
            ("sip:+49%2030%20901820:secret@gw", "+49 30 901820"),
            ("tel:901820;phone-context=+4930", "+4930901820"),
            ("tel:+4930901820;phone-context=pbx.example", "+4930901820"),
            ("tel://+4930901820", "+4930901820"),
            ("sip:+4930901820", "+4930901820"),
            ("sip:101", "101"),
            ("sip:192.0.2.20", ""),
            ("sip:192.0.2.20:5060;lr", ""),
            ("sip:gw3.example", ""),
            ("sip:[2001:db8::20]:5060", ""),
            ("<>", ""),
            ("sip:@192.0.2.20", ""),
            ("030 901820;12", "030 901820;12"),
        ] {
            assert_eq!(address(text).user, user, "{text:?}");
        }
        assert_eq!(address("+4930901820;ext=12").extension.as_deref(), Some("12"));
        assert_eq!(address("sip:+4930901820;postd=pp22@gw").extension.as_deref(), Some("22"));
        assert!(address("\"Anonymous\" <sip:thisis@anonymous.invalid:5060>").anonymous);
    }
}
