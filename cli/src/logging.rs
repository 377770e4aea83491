//! Logs on standard error: by `--log`, else by `RUST_LOG`, else warnings only.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Sends log events that pass the filter to standard error.
pub(crate) fn start(filter: Option<&str>) -> Result<(), Failure> {
    let filter = match filter {
        Some(filter) => EnvFilter::try_new(filter).map_err(|error| {
            Failure::input(
                format!("`--log {filter}` is not a filter: {error}"),
                "write a level, as in `--log debug`, or targets with levels, as in `--log murphy=trace`",
            )
        })?,
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
    };
    let colour = io::stderr().is_terminal() && crate::terminal::stderr().colour;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour)
        .without_time();
    // A second start in one process, as in tests, keeps the first subscriber.
    let _ = subscriber.try_init();
    Ok(())
}
