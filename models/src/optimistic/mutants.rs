//! The bugs that can be planted: each switches one rule of validation off.

use super::validation::OptimisticRules;
use crate::protocol::MutantInfo;

/// A planted bug.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Mutant {
    /// Validation looks at what a transaction writes, not at what it has read.
    OccValidatesWritesOnly,
    /// Validation does not look at those that are validated and have not written yet.
    OccValidationAndWriteNotAtomic,
    /// Shards that have only read forget what they have validated at once.
    OccReadersNotHeld,
    /// A transaction counts as begun when it is validated.
    OccBeginsAtItsValidation,
}

impl OptimisticRules {
    /// The rules, bent by this bug.
    pub fn planted(mutant: Option<Mutant>) -> OptimisticRules {
        OptimisticRules {
            reads_are_validated: mutant != Some(Mutant::OccValidatesWritesOnly),
            validated_are_seen: mutant != Some(Mutant::OccValidationAndWriteNotAtomic),
            readers_take_part: mutant != Some(Mutant::OccReadersNotHeld),
            begins_when_it_reads: mutant != Some(Mutant::OccBeginsAtItsValidation),
        }
    }
}

/// What is known of each of them.
pub(super) const MUTANTS: &[MutantInfo] = &[
    MutantInfo {
        name: "occ-validates-writes-only",
        mode: "",
        anomaly: "G-single-item",
        story: "Validation compares what a transaction writes with what others have written, and not \
                what it has read: it commits on reads that are out of date.",
    },
    MutantInfo {
        name: "occ-validation-and-write-not-atomic",
        mode: "",
        anomaly: "wrong-total",
        story: "A transaction that is validated and has not written yet is not seen by the next \
                validation: both write on what they read before.",
    },
    MutantInfo {
        name: "occ-readers-not-held",
        mode: "",
        anomaly: "G2-item",
        story: "A shard that has only read lets others write what it has validated before the other \
                shards are validated: each of two transactions writes what the other has read.",
    },
    MutantInfo {
        name: "occ-begins-at-its-validation",
        mode: "",
        anomaly: "wrong-total",
        story: "A transaction is validated against those that ended after it came to be validated, \
                not after it has read: nothing is out of date.",
    },
];

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn every_mutant_is_known_by_its_name() {
        let names: Vec<&str> = Mutant::iter().map(Into::into).collect();
        let known: Vec<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert_eq!(names, known);
    }
}
