//! What a checker answers: holds, violated with evidence, or unknown and why.
//!
//! Unknown is never a pass. Verdicts compose: the worst wins, and all evidence is kept. A checker
//! that panics is unknown, with the panic told ([`guard`]).

use crate::anomaly::AnomalyName;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A checker's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing that was seen contradicts the model.
    Holds,
    /// The model cannot have produced what was seen; at least one anomaly is told.
    Violated(Vec<Anomaly>),
    /// The checker could not tell.
    Unknown(Reason),
}

impl Verdict {
    /// Holds where there is no anomaly, violated otherwise.
    pub fn from_anomalies(anomalies: Vec<Anomaly>) -> Self {
        if anomalies.is_empty() {
            Self::Holds
        } else {
            Self::Violated(anomalies)
        }
    }

    /// Did the model hold for certain?
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds)
    }

    /// Was the model broken for certain?
    pub fn is_violated(&self) -> bool {
        matches!(self, Self::Violated(_))
    }

    /// Could the checker not tell?
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// What was found; empty unless violated.
    pub fn anomalies(&self) -> &[Anomaly] {
        match self {
            Self::Violated(anomalies) => anomalies,
            Self::Holds | Self::Unknown(_) => &[],
        }
    }

    /// The names of what was found, each once, in the order of [`AnomalyName::ALL`].
    pub fn names(&self) -> Vec<AnomalyName> {
        let mut names: Vec<AnomalyName> = self.anomalies().iter().map(|found| found.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Was an anomaly of this name found?
    pub fn has(&self, name: AnomalyName) -> bool {
        self.anomalies().iter().any(|found| found.name == name)
    }

    /// Both must hold: violated is worse than unknown, unknown is worse than holds.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Violated(mut mine), Self::Violated(theirs)) => {
                mine.extend(theirs);
                Self::Violated(mine)
            }
            (Self::Violated(found), _) | (_, Self::Violated(found)) => Self::Violated(found),
            (Self::Unknown(reason), _) | (_, Self::Unknown(reason)) => Self::Unknown(reason),
            (Self::Holds, Self::Holds) => Self::Holds,
        }
    }

    /// All must hold; nothing to judge holds.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().fold(Self::Holds, Self::and)
    }
}

impl From<Result<Vec<Anomaly>, Reason>> for Verdict {
    fn from(found: Result<Vec<Anomaly>, Reason>) -> Self {
        match found {
            Ok(anomalies) => Self::from_anomalies(anomalies),
            Err(reason) => Self::Unknown(reason),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => f.write_str("holds"),
            Self::Violated(_) => {
                let names: Vec<&str> = self.names().into_iter().map(AnomalyName::as_str).collect();
                write!(f, "violated: {}", names.join(", "))
            }
            Self::Unknown(reason) => write!(f, "unknown: {reason}"),
        }
    }
}

/// One thing that went wrong, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Its name in the field.
    pub name: AnomalyName,
    /// What happened, in a sentence.
    pub explanation: String,
    /// The evidence, line by line.
    pub steps: Vec<String>,
    /// The operations involved, by their position in the history, in the order of the telling.
    pub operations: Vec<usize>,
    /// For a cycle: its edges, each from an operation to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
}

/// Why one operation must come before another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The earlier operation.
    pub from: usize,
    /// The later operation.
    pub to: usize,
    /// The kind: `ww`, `wr`, `rw`, `process`, `realtime`, ...
    pub kind: String,
    /// Why, in a sentence.
    pub because: String,
}

impl Anomaly {
    /// An anomaly told in one sentence.
    pub fn new(name: AnomalyName, explanation: impl Into<String>) -> Self {
        let explanation = explanation.into();
        Self {
            name,
            explanation,
            steps: Vec::new(),
            operations: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// With these operations as evidence.
    pub fn with_operations(mut self, operations: impl IntoIterator<Item = usize>) -> Self {
        self.operations.extend(operations);
        self
    }

    /// With one more line of evidence.
    pub fn with_step(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// With more lines of evidence.
    pub fn with_steps<S: Into<String>>(mut self, steps: impl IntoIterator<Item = S>) -> Self {
        self.steps.extend(steps.into_iter().map(Into::into));
        self
    }

    /// With the edges of a cycle.
    pub fn with_edges(mut self, edges: impl IntoIterator<Item = Edge>) -> Self {
        self.edges.extend(edges);
        self
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.explanation)?;
        for step in &self.steps {
            write!(f, "\n  {step}")?;
        }
        Ok(())
    }
}

/// Why a checker could not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The search did not end within its steps.
    StepsSpent {
        /// The steps allowed.
        steps: u64,
    },
    /// The search needed more memory than allowed.
    MemorySpent {
        /// The bytes allowed.
        bytes: u64,
    },
    /// The caller's clock said that the time was up.
    DeadlinePassed {
        /// The steps spent until then.
        steps: u64,
    },
    /// The checker panicked, with these words.
    Panicked(String),
    /// The history does not say enough, or not in a way that this checker can use.
    NotEnoughKnown(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepsSpent { steps } => {
                write!(f, "the search did not end within {steps} steps; allow more")
            }
            Self::MemorySpent { bytes } => {
                write!(f, "the search needs more than {bytes} bytes; allow more")
            }
            Self::DeadlinePassed { steps } => {
                write!(f, "the time was up after {steps} steps; allow more")
            }
            Self::Panicked(words) => write!(f, "the checker panicked: {words}"),
            Self::NotEnoughKnown(words) => f.write_str(words),
        }
    }
}

/// Runs a checker; if it panics the answer is unknown, with the panic told.
pub fn guard(checker: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(checker)).unwrap_or_else(|panic| {
        let words = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no words were given".to_owned());
        Verdict::Unknown(Reason::Panicked(words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated(name: AnomalyName) -> Verdict {
        Verdict::from_anomalies(vec![Anomaly::new(name, "found")])
    }

    fn unknown() -> Verdict {
        Verdict::Unknown(Reason::StepsSpent { steps: 1 })
    }

    #[test]
    fn the_worst_verdict_wins() {
        assert_eq!(Verdict::all([]), Verdict::Holds);
        assert_eq!(Verdict::Holds.and(unknown()), unknown());
        assert_eq!(unknown().and(Verdict::Holds), unknown());
        let bad = violated(AnomalyName::StaleRead);
        assert_eq!(unknown().and(bad.clone()), bad);
        assert_eq!(bad.clone().and(Verdict::Holds), bad);
        let both = violated(AnomalyName::G1c).and(bad).and(unknown());
        assert_eq!(both.names(), [AnomalyName::StaleRead, AnomalyName::G1c]);
        assert_eq!(both.to_string(), "violated: stale-read, G1c");
    }

    #[test]
    fn a_checker_that_panics_is_unknown() {
        let words = "this panic is part of a test";
        let verdict = guard(|| panic!("{words}"));
        assert_eq!(
            verdict,
            Verdict::Unknown(Reason::Panicked(words.to_owned()))
        );
        assert_eq!(guard(|| Verdict::Holds), Verdict::Holds);
    }

    #[test]
    fn an_anomaly_tells_itself() {
        let anomaly = Anomaly::new(AnomalyName::G1a, "T2 read what T1 wrote")
            .with_operations([1, 2])
            .with_step("T1 aborted");
        assert_eq!(
            anomaly.to_string(),
            "G1a: T2 read what T1 wrote\n  T1 aborted"
        );
    }
}
