//! Transactions, judged: isolation by what they read, money by its total, commitment by what the
//! shards decided.

use std::collections::{BTreeMap, BTreeSet};

use murphy_checkers::{
    Meter, Verdict,
    atomic_commit::{self, Commitment, Decision, Expectation, Participant, Vote},
    bank::{self, Bank, BankCall, BankResponse},
    transactions::{self, Ask, Level, TxnHistory, VersionOrders},
};
use murphy_models::service::{
    Service,
    txn::{Datum, MicroOp, Request, Response, View},
};
use murphy_sim::{CallId, Happened, HistoryEvent, Time};

use super::{Seen, Served, Workload, calls, history, level, saga::sagas};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload,
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Txn;

    const WORKLOADS: &'static [Workload<Request>] = &[
        Workload {
            kind: WorkloadKind::ListAppend,
            draw: workload::list_append,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::RwRegister,
            draw: workload::rw_register,
            checks: CHECKS,
        },
        Workload {
            kind: WorkloadKind::Bank,
            draw: workload::bank,
            checks: &[
                HistoryCheck::Bank,
                HistoryCheck::FinalBank,
                HistoryCheck::AtomicCommit,
            ],
        },
        Workload {
            kind: WorkloadKind::Saga,
            draw: workload::saga,
            checks: &[HistoryCheck::FinalBank, HistoryCheck::Saga],
        },
    ];

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        match (check, level(check)) {
            (HistoryCheck::Bank, _) => money(seen, Time::ZERO),
            (HistoryCheck::FinalBank, _) => {
                money(seen, seen.demand.final_reads.unwrap_or(seen.ended))
            }
            (HistoryCheck::Saga, _) => sagas(seen),
            (HistoryCheck::AtomicCommit, _) => commitment(seen),
            (check, Some(level)) if CHECKS.contains(&check) => isolated(seen, level),
            _ => unreachable!("checks of another service are refused when a scenario is read"),
        }
    }

    fn tell(&self) -> String {
        let step = |op: &MicroOp| match op {
            MicroOp::Read { key } => format!("r {key}"),
            MicroOp::Write { key, value } => format!("w {key} {value}"),
            MicroOp::Append { key, value } => format!("append {key} {value}"),
            MicroOp::Add { key, amount } => format!("add {key} {amount:+}"),
        };
        self.0.iter().map(step).collect::<Vec<_>>().join(", ")
    }

    fn tell_answer(answer: &Response) -> String {
        let seen = |found: &Option<Datum>| match found {
            None => "-".to_owned(),
            Some(Datum::Int(value)) => value.to_string(),
            Some(Datum::List(list)) => format!("{list:?}"),
        };
        format!(
            "ok {}",
            answer.0.iter().map(seen).collect::<Vec<_>>().join(", ")
        )
    }
}

/// Every level that transactions are judged at, and how they end.
const CHECKS: &[HistoryCheck] = &[
    HistoryCheck::StrictSerializable,
    HistoryCheck::StrongSessionSerializable,
    HistoryCheck::Serializable,
    HistoryCheck::UpdateSerializable,
    HistoryCheck::StrongSnapshotIsolation,
    HistoryCheck::StrongSessionSnapshotIsolation,
    HistoryCheck::SnapshotIsolation,
    HistoryCheck::ParallelSnapshotIsolation,
    HistoryCheck::Prefix,
    HistoryCheck::CausalCerone,
    HistoryCheck::UpdateAtomic,
    HistoryCheck::ReadAtomic,
    HistoryCheck::RepeatableRead,
    HistoryCheck::ForwardConsistentView,
    HistoryCheck::ConsistentView,
    HistoryCheck::MonotonicSnapshotRead,
    HistoryCheck::MonotonicView,
    HistoryCheck::MonotonicAtomicView,
    HistoryCheck::CursorStability,
    HistoryCheck::StrongReadCommitted,
    HistoryCheck::StrongSessionReadCommitted,
    HistoryCheck::ReadCommitted,
    HistoryCheck::StrongReadUncommitted,
    HistoryCheck::StrongSessionReadUncommitted,
    HistoryCheck::ReadUncommitted,
    HistoryCheck::Causal,
    HistoryCheck::Pram,
    HistoryCheck::ReadYourWrites,
    HistoryCheck::MonotonicReads,
    HistoryCheck::MonotonicWrites,
    HistoryCheck::WritesFollowReads,
    HistoryCheck::AtomicCommit,
];

/// Appends are judged by the lists that reads saw, writes by the order that reads reveal.
fn isolated(seen: &Seen<Request>, level: Level) -> Verdict {
    let lists = seen.history.iter().any(|event| match &event.what {
        Happened::Invoke(request) => request
            .0
            .iter()
            .any(|op| matches!(op, MicroOp::Append { .. })),
        _ => false,
    });
    let history: TxnHistory = history(
        seen.history,
        |request| request.0.iter().map(|op| step(op, None, lists)).collect(),
        |request, response| {
            let found = response.0.iter().map(Option::as_ref);
            request
                .0
                .iter()
                .zip(found)
                .map(|(op, found)| step(op, found, lists))
                .collect()
        },
    );
    let (ask, orders) = (Ask::Level(level), VersionOrders::default());
    transactions::check(&history, &ask, &orders, &mut Meter::default()).verdict
}

fn step(op: &MicroOp, found: Option<&Datum>, lists: bool) -> transactions::MicroOp {
    match op {
        MicroOp::Append { key, value } => transactions::MicroOp::Append(u64::from(*key), *value),
        MicroOp::Write { key, value } => transactions::MicroOp::Write(u64::from(*key), *value),
        MicroOp::Read { key } if lists => {
            let list = if let Some(Datum::List(list)) = found {
                list.clone()
            } else {
                Vec::new()
            };
            transactions::MicroOp::ReadList(u64::from(*key), list)
        }
        MicroOp::Read { key } => {
            let value = if let Some(Datum::Int(value)) = found {
                Some(*value)
            } else {
                None
            };
            transactions::MicroOp::Read(u64::from(*key), value)
        }
        MicroOp::Add { .. } => unreachable!("a bank is judged by its total"),
    }
}

