//! The registry's names, for scenarios to use.

use murphy_checkers::AnomalyName;

use crate::{
    language::{HistoryCheck, Known, WorkloadKind},
    registry::{Entry, protocols},
    verdicts::STATE_ANOMALIES,
};

/// Every protocol that is registered.
#[derive(Clone, Debug)]
pub struct Registered(Vec<Entry>);

impl Default for Registered {
    fn default() -> Registered {
        Registered(protocols())
    }
}

impl Registered {
    fn entry(&self, name: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.name == name)
    }

    fn names(&self, protocol: &str, of: impl Fn(&Entry) -> Vec<&'static str>) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), of)
    }
}

impl Known for Registered {
    fn protocols(&self) -> Vec<&str> {
        self.0.iter().map(|entry| entry.name).collect()
    }

    fn nodes(&self, protocol: &str) -> u32 {
        self.entry(protocol).map_or(1, |entry| entry.nodes)
    }

    fn modes(&self, protocol: &str) -> Vec<&str> {
        self.names(protocol, |entry| {
            entry.modes.iter().map(|mode| mode.name).collect()
        })
    }

    fn mutants(&self, protocol: &str) -> Vec<&str> {
        self.names(protocol, |entry| {
            entry.mutants.iter().map(|mutant| mutant.name).collect()
        })
    }

    fn options(&self, protocol: &str) -> Vec<&str> {
        self.names(protocol, |entry| entry.options.to_vec())
    }

    fn roles(&self, protocol: &str) -> Vec<&str> {
        self.names(protocol, |entry| entry.roles.to_vec())
    }

    fn labels(&self, protocol: &str) -> Vec<&str> {
        self.names(protocol, |entry| entry.labels.to_vec())
    }

    fn messages(&self, protocol: &str) -> Vec<&str> {
        self.names(protocol, |entry| entry.messages.to_vec())
    }

    fn workloads(&self, protocol: &str) -> Vec<WorkloadKind> {
        self.entry(protocol).map_or(Vec::new(), |entry| {
            entry.workloads.iter().map(|(kind, _)| *kind).collect()
        })
    }

    fn checks(&self, protocol: &str, workload: WorkloadKind) -> Vec<HistoryCheck> {
        self.entry(protocol)
            .map_or(Vec::new(), |entry| entry.checks(workload).to_vec())
    }

    fn membership(&self, protocol: &str) -> bool {
        self.entry(protocol).is_some_and(|entry| entry.membership)
    }

    fn anomalies(&self, protocol: &str) -> Vec<&str> {
        let shown = self.names(protocol, |entry| {
            entry.mutants.iter().map(|mutant| mutant.anomaly).collect()
        });
        let judged = AnomalyName::ALL.iter().map(|name| name.as_str());
        let mut all: Vec<&str> = shown
            .into_iter()
            .chain(judged)
            .chain(STATE_ANOMALIES)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
