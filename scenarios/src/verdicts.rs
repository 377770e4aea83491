//! Verdicts as records, and the checks that need no checker: convergence in time, progress, nothing
//! left in doubt, and that the run was not vacuous.

use murphy_checkers::Verdict;
use murphy_reports::record::{AnomalyRecord, CheckRecord, VerdictKind};
use murphy_sim::{Breached, Happened, Span};

use crate::{
    judge::{Seen, Served, calls},
    language::StateCheck,
};

/// The anomalies that checks of states find.
pub const STATE_ANOMALIES: [&str; 3] = ["diverged", "no-progress", "unsettled"];

/// Evidence of one check that is kept; the rest is counted.
const ANOMALIES_MOST: usize = 5;

/// What a check said, as reporters read it.
pub(crate) fn record(check: &str, verdict: &Verdict) -> CheckRecord {
    let kind = match verdict {
        Verdict::Holds => VerdictKind::Holds,
        Verdict::Violated(_) => VerdictKind::Violated,
        Verdict::Unknown(_) => VerdictKind::Unknown,
    };
    let reason = if let Verdict::Unknown(reason) = verdict {
        Some(reason.to_string())
    } else {
        None
    };
    let mut anomalies: Vec<AnomalyRecord> = Vec::new();
    for anomaly in verdict.anomalies() {
        let name = anomaly.name.as_str();
        let of_this_name = anomalies.iter().filter(|told| told.name == name).count();
        if of_this_name < ANOMALIES_MOST {
            anomalies.push(AnomalyRecord {
                name: name.to_owned(),
                explanation: anomaly.explanation.clone(),
                evidence: anomaly.steps.clone(),
                calls: anomaly.operations.clone(),
            });
        }
    }
    CheckRecord {
        check: check.to_owned(),
        verdict: kind,
        reason,
        anomalies,
    }
}

/// A breached invariant, as reporters read it.
pub(crate) fn breach(breached: &Breached) -> CheckRecord {
    let anomaly = AnomalyRecord {
        name: breached.breach.anomaly.to_owned(),
        explanation: breached.breach.told.clone(),
        evidence: vec![format!(
            "at {}: {} does not hold",
            breached.time, breached.invariant
        )],
        calls: Vec::new(),
    };
    CheckRecord {
        check: breached.invariant.to_owned(),
        verdict: VerdictKind::Violated,
        reason: None,
        anomalies: vec![anomaly],
    }
}

/// The run tested nothing, and why.
pub(crate) fn vacuous(why: &str) -> CheckRecord {
    CheckRecord {
        check: "not-vacuous".to_owned(),
        verdict: VerdictKind::Unknown,
        reason: Some(why.to_owned()),
        anomalies: Vec::new(),
    }
}

/// A violation that needs no checker.
fn violated(
    check: &str,
    name: &str,
    explanation: String,
    evidence: Vec<String>,
    calls: Vec<usize>,
) -> CheckRecord {
    let anomaly = AnomalyRecord {
        name: name.to_owned(),
        explanation,
        evidence,
        calls,
    };
    CheckRecord {
        check: check.to_owned(),
        verdict: VerdictKind::Violated,
        reason: None,
        anomalies: vec![anomaly],
    }
}

/// Nothing to complain about.
fn holds(check: &str) -> CheckRecord {
    CheckRecord {
        check: check.to_owned(),
        verdict: VerdictKind::Holds,
        reason: None,
        anomalies: Vec::new(),
    }
}

/// What a check of states says.
pub(crate) fn state<Q: Served>(check: StateCheck, seen: &Seen<Q>, converged: bool) -> CheckRecord {
    let name = check.to_string();
    match check {
        StateCheck::Converges { within } => converges(&name, within, seen, converged),
        StateCheck::Progress => progress(&name, seen),
        StateCheck::Settled => settled(&name, seen),
    }
}

/// Replicas agree in time after the heal, and still do in the end.
fn converges<Q: Served>(
    name: &str,
    within: Option<Span>,
    seen: &Seen<Q>,
    in_the_end: bool,
) -> CheckRecord {
    let why = match (seen.converged_after, within) {
        (None, _) => "replicas never agreed after the heal".to_owned(),
        (Some(after), Some(within)) if after > within => {
            format!("replicas agreed only {after} after the heal, not within {within}")
        }
        (Some(_), _) if !in_the_end => "replicas agreed after the heal and parted again".to_owned(),
        (Some(_), _) => return holds(name),
    };
    const SHOWN_MOST: usize = 300;
    let told = seen.held.iter().map(|(node, view)| {
        let state = view
            .state
            .as_ref()
            .map_or("nothing".to_owned(), |state| format!("{state:?}"));
        let state: String = state.chars().take(SHOWN_MOST).collect();
        format!(
            "{node} holds {state}{}",
            if view.settled {
                ""
            } else {
                " and is not settled"
            }
        )
    });
    violated(name, "diverged", why, told.collect(), Vec::new())
}

/// After the heal every call ends: the final reads, which ask only when all is quiet, succeed.
fn progress<Q: Served>(name: &str, seen: &Seen<Q>) -> CheckRecord {
    let Some(quiet) = seen.demand.final_reads else {
        let mut unknown = vacuous("without final reads nothing asks after the heal");
        unknown.check = name.to_owned();
        return unknown;
    };
    let stuck: Vec<usize> = calls(seen.history)
        .iter()
        .enumerate()
        .filter(|(_, call)| {
            call.invoked >= quiet && !matches!(call.ended, Some((_, Happened::Ok(_))))
        })
        .map(|(place, _)| place)
        .collect();
    if stuck.is_empty() {
        return holds(name);
    }
    let why = format!(
        "{} calls made after the heal, when all was quiet, did not succeed",
        stuck.len()
    );
    violated(
        name,
        "no-progress",
        why,
        Vec::new(),
        stuck.into_iter().take(ANOMALIES_MOST).collect(),
    )
}

/// Nothing is left to do in the end: no transaction in doubt, no lock held, no event unsent.
fn settled<Q: Served>(name: &str, seen: &Seen<Q>) -> CheckRecord {
    let unsettled = seen.held.iter().filter(|(_, view)| !view.settled);
    let told: Vec<String> = unsettled
        .map(|(node, _)| format!("{node} still has work open"))
        .collect();
    if told.is_empty() {
        return holds(name);
    }
    violated(
        name,
        "unsettled",
        "nodes still have work open at the end of the run".to_owned(),
        told,
        Vec::new(),
    )
}
