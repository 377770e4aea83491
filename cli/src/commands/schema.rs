//! `murphy schema`: the JSON schema of scenario files.

use murphy_scenarios::language;

use crate::{Exit, failure::Failure, terminal};

/// Prints it.
pub(super) fn schema() -> Result<Exit, Failure> {
    terminal::print(|out| {
        serde_json::to_writer_pretty(&mut *out, &language::schema())?;
        writeln!(out)
    })?;
    Ok(Exit::AsExpected)
}
