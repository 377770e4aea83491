//! Transactional isolation, in Elle's vocabulary: from what transactions read and wrote, what order
//! they must have had, and which cycles of that order break which level.
//!
//! Kingsbury & Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", 2020;
//! Adya, "Weak Consistency", 1999.

mod cycles;
mod graph;
mod knot;
mod levels;
mod list_append;
mod rw_register;
mod scc;
pub mod sessions;
mod written;

pub use cycles::Tangle;
pub use levels::{Boundary, Level, boundary, implications_of, proofs_of};
pub use list_append::check_list_append;
pub use rw_register::{VersionOrders, check_rw_register};

use crate::anomaly::AnomalyName;
use crate::budget::Meter;
use crate::history::History;
use crate::verdict::{Anomaly, Reason, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A key; a reader of foreign histories numbers whatever names it finds.
pub type Key = u64;
/// A value; no value is written twice to one key.
pub type Value = i64;

/// One step of a transaction. What a read saw means something in a response only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MicroOp {
    /// Appends a value to the list of a key.
    Append(Key, Value),
    /// Reads the list of a key, which is empty initially.
    ReadList(Key, Vec<Value>),
    /// Writes a value to a key.
    Write(Key, Value),
    /// Reads the value of a key; `None` initially.
    Read(Key, Option<Value>),
}

impl MicroOp {
    /// The key that this step is about.
    pub fn key(&self) -> Key {
        match self {
            Self::Append(key, _)
            | Self::ReadList(key, _)
            | Self::Write(key, _)
            | Self::Read(key, _) => *key,
        }
    }
}

impl fmt::Display for MicroOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(key, value) => write!(f, "append {key} {value}"),
            Self::ReadList(key, values) => write!(f, "r {key} {values:?}"),
            Self::Write(key, value) => write!(f, "w {key} {value}"),
            Self::Read(key, Some(value)) => write!(f, "r {key} {value}"),
            Self::Read(key, None) => write!(f, "r {key} nil"),
        }
    }
}

/// A transaction: its steps in order.
pub type Txn = Vec<MicroOp>;

/// A history of transactions: asked for, and answered with what the reads saw.
pub type TxnHistory = History<Txn, Txn>;

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Everything that this level forbids.
    Level(Level),
    /// These anomalies, and whatever proves them.
    Anomalies(Vec<AnomalyName>),
}

impl Ask {
    /// Every anomaly that is to be reported.
    fn wanted(&self) -> BTreeSet<AnomalyName> {
        match self {
            Self::Level(level) => level.forbidden(),
            Self::Anomalies(anomalies) => proofs_of(anomalies.iter().copied()),
        }
    }
}

/// The answer about a history of transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Was anything found that was asked for?
    pub verdict: Verdict,
    /// The levels that cannot have been provided, in the face of all that was found, asked for or
    /// not.
    pub boundary: Boundary,
    /// Names of what was found though not asked for.
    pub also_found: Vec<AnomalyName>,
    /// Sets of transactions each of which comes before every other, with the worst cycle of each.
    pub tangles: Vec<Tangle>,
    /// Could anything be inferred at all? If not, `holds` says nothing.
    pub is_vacuous: bool,
}

impl Report {
    fn new(
        found: Vec<Anomaly>,
        tangles: Vec<Tangle>,
        wanted: &BTreeSet<AnomalyName>,
        is_vacuous: bool,
    ) -> Self {
        // Values that nobody wrote break a level only where the history is known to be complete.
        let is_proof = |anomaly: &&Anomaly| {
            anomaly.name != AnomalyName::GarbageRead || wanted.contains(&anomaly.name)
        };
        let boundary = boundary(found.iter().filter(is_proof).map(|anomaly| anomaly.name));
        let (asked, others): (Vec<Anomaly>, Vec<Anomaly>) = found
            .into_iter()
            .partition(|anomaly| wanted.contains(&anomaly.name));
        let also_found: BTreeSet<AnomalyName> = others.iter().map(|anomaly| anomaly.name).collect();
        Self {
            verdict: Verdict::from_anomalies(asked),
            boundary,
            also_found: also_found.into_iter().collect(),
            tangles,
            is_vacuous,
        }
    }

