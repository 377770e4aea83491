//! The command line: its arguments, one module for each command, and how it ends.

mod check;
mod completions;
mod list;
mod man;
mod new;
mod overview;
mod replay;
mod run;
mod schema;

use std::panic;

use anstream::ColorChoice;
use clap::{Parser, Subcommand, ValueEnum};

use crate::{Exit, failure::Failure, logging};

/// A deterministic simulation and testing harness for replication, transaction and event protocols.
#[derive(Debug, Parser)]
#[command(name = "murphy", version, after_help = EXIT_CODES, disable_help_subcommand = false)]
struct Arguments {
    #[command(flatten)]
    manners: Manners,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
struct Manners {
    /// Colour: by what standard output and standard error are, always, or never. `NO_COLOR` is heard.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Colour,
    /// Logs on standard error, as in `debug` or `murphy=trace`; `RUST_LOG` when absent.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
}

/// When there is colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// In what form a command prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
}

/// What it does.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios with many seeds: the catalogue, or files and folders of your own.
    Run(run::Arguments),
    /// Run one seed of a scenario, or a case, once more and tell all of it.
    Replay(replay::Arguments),
    /// Judge a history of operations from a file: a real database's, or anyone's.
    Check(check::Arguments),
    /// Show what there is to test, to break and to check.
    List(list::Arguments),
    /// Print the JSON schema of scenario files, for editors.
    Schema,
    /// Write a commented file to start from.
    New(new::Arguments),
    /// Print a script that completes commands and options in a shell.
    Completions(completions::Arguments),
    /// Print the manual page of murphy, or of one of its commands.
    Man(man::Arguments),
}

const EXIT_CODES: &str = "\
Exit codes:
  0  everything as expected
  1  violated, or an expected violation was not found
  2  bad input: nothing was run
  3  unknown: a checker gave up, or nothing was tested
  4  two runs of one seed differed, or murphy itself is at fault";

/// The `murphy` command: reads the process's arguments, does what they ask for, tells people on
/// standard output and standard error, and says how it ended.
pub fn command() -> Exit {
    // A bug of murphy's own is told by the panic itself, and is never taken for a verdict.
    panic::catch_unwind(|| {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(answer) => return told_by_clap(&answer),
        };
        obey(arguments).unwrap_or_else(|failure| {
            failure.tell();
            failure.exit
        })
    })
    .unwrap_or(Exit::Broken)
}

fn obey(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.manners.color {
        Colour::Auto => ColorChoice::Auto.write_global(),
        Colour::Always => ColorChoice::Always.write_global(),
        Colour::Never => ColorChoice::Never.write_global(),
    }
    logging::start(arguments.manners.log.as_deref())?;
    match arguments.command {
        None => overview::overview(),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::Replay(arguments)) => replay::replay(&arguments),
        Some(Command::Check(arguments)) => check::check(&arguments),
        Some(Command::List(arguments)) => list::list(&arguments),
        Some(Command::Schema) => schema::schema(),
        Some(Command::New(arguments)) => new::new(&arguments),
        Some(Command::Completions(arguments)) => completions::completions(&arguments),
        Some(Command::Man(arguments)) => man::man(&arguments),
    }
}

/// Help and version go to standard output and are a success; the rest is bad input.
fn told_by_clap(answer: &clap::Error) -> Exit {
    // That nobody reads it any more (`murphy --help | head`) is no failure.
    let _ = answer.print();
    if answer.use_stderr() {
        Exit::BadInput
    } else {
        Exit::AsExpected
    }
}
