//! Group membership, judged: what nodes hold and answer, against when nodes were up and what went
//! wrong between them.
//!
//! A crash is an excuse for holding that very node to have failed. What stops nodes that are up, or
//! their messages, is an excuse for everything: a node that stood still may tell, when it wakes, of a
//! suspicion that nobody else ever heard of, and nobody could refute.

use std::collections::BTreeMap;

use murphy_checkers::{
    Reason, Verdict,
    membership::{
        Bounds, Held, Observation, Spell, Status, Truth, accuracy, completeness, incarnation_order,
        unsuspected,
    },
};
use murphy_models::service::{
    Service,
    membership::{self, Member, Request, Response, View},
};
use murphy_sim::{Fault, Happened, NodeId, Time};

use super::{Seen, Served, Workload, calls};
use crate::{
    language::{HistoryCheck, WorkloadKind},
    workload,
};

impl Served for Request {
    type Answer = Response;
    type Held = View;
    const SERVICE: Service = Service::Membership;

    const WORKLOADS: &'static [Workload<Request>] = &[Workload {
        kind: WorkloadKind::Members,
        draw: workload::members,
        checks: &[
            HistoryCheck::Completeness,
            HistoryCheck::Accuracy,
            HistoryCheck::Unsuspected,
            HistoryCheck::IncarnationOrder,
        ],
    }];

    fn judge(check: HistoryCheck, seen: &Seen<Request>) -> Verdict {
        let mut observations = answers(seen);
        if check == HistoryCheck::IncarnationOrder {
            return incarnation_order(&observations);
        }
        let Some(bounds) = seen.bounds else {
            let why = "the protocol does not say how soon it finds a failure";
            return Verdict::Unknown(Reason::NotEnoughKnown(why.to_owned()));
        };
        observations.extend(samples(seen));
        let (truth, bounds) = (truth(seen), in_nanoseconds(&bounds));
        match check {
            HistoryCheck::Completeness => completeness(&observations, &truth, &bounds),
            HistoryCheck::Accuracy => accuracy(&observations, &truth, &bounds),
            HistoryCheck::Unsuspected => unsuspected(&observations, &truth, &bounds),
            _ => unreachable!("checks of another service are refused when a scenario is read"),
        }
    }

    fn tell(&self) -> String {
        match self {
            Request::Members => "members".to_owned(),
        }
    }

    fn tell_answer(Response::Members { by, members }: &Response) -> String {
        let told = members.iter().map(|(member, held)| {
            let (life, number) = (held.incarnation.life, held.incarnation.number);
            let status = format!("{:?}", held.status).to_lowercase();
            format!("{member} {status} {life}.{number}")
        });
        let told: Vec<String> = told.collect();
        format!("{by}: {}", told.join(", "))
    }
}

fn answers(seen: &Seen<Request>) -> Vec<Observation> {
    let answered = calls(seen.history).into_iter().enumerate();
    let observation = |(place, call): (usize, super::Call<Request>)| {
        let (at, Happened::Ok(Response::Members { by, members })) = call.ended? else {
            return None;
        };
        let held = |(member, held): (&NodeId, &Member)| {
            let incarnation = (held.incarnation.life, held.incarnation.number);
            let held = Held {
                status: status(held.status),
                incarnation: Some(incarnation),
            };
            (member.0, held)
        };
        Some(Observation {
            by: by.0,
            begun: call.invoked.0,
            ended: at.0,
            held: members.iter().map(held).collect(),
            operation: Some(place),
        })
    };
    answered.filter_map(observation).collect()
}

/// What every node held at some moments, whether or not anyone asked.
fn samples(seen: &Seen<Request>) -> Vec<Observation> {
    let mut observations = Vec::new();
    for sample in seen.samples {
        for (by, view) in &sample.views {
            let Some(list) = &view.state else { continue };
            let held = list.iter().map(|(member, held)| {
                let held = Held {
                    status: status(*held),
                    incarnation: None,
                };
                (member.0, held)
            });
            observations.push(Observation {
                by: by.0,
                begun: sample.time.0,
                ended: sample.time.0,
                held: held.collect(),
                operation: None,
            });
        }
    }
    observations
}

