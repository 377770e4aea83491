//! Atomic commitment: the five properties that every protocol promises, on what was seen of each
//! transaction's votes, decisions, locks and answers.
//!
//! AC1 all that decide, decide alike; AC2 nobody reverses a decision; AC3 commit only if all voted
//! yes; AC4 without failures and with all yes, commit; AC5 once failures are repaired, all decide.
//! Bernstein, Hadzilacos & Goodman, "Concurrency Control and Recovery in Database Systems", 7.3.

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};

/// A participant's vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Vote {
    /// It can commit, and will if told to.
    Yes,
    /// It cannot.
    No,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// All its effects.
    Commit,
    /// None of them.
    Abort,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Self::Commit => "committed",
            Self::Abort => "aborted",
        }
    }
}

/// What one participant did for one transaction; times are nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Who, as a number that the caller understands.
    pub node: u32,
    /// How it voted, and when; none where it never did.
    pub vote: Option<(Vote, u64)>,
    /// What it decided, and when: more than one where it decided again (after a crash, say).
    pub decisions: Vec<(Decision, u64)>,
    /// Since when it has held locks that it still held when last seen.
    pub lock_held_since: Option<u64>,
    /// Is it down for good? Then it owes no decision.
    pub is_down: bool,
}

/// What was seen of one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commitment {
    /// The transaction, as a number that the caller understands.
    pub transaction: u64,
    /// The operation of the history that it belongs to, if any: what evidence refers to.
    pub operation: Option<usize>,
    /// Everyone that takes part.
    pub participants: Vec<Participant>,
    /// What the coordinators decided, and when.
    pub coordinator: Vec<(Decision, u64)>,
    /// What the client was told.
    pub told: Option<Decision>,
    /// Could a failure (crash, partition, loss, timeout, conflict) have been a cause to abort?
    pub had_failure: bool,
}

/// What must hold beyond AC1 to AC3, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// When all failures were repaired, and long enough ago for everyone to have decided; none
    /// where that is not so: AC5 and orphan locks are then not judged.
    pub repaired_since: Option<u64>,
}

/// How long one participant could neither commit nor abort by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Blocking {
    /// The transaction.
    pub transaction: u64,
    /// The participant.
    pub node: u32,
    /// From its yes vote.
    pub from: u64,
    /// To its decision; none where it never decided.
    pub until: Option<u64>,
}

impl Blocking {
    /// For how long, where `end` is when the world was last seen.
    pub fn duration(&self, end: u64) -> u64 {
        self.until.unwrap_or(end).saturating_sub(self.from)
    }
}

/// The answer, and how long each participant was blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Do AC1 to AC5 hold?
    pub verdict: Verdict,
    /// One for each yes vote.
    pub blocking: Vec<Blocking>,
}

/// Judges every transaction.
pub fn check(commitments: &[Commitment], expectation: Expectation) -> Report {
    let mut found = Vec::new();
    let mut blocking = Vec::new();
    for commitment in commitments {
        let mut anomalies: Vec<Anomaly> = agreement(commitment).into_iter().collect();
        anomalies.extend(stability(commitment));
        anomalies.extend(validity(commitment));
        if let Some(since) = expectation.repaired_since {
            anomalies.extend(termination(commitment, since));
        }
        found.extend(anomalies.into_iter().map(|anomaly| {
            anomaly
                .with_operations(commitment.operation)
                .with_steps(tell(commitment))
        }));
        blocking.extend(commitment.participants.iter().filter_map(|participant| {
            let (_, from) = participant.vote.filter(|(vote, _)| *vote == Vote::Yes)?;
            let until = participant.decisions.first().map(|(_, at)| *at);
            Some(Blocking {
                transaction: commitment.transaction,
                node: participant.node,
                from,
                until,
            })
        }));
    }
    Report {
        verdict: Verdict::from_anomalies(found),
        blocking,
    }
}

