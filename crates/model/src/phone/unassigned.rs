//! Unassigned numbers, to show in place of real ones.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};

/// Ranges that countries reserve for fiction and examples: the country's calling code, the first digits, and the length
/// without the code. The rest counts up.
const FREE: [(i32, &str, usize); 6] = [
    (1, "20255501", 10),
    (33, "19900", 9),
    (33, "63998", 9),
    (44, "20794601", 10),
    (44, "77009001", 10),
    (49, "3023125", 10),
];

/// Returns the `index`th unassigned number to replace one in E.164: same country, same number of digits, without the
/// calling code. It is from a reserved range, else an example of the numbering plan, of the same kind if there is one;
/// else it starts as no number does.
#[must_use]
pub fn unassigned(e164: &str, index: usize) -> String {
    let Ok(parsed) = PHONE_NUMBER_UTIL.parse(e164, None) else {
        let digits = e164.bytes().filter(u8::is_ascii_digit).count();
        return counted("1", digits, index);
    };
    let national = parsed.get_national_significant_number();
    let code = parsed.country_code;
    let mut free: Vec<_> =
        FREE.into_iter().filter(|free| (free.0, free.2) == (code, national.len())).collect();
    free.sort_by_key(|(_, begins, _)| national.get(..1) != begins.get(..1));
    match free.first() {
        Some((_, begins, length)) => counted(begins, *length, index),
        None => {
            example(&parsed, national.len(), index).unwrap_or_else(|| counted("1", national.len(), index))
        }
    }
}

/// `begins`, then zeros, then the index.
fn counted(begins: &str, length: usize, index: usize) -> String {
    let index = index.to_string();
    let zeros = length.saturating_sub(begins.len() + index.len());
    let mut digits = format!("{begins}{}{index}", "0".repeat(zeros));
    digits.truncate(length);
    digits
}

/// The numbering plan's example for this kind and length; there is one of each.
fn example(number: &PhoneNumber, length: usize, index: usize) -> Option<String> {
    let region = number.get_region_code().filter(|region| *region != Region::World)?;
    let kinds = [number.get_type(), PhoneNumberType::Mobile, PhoneNumberType::FixedLine];
    let mut examples: Vec<String> = Vec::new();
    for kind in kinds {
        let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, kind).ok();
        let example = example.map(|example| example.get_national_significant_number());
        if let Some(example) =
            example.filter(|example| example.len() == length && !examples.contains(example))
        {
            examples.push(example);
        }
    }
    examples.into_iter().nth(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replacement_is_unassigned_with_the_same_country_and_length() {
        for (e164, index, digits) in [
            ("+16502530000", 0, "2025550100"),
            ("+16502530000", 7, "2025550107"),
            ("+442083661177", 0, "2079460100"),
            ("+447911123456", 3, "7700900103"),
            ("+33142685300", 1, "199000001"),
            ("+4930901820", 0, "30123456"),
            ("+4930901820", 5, "10000005"),
            ("+491711234567", 2, "3023125002"),
            ("+74951234567", 9, "1000000009"),
            ("1234567", 1, "1000001"),
        ] {
            assert_eq!(unassigned(e164, index), digits, "{e164}");
        }
        let (first, second) = (unassigned("+74951234567", 0), unassigned("+74951234567", 1));
        assert!(first != second && first.len() == 10 && second.len() == 10, "{first} {second}");
    }
}
