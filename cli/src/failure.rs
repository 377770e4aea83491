//! Why a command could not do what it was asked for: told on standard error, with its remedy.

use std::{fmt, io};

use miette::{GraphicalReportHandler, GraphicalTheme, MietteDiagnostic, Report};
use murphy_reports::directory::WriteError;
use murphy_scenarios::{Broken, CannotRun, language::LanguageError};

use crate::{Exit, terminal};

/// What is wrong, all of it, and how the command ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    told: Vec<Report>,
}

impl Failure {
    /// Something about what was asked for is wrong; `help` says what to do instead.
    pub(crate) fn input(wrong: impl fmt::Display, help: impl Into<String>) -> Failure {
        Failure::of(Exit::BadInput, wrong, help)
    }

    /// The harness or a protocol is at fault.
    pub(crate) fn broken(wrong: impl fmt::Display, help: impl Into<String>) -> Failure {
        Failure::of(Exit::Broken, wrong, help)
    }

    fn of(exit: Exit, wrong: impl fmt::Display, help: impl Into<String>) -> Failure {
        let problem = MietteDiagnostic::new(wrong.to_string()).with_help(help);
        Failure {
            exit,
            told: vec![problem.into()],
        }
    }

    /// Tells it on standard error. That nobody listens there any more changes nothing.
    pub(crate) fn tell(&self) {
        let screen = terminal::stderr();
        let theme = if screen.colour {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let width = if screen.width == 0 {
            PIPE_COLUMNS
        } else {
            screen.width
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .with_links(false);
        let mut text = String::new();
        for report in &self.told {
            if handler.render_report(&mut text, report.as_ref()).is_err() {
                text += &format!("{report}\n");
            }
        }
        terminal::note(&text);
    }
}

/// How wide errors are told where there is no terminal.
const PIPE_COLUMNS: usize = 100;

impl From<Vec<LanguageError>> for Failure {
    fn from(errors: Vec<LanguageError>) -> Failure {
        Failure {
            exit: Exit::BadInput,
            told: errors.into_iter().map(Report::new).collect(),
        }
    }
}

impl From<CannotRun> for Failure {
    fn from(error: CannotRun) -> Failure {
        let problem = MietteDiagnostic::new(error.why);
        Failure {
            exit: Exit::BadInput,
            told: vec![problem.into()],
        }
    }
}

impl From<Broken> for Failure {
    fn from(error: Broken) -> Failure {
        match error {
            Broken::Refused(refused) => refused.into(),
            Broken::Panicked { ref file, seed, .. } => {
                let repeat = format!("see it again with `murphy replay {file} --seed {seed}`");
                Failure::broken(&error, repeat)
            }
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        // The remedy is part of what it says, after the last semicolon.
        let told = error.to_string();
        match told.rsplit_once("; ") {
            Some((wrong, remedy)) => Failure::input(wrong, remedy),
            None => Failure::input(told, "name another place"),
        }
    }
}

/// Standard output cannot take what was to be printed. A closed pipe never comes here.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::input(
            format!("cannot write to standard output: {error}"),
            "send it to a place that can hold it, or use `--report` and `--junit` to write files",
        )
    }
}
