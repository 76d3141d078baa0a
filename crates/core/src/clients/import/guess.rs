//! Guesses the meaning of a file's columns.

use std::collections::BTreeSet;

use csv::StringRecord;
use hookswitch_model::phone;
use hookswitch_store::folded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The client field that a column contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImportTarget {
    /// `contact`, `company` or `lead`.
    Kind,
    /// The full name.
    Name,
    /// The first part of the name.
    FirstName,
    /// The last part of the name.
    LastName,
    /// The name of the client's company.
    Company,
    /// A number, or several separated by `;`.
    Phone,
    /// An email address, or several.
    Email,
    /// Tags, separated by `;` or `,`.
    Tags,
    Notes,
    /// The login, email address or name of the responsible user.
    Responsible,
}

impl ImportTarget {
    /// Whether several columns may have this target.
    pub fn several(self) -> bool {
        matches!(self, Self::Phone | Self::Email | Self::Tags | Self::Notes)
    }
}

/// Column names in files of common programs.
const NAMES: [(ImportTarget, &[&str]); 8] = [
    (ImportTarget::Kind, &["kind", "client type", "contact type"]),
    (
        ImportTarget::Name,
        &["name", "full name", "display name", "contact", "contact name", "client", "customer", "lead name"],
    ),
    (ImportTarget::FirstName, &["first name", "firstname", "given name", "forename"]),
    (ImportTarget::LastName, &["last name", "lastname", "family name", "surname"]),
    (
        ImportTarget::Company,
        &[
            "company",
            "company name",
            "organization",
            "organisation",
            "organization name",
            "organization 1 name",
            "associated company",
            "account",
            "account name",
        ],
    ),
    (ImportTarget::Tags, &["tags", "tag", "labels", "categories", "groups", "group membership", "keywords"]),
    (ImportTarget::Notes, &["notes", "note", "comment", "comments", "description", "remarks"]),
    (
        ImportTarget::Responsible,
        &[
            "responsible",
            "responsible user",
            "owner",
            "contact owner",
            "lead owner",
            "account owner",
            "record owner",
            "assigned to",
        ],
    ),
];
const OF_PHONE: [&str; 9] =
    ["phone", "phones", "mobile", "cell", "cellphone", "tel", "telephone", "fax", "iphone"];
const OF_EMAIL: [&str; 4] = ["email", "emails", "mail", "mails"];
/// Words that may accompany these without changing the meaning, unlike `type`, `display name` or `opt out`.
const WHICH: [&str; 31] = [
    "home",
    "work",
    "business",
    "private",
    "personal",
    "office",
    "main",
    "primary",
    "secondary",
    "other",
    "alternative",
    "alternate",
    "additional",
    "direct",
    "company",
    "organization",
    "contact",
    "person",
    "account",
    "customer",
    "client",
    "lead",
    "assistant",
    "assistants",
    "asst",
    "car",
    "number",
    "numbers",
    "address",
    "addresses",
    "value",
];

/// The meaning of each column, by its name, else by its values.
pub fn guess(names: &StringRecord, samples: &[Vec<String>]) -> Vec<Option<ImportTarget>> {
    let mut taken = BTreeSet::new();
    let columns = names.iter().zip(samples);
    let guessed = columns.map(|(name, sample)| by_name(name).unwrap_or_else(|| by_values(sample)));
    guessed.map(|target| target.filter(|target| target.several() || taken.insert(*target))).collect()
}

/// By name; `Some(None)` for a column that describes another.
fn by_name(name: &str) -> Option<Option<ImportTarget>> {
    let folded = folded(name).replace("e-mail", "email").replace(['\'', '’'], "");
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // Some programs prefix the names: `Person - Name`.
    let of_whom = matches!(words.first(), Some(&"person")) && words.len() > 1;
    let name = words[usize::from(of_whom)..].join(" ");
    let known = NAMES.iter().find(|(_, names)| names.contains(&name.as_str()));
    if let Some((target, _)) = known {
        return Some(Some(*target));
    }
    let has = |its: &[&str]| words.iter().any(|word| its.contains(word));
    let target = match (has(&OF_EMAIL), has(&OF_PHONE)) {
        (true, _) => ImportTarget::Email,
        (false, true) => ImportTarget::Phone,
        (false, false) => return None,
    };
    let fits = |word: &&str| {
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        is_number || WHICH.contains(word) || OF_PHONE.contains(word) || OF_EMAIL.contains(word)
    };
    Some(words.iter().all(fits).then_some(target))
}

