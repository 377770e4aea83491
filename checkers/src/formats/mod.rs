//! Histories as text: what people have in files, read as a stream.
//!
//! Reads Jepsen's EDN (one operation a line, or one vector of them), Jepsen's JSON (an array, or a
//! line each; our own lines are the same), the logs of etcd in porcupine's test data, and AWDIT's
//! sessions. A reader hands out one operation at a time; a malformed one is an error with its line
//! and column, or is skipped and counted. What `:fail` means differs between formats, and is put
//! right here: everywhere else a failed operation did not happen.

mod atom;
mod awdit;
mod convert;
mod event;
mod judge;
mod log;
mod model;
mod objects;
mod reader;
mod shown;

pub use atom::{Atom, Names};
pub use convert::{KvCall, KvModel, MultiCall, MultiRegister, StringHistory, TextRegisterHistory};
pub use event::{Event, EventKind, Events};
pub use judge::{CheckOptions, CheckReport, check_text, read_registers, read_strings};
pub use model::Model;
pub use reader::{Form, Forms};
pub use shown::ShownOperation;

use std::fmt;
use std::str::FromStr;

/// The shape of a history in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFormat {
    /// Jepsen operations as EDN: maps one after the other, or one vector or list of them.
    Edn,
    /// Jepsen operations as JSON: objects one after the other, or one array of them.
    Json,
    /// Tab-separated lines of a Jepsen log of etcd; a failed compare-and-set was refused.
    EtcdLog,
    /// `w K V` and `r K V`; `-----` ends a transaction, `=====` a session.
    Awdit,
}

impl InputFormat {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::Edn, Self::Json, Self::EtcdLog, Self::Awdit];

    /// The spelling, as on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edn => "edn",
            Self::Json => "json",
            Self::EtcdLog => "etcd-log",
            Self::Awdit => "awdit",
        }
    }

    /// Guesses the format from the beginning of a file.
    pub fn detect(beginning: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(beginning);
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let first = lines.find(|line| !line.starts_with(';'))?;
        let opens = first.trim_start_matches(['[', '(', ' ', '\t']);
        if first.starts_with("INFO") {
            Some(Self::EtcdLog)
        } else if opens.starts_with("{:") || opens.starts_with('#') || first.starts_with('(') {
            Some(Self::Edn)
        } else if let Some(key) = opens.strip_prefix('{') {
            let is_json = key.trim_start().starts_with('"');
            Some(if is_json { Self::Json } else { Self::Edn })
        } else if first.starts_with("r ") || first.starts_with("w ") || first.starts_with("==") {
            Some(Self::Awdit)
        } else if first.starts_with('[') {
            let second = lines.next().unwrap_or("").trim_start_matches(['{', ' ']);
            Some(if second.starts_with('"') {
                Self::Json
            } else {
                Self::Edn
            })
        } else {
            None
        }
    }
}

impl FromStr for InputFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.as_str() == name)
            .ok_or_else(|| {
                let names: Vec<&str> = Self::ALL.iter().map(|format| format.as_str()).collect();
                format!(
                    "there is no input format `{name}`; formats are {}",
                    names.join(", ")
                )
            })
    }
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The line, from one.
    pub line: u64,
    /// The column in bytes, from one.
    pub column: u64,
    /// What was wrong, and what to write instead.
    pub words: String,
}

impl FormatError {
    pub(crate) fn new(line: u64, column: u64, words: impl Into<String>) -> Self {
        Self {
            line,
            column,
            words: words.into(),
        }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.words
        )
    }
}

impl std::error::Error for FormatError {}
