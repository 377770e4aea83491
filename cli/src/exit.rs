//! How the command ends: the number that scripts and CI systems read.

use std::process::ExitCode;

use murphy_reports::record::{SuiteOutcome, VerdictKind};

/// How the `murphy` command ended. Unknown is never a pass, and a run that came out differently the
/// second time is neither.
///
/// A second Ctrl-C ends the process at once with 130, as a shell expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// 0: everything came out as expected. `run`: every scenario did what its `expect` says.
    /// `replay` of a scenario: the run held, or showed the violation that the scenario expects.
    /// `replay` of a case: the recorded digest and anomaly came out again.
    AsExpected = 0,
    /// 1: something was violated that should hold, or an expected violation was not found. `replay`
    /// of a case: the recorded anomaly did not come out.
    Violated = 1,
    /// 2: what was asked for cannot be done: a file, an argument or a place to write to is wrong.
    /// Nothing was run.
    BadInput = 2,
    /// 3: nobody can say: a checker gave up, or a run or a suite tested nothing.
    Unknown = 3,
    /// 4: murphy itself, or a protocol, is at fault: two runs of one seed differed, a run panicked,
    /// or a case shows its recorded anomaly with another digest than this version recorded.
    Broken = 4,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

impl From<SuiteOutcome> for Exit {
    fn from(outcome: SuiteOutcome) -> Exit {
        match outcome {
            SuiteOutcome::AsExpected => Exit::AsExpected,
            SuiteOutcome::Violated => Exit::Violated,
            SuiteOutcome::Unknown => Exit::Unknown,
            SuiteOutcome::Nondeterministic => Exit::Broken,
        }
    }
}

/// Of a run that was expected to hold.
impl From<VerdictKind> for Exit {
    fn from(verdict: VerdictKind) -> Exit {
        match verdict {
            VerdictKind::Holds => Exit::AsExpected,
            VerdictKind::Violated => Exit::Violated,
            VerdictKind::Unknown => Exit::Unknown,
        }
    }
}
