//! Extensions following a number.

use super::several::digits;

/// With fewer digits before it, what follows is not an extension.
const FEWEST: usize = 6;
/// Longest extension, in digits.
const LONGEST: usize = 10;

/// Words before an extension, in the languages in which they are known to occur.
const WORDS: [&str; 43] = [
    "x",
    "ext",
    "extn",
    "extension",
    "xtn",
    "w",
    "p",
    "pin",
    "local",
    "loc",
    "int",
    "interno",
    "interne",
    "poste",
    "post",
    "anexo",
    "ramal",
    "durchwahl",
    "dw",
    "nebenstelle",
    "nst",
    "klappe",
    "kl",
    "wew",
    "wewn",
    "wewnętrzny",
    "linka",
    "klapka",
    "toestel",
    "tst",
    "lokal",
    "anknytning",
    "ankn",
    "mellék",
    "доб",
    "добавочный",
    "вн",
    "внутр",
    "дод",
    "内線",
    "分机",
    "分機",
    "내선",
];

/// Splits a number from its extension: `+4930901820*227`, `w12`, `,,12`, `ext. 12`, `Local 212`.
pub(super) fn split(number: &str) -> (&str, Option<String>) {
    let in_number = |c: char| c.is_ascii_digit() || "+ ()-./".contains(c);
    let Some(end) = number.find(|c| !in_number(c)) else { return (number, None) };
    let (main, rest) = number.split_at(end);
    // In `(ext. 12)` the bracket is not part of the number.
    let main = main.trim_end_matches(['(', ' ', '-', '.', '/']);
    match extension(rest).filter(|_| digits(main) >= FEWEST) {
        Some(extension) => (main, Some(extension)),
        None => (number, None),
    }
}

/// The extension in a text made of a separator or word and then an extension.
fn extension(text: &str) -> Option<String> {
    let signs = |c: char| !c.is_alphanumeric();
    let word = text.trim_start_matches(signs);
    let begins = text.len() - word.len();
    let letters = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
    let (letters, rest) = word.split_at(letters);
    let is_pause = !letters.is_empty() && letters.chars().all(|c| matches!(c, 'w' | 'W' | 'p' | 'P'));
    let is_named = is_pause || WORDS.contains(&letters.to_lowercase().as_str());
    let is_marked = letters.is_empty() && text[..begins].contains(['*', '#', ',', ';', '~', ':']);
    let digits = rest.trim_start_matches(signs).trim_end_matches(['#', ')', ' ', '.']);
    let fits = (1..=LONGEST).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && (is_named || is_marked)).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_split_from_its_number() {
        for behind in [
            "*227",
            "#227",
            "w227",
            "ww227",
            "p227",
            ",,227",
            ",227",
            ";227",
            " x227",
            "x 227",
            " ext 227",
            " ext. 227",
            " (ext. 227)",
            " Ext: 227",
            " extension 227",
            " Local 212".replace("212", "227").as_str(),
            " доб. 227",
            " (доб. 227)",
            " int. 227",
            " poste 227",
            " Durchwahl 227",
            " - Durchwahl 227",
            " ramal 227",
            " anexo 227",
            " wew. 227",
            " 内線227",
            "*227#",
            " ~227",
        ] {
            let number = format!("+49 30 901820{behind}");
            assert_eq!(split(&number), ("+49 30 901820", Some("227".to_owned())), "{number:?}");
        }
        for number in [
            "+49 30 901820",
            "901820-12",
            "101",
            "*43",
            "#31#030901820",
            "101*2",
            "1-800-FLOWERS",
            "030 901820 Office 2",
            "x12",
        ] {
            assert_eq!(split(number), (number, None), "{number:?}");
        }
    }
}
