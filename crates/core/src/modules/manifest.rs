//! A module folder: `module.toml` (what the module is and which settings it has), `module.ts`, `samples/*.json`.
//!
//! Plain data and checks; the caller provides the text (from the binary or a folder).

use std::collections::{BTreeMap, BTreeSet};

use hookswitch_model::phone::{Country, Written};
use hookswitch_script::Function;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;
use utoipa::ToSchema;

use super::scenario::Shows;

/// `module.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all(serialize = "camelCase"))]
pub struct Manifest {
    /// Short name of the provider: lower-case letters, digits and hyphens.
    pub code: String,
    /// The provider's name.
    pub name: String,
    /// One sentence about what the module connects.
    pub description: String,
    /// ISO 3166-1 alpha-2: the country of numbers written without one. Omitted if the account decides.
    #[serde(default)]
    pub default_country: Option<String>,
    /// How the provider writes numbers without a plus: `e164` (with the calling code), `national` (as dialled in the
    /// module's country) or `both`.
    #[serde(default)]
    pub numbers: Written,
    /// Whether the script can dial the extension following a number, `call.dstExtension` of `VoipGenerateCall`.
    #[serde(default)]
    pub dials_extensions: bool,
    /// The settings of a module of this provider, in the order of the form.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// What the provider cannot do, with a sentence each: names of functions, and values of `shows` in scenarios.
    #[serde(default)]
    pub cannot: BTreeMap<String, String>,
}

/// One settings field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The script reads it as `Namespace.params.data.<name>`.
    #[schema(pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    pub name: String,
    /// The label in the form.
    pub label: String,
    /// The type of the value.
    #[serde(rename = "type")]
    pub kind: SettingKind,
    /// Whether the module does not work without it.
    #[serde(default)]
    pub required: bool,
    /// The value until another is set.
    #[serde(default)]
    pub default: Option<Value>,
    /// Where to find the value, and what it does.
    #[serde(default)]
    pub help: Option<String>,
    /// The choices of a `select`.
    #[serde(default)]
    pub options: Vec<SelectOption>,
}

/// A choice of a `select`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectOption {
    /// The value passed to the script.
    pub value: String,
    /// The label in the form.
    pub label: String,
}

/// The type of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettingKind {
    /// A string.
    Text,
    /// A string that is encrypted at rest and never shown again.
    Secret,
    Number,
    /// Yes or no.
    Boolean,
    /// An absolute http or https URL.
    Url,
    /// One of `options`.
    Select,
}

impl SettingKind {
    /// The name in the API and in manifests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Secret => "secret",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Url => "url",
            Self::Select => "select",
        }
    }
}

/// An error in a manifest. The text names the field and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ManifestError(String);

/// Parses and checks a `module.toml`.
///
/// # Errors
/// What is wrong: the line if it is not TOML or has a wrong field, the field if a value is invalid.
pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
    let manifest: Manifest = toml::from_str(text)
        .map_err(|error| ManifestError(format!("module.toml: {}", error.to_string().trim_end())))?;
    manifest.check().map_err(|problem| ManifestError(format!("module.toml: {problem}")))?;
    Ok(manifest)
}

impl Manifest {
    fn check(&self) -> Result<(), String> {
        if !is_code(&self.code) {
            return Err(format!("code: \"{}\" must be lower-case letters, digits and hyphens", self.code));
        }
        if let Some(country) = &self.default_country
            && country.parse::<Country>().is_err()
        {
            return Err(format!(
                "default_country: \"{country}\" is not an ISO 3166 country code of two letters"
            ));
        }
        for (name, sentence) in &self.cannot {
            if Function::from_name(name).is_none() && Shows::from_name(name).is_none() {
                return Err(format!(
                    "cannot: \"{name}\" is neither a function nor a value of a scenario's \"shows\""
                ));
            }
            if sentence.trim().is_empty() {
                return Err(format!("cannot, \"{name}\": give the reason in a sentence"));
            }
        }
        check_settings(&self.settings)
    }
}

/// Checks declared settings.
///
/// # Errors
/// The first error, with the setting's name.
pub fn check_settings(settings: &[Setting]) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for setting in settings {
        setting.check().map_err(|problem| format!("settings, \"{}\": {problem}", setting.name))?;
        if !names.insert(&setting.name) {
            return Err(format!("settings: \"{}\" is declared twice", setting.name));
        }
    }
    Ok(())
}

/// Fills in the defaults of settings without a value.
#[must_use]
pub(crate) fn with_defaults(settings: &[Setting], mut values: Map<String, Value>) -> Map<String, Value> {
    for setting in settings {
        if let Some(default) = &setting.default
            && values.get(&setting.name).is_none_or(Value::is_null)
        {
            values.insert(setting.name.clone(), default.clone());
        }
    }
    values
}

