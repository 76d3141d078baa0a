//! Bounds for numeric settings, beyond which times would overflow or nothing would work.

use super::Config;

const DAY_SECONDS: u64 = 86_400;
const YEAR_DAYS: u64 = 366;
const HOUR_MS: u64 = 3_600_000;

/// Rejects numbers that cannot be meant.
///
/// # Errors
/// Names the setting and its bounds.
pub fn check(config: &Config) -> Result<(), String> {
    let Config { server, auth, webhooks, calls, script, fetch, .. } = config;
    let bounds = [
        ("server.max_connections", server.max_connections as u64, 1, 1_000_000),
        ("server.max_connections_per_address", server.max_connections_per_address as u64, 1, 1_000_000),
        ("server.max_sockets_per_user", server.max_sockets_per_user as u64, 1, 1_000_000),
        ("server.body_total_seconds", server.body_total_seconds.get().into(), 1, DAY_SECONDS),
        ("server.write_seconds", server.write_seconds.get().into(), 1, 3600),
        ("server.socket_ping_seconds", server.socket_ping_seconds.get().into(), 1, 3600),
        ("server.socket_silence_seconds", server.socket_silence_seconds.get().into(), 1, DAY_SECONDS),
        ("server.header_seconds", server.header_seconds, 1, 3600),
        ("server.body_seconds", server.body_seconds, 1, 3600),
        ("server.shutdown_seconds", server.shutdown_seconds, 0, DAY_SECONDS),
        ("auth.session_days", auth.session_days.into(), 1, 10 * YEAR_DAYS),
        ("webhooks.body_bytes", webhooks.body_bytes as u64, 1, 1 << 30),
        ("webhooks.keep_days", webhooks.keep_days.into(), 0, 100 * YEAR_DAYS),
        ("calls.silent_ringing_seconds", calls.silent_ringing_seconds.into(), 1, YEAR_DAYS * DAY_SECONDS),
        ("calls.silent_talking_seconds", calls.silent_talking_seconds.into(), 1, YEAR_DAYS * DAY_SECONDS),
        ("script.cpu_ms", script.cpu_ms, 1, HOUR_MS),
        ("script.wall_ms", script.wall_ms, 1, HOUR_MS),
        ("script.idle_ms", script.idle_ms, 1, 24 * HOUR_MS),
        ("fetch.connect_seconds", fetch.connect_seconds, 1, 3600),
        ("fetch.total_seconds", fetch.total_seconds, 1, 3600),
    ];
    match bounds.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
        None => Ok(()),
        Some((name, value, least, most)) => {
            let variable = format!("HOOKSWITCH_{}", name.replace('.', "_").to_uppercase());
            Err(format!("{name} ({variable}) is {value}; set a number from {least} to {most}"))
        }
    }
}
