//! Callers who withhold their number.

/// Words that stand for a withheld number, alone or among [`AROUND`].
const WORDS: [&str; 58] = [
    "anonymous",
    "anonym",
    "anonyme",
    "anonimo",
    "anónimo",
    "anonimowy",
    "аноним",
    "анонимный",
    "anonymer",
    "anonima",
    "private",
    "privat",
    "privado",
    "privé",
    "prive",
    "privato",
    "unknown",
    "unbekannt",
    "unbekannter",
    "inconnu",
    "desconocido",
    "desconhecido",
    "sconosciuto",
    "nieznany",
    "неизвестный",
    "неизвестен",
    "неопределен",
    "unavailable",
    "notavailable",
    "notknown",
    "restricted",
    "blocked",
    "withheld",
    "hidden",
    "oculto",
    "скрыт",
    "скрытый",
    "suppressed",
    "clir",
    "unterdrückt",
    "masqué",
    "masque",
    "undisclosed",
    "unidentified",
    "notprovided",
    "outofarea",
    "nocaller",
    "nonumber",
    "noid",
    "nocli",
    "noname",
    "undefined",
    "null",
    "none",
    "nil",
    "非通知",
    "表示圏外",
    "номернеопределен",
];
/// Words that accompany them.
const AROUND: [&str; 24] = [
    "number",
    "caller",
    "callerid",
    "id",
    "cid",
    "cli",
    "clid",
    "call",
    "name",
    "phone",
    "party",
    "user",
    "subscriber",
    "telephone",
    "номер",
    "абонент",
    "nummer",
    "rufnummer",
    "appel",
    "anrufer",
    "numero",
    "número",
    "numéro",
    "presentation",
];
/// Bytes of letters to look at.
const LONGEST: usize = 80;
/// Words for a withheld caller spelled on a telephone keypad, which some networks send in place of a number: anonymous,
/// unavailable, restricted, blocked, unknown (also a common misspelling) and private.
const KEYPAD: [&str; 8] =
    ["266696687", "86282452253", "7378742833", "7378742883", "2562533", "8656696", "8566696", "7748283"];
/// The only one of them that would be a valid number in some country.
pub(super) const UNAVAILABLE: &str = "+86282452253";

/// Whether a user part says that there is no caller's number. A text with a valid number never does.
pub(super) fn stands_for_nobody(user: &str) -> bool {
    // Restricted, unknown and pay phone, as telephones store them in their call lists.
    if ["-1", "-2", "-3"].contains(&user) {
        return true;
    }
    let digits: String = user.chars().filter(char::is_ascii_digit).collect();
    let letters = user.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase);
    let letters: String = letters.map(|c| if c == 'ё' { 'е' } else { c }).collect();
    // Private and out of area, as abbreviated by some exchanges.
    let is_code = ["p", "o", "na"].contains(&letters.as_str());
    let says_so = is_code || (letters.len() <= LONGEST && says_withheld(&letters, false));
    match (digits.is_empty(), letters.is_empty()) {
        (true, _) => letters.is_empty() && !user.contains(['*', '#']) || says_so,
        // `Unknown (0)`
        (false, false) => says_so && is_zeros(&digits),
        (false, true) => !user.contains(['*', '#']) && (is_zeros(&digits) || is_keypad(&digits, user)),
    }
}

/// Whether letters consist of such words alone.
fn says_withheld(letters: &str, said: bool) -> bool {
    if letters.is_empty() {
        return said;
    }
    let rest = |words: &[&str], said| {
        words.iter().filter_map(|word| letters.strip_prefix(word)).any(|rest| says_withheld(rest, said))
    };
    rest(&WORDS, true) || rest(&AROUND, said)
}

/// Zeros alone, possibly after a calling code: `+10000000000`.
fn is_zeros(digits: &str) -> bool {
    let before = digits.trim_end_matches('0');
    before.is_empty() || (before.len() <= 3 && digits.len() - before.len() >= 8)
}

/// Without a plus, the shorter ones may be somebody's local number.
fn is_keypad(digits: &str, user: &str) -> bool {
    let international = user.starts_with('+') || user.starts_with("00");
    let digits = digits.trim_start_matches('0');
    let known = |digits: &str| KEYPAD.contains(&digits) && (international || digits.len() > 8);
    known(digits) || digits.strip_prefix('1').is_some_and(known)
}