    /// The answer about a level of sessions: what breaks it breaks nothing weaker that is known.
    fn at(level: Level, verdict: Verdict) -> Self {
        let boundary = match verdict {
            Verdict::Violated(_) => level.broken(),
            Verdict::Holds | Verdict::Unknown(_) => Boundary::default(),
        };
        Self {
            verdict,
            boundary,
            also_found: Vec::new(),
            tangles: Vec::new(),
            is_vacuous: false,
        }
    }

    fn unknown(reason: Reason) -> Self {
        Self {
            verdict: Verdict::Unknown(reason),
            boundary: Boundary::default(),
            also_found: Vec::new(),
            tangles: Vec::new(),
            is_vacuous: true,
        }
    }
}

/// Is this level judged on transactions?
///
/// Not those about calls of single objects, and not view serializability, of which nothing is known
/// that breaks it and is not a breach of a weaker level.
pub fn is_judged(level: Level) -> bool {
    !matches!(
        level,
        Level::Linearizable | Level::Sequential | Level::ViewSerializable
    )
}

/// Judges a history of transactions, of lists or of registers, by the judge of the level asked for.
///
/// Levels of sessions and visibility are judged on lists, too: whom a list was read from is told by
/// its last element.
pub fn check(
    history: &TxnHistory,
    ask: &Ask,
    orders: &VersionOrders,
    meter: &mut Meter<'_>,
) -> Report {
    let level = match ask {
        Ask::Level(level) if !is_judged(*level) => {
            let words = format!("transactions are not judged at level {level}");
            return Report::unknown(Reason::NotEnoughKnown(words));
        }
        Ask::Level(level) if sessions::is_own_level(ask) => Some(*level),
        Ask::Level(_) | Ask::Anomalies(_) => None,
    };
    match (has_lists(history), level) {
        (true, None) => check_list_append(history, ask, meter),
        (false, None) => check_rw_register(history, ask, orders, meter),
        (false, Some(level)) => Report::at(level, sessions::check(history, level, meter)),
        (true, Some(level)) => {
            // What reads of whole lists contradict, a level of sessions may forbid as well.
            let report = check_list_append(history, ask, meter);
            if report.verdict.is_violated() {
                return report;
            }
            let verdict = sessions::check(&sessions::of_lists(history), level, meter);
            Report::at(level, verdict.and(report.verdict))
        }
    }
}

fn has_lists(history: &TxnHistory) -> bool {
    let is_list = |step: &MicroOp| matches!(step, MicroOp::Append(..) | MicroOp::ReadList(..));
    (0..history.len()).any(|id| steps(history, id).iter().any(is_list))
}

/// Findings of one name that are told before the rest is left out.
const TOLD_MAX: usize = 8;

/// The transaction as it was answered, or as it was asked where no answer came.
fn steps(history: &TxnHistory, id: usize) -> &Txn {
    let operation = &history.operations()[id];
    operation.response().unwrap_or(&operation.call)
}

/// The steps of a transaction in words; what reads without an answer saw is not known.
pub(crate) fn tell_steps(history: &TxnHistory, id: usize) -> String {
    let operation = &history.operations()[id];
    let words: Vec<String> = steps(history, id)
        .iter()
        .map(|step| match step {
            MicroOp::ReadList(key, _) | MicroOp::Read(key, _) if !operation.is_ok() => {
                format!("r {key} ?")
            }
            step => step.to_string(),
        })
        .collect();
    words.join(", ")
}

/// A transaction in words.
fn tell(history: &TxnHistory, id: usize) -> String {
    let operation = &history.operations()[id];
    let end = if operation.is_ok() {
        ""
    } else if operation.is_fail() {
        ", aborted"
    } else {
        ", end unknown"
    };
    let (steps, process) = (tell_steps(history, id), operation.process.0);
    format!("T{id} = [{steps}] (process {process}{end})")
}
