//! What a node of the group is told, and what follows from it: how often an update is told, how long a
//! suspicion lasts, how soon things are found out.

use murphy_sim::Span;

use super::Mutant;
use crate::service::membership::Bounds;

/// How a node chooses whom it probes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// One after the other, in an order that is shuffled when all have had their turn (section 4.3).
    RoundRobin,
    /// Any, each as likely (section 3.1).
    Random,
}

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Members.
    pub nodes: u32,
    /// How it chooses whom to probe.
    pub mode: Mode,
    /// The paper's T': from one probe to the next.
    pub period: Span,
    /// How long it waits for an answer before it asks others to probe.
    pub timeout: Span,
    /// The paper's k: so many others are asked.
    pub helpers: usize,
    /// The paper's lambda: how often updates are told grows with it.
    pub lambda: u32,
    /// How long a suspicion lasts before it is confirmed.
    pub suspicion: Span,
    /// The most updates that a message carries, besides one for whom it goes to.
    pub batch: usize,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// Probing at random, all of them together miss a member for so many periods once in e^20 times.
const RANDOM_PERIODS: u64 = 20;

impl Config {
    /// Lambda times the logarithm of the group's size: in so many periods an update has reached
    /// everyone, with high probability, and so often each of them tells it. The logarithm is that of
    /// the paper's implementation (section 5): of one more, to base 2, rounded up.
    pub const fn rounds(&self) -> u32 {
        rounds(self.nodes, self.lambda)
    }

    /// How often a node tells an update.
    pub(super) fn times(&self) -> u32 {
        if self.has(Mutant::UpdatesSentOnce) {
            return 1;
        }
        self.rounds()
    }

    /// How long it takes until an update has reached everyone, with high probability.
    const fn dissemination(&self) -> Span {
        Span(self.period.0 * self.rounds() as u64)
    }

    /// What it promises of time.
    ///
    /// Who comes back in reach hears within n-1 periods of what is held against it from each that
    /// knocks, and the one after has it from the member's own mouth.
    pub(super) fn bounds(&self) -> Bounds {
        let nodes = u64::from(self.nodes);
        let turns = match self.mode {
            Mode::RoundRobin => 2 * nodes - 1,
            Mode::Random => RANDOM_PERIODS,
        };
        let dissemination = self.dissemination();
        Bounds {
            tolerated: Span(self.suspicion.0.saturating_sub(dissemination.0)),
            detection: self.period * (turns + 1) + self.suspicion + dissemination,
            recovery: self.period * (2 * nodes - 1) + dissemination,
        }
    }

    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// How long a suspicion lasts where a scenario does not say: it takes as long as an update takes to
/// reach the suspect, and its refutation to come back.
pub(super) const fn default_suspicion(nodes: u32, lambda: u32, period: Span) -> Span {
    Span(2 * period.0 * rounds(nodes, lambda) as u64)
}

const fn rounds(nodes: u32, lambda: u32) -> u32 {
    lambda * (u32::BITS - nodes.leading_zeros())
}
