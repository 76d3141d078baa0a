//! The log on standard error, as text or JSON.

use std::io::{self, IsTerminal as _, Write};

use tracing_subscriber::EnvFilter;

use super::CliResult;
use crate::config::{Log, LogFormat};

/// Installs the process's log.
pub fn init(log: &Log) -> CliResult {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| {
        format!("settings: log.filter (HOOKSWITCH_LOG) `{}` is invalid: {error}", log.filter)
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Otherwise it prints the failure to standard error, and panics if that fails too.
        .log_internal_errors(false)
        .with_writer(|| Lossy(io::stderr()))
        .with_ansi(io::stderr().is_terminal());
    match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    }
}

/// Counts and drops lines that cannot be written, e.g. to a full disk, so that no request fails for want of a log line.
struct Lossy<W>(W);

impl<W: Write> Write for Lossy<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.0.write(line) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                metrics::counter!("hookswitch_log_writes_failed_total").increment(1);
                Ok(line.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().or(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_written_is_no_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::StorageFull.into())
            }
        }
        let mut log = Lossy(Full);
        log.write_all(b"a line\n").expect("no error");
        log.flush().expect("no error");
    }
}
