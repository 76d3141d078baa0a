//! Checks a user's fields.

use secrecy::{ExposeSecret, SecretString};

use crate::FieldError;

const MAX_LOGIN_CHARS: usize = 100;
const MAX_NAME_CHARS: usize = 200;
const MAX_EMAIL_CHARS: usize = 254;
const MIN_PASSWORD_CHARS: usize = 10;
const MAX_PASSWORD_BYTES: usize = 1000;

/// The error in a login, if any.
#[must_use]
pub fn login(text: &str) -> Option<FieldError> {
    let fits = (1..=MAX_LOGIN_CHARS).contains(&text.chars().count());
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let detail = format!("Enter a login of 1 to {MAX_LOGIN_CHARS} characters without spaces.");
    wrong("login", fits && plain, detail)
}

/// The error in a name, if any.
#[must_use]
pub fn name(text: &str) -> Option<FieldError> {
    let fits = (1..=MAX_NAME_CHARS).contains(&text.trim().chars().count());
    let plain = !text.contains(char::is_control);
    wrong("name", fits && plain, format!("Enter a name of 1 to {MAX_NAME_CHARS} characters on one line."))
}

/// The error in an email address, if any. Only an email could tell whether it exists.
#[must_use]
pub fn email(text: &str) -> Option<FieldError> {
    let parts = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    let fits = text.chars().count() <= MAX_EMAIL_CHARS;
    wrong("email", parts && plain && fits, "Enter a valid email address, e.g. ann@example.com.".to_owned())
}

/// The error in a password, if any.
#[must_use]
pub fn password(password: &SecretString) -> Option<FieldError> {
    let text = password.expose_secret();
    let fits = text.chars().count() >= MIN_PASSWORD_CHARS && text.len() <= MAX_PASSWORD_BYTES;
    let detail = format!(
        "Enter a password of at least {MIN_PASSWORD_CHARS} characters and at most {MAX_PASSWORD_BYTES} bytes."
    );
    wrong("password", fits, detail)
}

/// The errors in a login and password used to sign in: no real ones are this long.
#[must_use]
pub fn too_long(login: &str, password: &SecretString) -> Vec<FieldError> {
    let login = wrong(
        "login",
        login.chars().count() <= MAX_LOGIN_CHARS,
        format!("A login has at most {MAX_LOGIN_CHARS} characters."),
    );
    let password = wrong(
        "password",
        password.expose_secret().len() <= MAX_PASSWORD_BYTES,
        format!("A password has at most {MAX_PASSWORD_BYTES} bytes."),
    );
    login.into_iter().chain(password).collect()
}

fn wrong(path: &str, is_right: bool, detail: String) -> Option<FieldError> {
    (!is_right).then(|| FieldError { path: path.to_owned(), detail })
}
