//! The registry's names, for scenarios to use.

use murphy_checkers::AnomalyName;
use murphy_scenarios::{
    Entry, STATE_ANOMALIES,
    language::{Known, WorkloadKind},
    protocol, protocols,
};

/// Every protocol that is registered.
#[derive(Debug)]
pub(crate) struct Registered(Vec<Entry>);

impl Default for Registered {
    fn default() -> Registered {
        Registered(protocols())
    }
}

impl Registered {
    fn entry(&self, name: &str) -> Option<Entry> {
        protocol(name)
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
        self.entry(protocol).map_or(Vec::new(), |entry| entry.modes.iter().map(|mode| mode.name).collect())
    }
    fn mutants(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.mutants.iter().map(|mutant| mutant.name).collect())
    }
    fn options(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.options.to_vec())
    }
    fn roles(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.roles.to_vec())
    }
    fn labels(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.labels.to_vec())
    }
    fn messages(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.messages.to_vec())
    }
    fn workloads(&self, protocol: &str) -> Vec<WorkloadKind> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.workloads.to_vec())
    }
    fn membership(&self, protocol: &str) -> bool {
        self.entry(protocol).is_some_and(|entry| entry.membership)
    }
    fn anomalies(&self, protocol: &str) -> Vec<&str> {
        let mutants = self.entry(protocol).map_or(&[][..], |entry| entry.mutants);
        let shown = mutants.iter().map(|mutant| mutant.anomaly);
        let judged = AnomalyName::ALL.iter().map(|name| name.as_str());
        let mut all: Vec<&str> = shown.chain(judged).chain(STATE_ANOMALIES).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
