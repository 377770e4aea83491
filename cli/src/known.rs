//! The registry's names, for scenarios to use.

use murphy_scenarios::{
    Entry,
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
    fn options(&self, _: &str) -> Vec<&str> {
        Vec::new()
    }
    fn roles(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.roles.to_vec())
    }
    fn labels(&self, protocol: &str) -> Vec<&str> {
        self.entry(protocol).map_or(Vec::new(), |entry| entry.labels.to_vec())
    }
    fn messages(&self, _: &str) -> Vec<&str> {
        Vec::new()
    }
    fn workloads(&self, protocol: &str) -> Vec<WorkloadKind> {
        match self.entry(protocol).map(|entry| entry.service.into()) {
            Some("kv") => vec![WorkloadKind::Register, WorkloadKind::CasRegister],
            Some("txn") => vec![WorkloadKind::ListAppend, WorkloadKind::RwRegister, WorkloadKind::Bank],
            _ => vec![WorkloadKind::Outbox, WorkloadKind::Broadcast],
        }
    }
    fn membership(&self, _: &str) -> bool {
        false
    }
    fn anomalies(&self, protocol: &str) -> Vec<&str> {
        let mutants = self.entry(protocol).map_or(&[][..], |entry| entry.mutants);
        mutants.iter().map(|mutant| mutant.anomaly).collect()
    }
}
