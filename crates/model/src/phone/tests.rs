use super::*;

fn country(code: &str) -> Country {
    code.parse().expect("a country")
}

#[test]
fn every_spelling_reads_as_the_same_number() {
    let spellings: &[(&str, &str, &[&str])] = &[
        (
            "GB",
            "+442079460000",
            &[
                "+44 20 7946 0000",
                "+44 (0)20 7946 0000",
                "020 7946 0000",
                "2079460000",
                "442079460000",
                "00442079460000",
                "0044 20 7946 0000",
                "tel:+44-20-7946-0000",
                "sip:+442079460000@pbx.example",
                "sip:442079460000@pbx.example;user=phone",
                "+442079460000@10.0.0.1",
                "020 7946 0000 ext. 12",
                "+442079460000;ext=12",
                " +442079460000 ",
            ],
        ),
        ("DE", "+4930901820", &["030 901820", "(030) 90 18 20", "4930901820", "004930901820", "030/901820"]),
        (
            "RU",
            "+74951234567",
            &["8 (495) 123-45-67", "84951234567", "74951234567", "4951234567", "+7 495 123-45-67 доб. 12"],
        ),
        ("RU", "+442079460000", &["810442079460000", "442079460000", "00442079460000", "+442079460000"]),
        ("KZ", "+77272580000", &["8 727 258 0000", "87272580000", "77272580000", "7272580000"]),
        ("US", "+16502530000", &["(650) 253-0000", "6502530000", "16502530000", "1-650-253-0000"]),
        ("US", "+18003569377", &["1-800-FLOWERS", "800 FLOWERS"]),
        ("US", "+442079460000", &["011442079460000", "00442079460000", "442079460000"]),
        ("FR", "+33142685300", &["01 42 68 53 00", "0142685300", "33142685300", "0033142685300"]),
        ("IN", "+919876543210", &["09876543210", "9876543210", "919876543210"]),
        (
            "BR",
            "+5511961234567",
            &["(11) 96123-4567", "011 96123-4567", "0 15 11 96123 4567", "5511961234567"],
        ),
        ("IT", "+390612345678", &["06 1234 5678", "390612345678"]),
        ("AR", "+5491123456789", &["011 15 2345 6789", "+54 9 11 2345 6789", "5491123456789"]),
    ];
    for (code, expected, spellings) in spellings {
        for spelling in *spellings {
            let read = e164(spelling, Some(country(code)));
            assert_eq!(read.as_deref(), Some(*expected), "{spelling:?} in {code}");
        }
    }
}

#[test]
fn without_a_country_only_international_numbers_are_read() {
    for number in ["+74951234567", "74951234567", "0074951234567", "sip:+74951234567@pbx"] {
        assert_eq!(e164(number, None).as_deref(), Some("+74951234567"), "{number:?}");
    }
    assert_eq!(e164("020 7946 0000", None), None);
}

#[test]
fn other_text_is_not_a_number() {
    let texts = [
        "",
        " ",
        "+",
        "00",
        "anonymous",
        "Anonymous",
        "unknown",
        "restricted",
        "Unavailable",
        "private",
        "101",
        "123456",
        "112",
        "sip:101@pbx",
        "*43",
        "#31#",
        "+999123456789",
        "0xd2dc00a30027c9d5",
        "442079460000442079460000",
        "+442079460000+442079460000",
    ];
    let long = "1".repeat(100_000);
    for text in texts.into_iter().chain([long.as_str()]) {
        for code in ["GB", "RU", "US"] {
            assert_eq!(e164(text, Some(country(code))), None, "{text:?} in {code}");
        }
    }
    // Local, without its area code: not +683 4123 in Niue.
    assert_eq!(e164("6834123", Some(country("US"))), None);
}

#[test]
fn the_reading_in_the_country_comes_first() {
    // With a plus before it, this would be a number in Vietnam.
    assert_eq!(e164("84951234567", Some(country("RU"))).as_deref(), Some("+74951234567"));
    assert_eq!(e164("84951234567", Some(country("GB"))).as_deref(), Some("+84951234567"));
}