/// Whether all reads that were asked for from then on add up.
fn money(seen: &Seen<Request>, since: Time) -> Verdict {
    let opening = seen.opening_balance.unwrap_or(0);
    let accounts: BTreeSet<u64> = (0..u64::from(seen.demand.keys)).collect();
    let bank = Bank {
        total: opening * accounts.len() as i64,
        accounts,
        negative_allowed: false,
    };
    let mut begun = BTreeSet::new();
    let is_late = |event: &&HistoryEvent<Request, Response>| match event.what {
        Happened::Invoke(_) => event.time >= since && begun.insert(event.call),
        _ => begun.contains(&event.call),
    };
    let events: Vec<_> = seen.history.iter().filter(is_late).cloned().collect();
    let history = history(&events, bank_call, balances);
    bank::check(&bank, &history)
}

fn bank_call(request: &Request) -> BankCall {
    match request.0[..] {
        [
            MicroOp::Add {
                key: from,
                amount: taken,
            },
            ..,
            MicroOp::Add { key: to, .. },
        ] => BankCall::Transfer {
            from: u64::from(from),
            to: u64::from(to),
            amount: -taken,
        },
        _ => BankCall::Read,
    }
}

fn balances(request: &Request, response: &Response) -> BankResponse {
    if matches!(bank_call(request), BankCall::Transfer { .. }) {
        return BankResponse::Transferred;
    }
    let balance = |(op, found): (&MicroOp, &Option<Datum>)| match found {
        Some(Datum::Int(balance)) => Some((u64::from(op.key()), *balance)),
        _ => None,
    };
    BankResponse::Balances(
        request
            .0
            .iter()
            .zip(&response.0)
            .filter_map(balance)
            .collect(),
    )
}

/// AC1 to AC5 on what the shards hold in the end, with the times at which samples first saw it.
fn commitment(seen: &Seen<Request>) -> Verdict {
    let mut commitments = BTreeMap::<CallId, Commitment>::new();
    for (transaction, told) in outcomes(seen) {
        let commitment = commitments.entry(transaction).or_default();
        commitment.operation = Some(told.0);
        commitment.told = told.1;
    }
    for (node, view) in seen.held {
        let Some(state) = &view.state else { continue };
        for transaction in state.votes.keys() {
            let participant = participant(node.0, *transaction, state, seen);
            commitments
                .entry(*transaction)
                .or_default()
                .participants
                .push(participant);
        }
        // Who decided without a vote of its own coordinated.
        let decided = state
            .decisions
            .iter()
            .filter(|(transaction, _)| !state.votes.contains_key(transaction));
        for (transaction, commit) in decided {
            let at = seen.healed.map_or(0, |time| time.0);
            commitments
                .entry(*transaction)
                .or_default()
                .coordinator
                .push((decision(*commit), at));
        }
    }
    for (transaction, commitment) in &mut commitments {
        commitment.transaction =
            u64::from(transaction.client.0) << 32 | u64::from(transaction.number);
        // Locks conflict in any run, so an abort never lacks a cause.
        commitment.had_failure = true;
    }
    let all: Vec<Commitment> = commitments.into_values().collect();
    atomic_commit::check(
        &all,
        Expectation {
            repaired_since: seen.healed.map(|time| time.0),
        },
    )
    .verdict
}

fn participant(node: u32, transaction: CallId, state: &View, seen: &Seen<Request>) -> Participant {
    let first_seen = |has: &dyn Fn(&View) -> bool| {
        let sample = seen.samples.iter().find(|sample| {
            let here = sample.views.iter().find(|(id, _)| id.0 == node);
            here.and_then(|(_, view)| view.state.as_ref())
                .is_some_and(has)
        });
        sample.map_or(Time::ZERO, |sample| sample.time).0
    };
    let vote = state.votes.get(&transaction).map(|yes| {
        let vote = if *yes { Vote::Yes } else { Vote::No };
        (
            vote,
            first_seen(&|view| view.votes.contains_key(&transaction)),
        )
    });
    let decision = state.decisions.get(&transaction).map(|commit| {
        let at = first_seen(&|view| view.decisions.contains_key(&transaction));
        (decision(*commit), at)
    });
    let lock_held_since = (state.in_doubt.contains(&transaction) && !state.locked.is_empty())
        .then(|| first_seen(&|view| view.in_doubt.contains(&transaction)));
    Participant {
        node,
        vote,
        decisions: decision.into_iter().collect(),
        lock_held_since,
        is_down: false,
    }
}

/// Each transaction, its place in the history and what its client was told.
pub(super) fn outcomes<'a>(
    seen: &'a Seen<Request>,
) -> impl Iterator<Item = (CallId, (usize, Option<Decision>))> + 'a {
    let told = calls(seen.history)
        .into_iter()
        .map(|call| match call.ended {
            Some((_, Happened::Ok(_))) => Some(Decision::Commit),
            Some((_, Happened::Fail)) => Some(Decision::Abort),
            _ => None,
        });
    let invoked = seen
        .history
        .iter()
        .filter(|event| matches!(event.what, Happened::Invoke(_)));
    invoked
        .map(|event| event.call)
        .zip(told.enumerate().collect::<Vec<_>>())
}

fn decision(commit: bool) -> Decision {
    if commit {
        Decision::Commit
    } else {
        Decision::Abort
    }
}
