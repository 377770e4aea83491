//! `murphy` alone: what it can do, and the next command to try.

use std::path::Path;

use murphy_scenarios::{catalog, protocols};
use owo_colors::OwoColorize;

use crate::{Exit, failure::Failure, terminal};

const COMMANDS: [(&str, &str); 8] = [
    (
        "murphy run [PATHS]",
        "run scenarios with many seeds, and write a report",
    ),
    (
        "murphy replay FILE --seed N",
        "run one seed again, and tell all of it",
    ),
    (
        "murphy check FILE --model MODEL",
        "judge a history of operations: a real database's, or anyone's",
    ),
    (
        "murphy list protocols",
        "what can be tested; also mutants, faults, workloads, checkers, scenarios",
    ),
    ("murphy new scenario NAME", "a scenario to start from"),
    (
        "murphy schema",
        "the JSON schema of scenarios, for an editor",
    ),
    (
        "murphy completions SHELL",
        "commands and options, completed by a shell",
    ),
    ("murphy help COMMAND", "all about a command"),
];

/// Prints it.
pub(super) fn overview() -> Result<Exit, Failure> {
    let colour = terminal::stdout().colour;
    let strong = |text: &str| {
        if colour {
            text.bold().to_string()
        } else {
            text.to_owned()
        }
    };
    let widest = COMMANDS
        .iter()
        .map(|(command, _)| command.len())
        .max()
        .unwrap_or(0);
    let (next, about) = next();
    terminal::print(|out| {
        writeln!(
            out,
            "murphy {}: anything that can go wrong, will go wrong,",
            env!("CARGO_PKG_VERSION")
        )?;
        writeln!(out, "here, on purpose, and the same way every time.\n")?;
        for (command, about) in COMMANDS {
            writeln!(
                out,
                "  {}{:pad$}  {about}",
                strong(command),
                "",
                pad = widest - command.len()
            )?;
        }
        let protocols = protocols();
        let mutants: usize = protocols.iter().map(|entry| entry.mutants.len()).sum();
        writeln!(
            out,
            "\n{} protocols, {mutants} planted bugs and {} scenarios are here to be run.",
            protocols.len(),
            catalog::FILES.len()
        )?;
        writeln!(out, "Try next: {}  {about}", strong(next))
    })?;
    Ok(Exit::AsExpected)
}

/// The next command to try.
fn next() -> (&'static str, &'static str) {
    if Path::new(catalog::FOLDER).is_dir() {
        (
            "murphy run",
            "(the catalogue of this repository; a minute or less)",
        )
    } else {
        (
            "murphy run",
            "(the catalogue that murphy was built with; a minute or less)",
        )
    }
}