#[test]
fn internal_numbers_are_short_and_all_digits() {
    for number in ["1", "101", "4000", "123456"] {
        assert!(is_internal(number), "{number}");
    }
    for number in ["", "1234567", "+101", "10a", "*43", "10 1"] {
        assert!(!is_internal(number), "{number}");
    }
}

#[test]
fn withheld_callers_are_recognized() {
    for text in [
        "anonymous",
        "Anonymous",
        "ANONYMOUS",
        " unknown ",
        "Private",
        "Private Number",
        "No Caller ID",
        "NoCallerID",
        "no-caller-id",
        "Number withheld",
        "WITHHELD",
        "unavailable",
        "Not Available",
        "Restricted",
        "Blocked",
        "hidden",
        "Unknown Caller",
        "Unbekannt",
        "Номер скрыт",
        "Номер не определён",
        "Numéro masqué",
        "Número privado",
        "非通知",
        "Unknown (0)",
        "P",
        "",
        " ",
        "+",
        "-",
        "0",
        "000000",
        "0000000000",
        "+0000000000",
        "+10000000000",
        "+86282452253",
        "86282452253",
        "+266696687",
        "266696687",
        "+1266696687",
        "+7378742833",
        "+2562533",
        "+8656696",
        "+8566696",
        "+7748283",
        "00266696687",
        "\"Unavailable\" <sip:unavailable@192.0.2.20>",
        "anonymous@anonymous.invalid",
        "sip:anonymous@192.0.2.20:5060",
        "SIP:Anonymous@gw.example;user=phone",
        "sip:thisis@anonymous.invalid",
        "\"+49 30 901820\" <sip:anonymous@anonymous.invalid>",
        "<sip:192.0.2.20>",
        "sip:gw7.example",
        "sip:@192.0.2.20",
        "<>",
        "tel:anonymous",
        "\u{202a}anonymous\u{202c}",
        "sip:%61nonymous@gw",
        "unknown@10.0.0.1",
        "Anonymous <anonymous>",
        "(null)",
        "-1",
    ] {
        for code in ["GB", "RU", "US", "CN"] {
            let read = read(text, Some(country(code)), Written::Both);
            assert_eq!((read.withheld, read.readings.len()), (true, 0), "{text:?} in {code}");
        }
    }
    for text in [
        "101",
        "*43",
        "#31#",
        "+442079460000",
        "reception",
        "sip:alice@pbx.example",
        "442079460000",
        "Anna",
        "Nona",
        "2562533",
        "+17378742833",
        "No 7",
        "100000",
        "private.office@example.com",
        "+498000000000",
    ] {
        assert!(!is_withheld(text), "{text:?}");
    }
    assert_eq!(e164("7378742833", Some(country("US"))).as_deref(), Some("+17378742833"), "an Austin number");
    assert_eq!(e164("266696687", Some(country("PT"))).as_deref(), Some("+351266696687"), "an Évora number");
}

#[test]
fn addresses_and_rare_characters_are_read() {
    for text in [
        "\"Desk 3\" <sip:+4930901820@gw;user=phone>",
        "\"030 901821\" <sip:+4930901820@192.0.2.20>",
        "sip:+4930901820;npdi;rn=+4930901800@gw",
        "sips:030901820@192.0.2.20",
        "tel:030-90-1820;phone-context=+49",
        "tel:901820;phone-context=+4930",
        "tel:+49-30-90-1820;isub=1411",
        "sip:%2B49%2030%20901820@gw",
        "+49\u{2009}30\u{2060}90\u{fe0d}1820",
        "＋４９（３０）９０１８２０",
        "\u{202a}030\u{2011}901820\u{202c}",
        "٠٣٠ ٩٠١٨٢٠",
        "+0049 30 901820",
        "00+49 30 901820",
        "+030 901820",
    ] {
        assert_eq!(e164(text, Some(country("DE"))).as_deref(), Some("+4930901820"), "{text:?}");
    }
}