/// Checks values to set; null resets a value.
///
/// # Errors
/// The first unknown name, or the first value of the wrong type.
pub(crate) fn check_values(settings: &[Setting], values: &Map<String, Value>) -> Result<(), ValueError> {
    for (name, value) in values {
        let wrong = |problem: String| ValueError { name: name.clone(), problem };
        let setting = settings.iter().find(|setting| setting.name == *name);
        let setting = setting.ok_or_else(|| {
            let known: Vec<_> = settings.iter().map(|setting| setting.name.as_str()).collect();
            wrong(format!("the module has no such setting; it has {}", known.join(", ")))
        })?;
        if !value.is_null() {
            setting.check_value(value).map_err(wrong)?;
        }
    }
    Ok(())
}

/// The required settings with neither a value nor a default.
#[must_use]
pub fn missing<'a>(settings: &'a [Setting], values: &Map<String, Value>) -> Vec<&'a Setting> {
    let is_set = |setting: &Setting| {
        let value = values.get(&setting.name).filter(|value| !value.is_null());
        value.or(setting.default.as_ref()).is_some_and(|value| value.as_str() != Some(""))
    };
    settings.iter().filter(|setting| setting.required && !is_set(setting)).collect()
}

/// An error in a setting's value. The text names the setting and what would be right, never the value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name}: {problem}")]
pub struct ValueError {
    pub name: String,
    pub problem: String,
}

fn is_code(code: &str) -> bool {
    let ok = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&code.len()) && code.bytes().all(ok)
}

impl Setting {
    fn check(&self) -> Result<(), String> {
        let mut name = self.name.bytes();
        let starts_well = name.next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if !starts_well || !name.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(
                "the name must consist of letters, digits and underscores, starting with a letter".into()
            );
        }
        match (self.kind, self.options.is_empty()) {
            (SettingKind::Select, true) => return Err("a select needs options".into()),
            (SettingKind::Select, false) | (_, true) => {}
            (_, false) => return Err("only a select can have options".into()),
        }
        match (&self.default, self.kind) {
            (Some(_), SettingKind::Secret) => Err("a secret cannot have a default".into()),
            (Some(default), _) => self.check_value(default).map_err(|problem| format!("default: {problem}")),
            (None, _) => Ok(()),
        }
    }

    fn check_value(&self, value: &Value) -> Result<(), String> {
        let fits = match self.kind {
            SettingKind::Text | SettingKind::Secret => value.is_string(),
            SettingKind::Number => value.is_number(),
            SettingKind::Boolean => value.is_boolean(),
            SettingKind::Url => value.as_str().is_some_and(is_url),
            SettingKind::Select => {
                self.options.iter().any(|option| Some(option.value.as_str()) == value.as_str())
            }
        };
        let wanted = match self.kind {
            SettingKind::Text | SettingKind::Secret => "a string".to_owned(),
            SettingKind::Number => "a number".to_owned(),
            SettingKind::Boolean => "true or false".to_owned(),
            SettingKind::Url => "a URL starting with http:// or https://".to_owned(),
            SettingKind::Select => {
                let values: Vec<_> = self.options.iter().map(|option| option.value.as_str()).collect();
                format!("one of {}", values.join(", "))
            }
        };
        // The value is not repeated: it may be a secret.
        if fits { Ok(()) } else { Err(format!("must be {wanted}")) }
    }
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GOOD: &str = r#"
        code = "example"
        name = "Example"
        description = "Connects an Example account."
        default_country = "DE"

        [[settings]]
        name = "key"
        label = "API key"
        type = "secret"
        required = true

        [[settings]]
        name = "region"
        label = "Region"
        type = "select"
        default = "eu"
        options = [{ value = "eu", label = "Europe" }, { value = "us", label = "America" }]
    "#;

    fn wrong(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        parse(&GOOD.replace(from, to)).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_manifest_says_what_a_module_needs() {
        let manifest = parse(GOOD).expect("it is right");
        assert_eq!(missing(&manifest.settings, &Map::new()).len(), 1);
        let values = json!({ "key": "k", "region": null }).as_object().cloned().expect("an object");
        check_values(&manifest.settings, &values).expect("they fit");
        assert_eq!(with_defaults(&manifest.settings, values)["region"], "eu");
    }

    #[test]
    fn errors_name_the_field() {
        assert!(wrong("\"example\"", "\"Ex ample\"").contains("code: \"Ex ample\" must be lower-case"));
        assert!(wrong("\"DE\"", "\"Germany\"").contains("default_country: \"Germany\""));
        assert!(wrong("required = true", "requird = true").contains("unknown field `requird`"));
        assert!(
            wrong("\"eu\"\n", "\"mars\"\n").contains("settings, \"region\": default: must be one of eu, us")
        );
        assert!(wrong("name = \"region\"", "name = \"key\"").contains("\"key\" is declared twice"));
        assert!(wrong("\"secret\"", "\"number\"\ndefault = \"1\"").contains("must be a number"));
    }

    #[test]
    fn values_are_checked_without_repeating_them() {
        let manifest = parse(GOOD).expect("it is right");
        let check = |values: Value| check_values(&manifest.settings, values.as_object().expect("an object"));
        let error = check(json!({ "region": "s3cret" })).expect_err("no such region").to_string();
        assert_eq!(error, "region: must be one of eu, us");
        let error = check(json!({ "kee": "x" })).expect_err("no such setting").to_string();
        assert_eq!(error, "kee: the module has no such setting; it has key, region");
    }
}