const fn status(status: membership::Status) -> Status {
    match status {
        membership::Status::Alive => Status::Alive,
        membership::Status::Suspect => Status::Suspect,
        membership::Status::Failed => Status::Failed,
    }
}

const fn in_nanoseconds(bounds: &membership::Bounds) -> Bounds {
    Bounds {
        tolerated: bounds.tolerated.0,
        detection: bounds.detection.0,
        recovery: bounds.recovery.0,
    }
}

fn truth(seen: &Seen<Request>) -> Truth {
    let mut truth = Truth {
        down: down(seen),
        ..Truth::default()
    };
    for (planned, report) in seen.plan.iter().zip(seen.faults) {
        let Some(began) = report.began else { continue };
        let spells = match disturbs(&planned.fault) {
            Disturbs::Nobody => continue,
            Disturbs::Nodes => &mut truth.hindered,
            Disturbs::Links => &mut truth.cut,
        };
        let ended = report.ended.unwrap_or(seen.ended);
        spells.push(Spell {
            from: began.0,
            until: ended.0,
        });
    }
    truth
}

/// When each node was down: between its lives.
fn down(seen: &Seen<Request>) -> BTreeMap<u32, Vec<Spell>> {
    let mut up_until: BTreeMap<NodeId, Option<Time>> = BTreeMap::new();
    let mut down: BTreeMap<u32, Vec<Spell>> = BTreeMap::new();
    for life in seen.lives {
        let before = up_until.insert(life.node, life.until);
        let since = before.map_or(Time::ZERO, |until| {
            until.expect("a node that starts again has crashed before")
        });
        if since < life.from {
            let (from, until) = (since.0, life.from.0);
            let spells = down.entry(life.node.0).or_default();
            spells.push(Spell { from, until });
        }
    }
    for (node, until) in up_until {
        if let Some(since) = until {
            let (from, until) = (since.0, seen.ended.0);
            let spells = down.entry(node.0).or_default();
            spells.push(Spell { from, until });
        }
    }
    down
}

/// What a fault keeps from working while it lasts, besides those that it crashes.
enum Disturbs {
    Nobody,
    Nodes,
    Links,
}

/// Clocks that run wrong by more than this hinder: no protocol is asked to tolerate it.
const DRIFT_PPM_MOST: u64 = 1_000;

const fn disturbs(fault: &Fault) -> Disturbs {
    match fault {
        Fault::Partition { .. }
        | Fault::Loss { .. }
        | Fault::Reorder { .. }
        | Fault::Corrupt { .. }
        | Fault::Delay { .. }
        | Fault::Bandwidth { .. }
        | Fault::Clog { .. }
        | Fault::SwizzleClog { .. }
        | Fault::Message { .. } => Disturbs::Links,
        Fault::ClockDrift { ppm, .. } if ppm.unsigned_abs() > DRIFT_PPM_MOST => Disturbs::Nodes,
        Fault::Pause { .. }
        | Fault::SlowCpu { .. }
        | Fault::DiskCorrupt { .. }
        | Fault::DiskSyncError { .. }
        | Fault::DiskSlow { .. }
        | Fault::DiskStall { .. }
        | Fault::DiskFull { .. } => Disturbs::Nodes,
        // When nodes were down is told by their lives, and the rest is to be tolerated.
        Fault::Crash { .. }
        | Fault::CrashLoop { .. }
        | Fault::Duplicate { .. }
        | Fault::AddNode { .. }
        | Fault::RemoveNode { .. }
        | Fault::ClockOffset { .. }
        | Fault::ClockStep { .. }
        | Fault::ClockDrift { .. }
        | Fault::ClockStrobe { .. }
        | Fault::ClockFreeze { .. }
        | Fault::ClockSlew { .. }
        | Fault::ClockBound { .. }
        | Fault::Buggify { .. } => Disturbs::Nobody,
    }
}