#[test]
fn an_extension_is_kept_beside_its_number() {
    for text in [
        "+4930901820*227",
        "030 901820 w227",
        "030 901820,,227",
        "+4930901820;ext=227",
        "sip:+4930901820;ext=227@gw",
        "030 901820 Durchwahl 227",
        "030 901820 доб. 227",
    ] {
        let read = read(text, Some(country("DE")), Written::Both);
        assert_eq!(
            (read.readings.as_slice(), read.extension.as_deref()),
            (&["+4930901820".to_owned()][..], Some("227")),
            "{text:?}"
        );
    }
}

#[test]
fn several_numbers_have_no_reading() {
    let read = read("+49 30 901820, 0178 1234567", Some(country("DE")), Written::Both);
    assert_eq!(read, Read { several: true, ..Read::default() });
}

#[test]
fn the_notation_decides_the_readings_of_a_number_without_a_plus() {
    let readings = |text, code: &str, written| read(text, Some(country(code)), written).readings;
    for written in [Written::E164, Written::Both] {
        assert_eq!(readings("6281234567890", "ID", written)[0], "+6281234567890");
    }
    let (moscow, vietnam) = ("+74951234567", "+84951234567");
    assert_eq!(readings("84951234567", "RU", Written::Both), [moscow, vietnam]);
    assert_eq!(readings("84951234567", "RU", Written::National), [moscow, vietnam]);
    assert_eq!(readings("84951234567", "RU", Written::E164), [vietnam, moscow]);
    assert_eq!(readings("+84951234567", "RU", Written::National), [vietnam]);
    assert_eq!(readings("6834123", "US", Written::E164), ["+6834123"]);
}

#[test]
fn numbers_of_former_plans_become_current_ones() {
    for (code, old, today) in [
        ("MX", "+5215512345678", "+525512345678"),
        ("MX", "5215512345678", "+525512345678"),
        ("MX", "044 55 1234 5678", "+525512345678"),
        ("MX", "045 55 1234 5678", "+525512345678"),
        ("MX", "01 55 1234 5678", "+525512345678"),
        ("MX", "+52 1 55 1234 5678", "+525512345678"),
        ("BR", "+55 11 6123-4567", "+5511961234567"),
        ("BR", "(11) 6123-4567", "+5511961234567"),
        ("BJ", "+229 97 00 00 00", "+2290197000000"),
        ("CI", "+225 07 12 34 56", "+2250707123456"),
        ("CI", "+225 44 12 34 56", "+2250544123456"),
        ("CO", "+57 1 2345678", "+576012345678"),
        ("VN", "+84 169 123 4567", "+84391234567"),
        ("VN", "0120 123 4567", "+84701234567"),
        ("IT", "+39 6 1234 5678", "+390612345678"),
        ("IT", "+39 0333 1234567", "+393331234567"),
        ("KZ", "8 701 123 4567", "+77011234567"),
    ] {
        assert_eq!(e164(old, Some(country(code))).as_deref(), Some(today), "{old:?} in {code}");
        let international = old.starts_with('+').then(|| e164(old, None)).flatten();
        assert!(international.is_none_or(|read| read == today), "{old:?} without a country");
    }
}

#[test]
fn two_spellings_in_use_are_twins() {
    for (one, other) in [("+5491123456789", "+541123456789"), ("+551171234567", "+5511971234567")] {
        assert_eq!((twin(one).as_deref(), twin(other).as_deref()), (Some(other), Some(one)));
        assert_eq!(caller(one), caller(other));
    }
    for number in ["+442079460000", "+551131234567", "+5511961234567", "+5411", "+55", "+"] {
        assert_eq!((twin(number), caller(number).as_str()), (None, number));
    }
}