fn by_values(sample: &[String]) -> Option<ImportTarget> {
    if sample.is_empty() {
        return None;
    }
    let is_email = |value: &String| {
        let is_one = !value.contains(char::is_whitespace);
        is_one && value.split_once('@').is_some_and(|(_, host)| host.contains('.'))
    };
    let is_phone = |value: &String| value.starts_with('+') && phone::e164(value, None).is_some();
    if sample.iter().all(is_email) {
        return Some(ImportTarget::Email);
    }
    sample.iter().all(is_phone).then_some(ImportTarget::Phone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(columns: &[(&str, &str)]) -> Vec<Option<ImportTarget>> {
        let names: StringRecord = columns.iter().map(|(name, _)| *name).collect();
        let samples: Vec<Vec<String>> = columns
            .iter()
            .map(|(_, value)| if value.is_empty() { Vec::new() } else { vec![(*value).to_owned()] })
            .collect();
        guess(&names, &samples)
    }

    #[test]
    fn columns_are_recognized_by_name() {
        use ImportTarget::{
            Company, Email, FirstName, Kind, LastName, Name, Notes, Phone, Responsible, Tags,
        };
        let known = [
            ("Kind", Kind),
            ("Full name", Name),
            ("First Name", FirstName),
            ("Last_Name", LastName),
            ("Organisation", Company),
            ("Business Phone", Phone),
            ("MOBILE", Phone),
            ("Phone 1 - Value", Phone),
            ("E-mail", Email),
            ("E-mail 1 - Value", Email),
            ("Email address", Email),
            ("Labels", Tags),
            ("Description", Notes),
            ("Contact owner", Responsible),
        ];
        let columns: Vec<_> = known.iter().map(|(name, _)| (*name, "")).collect();
        let expected: Vec<_> = known.iter().map(|(_, target)| Some(*target)).collect();
        assert_eq!(guessed(&columns), expected);
        assert_eq!(
            guessed(&[("Phone 1 - Type", ""), ("Birthday", ""), ("Name", ""), ("Contact", "")])[..2],
            [None, None]
        );
        assert_eq!(guessed(&[("Name", ""), ("Contact", "")]), [Some(Name), None], "a client has one name");
    }

    /// Columns of exports from common address books and customer databases, and those with a meaning.
    #[test]
    fn columns_that_describe_others_are_ignored() {
        use ImportTarget::{Company, Email, FirstName, LastName, Name, Notes, Phone, Responsible, Tags};
        let files: [(&str, &[(&str, ImportTarget)]); 8] = [
            (
                "First Name,Middle Name,Last Name,Phonetic First Name,Nickname,File As,Organization Name,Organization Title,\
                 Birthday,Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Street",
                &[
                    ("First Name", FirstName),
                    ("Last Name", LastName),
                    ("Organization Name", Company),
                    ("Notes", Notes),
                    ("Labels", Tags),
                    ("E-mail 1 - Value", Email),
                    ("Phone 1 - Value", Phone),
                ],
            ),
            (
                "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,\
                 Organization 1 - Type,Organization 1 - Name,Organization 1 - Title,Website 1 - Value",
                &[
                    ("Name", Name),
                    ("Given Name", FirstName),
                    ("Family Name", LastName),
                    ("Group Membership", Tags),
                    ("E-mail 1 - Value", Email),
                    ("Phone 1 - Value", Phone),
                    ("Organization 1 - Name", Company),
                ],
            ),
            (
                "Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,Assistant's Phone,\
                 Business Fax,Business Phone,Business Phone 2,Company Main Phone,Home Phone,Mobile Phone,Pager,TTY/TDD Phone,\
                 Account,Categories,E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,E-mail 2 Type,\
                 E-mail 2 Display Name,Manager's Name,Notes,Web Page",
                &[
                    ("First Name", FirstName),
                    ("Last Name", LastName),
                    ("Company", Company),
                    ("Assistant's Phone", Phone),
                    ("Business Fax", Phone),
                    ("Business Phone", Phone),
                    ("Business Phone 2", Phone),
                    ("Company Main Phone", Phone),
                    ("Home Phone", Phone),
                    ("Mobile Phone", Phone),
                    ("Categories", Tags),
                    ("E-mail Address", Email),
                    ("E-mail 2 Address", Email),
                    ("Notes", Notes),
                ],
            ),
            (
                "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Lead Status,Company name,\
                 Associated Company IDs,Email Domain,Unsubscribed from all email,First email send date,Marketing emails opened,\
                 Number of Sales Activities,Preferred phone,Last phone call date,Work email",
                &[
                    ("First Name", FirstName),
                    ("Last Name", LastName),
                    ("Email", Email),
                    ("Phone Number", Phone),
                    ("Mobile Phone Number", Phone),
                    ("Contact owner", Responsible),
                    ("Company name", Company),
                    ("Work email", Email),
                ],
            ),
            (
                "Salutation,First Name,Last Name,Title,Account Name,Mailing Street,Mailing City,Phone,Mobile,Fax,Email,\
                 Account Owner,Email Opt Out,Fax Opt Out,Do Not Call,Email Bounced Date,Asst. Phone,Description",
                &[
                    ("First Name", FirstName),
                    ("Last Name", LastName),
                    ("Account Name", Company),
                    ("Phone", Phone),
                    ("Mobile", Phone),
                    ("Fax", Phone),
                    ("Email", Email),
                    ("Account Owner", Responsible),
                    ("Asst. Phone", Phone),
                    ("Description", Notes),
                ],
            ),
            (
                "Contact Owner,Lead Source,First Name,Last Name,Account Name,Email,Phone,Other Phone,Secondary Email,Skype ID,\
                 Email Opt Out,Tag,Mailing Zip,Phone Verified,Mobile Carrier",
                &[
                    ("Contact Owner", Responsible),
                    ("First Name", FirstName),
                    ("Last Name", LastName),
                    ("Account Name", Company),
                    ("Email", Email),
                    ("Phone", Phone),
                    ("Other Phone", Phone),
                    ("Secondary Email", Email),
                    ("Tag", Tags),
                ],
            ),
            (
                "Person - Name,Person - Label,Person - Organization,Person - Email - Work,Person - Email - Home,Person - Phone - Work,\
                 Person - Phone - Mobile,Person - Owner,Person - Email messages count,Person - Marketing status",
                &[
                    ("Person - Name", Name),
                    ("Person - Organization", Company),
                    ("Person - Email - Work", Email),
                    ("Person - Email - Home", Email),
                    ("Person - Phone - Work", Phone),
                    ("Person - Phone - Mobile", Phone),
                    ("Person - Owner", Responsible),
                ],
            ),
            (
                "First name,Last name,Display name,Nickname,E-mail address,Home email,Home phone,Work phone,iPhone,Phone country code,\
                 Telephone extension,Home address,Note",
                &[
                    ("First name", FirstName),
                    ("Last name", LastName),
                    ("Display name", Name),
                    ("E-mail address", Email),
                    ("Home email", Email),
                    ("Home phone", Phone),
                    ("Work phone", Phone),
                    ("iPhone", Phone),
                    ("Note", Notes),
                ],
            ),
        ];
        for (file, known) in files {
            let columns: Vec<(&str, &str)> = file.split(',').map(|name| (name, "")).collect();
            for ((name, _), target) in columns.iter().zip(guessed(&columns)) {
                let expected = known.iter().find(|(of, _)| of == name).map(|(_, target)| *target);
                assert_eq!(target, expected, "{name}");
            }
        }
        assert_eq!(
            guessed(&[("E-mail Display Name", "zoe@example.com"), ("Phone Type", "+442079460000")]),
            [None, None]
        );
    }

    #[test]
    fn columns_are_recognized_by_value() {
        use ImportTarget::{Email, Phone};
        let columns = [("A", "zoe@example.com"), ("B", "+44 20 7946 0000"), ("C", "+1"), ("D", "2026")];
        assert_eq!(guessed(&columns), [Some(Email), Some(Phone), None, None]);
    }
}
