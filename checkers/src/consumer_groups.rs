//! Consumer groups: what the members of one group were given of partitioned logs, and up to where
//! they committed that it was processed.
//!
//! Plain data in, a verdict out. Times are nanoseconds on one clock. Knows nothing of who owns which
//! partition: a group may give a message to two members, but its position never goes back, and
//! never passes over what nobody was given. What the logs themselves hold is for [`crate::log`].

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A partition.
pub type Partition = u64;
/// A place in a partition.
pub type Offset = u64;

/// Something that a member of the group did, and that took effect for certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupOperation {
    /// When it began.
    pub begun: u64,
    /// When its member knew of its end.
    pub ended: u64,
    /// What.
    pub act: GroupAct,
    /// Its number in the caller's history, if any: what evidence refers to.
    pub operation: Option<usize>,
}

/// What a member did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupAct {
    /// It was given what is at these offsets, and processed it.
    Given(Vec<(Partition, Offset)>),
    /// It committed that everything before these offsets is processed.
    Committed(Vec<(Partition, Offset)>),
}

/// Findings of one kind that are told before the rest is left out.
const TOLD_MAX: usize = 8;

/// Did the group process at least once everything that its position passed? `messages` are the
/// offsets that certainly hold an acknowledged message.
///
/// - A commit that begins after another has ended does not go back behind it
///   (`nonmonotonic-commit`).
/// - A message that lies before a committed position was given to some member before that commit
///   ended (`lost-message`).
pub fn check(operations: &[GroupOperation], messages: &BTreeSet<(Partition, Offset)>) -> Verdict {
    let mut found = steps_back(operations);
    found.extend(passed_over(operations, messages));
    Verdict::from_anomalies(found)
}

/// One commit of one partition.
struct Commit<'a> {
    partition: Partition,
    offset: Offset,
    of: &'a GroupOperation,
}

fn commits(operations: &[GroupOperation]) -> Vec<Commit<'_>> {
    let mut commits = Vec::new();
    for of in operations {
        if let GroupAct::Committed(positions) = &of.act {
            let commit = |&(partition, offset)| Commit {
                partition,
                offset,
                of,
            };
            commits.extend(positions.iter().map(commit));
        }
    }
    commits
}

fn steps_back(operations: &[GroupOperation]) -> Vec<Anomaly> {
    let mut by_end = commits(operations);
    let mut by_begin = commits(operations);
    by_end.sort_by_key(|commit| commit.of.ended);
    by_begin.sort_by_key(|commit| commit.of.begun);
    let mut highest: BTreeMap<Partition, &Commit<'_>> = BTreeMap::new();
    let mut ended = by_end.iter().peekable();
    let mut found = Vec::new();
    for later in &by_begin {
        while let Some(earlier) = ended.next_if(|commit| commit.of.ended < later.of.begun) {
            let known = highest.entry(earlier.partition).or_insert(earlier);
            if earlier.offset > known.offset {
                *known = earlier;
            }
        }
        let Some(earlier) = highest.get(&later.partition) else {
            continue;
        };
        if later.offset < earlier.offset {
            let words = format!(
                "the group's position in partition {} goes back from {}, committed at {} ns, to {}",
                later.partition, earlier.offset, earlier.of.ended, later.offset
            );
            let involved = earlier.of.operation.into_iter().chain(later.of.operation);
            found.push(
                Anomaly::new(AnomalyName::NonMonotonicCommit, words).with_operations(involved),
            );
        }
    }
    found.truncate(TOLD_MAX);
    found
}

fn passed_over(
    operations: &[GroupOperation],
    messages: &BTreeSet<(Partition, Offset)>,
) -> Vec<Anomaly> {
    // When each message was processed first.
    let mut given: BTreeMap<(Partition, Offset), u64> = BTreeMap::new();
    for operation in operations {
        if let GroupAct::Given(places) = &operation.act {
            for place in places {
                let first = given.entry(*place).or_insert(operation.ended);
                *first = operation.ended.min(*first);
            }
        }
    }
    let mut by_end = commits(operations);
    by_end.sort_by_key(|commit| (commit.of.ended, commit.offset));
    let mut position: BTreeMap<Partition, Offset> = BTreeMap::new();
    let mut found = Vec::new();
    for commit in by_end {
        let partition = commit.partition;
        let from = position.entry(partition).or_insert(0);
        let upto = commit.offset.max(*from);
        for place in messages.range((partition, *from)..(partition, upto)) {
            if given.get(place).is_none_or(|at| *at > commit.of.ended) {
                let words = format!(
                    "the group's position in partition {partition} passes offset {} at {} ns, but \
                     no member had been given the message there",
                    place.1, commit.of.ended
                );
                let anomaly = Anomaly::new(AnomalyName::LostMessage, words);
                found.push(anomaly.with_operations(commit.of.operation));
            }
        }
        *from = upto;
    }
    found.truncate(TOLD_MAX);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(begun: u64, ended: u64, offsets: &[Offset]) -> GroupOperation {
        let act = GroupAct::Given(offsets.iter().map(|offset| (0, *offset)).collect());
        GroupOperation {
            begun,
            ended,
            act,
            operation: None,
        }
    }

    fn committed(begun: u64, ended: u64, offset: Offset) -> GroupOperation {
        let act = GroupAct::Committed(vec![(0, offset)]);
        GroupOperation {
            begun,
            ended,
            act,
            operation: Some(begun as usize),
        }
    }

    fn names(operations: &[GroupOperation], messages: &[Offset]) -> Vec<AnomalyName> {
        let messages = messages.iter().map(|offset| (0, *offset)).collect();
        check(operations, &messages).names()
    }

    #[test]
    fn a_group_that_commits_what_it_was_given_is_fine_however_often_it_was_given() {
        let operations = [
            given(0, 1, &[0, 1]),
            committed(2, 3, 2),
            // Another member takes over, and has offset 2 before the first one's end is known.
            given(2, 4, &[2]),
            given(5, 6, &[2, 3]),
            committed(7, 8, 4),
        ];
        assert_eq!(names(&operations, &[0, 1, 2, 3, 4]), []);
    }

    #[test]
    fn a_position_that_goes_back_is_told_unless_the_commits_overlap() {
        let all = given(0, 1, &[0, 1, 2, 3]);
        let back = [all.clone(), committed(2, 3, 4), committed(4, 5, 2)];
        assert_eq!(names(&back, &[0, 1]), [AnomalyName::NonMonotonicCommit]);
        let overlap = [all, committed(2, 5, 4), committed(4, 6, 2)];
        assert_eq!(names(&overlap, &[0, 1]), []);
    }

    #[test]
    fn a_message_that_the_position_passes_was_given_to_somebody_first() {
        let lost = [given(0, 1, &[0, 2]), committed(2, 3, 3)];
        assert_eq!(names(&lost, &[0, 1, 2]), [AnomalyName::LostMessage]);
        assert_eq!(names(&lost, &[0, 2]), [], "nothing certain is at offset 1");
        let late = [committed(2, 3, 1), given(4, 5, &[0])];
        assert_eq!(names(&late, &[0]), [AnomalyName::LostMessage]);
    }

    #[test]
    fn what_lies_behind_the_position_may_be_left_for_later() {
        let unfinished = [given(0, 1, &[0]), committed(2, 3, 1)];
        assert_eq!(names(&unfinished, &[0, 1, 2]), []);
    }
}
