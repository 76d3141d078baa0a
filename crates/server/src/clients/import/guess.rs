//! What a column of a file seems to be.

use std::collections::BTreeSet;

use csv::StringRecord;
use hookswitch_model::phone;
use hookswitch_store::folded;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a column of a file is of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ImportTarget {
    /// `contact`, `company` or `lead`.
    Kind,
    /// The whole name.
    Name,
    /// The first part of the name.
    FirstName,
    /// The last part of the name.
    LastName,
    /// The name of the company that the client belongs to.
    Company,
    /// A number, or several with `;` between them.
    Phone,
    /// An e-mail address, or several.
    Email,
    /// Tags, with `;` or `,` between them.
    Tags,
    /// Notes.
    Notes,
    /// The login, e-mail address or name of the user whose it is.
    Responsible,
}

impl ImportTarget {
    /// Whether several columns may be that.
    pub fn several(self) -> bool {
        matches!(self, Self::Phone | Self::Email | Self::Tags | Self::Notes)
    }
}

/// Names that columns have in files of common programs.
const NAMES: [(ImportTarget, &[&str]); 8] = [
    (ImportTarget::Kind, &["kind", "client type", "contact type"]),
    (
        ImportTarget::Name,
        &["name", "full name", "display name", "contact", "contact name", "client", "customer"],
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
            "account",
            "account name",
        ],
    ),
    (ImportTarget::Tags, &["tags", "tag", "labels", "categories", "groups", "keywords"]),
    (ImportTarget::Notes, &["notes", "note", "comment", "comments", "description", "remarks"]),
    (
        ImportTarget::Responsible,
        &["responsible", "responsible user", "owner", "contact owner", "assigned to"],
    ),
];
const OF_PHONE: [&str; 7] = ["phone", "phones", "mobile", "cell", "tel", "telephone", "fax"];
const OF_EMAIL: [&str; 4] = ["email", "emails", "mail", "mails"];

/// What each column seems to be, by its name, else by its values.
pub fn guess(names: &StringRecord, samples: &[Vec<String>]) -> Vec<Option<ImportTarget>> {
    let mut taken = BTreeSet::new();
    let columns = names.iter().zip(samples);
    let guessed = columns.map(|(name, sample)| by_name(name).unwrap_or_else(|| by_values(sample)));
    guessed.map(|target| target.filter(|target| target.several() || taken.insert(*target))).collect()
}

/// By its name; `Some(None)` for one that says what another column is.
fn by_name(name: &str) -> Option<Option<ImportTarget>> {
    let folded = folded(name).replace("e-mail", "email");
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name = words.join(" ");
    let known = NAMES.iter().find(|(_, names)| names.contains(&name.as_str()));
    if let Some((target, _)) = known {
        return Some(Some(*target));
    }
    let of =
        |target: ImportTarget, its: &[&str]| words.iter().any(|word| its.contains(word)).then_some(target);
    let kind = of(ImportTarget::Email, &OF_EMAIL).or_else(|| of(ImportTarget::Phone, &OF_PHONE))?;
    Some((!matches!(words.last(), Some(&"type" | &"label"))).then_some(kind))
}

fn by_values(sample: &[String]) -> Option<ImportTarget> {
    if sample.is_empty() {
        return None;
    }
    let is_email = |value: &String| value.split_once('@').is_some_and(|(_, host)| host.contains('.'));
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
    fn columns_are_known_by_their_names() {
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

    #[test]
    fn columns_are_known_by_their_values() {
        use ImportTarget::{Email, Phone};
        let columns = [("A", "zoe@example.com"), ("B", "+44 20 7946 0000"), ("C", "+1"), ("D", "2026")];
        assert_eq!(guessed(&columns), [Some(Email), Some(Phone), None, None]);
    }
}