/// Everyone that decided, with its first decision.
fn deciders(commitment: &Commitment) -> Vec<(String, Decision)> {
    let participants = commitment.participants.iter().filter_map(|participant| {
        let (decision, _) = participant.decisions.first()?;
        Some((format!("participant {}", participant.node), *decision))
    });
    let coordinator = commitment
        .coordinator
        .iter()
        .take(1)
        .map(|(decision, _)| ("coordinator".into(), *decision));
    let client = commitment.told.map(|decision| ("client".into(), decision));
    participants.chain(coordinator).chain(client).collect()
}

/// AC1: all that decide, decide alike; what the client was told counts.
fn agreement(commitment: &Commitment) -> Option<Anomaly> {
    let deciders = deciders(commitment);
    let by = |wanted: Decision| deciders.iter().find(|(_, decision)| *decision == wanted);
    let ((committed, _), (aborted, _)) = (by(Decision::Commit)?, by(Decision::Abort)?);
    let explanation = format!(
        "transaction {} is committed at the {committed} and aborted at the {aborted} (AC1)",
        commitment.transaction
    );
    Some(Anomaly::new(AnomalyName::NonAtomicCommit, explanation))
}

/// AC2: nobody reverses a decision.
fn stability(commitment: &Commitment) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let participants = commitment.participants.iter().map(|participant| {
        (
            format!("participant {}", participant.node),
            &participant.decisions,
        )
    });
    let coordinator = ("coordinator".to_owned(), &commitment.coordinator);
    for (name, decisions) in participants.chain([coordinator]) {
        let reversal = decisions.windows(2).find(|pair| pair[0].0 != pair[1].0);
        if let Some([(first, at), (second, later)]) = reversal {
            let explanation = format!(
                "the {name} {} transaction {} at {at} ns and {} it at {later} ns (AC2)",
                first.word(),
                commitment.transaction,
                second.word()
            );
            found.push(Anomaly::new(AnomalyName::DecisionReversed, explanation));
        }
    }
    found
}

/// AC3 and AC4: commit exactly when all voted yes, unless something failed.
fn validity(commitment: &Commitment) -> Option<Anomaly> {
    let decisions = deciders(commitment);
    let has = |wanted: Decision| decisions.iter().any(|(_, decision)| *decision == wanted);
    let without_yes = commitment
        .participants
        .iter()
        .find(|participant| !matches!(participant.vote, Some((Vote::Yes, _))));
    match without_yes {
        Some(participant) if has(Decision::Commit) => {
            let voted = match participant.vote {
                Some((Vote::No, _)) => "voted no",
                _ => "had not voted",
            };
            let explanation = format!(
                "transaction {} is committed though participant {} {voted} (AC3)",
                commitment.transaction, participant.node
            );
            Some(Anomaly::new(AnomalyName::CommitWithoutVotes, explanation))
        }
        None if has(Decision::Abort) && !commitment.had_failure => {
            let explanation = format!(
                "transaction {} is aborted though all voted yes and nothing failed (AC4)",
                commitment.transaction
            );
            Some(Anomaly::new(AnomalyName::AbortWithoutCause, explanation))
        }
        _ => None,
    }
}

/// AC5 and locks: after repair, everyone that voted yes has decided, and no lock is left.
fn termination(commitment: &Commitment, since: u64) -> Vec<Anomaly> {
    let mut found = Vec::new();
    for participant in commitment
        .participants
        .iter()
        .filter(|participant| !participant.is_down)
    {
        let (transaction, node) = (commitment.transaction, participant.node);
        if let (Some((Vote::Yes, at)), []) = (participant.vote, participant.decisions.as_slice()) {
            let explanation = format!(
                "participant {node} voted yes on transaction {transaction} at {at} ns and has not \
                 decided, though all failures were repaired by {since} ns (AC5)"
            );
            found.push(Anomaly::new(AnomalyName::Undecided, explanation));
        }
        if let Some(held) = participant.lock_held_since.filter(|held| *held < since) {
            let explanation = format!(
                "participant {node} still holds locks for transaction {transaction}, since {held} ns"
            );
            found.push(Anomaly::new(AnomalyName::OrphanLock, explanation));
        }
    }
    found
}

