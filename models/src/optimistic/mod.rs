//! Optimistic concurrency control with backward validation, over two-phase commit.
//!
//! Kung & Robinson, "On Optimistic Methods for Concurrency Control", ACM TODS 6(2), 1981: section 3.1
//! for the phases and transaction numbers, section 5 for validation while others write. Bernstein,
//! Hadzilacos & Goodman (1987), section 4.4 (certification), for the sets that several shards must
//! keep until the end. The commitment is that of [`crate::two_phase_commit`] with presumed abort.
//!
//! **A transaction** reads and works at each shard without locks and without waiting, on what is
//! committed there, and changes nothing. When every shard is done the coordinator asks them to prepare,
//! which is its validation: a shard votes no when something that was read there has been written since,
//! or is about to be by a transaction that is validated and has not ended. From its validation to its
//! end nobody else may write what it read or touch what it writes. Votes, decisions and records are
//! two-phase commit's. Shards that have only read take part when the transaction changes something
//! elsewhere: what they have validated must stand until the last shard has.
//!
//! **Promise.** Atomic (AC1 to AC5) and strictly serializable, whatever crashes, is lost, doubled,
//! reordered, cut, late or skewed: at the moment when its last shard is validated a transaction has
//! everything to itself; one that only reads, at the moment when its last shard has read. No deadlock,
//! since nobody waits. `optimistic-*.toml` tests it.
//! **Not promised.** That anyone gets through: two transactions that conflict can both abort, and
//! aborted ones are not tried again here. It blocks as two-phase commit does: what is in doubt turns
//! others away until it ends.

mod invariants;
mod mutants;
#[cfg(test)]
mod tests;
mod validation;

use murphy_sim::Invariant;

pub use self::{
    mutants::Mutant,
    validation::{Optimistic, OptimisticRules},
};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::Service,
    shared::transactions::{Layout, invariants::commitment},
    two_phase_commit::{Config, Message, TwoPhase},
};

/// Two-phase commit over shards that validate.
pub type OptimisticCommit = TwoPhase<Optimistic>;

impl Protocol for OptimisticCommit {
    const NAME: &'static str = "optimistic";
    const SERVICE: Service = Service::Txn;
    const PROMISE: &'static str =
        "atomic and strictly serializable without waiting; conflicts abort, and doubt blocks";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["coordinator", "participant"];
    const OPTIONS: &'static [&'static str] = Layout::OPTIONS;
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "prepared-everywhere",
        "committed",
        "abort",
        "silence",
        "conflict",
        "in-doubt",
        "read-only",
        "refused",
        "lost-locks",
        "asked-peers",
        "cooperative-termination",
        "presumed-abort",
        "recovered-in-doubt",
        "recovered-commit",
    ];

    fn configure(parameters: &Parameters) -> Result<Self::Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        let layout = Layout::from_parameters(Self::NAME, parameters)?;
        let mutant = parameters.planted(Self::NAME, Self::MUTANTS)?;
        Ok(Config {
            rules: OptimisticRules::planted(mutant),
            ..Config::new(layout)
        })
    }

    fn invariants(_: &Self::Config) -> Vec<Box<dyn Invariant<Self>>> {
        let mut all = commitment();
        all.push(Box::new(invariants::ValidatedApart));
        all
    }
}
