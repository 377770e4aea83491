//! `murphy completions`: commands and options, completed by a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Exit, failure::Failure, terminal};

/// What `murphy completions` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(super) fn completions(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut command = super::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "murphy", &mut script);
    terminal::print(|out| out.write_all(&script))?;
    Ok(Exit::AsExpected)
}
