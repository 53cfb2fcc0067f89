//! The log: one readable line or one JSON object an event, without secrets.

pub mod metrics;
mod quiet;
mod scrub;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{LogConfig, LogFormat};

pub use metrics::Metrics;
pub use scrub::scrub;

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    #[error("a log is set up already")]
    Twice,
}

/// Sends the events of this process to standard error.
///
/// # Errors
/// A filter that does not parse, or a second call.
pub fn init(config: &LogConfig) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&config.filter)?;
    let registry = tracing_subscriber::registry()
        .with(filter)
        .with(quiet::cap());
    let writer = ScrubbedStderr;
    match config.format {
        LogFormat::Human => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(is_in_colour())
                    .with_writer(writer),
            )
            .try_init(),
        LogFormat::Json => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(writer),
            )
            .try_init(),
    }
    .map_err(|_| TelemetryError::Twice)
}

/// A journal or a file would keep the codes as they are. `NO_COLOR`: see <https://no-color.org>.
fn is_in_colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

/// Our own code names no secret in an event; this catches what a library's error text repeats.
struct ScrubbedStderr;

impl<'a> MakeWriter<'a> for ScrubbedStderr {
    type Writer = ScrubbedLine;
    fn make_writer(&'a self) -> Self::Writer {
        ScrubbedLine
    }
}

struct ScrubbedLine;

impl std::io::Write for ScrubbedLine {
    /// The formatter hands over a whole event at a time.
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(buffer);
        std::io::stderr().write_all(scrub(&line).as_bytes())?;
        Ok(buffer.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

#[cfg(test)]
mod tests;
