//! Numbers of every country known to `rlibphonenumber`, in the forms providers and people use.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hookswitch_model::phone::{Country, Written, is_internal, read};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType};

const TYPES: [PhoneNumberType; 10] = [
    PhoneNumberType::FixedLine,
    PhoneNumberType::Mobile,
    PhoneNumberType::TollFree,
    PhoneNumberType::PremiumRate,
    PhoneNumberType::SharedCost,
    PhoneNumberType::VoIP,
    PhoneNumberType::PersonalNumber,
    PhoneNumberType::Pager,
    PhoneNumberType::UAN,
    PhoneNumberType::VoiceMail,
];

/// A number and its country; `None` for networks without a country.
struct Example {
    country: Option<Country>,
    number: PhoneNumber,
}

/// The library's examples of every type in every country.
fn examples() -> Vec<Example> {
    let mut regions: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
    regions.sort_by_key(ToString::to_string);
    let mut seen = BTreeSet::new();
    let of_countries = regions.into_iter().flat_map(|region| {
        let country = region.to_string().parse().ok();
        let numbers = TYPES.iter().filter_map(move |of_type| {
            PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, *of_type).ok()
        });
        numbers.map(move |number| Example { country, number })
    });
    let mut codes: Vec<_> = PHONE_NUMBER_UTIL.get_supported_global_network_calling_codes().collect();
    codes.sort_unstable();
    let of_networks = codes.into_iter().filter_map(|code| {
        let number = PHONE_NUMBER_UTIL.get_example_number_for_non_geo_entity(code).ok()?;
        Some(Example { country: None, number })
    });
    let all = of_countries.chain(of_networks).collect::<Vec<_>>().into_iter();
    all.filter(|example| seen.insert((example.country.map(|country| country.to_string()), example.e164())))
        .collect()
}

impl Example {
    fn format(&self, format: PhoneNumberFormat) -> String {
        self.number.format_as(format).into_owned()
    }

    fn at_home(&self) -> Option<String> {
        self.country.is_some().then(|| self.format(PhoneNumberFormat::National))
    }

    fn e164(&self) -> String {
        self.format(PhoneNumberFormat::E164)
    }
}

/// Its name, the declared notation, and the spelling of a number in it; `None` if there is no such spelling.
type Form = (&'static str, Written, fn(&Example) -> Option<String>);

const FORMS: [Form; 8] = [
    ("with plus", Written::Both, |of| Some(of.e164())),
    ("as people write it", Written::Both, |of| Some(of.format(PhoneNumberFormat::International))),
    ("with rare blanks", Written::Both, |of| {
        let text =
            of.format(PhoneNumberFormat::International).replace(' ', "\u{2009}").replace('-', "\u{2011}");
        Some(format!("\u{202a}{}\u{fe0d}{}\u{202c}", &text[..2], &text[2..]))
    }),
    ("SIP address", Written::Both, |of| {
        Some(format!("\"Desk 3\" <sip:{}@192.0.2.20;user=phone>", of.e164()))
    }),
    ("without plus", Written::Both, |of| Some(of.e164()[1..].to_owned())),
    ("without plus, declared", Written::E164, |of| Some(of.e164()[1..].to_owned())),
    ("at home", Written::Both, Example::at_home),
    ("at home, declared", Written::National, Example::at_home),
];

/// The results for each form; examples that are not read, or are read as another number, are named.
fn measured() -> String {
    let examples = examples();
    let mut table = format!("{} numbers\n", examples.len());
    let mut named = String::new();
    for (form, written, spell) in FORMS {
        let (mut right, mut internal, mut unread, mut wrong) = (0, 0, 0, 0);
        for example in &examples {
            let Some(text) = spell(example) else { continue };
            let expected = example.e164();
            let read = read(&text, example.country, written);
            let fate = match read.readings.first() {
                Some(found) if *found == expected => {
                    right += 1;
                    continue;
                }
                Some(found) => {
                    wrong += 1;
                    found
                }
                None if is_internal(&text.replace([' ', '-'], "")) => {
                    internal += 1;
                    "an internal number, of six digits or fewer"
                }
                None => {
                    unread += 1;
                    "not read"
                }
            };
            let country = example.country.map_or_else(|| "--".to_owned(), |country| country.to_string());
            writeln!(named, "{form}: {country} {text} is {expected}: {fate}").expect("a text");
        }
        writeln!(table, "{form}: {right} right, {internal} internal, {unread} not read, {wrong} wrong")
            .expect("a text");
    }
    table + &named
}

#[test]
fn numbers_of_all_countries_are_read_in_all_forms() {
    let measured = measured();
    assert!(measured == include_str!("numbers.txt"), "the results differ from numbers.txt:\n{measured}");
}