/// Everything that happened to a transaction, in order of time.
fn tell(commitment: &Commitment) -> Vec<String> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    for participant in &commitment.participants {
        if let Some((vote, at)) = participant.vote {
            lines.push((
                at,
                format!("participant {} votes {vote:?}", participant.node),
            ));
        }
        for (decision, at) in &participant.decisions {
            lines.push((
                *at,
                format!("participant {} has {}", participant.node, decision.word()),
            ));
        }
    }
    for (decision, at) in &commitment.coordinator {
        lines.push((*at, format!("coordinator has {}", decision.word())));
    }
    lines.sort();
    let mut told: Vec<String> = lines
        .into_iter()
        .map(|(at, line)| format!("{at} ns: {line}"))
        .collect();
    told.extend(
        commitment
            .told
            .map(|decision| format!("client was told: {}", decision.word())),
    );
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use Decision::{Abort, Commit};

    fn participant(node: u32, vote: Vote, decisions: &[(Decision, u64)]) -> Participant {
        let decisions = decisions.to_vec();
        Participant {
            node,
            vote: Some((vote, 10)),
            decisions,
            ..Participant::default()
        }
    }

    fn judge(participants: Vec<Participant>, had_failure: bool) -> Report {
        let commitment = Commitment {
            participants,
            had_failure,
            ..Commitment::default()
        };
        check(
            &[commitment],
            Expectation {
                repaired_since: Some(50),
            },
        )
    }

    #[test]
    fn all_yes_and_all_committed_holds() {
        let report = judge(
            vec![
                participant(1, Vote::Yes, &[(Commit, 30)]),
                participant(2, Vote::Yes, &[(Commit, 40), (Commit, 60)]),
            ],
            false,
        );
        assert_eq!(report.verdict, Verdict::Holds);
        let blocked: Vec<u64> = report
            .blocking
            .iter()
            .map(|time| time.duration(100))
            .collect();
        assert_eq!(blocked, [20, 30]);
    }

    #[test]
    fn a_no_vote_and_all_aborted_holds() {
        let participants = vec![
            participant(1, Vote::Yes, &[(Abort, 30)]),
            participant(2, Vote::No, &[(Abort, 10)]),
        ];
        assert_eq!(judge(participants, false).verdict, Verdict::Holds);
    }

    #[test]
    fn half_a_commit_is_not_atomic() {
        let participants = vec![
            participant(1, Vote::Yes, &[(Commit, 30)]),
            participant(2, Vote::Yes, &[(Abort, 30)]),
        ];
        let names = judge(participants, true).verdict.names();
        assert_eq!(names, [AnomalyName::NonAtomicCommit]);
    }

    #[test]
    fn a_decision_stands() {
        let participants = vec![participant(1, Vote::Yes, &[(Commit, 30), (Abort, 40)])];
        let names = judge(participants, true).verdict.names();
        assert_eq!(names, [AnomalyName::DecisionReversed]);
    }

    #[test]
    fn a_commit_needs_every_vote() {
        let mut late = participant(2, Vote::Yes, &[(Commit, 30)]);
        late.vote = None;
        let participants = vec![participant(1, Vote::Yes, &[(Commit, 30)]), late];
        let names = judge(participants, true).verdict.names();
        assert_eq!(names, [AnomalyName::CommitWithoutVotes]);
    }

    #[test]
    fn an_abort_needs_a_cause() {
        let participants = vec![participant(1, Vote::Yes, &[(Abort, 30)])];
        assert_eq!(judge(participants.clone(), true).verdict, Verdict::Holds);
        let names = judge(participants, false).verdict.names();
        assert_eq!(names, [AnomalyName::AbortWithoutCause]);
    }

    #[test]
    fn after_repair_everyone_decides_and_lets_go() {
        let mut waiting = participant(1, Vote::Yes, &[]);
        waiting.lock_held_since = Some(10);
        let report = judge(vec![waiting.clone()], true);
        let names = report.verdict.names();
        assert_eq!(names, [AnomalyName::Undecided, AnomalyName::OrphanLock]);
        assert_eq!(report.blocking[0].duration(100), 90);
        waiting.is_down = true;
        assert_eq!(judge(vec![waiting], true).verdict, Verdict::Holds);
    }
}
