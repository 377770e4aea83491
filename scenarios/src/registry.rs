//! Every protocol by name: one line each.

use murphy_models::{
    primary_backup::PrimaryBackup,
    protocol::{Mode, MutantInfo, Protocol},
    service::Service,
    two_phase_commit::TwoPhaseCommit,
};

use crate::{
    judge::Served,
    language::Scenario,
    run::{CannotRun, Runnable, prepare, service_of},
};

/// A protocol that scenarios can name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// What its clients can ask.
    pub service: Service,
    /// What it promises, in a line.
    pub promise: &'static str,
    /// Its modes, the default first.
    pub modes: &'static [Mode],
    /// The bugs that can be planted in it.
    pub mutants: &'static [MutantInfo],
    /// The roles that its nodes can have.
    pub roles: &'static [&'static str],
    /// The labels that it can reach.
    pub labels: &'static [&'static str],
    /// How many nodes it has when a scenario does not say.
    pub nodes: u32,
    prepare: fn(&Scenario, u32) -> Result<Box<dyn Runnable>, CannotRun>,
}

/// Every protocol.
pub fn protocols() -> Vec<Entry> {
    vec![entry::<PrimaryBackup>(4), entry::<TwoPhaseCommit>(3)]
}

/// The protocol of that name.
pub fn protocol(name: &str) -> Option<Entry> {
    protocols().into_iter().find(|entry| entry.name == name)
}

impl Entry {
    /// Checks a scenario against the protocol and gets it ready to be run.
    pub fn prepare(&self, scenario: &Scenario) -> Result<Box<dyn Runnable>, CannotRun> {
        (self.prepare)(scenario, self.nodes)
    }
}

fn entry<P>(nodes: u32) -> Entry
where
    P: Protocol,
    P::Request: Served<Answer = P::Response, Held = P::View>,
{
    Entry {
        name: P::NAME,
        service: service_of::<P>(),
        promise: P::PROMISE,
        modes: P::MODES,
        mutants: P::MUTANTS,
        roles: P::ROLES,
        labels: P::LABELS,
        nodes,
        prepare: prepare::<P>,
    }
}
