//! Numbers from former numbering plans, and numbers with two spellings in use.

/// The current national number for one from a former numbering plan, by calling code, where a single rule covers the
/// change. Only used for numbers that are not valid as they are.
pub(super) fn renewed(code: i32, national: &str) -> Option<String> {
    let begins = |from: char, to: char, place: usize| {
        national.chars().nth(place).is_some_and(|digit| (from..=to).contains(&digit))
    };
    match (code, national.len()) {
        // Mexico, until 2019: 1 before mobile numbers from abroad; 01, 044 and 045 within.
        (52, 11..=13) => {
            let (before, number) = national.split_at(national.len() - 10);
            ["1", "01", "044", "045", "44", "45"].contains(&before).then(|| number.to_owned())
        }
        // Brazil, until 2016: mobile numbers without the ninth digit.
        (55, 10) if begins('6', '9', 2) => Some(format!("{}9{}", &national[..2], &national[2..])),
        // Benin, until 2024.
        (229, 8) => Some(format!("01{national}")),
        // Ivory Coast, until 2021: the second digit identified the mobile operator.
        (225, 8) if !begins('2', '3', 0) => {
            let operator = if begins('0', '3', 1) {
                "01"
            } else if begins('4', '6', 1) {
                "05"
            } else {
                "07"
            };
            Some(format!("{operator}{national}"))
        }
        // Colombia, until 2021: landlines without 60.
        (57, 8) => Some(format!("60{national}")),
        // Vietnam, until 2018: eleven-digit mobile numbers.
        (84, 10) => {
            let prefix = match national.get(..3)? {
                "120" => "70",
                "121" => "79",
                "122" => "77",
                "126" => "76",
                "128" => "78",
                "123" => "83",
                "124" => "84",
                "125" => "85",
                "127" => "81",
                "129" => "82",
                "186" => "56",
                "188" => "58",
                "199" => "59",
                old if old.starts_with("16") && old != "160" && old != "161" => {
                    return Some(format!("3{}", &national[2..]));
                }
                _ => return None,
            };
            Some(format!("{prefix}{}", &national[3..]))
        }
        // Italy keeps the zero of landlines and has none before mobile numbers.
        (39, _) => match national.strip_prefix('0') {
            Some(mobile) => mobile.starts_with('3').then(|| mobile.to_owned()),
            None => Some(format!("0{national}")),
        },
        _ => None,
    }
}

/// The other spelling of a number in E.164, for countries with two valid ones in use: Argentina's mobile numbers with
/// and without 9, Brazil's eight-digit numbers that may have gained a ninth.
#[must_use]
pub fn twin(e164: &str) -> Option<String> {
    let national = |code: &str| e164.strip_prefix(code).filter(|national| national.is_ascii());
    if let Some(national) = national("+54") {
        return match (national.len(), national.strip_prefix('9')) {
            (11, Some(rest)) => Some(format!("+54{rest}")),
            (10, _) => Some(format!("+549{national}")),
            _ => None,
        };
    }
    let national = national("+55")?;
    match (national.len(), national.as_bytes().get(2..)?) {
        (10, [b'7', ..]) => Some(format!("+55{}9{}", &national[..2], &national[2..])),
        (11, [b'9', b'7', ..]) => Some(format!("+55{}{}", &national[..2], &national[3..])),
        _ => None,
    }
}

/// One form for all spellings of a number in E.164: the longer of two [`twin`]s.
#[must_use]
pub fn caller(e164: &str) -> String {
    twin(e164).filter(|twin| twin.len() > e164.len()).unwrap_or_else(|| e164.to_owned())
}

/// A number in E.164 and its [`twin`], for lookups.
pub fn spellings(e164: &str) -> impl Iterator<Item = String> {
    std::iter::once(e164.to_owned()).chain(twin(e164))
}
