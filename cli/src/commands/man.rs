//! `murphy man`: manual pages.

use clap::CommandFactory;

use crate::{Exit, failure::Failure, terminal};

/// What `murphy man` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A command of murphy; murphy itself when absent.
    command: Option<String>,
}

/// Prints a page in roff, as `man -l -` reads it.
pub(super) fn man(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut all = super::Arguments::command();
    all.build();
    let page = match &arguments.command {
        None => all,
        Some(name) => all.find_subcommand(name).cloned().ok_or_else(|| {
            let names: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
            Failure::input(
                format!("there is no command `{name}`"),
                format!("write one of {}", names.join(", ")),
            )
        })?,
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff)?;
    terminal::print(|out| out.write_all(&roff))?;
    Ok(Exit::AsExpected)
}
