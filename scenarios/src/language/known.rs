//! What there is to be named. The language knows no protocol: whoever has the registry tells it.

use super::{history_check::HistoryCheck, words::WorkloadKind};

/// Names that a scenario may use. Lists about a protocol are asked for only when
/// [`Known::protocols`] has it.
pub trait Known {
    /// Protocols.
    fn protocols(&self) -> Vec<&str>;

    /// How many nodes the protocol has when a scenario does not say.
    fn nodes(&self, protocol: &str) -> u32;

    /// Its modes.
    fn modes(&self, protocol: &str) -> Vec<&str>;

    /// Its mutants.
    fn mutants(&self, protocol: &str) -> Vec<&str>;

    /// Its options.
    fn options(&self, protocol: &str) -> Vec<&str>;

    /// What its nodes take themselves for: targets of faults.
    fn roles(&self, protocol: &str) -> Vec<&str>;

    /// The labels that it can reach.
    fn labels(&self, protocol: &str) -> Vec<&str>;

    /// The kinds of its messages.
    fn messages(&self, protocol: &str) -> Vec<&str>;

    /// The workloads that its service takes.
    fn workloads(&self, protocol: &str) -> Vec<WorkloadKind>;

    /// The history checks that suit a workload.
    fn checks(&self, protocol: &str, workload: WorkloadKind) -> Vec<HistoryCheck>;

    /// Whether nodes can be added and removed.
    fn membership(&self, protocol: &str) -> bool;

    /// The anomalies that checkers and the protocol's invariants can find.
    fn anomalies(&self, protocol: &str) -> Vec<&str>;
}
