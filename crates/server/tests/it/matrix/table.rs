//! The table as data.

use std::collections::BTreeMap;

use reqwest::Method;

/// A row of the table. In place of the ids in a route's template, it has names.
pub struct Row {
    pub method: Method,
    /// With `<names>` in place of ids.
    pub path: String,
    /// Expected statuses, in the order of [`COLUMNS`].
    pub expected: [u16; COLUMNS.len()],
    pub body: Option<String>,
}

/// The kinds of people, in the order of the table's columns.
pub const COLUMNS: [&str; 5] = ["nobody", "operator", "colleague", "hidden", "admin"];

pub fn rows() -> Vec<Row> {
    let lines = include_str!("table.txt").lines();
    lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(row).collect()
}

fn row(line: &str) -> Row {
    let mut words = line.splitn(3, char::is_whitespace);
    let method = words.next().expect("a method").parse().expect("a method");
    let rest = words.next().into_iter().chain(words.next()).collect::<Vec<_>>().join(" ");
    let mut rest = rest.trim();
    let mut word = || {
        let (word, others) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = others.trim_start();
        word.to_owned()
    };
    let path = word();
    let expected = COLUMNS.map(|column| {
        let status = word();
        status.parse().unwrap_or_else(|_| panic!("{status:?} is not a status for {column} in {line}"))
    });
    let body = Some(rest.trim().to_owned()).filter(|body| !body.is_empty());
    Row { method, path, expected, body }
}

impl Row {
    /// Returns whether this row tests the operation.
    pub fn is_of(&self, method: &str, template: &str) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let same = |(ours, theirs): (&str, &str)| {
            ours == theirs || (ours.starts_with('<') && theirs.starts_with('{'))
        };
        self.method.as_str().eq_ignore_ascii_case(method)
            && path.split('/').count() == template.split('/').count()
            && path.split('/').zip(template.split('/')).all(same)
    }

    /// Returns the names in the path and the body.
    pub fn names(&self) -> Vec<String> {
        let text = format!("{} {}", self.path, self.body.as_deref().unwrap_or_default());
        let parts = text.split('<').skip(1).filter_map(|part| part.split_once('>'));
        parts.map(|(name, _)| name.to_owned()).collect()
    }

    /// Returns path and body with ids in place of the names.
    pub fn filled(&self, ids: &BTreeMap<&str, String>) -> (String, Option<String>) {
        let fill = |text: &str| {
            ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("<{name}>"), id))
        };
        (fill(&self.path), self.body.as_deref().map(fill))
    }
}
