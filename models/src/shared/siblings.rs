//! A register of concurrent writes, each with its dot and with what its writer had seen.
//!
//! Preguica et al., Dotted Version Vectors: a version is a dot beside its causal past,
//! of which it may be ahead by a gap; one precedes another if its dot is in the other's past. Registers
//! are a join semilattice. It knows no clients and no messages.

use std::collections::BTreeMap;

use murphy_sim::{Breach, Digest, NodeId};
use serde::{Deserialize, Serialize};

use crate::{
    service::kv::{Key, Value},
    shared::version_vector::{Dot, DotContext, VersionVector},
};

/// One write, without its name.
///
/// What is in the past of a version in a past is in that past too: whoever has seen a write has seen
/// what its writer had seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// What was written.
    pub value: Value,
    /// The writes that its writer had seen, its own among them.
    pub past: DotContext,
}

/// What a key holds: writes that have not seen each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Siblings(BTreeMap<Dot, Version>);

impl Siblings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each with its name.
    pub fn versions(&self) -> impl Iterator<Item = (Dot, &Version)> {
        self.0.iter().map(|(dot, version)| (*dot, version))
    }

    /// What a reader gets, in order of values.
    pub fn values(&self) -> Vec<Value> {
        let mut values: Vec<Value> = self.0.values().map(|version| version.value).collect();
        values.sort_unstable();
        values
    }

    /// What a reader gets, as one number: the value where there is one, else a digest of them all.
    pub fn as_one_number(&self) -> Value {
        match self.values()[..] {
            [value] => value,
            ref values => Digest::of(&values),
        }
    }

    /// Whether somebody who knows this much lacks some of it.
    pub fn are_news_to(&self, versions: &VersionVector) -> bool {
        self.0.keys().any(|dot| !versions.covers(*dot))
    }

    /// What somebody has seen who has read all of this: these writes, and their pasts.
    pub fn context(&self) -> DotContext {
        let mut context = DotContext::default();
        for (dot, version) in &self.0 {
            context.join(&version.past);
            context.insert(*dot);
        }
        context
    }

    /// A write of someone who had seen `past`; says how many siblings it takes the place of.
    pub fn write(&mut self, dot: Dot, version: Version) -> usize {
        let before = self.len();
        self.0.retain(|held, _| !version.past.covers(*held));
        let superseded = before - self.len();
        self.0.insert(dot, version);
        superseded
    }

    /// What is in either and not in the past of any of the other (the paper's `sync`).
    pub fn join(&mut self, other: &Siblings) {
        let supersedes = |others: &BTreeMap<Dot, Version>, dot: &Dot| {
            others.values().any(|version| version.past.covers(*dot))
        };
        self.0.retain(|dot, _| !supersedes(&other.0, dot));
        let stays = |(dot, _): &(&Dot, &Version)| !supersedes(&self.0, dot);
        let news: Vec<(Dot, Version)> = other
            .0
            .iter()
            .filter(stays)
            .map(|(dot, version)| (*dot, version.clone()))
            .collect();
        self.0.extend(news);
    }

    /// What is in either, superseded or not: a bug.
    pub(crate) fn heap(&mut self, other: &Siblings) {
        self.0.extend(other.0.clone());
    }
}

/// No sibling is in the past of another, in any of these registers of a node (the paper: versions of a
/// key that are kept are concurrent).
pub(crate) fn check_concurrent<'a>(
    touched: NodeId,
    registers: impl IntoIterator<Item = (Key, &'a Siblings)>,
) -> Result<(), Breach> {
    for (key, siblings) in registers {
        for (dot, version) in siblings.versions() {
            let past = |(older, _): &(_, _)| *older != dot && version.past.covers(*older);
            if let Some((older, _)) = siblings.versions().find(past) {
                return Err(Breach {
                    anomaly: "false-sibling",
                    told: format!(
                        "{touched} holds under {key} {dot:?}, whose writer had seen {older:?}, \
                         and {older:?}"
                    ),
                });
            }
        }
    }
    Ok(())
}
