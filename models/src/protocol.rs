//! What a protocol says of itself, so that the registry can run it by name.

use std::{collections::BTreeMap, str::FromStr};

use crate::service::{Service, membership::Bounds};
use murphy_sim::{Invariant, Process, Span};

/// A protocol that scenarios can name.
pub trait Protocol: Process {
    /// Its name: `primary-backup`.
    const NAME: &'static str;
    /// What its clients can ask.
    const SERVICE: Service;
    /// What it promises, in a line.
    const PROMISE: &'static str;
    /// Its modes, the default first; empty when it has only one.
    const MODES: &'static [Mode];
    /// The bugs that can be planted in it.
    const MUTANTS: &'static [MutantInfo];
    /// The roles that its nodes can take themselves for, so that a plan that aims at another is
    /// refused.
    const ROLES: &'static [&'static str];
    /// Its settings by name.
    const OPTIONS: &'static [&'static str];
    /// The kinds of its messages.
    const MESSAGES: &'static [&'static str];
    /// The labels it can reach.
    const LABELS: &'static [&'static str];

    /// The configuration for a scenario's parameters; an error says which one is wrong and what to
    /// write instead.
    fn configure(parameters: &Parameters) -> Result<Self::Config, String>;

    /// How soon it finds what has failed, and whom it takes back; only a protocol of
    /// [`Service::Membership`] promises that.
    fn bounds(config: &Self::Config) -> Option<Bounds> {
        let _ = config;
        None
    }

    /// What must hold after every event. They are made anew for every run.
    fn invariants(config: &Self::Config) -> Vec<Box<dyn Invariant<Self>>>;
}

/// One way of running a protocol, and what it promises then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Its name: `synchronous`.
    pub name: &'static str,
    /// What it promises, in a line.
    pub promise: &'static str,
}

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutantInfo {
    /// Its name: `ack-before-replicate`.
    pub name: &'static str,
    /// The mode it is planted in; empty when any will do.
    pub mode: &'static str,
    /// The anomaly it must show: `lost-write`.
    pub anomaly: &'static str,
    /// What is wrong, in a sentence.
    pub story: &'static str,
}

/// What a scenario says to a protocol.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    /// Nodes that start at once.
    pub nodes: u32,
    /// Spare nodes.
    pub spares: u32,
    /// The mode; the first when absent.
    pub mode: Option<String>,
    /// The planted bug.
    pub mutant: Option<String>,
    /// Balance of accounts never touched, where the workload is a bank.
    pub opening_balance: Option<i64>,
    /// Anything else that the protocol knows by name: spans in nanoseconds, counts.
    pub options: BTreeMap<String, u64>,
}

impl Parameters {
    /// The option's value, or this one when it is absent.
    pub fn option(&self, name: &str, default: u64) -> u64 {
        self.options.get(name).copied().unwrap_or(default)
    }

    /// The span that this option sets, or this one when it is absent; zero is refused.
    pub fn span(&self, name: &str, default: Span) -> Result<Span, String> {
        match self.option(name, default.0) {
            0 => Err(format!(
                "`{name}` is zero: write a span such as `{default}`"
            )),
            nanos => Ok(Span(nanos)),
        }
    }

    /// The count that this option sets, or this one when it is absent; zero is refused.
    pub fn count(&self, name: &str, default: u64) -> Result<usize, String> {
        match self.option(name, default) {
            0 => Err(format!(
                "`{name}` of 0 never gets anywhere: write a number above it"
            )),
            count => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
        }
    }

    /// Refuses options that the protocol does not know.
    pub fn know_only(&self, names: &[&str]) -> Result<(), String> {
        match self
            .options
            .keys()
            .find(|name| !names.contains(&name.as_str()))
        {
            Some(unknown) if names.is_empty() => Err(format!(
                "there is no option `{unknown}`: this protocol has none"
            )),
            Some(unknown) => Err(format!(
                "there is no option `{unknown}`: options are {}",
                names.join(", ")
            )),
            None => Ok(()),
        }
    }

    /// The mode that is asked for, of those that this protocol has; none when the scenario does not
    /// say.
    pub fn chosen_mode<M: FromStr>(
        &self,
        protocol: &str,
        modes: &[Mode],
    ) -> Result<Option<M>, String> {
        let names = modes.iter().map(|mode| mode.name);
        named(self.mode.as_deref(), protocol, ("mode", "modes"), names)
    }

    /// The bug that is to be planted, of those that this protocol has.
    pub fn planted<M: FromStr>(
        &self,
        protocol: &str,
        mutants: &[MutantInfo],
    ) -> Result<Option<M>, String> {
        let names = mutants.iter().map(|mutant| mutant.name);
        named(
            self.mutant.as_deref(),
            protocol,
            ("mutant", "mutants"),
            names,
        )
    }
}

/// The value of this name, or who has no such thing and which there are.
fn named<'a, M: FromStr>(
    name: Option<&str>,
    protocol: &str,
    (one, many): (&str, &str),
    known: impl Iterator<Item = &'a str>,
) -> Result<Option<M>, String> {
    let Some(name) = name else { return Ok(None) };
    let known: Vec<&str> = known.collect();
    let found = known.contains(&name).then(|| name.parse().ok()).flatten();
    match (found, known.is_empty()) {
        (Some(found), _) => Ok(Some(found)),
        (None, true) => Err(format!(
            "{protocol} has only one {one}: remove `{one} = \"{name}\"`"
        )),
        (None, false) => Err(format!(
            "{protocol} has no {one} `{name}`: {many} are {}",
            known.join(", ")
        )),
    }
}
