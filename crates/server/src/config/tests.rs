use std::io::Write as _;

use hookswitch_script::Limits;
use secrecy::ExposeSecret as _;

use super::*;

fn from_env(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load(None, |name| {
        variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned())
    })
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Config::load(Some(file.path()), |_| None)
}

#[test]
fn the_default_file_says_what_the_documentation_promises() {
    let config = from_env(&[]).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8700");
    assert_eq!(config.server.public_url, None);
    assert_eq!(config.server.data_dir, PathBuf::from("./data"));
    assert_eq!(config.server.modules_dir, None);
    assert_eq!(config.database_url().expose_secret(), "sqlite:./data/hookswitch.db");
    assert_eq!(config.secret.key.expose_secret(), "");
    assert_eq!((config.log.filter.as_str(), config.log.format), ("info", LogFormat::Text));
    assert_eq!(config.webhooks.body_bytes, 1 << 20);
    assert_eq!(config.fetch.allow, []);
    assert_eq!(
        config.script,
        Limits::default(),
        "the limits have their defaults in two places, which must agree"
    );
}

#[test]
fn every_setting_is_explained() {
    let mut explained = false;
    for line in DEFAULTS.lines().filter(|line| !line.is_empty()) {
        let is_comment = line.starts_with('#');
        // One comment may explain settings that follow each other.
        assert!(is_comment || explained || line.starts_with('['), "no comment above `{line}`");
        explained = is_comment || (explained && !line.starts_with('['));
    }
}

#[test]
fn numbers_that_cannot_be_meant_are_refused_by_name() {
    for (variable, value) in [
        ("HOOKSWITCH_AUTH_SESSION_DAYS", "4294967295"),
        ("HOOKSWITCH_AUTH_SESSION_DAYS", "0"),
        ("HOOKSWITCH_WEBHOOKS_KEEP_DAYS", "4294967295"),
        ("HOOKSWITCH_CALLS_SILENT_RINGING_SECONDS", "0"),
        ("HOOKSWITCH_SERVER_HEADER_SECONDS", "18446744073709551615"),
        ("HOOKSWITCH_FETCH_TOTAL_SECONDS", "9223372036854775807"),
        ("HOOKSWITCH_SCRIPT_IDLE_MS", "9223372036854775807"),
    ] {
        let error = from_env(&[(variable, value)]).unwrap_err().to_string();
        assert!(error.contains(variable) || error.contains("invalid"), "{error}");
    }
    let error = from_env(&[("HOOKSWITCH_WEBHOOKS_KEEP_DAYS", "40000")]).unwrap_err().to_string();
    let said =
        "settings: webhooks.keep_days (HOOKSWITCH_WEBHOOKS_KEEP_DAYS) is 40000; set a number from 0 to 36600";
    assert_eq!(error, said);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[auth]\nsession_days = 7\n[calls]\nsilent_ringing_seconds = 60\n").unwrap();
    let env = |name: &str| (name == "HOOKSWITCH_AUTH_SESSION_DAYS").then(|| "3".to_owned());
    let config = Config::load(Some(file.path()), env).unwrap();
    assert_eq!(config.auth.session_days, 3);
    assert_eq!(config.calls.silent_ringing_seconds, 60);
    assert_eq!(config.webhooks.keep_days, 30);
}

#[test]
fn the_fixed_short_variables_are_understood() {
    let config = from_env(&[
        ("HOOKSWITCH_LISTEN", "0.0.0.0:0"),
        ("HOOKSWITCH_PUBLIC_URL", "https://calls.example.org/tel/"),
        ("HOOKSWITCH_DATA_DIR", "/var/lib/hookswitch"),
        ("HOOKSWITCH_MODULES_DIR", "/etc/hookswitch/modules"),
        ("HOOKSWITCH_DATABASE_URL", "postgres://user:1234@db/calls"),
        ("HOOKSWITCH_SECRET_KEY", "0000"),
        ("HOOKSWITCH_FETCH_ALLOW", "pbx.internal, 10.0.0.0/8,,[::1]:8088"),
        ("HOOKSWITCH_LOG", "debug"),
        ("HOOKSWITCH_LOG_FORMAT", "json"),
    ])
    .unwrap();
    assert_eq!(config.server.listen.port(), 0);
    assert_eq!(
        config.server.public_url.unwrap().join("/webhooks/1"),
        "https://calls.example.org/tel/webhooks/1"
    );
    assert_eq!(config.server.data_dir, PathBuf::from("/var/lib/hookswitch"));
    assert_eq!(config.server.modules_dir, Some(PathBuf::from("/etc/hookswitch/modules")));
    assert_eq!(config.database.url.expose_secret(), "postgres://user:1234@db/calls");
    assert_eq!(config.secret.key.expose_secret(), "0000", "text, even if it looks like a number");
    assert_eq!(config.fetch.allow.len(), 3);
    assert_eq!((config.log.filter.as_str(), config.log.format), ("debug", LogFormat::Json));
}

#[test]
fn what_is_wrong_is_named() {
    let cases = [
        (from_file("[server]\nlisten_on = 1\n"), vec!["listen_on"]),
        (from_file("[severs]\n"), vec!["severs"]),
        (from_file("[script]\ncpu = 1\n"), vec!["cpu"]),
        (from_file("[server"), vec![".tmp"]),
        (
            from_env(&[("HOOKSWITCH_AUTH_SESSION_DAYS", "soon")]),
            vec!["session_days", "HOOKSWITCH_AUTH_SESSION_DAYS"],
        ),
        (from_env(&[("HOOKSWITCH_LISTEN", "localhost")]), vec!["server.listen"]),
        (
            from_env(&[("HOOKSWITCH_PUBLIC_URL", "calls.example.org")]),
            vec!["`calls.example.org` is not an http:// or https:// URL"],
        ),
        (from_env(&[("HOOKSWITCH_FETCH_ALLOW", "ok, *.evil")]), vec!["`*.evil`", "host name"]),
        (
            from_env(&[("HOOKSWITCH_AUTH_SIGN_IN_ATTEMPTS_PER_MINUTE", "0")]),
            vec!["sign_in_attempts_per_minute"],
        ),
        (from_env(&[("HOOKSWITCH_SERVER_SOCKET_PING_SECONDS", "0")]), vec!["socket_ping_seconds"]),
        (from_env(&[("HOOKSWITCH_SERVER_WRITE_SECONDS", "0")]), vec!["write_seconds"]),
    ];
    for (result, words) in cases {
        let error = result.unwrap_err().to_string();
        for word in words {
            assert!(error.contains(word), "no `{word}` in: {error}");
        }
    }
}

#[test]
fn secrets_do_not_show_in_a_dump() {
    let config =
        from_env(&[("HOOKSWITCH_SECRET_KEY", "hush"), ("HOOKSWITCH_DATABASE_URL", "postgres://u:hush@h/d")]);
    assert!(!format!("{:?}", config.unwrap()).contains("hush"));
}

#[test]
fn a_misspelled_variable_is_noticed() {
    let names = [
        "HOOKSWITCH_LISTEN",
        "HOOKSWITCH_LOG_FORMAT",
        "HOOKSWITCH_SERVER_LISTEN",
        "HOOKSWITCH_LISTENS",
        "HOOKSWITCH_TOKEN",
        "PATH",
    ];
    assert_eq!(unknown_variables(names.map(str::to_owned).into_iter()), ["HOOKSWITCH_LISTENS"]);
}
