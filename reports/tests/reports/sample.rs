//! A suite as a real one could be: a primary that is cut off with one client answers a read with a
//! value that was overwritten on the other side. Small, made up, and always the same.

use std::collections::BTreeMap;

use murphy_reports::record::{
    AnomalyRecord, Arrow, CallCounts, CallSpan, CheckRecord, Converge, Diagram, FaultRecord,
    FirstViolation, Lane, Latency, Mark, RUN_SCHEMA, RunRecord, ScenarioRecord, SuiteOutcome,
    SuiteRecord, VerdictKind,
};

const MS: u64 = 1_000_000;
const CUT: (u64, u64) = (3_000, 3_500);
const DOWN: (u64, u64) = (3_040, 3_120);
const FAILOVER: u64 = 3_190;
/// Lanes: three nodes, then four clients.
const NODES: usize = 3;

/// A suite with one scenario of each standing.
pub(crate) fn suite() -> SuiteRecord {
    let mut stale = scenario("primary-backup-cut-off", "primary-backup", None, "holds");
    stale.story = "The old primary, cut off with one client, keeps answering: a read goes back in \
                   time."
        .to_owned();
    stale.held = 12;
    stale.violated = 38;
    stale.as_expected = false;
    stale.why = Some("a clean protocol was violated in 38 of 50 runs".to_owned());
    stale.anomalies =
        BTreeMap::from([("lost-update".to_owned(), 2), ("stale-read".to_owned(), 38)]);
    stale.first = Some(FirstViolation {
        seed: 7,
        anomaly: "stale-read".to_owned(),
        digest: "5f0c1e7a90b34d2288aa01c3f4d9e6b7".to_owned(),
        repeat: "murphy replay scenarios/catalog/primary-backup-cut-off.toml --seed 7".to_owned(),
    });
    stale.shown = vec![stale_read()];

    let mut mutant = scenario(
        "two-phase-commit-forgets-its-vote",
        "two-phase-commit",
        Some("vote-before-sync"),
        "violated: non-atomic-commit",
    );
    mutant.held = 9;
    mutant.violated = 41;
    mutant.anomalies = BTreeMap::from([("non-atomic-commit".to_owned(), 41)]);

    let mut unsure = scenario("register-under-load", "primary-backup", None, "holds");
    unsure.held = 49;
    unsure.unknown = 1;
    unsure.as_expected = false;
    unsure.why = Some("one run could not be judged".to_owned());
    unsure.shown = vec![undecided()];

    let mut gossip = scenario("gossip-under-loss", "gossip", None, "holds");
    gossip.latency_us = Latency::default();
    gossip.messages_per_call = 14.62;
    SuiteRecord {
        schema: RUN_SCHEMA.to_owned(),
        version: "0.1.0".to_owned(),
        outcome: SuiteOutcome::Violated,
        runs: 250,
        events: 21_034_567,
        wall_seconds: 12.34,
        interrupted: false,
        scenarios: vec![
            scenario("outbox-broker-crashes", "outbox", None, "holds"),
            stale,
            mutant,
            unsure,
            gossip,
        ],
    }
}

/// A scenario of which all runs held.
pub(crate) fn scenario(
    name: &str,
    protocol: &str,
    mutant: Option<&str>,
    expect: &str,
) -> ScenarioRecord {
    ScenarioRecord {
        name: name.to_owned(),
        file: format!("scenarios/catalog/{name}.toml"),
        story: "The broker dies between taking an event and telling so; nothing may be lost."
            .to_owned(),
        protocol: protocol.to_owned(),
        mutant: mutant.map(str::to_owned),
        expect: expect.to_owned(),
        seeds: 50,
        held: 50,
        violated: 0,
        unknown: 0,
        as_expected: true,
        why: None,
        anomalies: BTreeMap::new(),
        first: None,
        digest: "c0ffee00d15ea5e0c0ffee00d15ea5e0".to_owned(),
        calls: CallCounts {
            ok: 41_200,
            fail: 12,
            info: 388,
        },
        latency_us: Latency {
            p50: 4_210,
            p99: 18_400,
        },
        messages_per_call: 4.05,
        converge_us: Converge {
            p50: 310_000,
            max: 1_204_000,
        },
        faults: BTreeMap::from([
            ("clock-step".to_owned(), 31),
            ("crash".to_owned(), 112),
            ("partition".to_owned(), 48),
        ]),
        reached: vec!["failover".to_owned(), "recovered".to_owned()],
        events: 4_206_913,
        shown: Vec::new(),
    }
}

/// A run that no checker could decide, without a picture.
fn undecided() -> RunRecord {
    RunRecord {
        seed: 31,
        digest: "00000000000000000000000000000031".to_owned(),
        verdict: VerdictKind::Unknown,
        checks: vec![CheckRecord {
            check: "linearizable".to_owned(),
            verdict: VerdictKind::Unknown,
            reason: Some("gave up after 10,000,000 states: 412 calls overlap on key x".to_owned()),
            anomalies: Vec::new(),
        }],
        events: 84_120,
        ended: 20_000 * MS,
        faults: Vec::new(),
        calls: CallCounts {
            ok: 800,
            fail: 0,
            info: 12,
        },
        repeat: "murphy replay scenarios/catalog/register-under-load.toml --seed 31".to_owned(),
        diagram: None,
    }
}

/// The run with the stale read, with its picture.
pub(crate) fn stale_read() -> RunRecord {
    let mut draw = Drawing::new();
    draw.replication();
    draw.failover();
    let evidence = draw.calls();
    let read = draw.diagram.calls[evidence[2]].clone();
    let steps = evidence
        .iter()
        .map(|&call| step(&draw.diagram.calls[call]))
        .collect();
    RunRecord {
        seed: 7,
        digest: "5f0c1e7a90b34d2288aa01c3f4d9e6b7".to_owned(),
        verdict: VerdictKind::Violated,
        checks: vec![
            CheckRecord {
                check: "linearizable".to_owned(),
                verdict: VerdictKind::Violated,
                reason: None,
                anomalies: vec![AnomalyRecord {
                    name: "stale-read".to_owned(),
                    explanation: format!(
                        "the read of x at {}.{:03}s returned 2, but the write of 3 had ended ok \
                         before it began",
                        read.invoked / MS / 1_000,
                        read.invoked / MS % 1_000
                    ),
                    evidence: steps,
                    calls: evidence,
                }],
            },
            CheckRecord {
                check: "converges within 5s".to_owned(),
                verdict: VerdictKind::Holds,
                reason: None,
                anomalies: Vec::new(),
            },
        ],
        events: 82_311,
        ended: 20_000 * MS,
        faults: faults(),
        calls: CallCounts {
            ok: 790,
            fail: 2,
            info: 20,
        },
        repeat: "murphy replay scenarios/catalog/primary-backup-cut-off.toml --seed 7".to_owned(),
        diagram: Some(draw.diagram),
    }
}

fn step(call: &CallSpan) -> String {
    let client = call.lane - NODES;
    format!(
        "c{client} asked {} and was answered {}",
        call.asked, call.answered
    )
}

fn faults() -> Vec<FaultRecord> {
    let fault =
        |kind: &str, told: &str, from: Option<u64>, until, lanes: &[usize], hits| FaultRecord {
            kind: kind.to_owned(),
            told: told.to_owned(),
            from: from.map(|ms| ms * MS),
            until: Option::map(until, |ms: u64| ms * MS),
            lanes: lanes.to_vec(),
            hits,
        };
    vec![
        fault(
            "isolate",
            "isolate n0 (primary) and c0 for 500ms",
            Some(CUT.0),
            Some(CUT.1),
            &[0, 3],
            48,
        ),
        fault(
            "crash",
            "crash n2 for 80ms",
            Some(DOWN.0),
            Some(DOWN.1),
            &[2],
            1,
        ),
        fault(
            "clock-step",
            "step the clock of n1 by 200ms",
            Some(3_400),
            Some(3_400),
            &[1],
            1,
        ),
        fault(
            "crash",
            "crash n1 when it reached `recovered`",
            None,
            None,
            &[1],
            0,
        ),
    ]
}

/// Draws the run, moment by moment.
struct Drawing {
    diagram: Diagram,
    drawn: u64,
}

impl Drawing {
    fn new() -> Drawing {
        let lane = |name: &str, client, roles: &[(u64, &str)], down: &[(u64, u64)]| Lane {
            name: name.to_owned(),
            client,
            roles: roles
                .iter()
                .map(|(ms, role)| (ms * MS, (*role).to_owned()))
                .collect(),
            down: down
                .iter()
                .map(|(from, until)| (from * MS, until * MS))
                .collect(),
        };
        let lanes = vec![
            lane("n0", false, &[(0, "primary"), (3_540, "backup")], &[]),
            lane(
                "n1",
                false,
                &[(0, "backup"), (3_160, "candidate"), (FAILOVER, "primary")],
                &[],
            ),
            lane("n2", false, &[(0, "backup")], &[DOWN]),
            lane("c0", true, &[], &[]),
            lane("c1", true, &[], &[]),
            lane("c2", true, &[], &[]),
            lane("c3", true, &[], &[]),
        ];
        let diagram = Diagram {
            from: 2_880 * MS,
            until: 3_660 * MS,
            lanes,
            ..Diagram::default()
        };
        Drawing { diagram, drawn: 0 }
    }

    /// A latency from 2 to 9 ms, drawn from a small generator that is always seeded alike.
    fn latency(&mut self) -> u64 {
        self.drawn = self
            .drawn
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        2 * MS + (self.drawn >> 33) % (7 * MS)
    }

    fn send(&mut self, from: usize, to: usize, sent: u64, kind: &str, told: &str) -> u64 {
        let is_cut = |lane: usize| lane == 0 || lane == 3;
        let during = |(start, end): (u64, u64)| sent >= start * MS && sent < end * MS;
        let dropped = if during(CUT) && is_cut(from) != is_cut(to) {
            Some("partition")
        } else if to == 2 && during(DOWN) {
            Some("crash")
        } else {
            None
        };
        let arrived = sent + self.latency() / if dropped.is_some() { 3 } else { 1 };
        self.diagram.messages.push(Arrow {
            from,
            to,
            sent,
            arrived,
            kind: kind.to_owned(),
            told: told.to_owned(),
            dropped: dropped.map(str::to_owned),
        });
        arrived
    }

    fn mark(&mut self, lane: usize, at: u64, kind: &str, told: &str) {
        self.diagram.marks.push(Mark {
            lane,
            at,
            kind: kind.to_owned(),
            told: told.to_owned(),
        });
    }

    /// Heartbeats of whoever thinks that it is the primary.
    fn replication(&mut self) {
        for beat in 0..15 {
            let at = (2_885 + beat * 50) * MS;
            let mut primaries = Vec::new();
            if at < 3_540 * MS {
                primaries.push(0);
            }
            if at > FAILOVER * MS {
                primaries.push(1);
            }
            for primary in primaries {
                for backup in (0..NODES).filter(|node| *node != primary) {
                    let told = format!("Heartbeat {{ epoch: {}, commit: {beat} }}", primary + 1);
                    let arrived = self.send(primary, backup, at, "Heartbeat", &told);
                    let last = self.diagram.messages.last().expect("one was just sent");
                    if last.dropped.is_none() {
                        self.send(backup, primary, arrived, "Ack", "Ack { upto: 41 }");
                    }
                }
            }
        }
    }

    fn failover(&mut self) {
        self.mark(2, DOWN.0 * MS, "crash", "crash");
        self.mark(2, DOWN.1 * MS, "start", "start");
        let asked = self.send(1, 2, 3_160 * MS, "Promote", "Promote { epoch: 2 }");
        self.send(1, 0, 3_160 * MS, "Promote", "Promote { epoch: 2 }");
        self.send(2, 1, asked, "Promoted", "Promoted { epoch: 2 }");
        self.mark(1, FAILOVER * MS, "reached", "reached failover");
        self.mark(1, FAILOVER * MS, "role", "primary");
        self.mark(1, 3_401 * MS, "clock", "clock +200ms");
        self.mark(0, 3_540 * MS, "reached", "reached stepped-down");
    }

    /// What the clients do; the last line are the calls that are evidence.
    fn calls(&mut self) -> Vec<usize> {
        for (lane, at, asked, answered) in [
            (5, 2_890, "read x", "ok 1"),
            (6, 2_902, "write y 8", "ok"),
            (4, 2_925, "read y", "ok 8"),
            (3, 2_960, "read x", "ok 2"),
            (6, 2_975, "cas y 8 9", "fail"),
            (5, 3_005, "write x 7", "info"),
            (4, 3_020, "read y", "info"),
            (3, 3_060, "read y", "ok 9"),
            (3, 3_140, "read x", "ok 2"),
            (6, 3_240, "read x", "ok 2"),
            (5, 3_330, "read x", "ok 3"),
            (6, 3_345, "write y 10", "ok"),
            (3, 3_420, "write y 11", "info"),
            (4, 3_430, "append to the list z the value 4", "ok [1, 2, 4]"),
            (5, 3_520, "read y", "ok 10"),
            (6, 3_575, "read x", "ok 3"),
            (4, 3_590, "write x 4", "ok"),
        ] {
            self.call(lane, at * MS, asked, answered, false);
        }
        let first = self.call(4, 2_888 * MS, "write x 2", "ok", true);
        let second = self.call(4, 3_250 * MS, "write x 3", "ok", true);
        vec![
            first,
            second,
            self.call(3, 3_300 * MS, "read x", "ok 2", true),
        ]
    }

    fn call(&mut self, lane: usize, at: u64, asked: &str, answered: &str, evidence: bool) -> usize {
        let primary = if lane == 3 || at < 3_180 * MS { 0 } else { 1 };
        let arrived = self.send(lane, primary, at, "request", asked);
        let mut back = arrived + MS;
        if asked.starts_with("write") && answered != "info" {
            for backup in (0..NODES).filter(|node| *node != primary) {
                let told = format!("Replicate {{ {asked} }}");
                let there = self.send(primary, backup, back, "Replicate", &told);
                if backup == 2 {
                    back = self.send(backup, primary, there, "Ack", "Ack { upto: 42 }") + MS;
                }
            }
        }
        let outcome = answered
            .split(' ')
            .next()
            .expect("a split has a first part")
            .to_owned();
        let ended = match outcome.as_str() {
            "info" if lane == 3 => None,
            "info" => Some(at + 120 * MS),
            _ => Some(self.send(primary, lane, back, "response", answered)),
        };
        self.diagram.calls.push(CallSpan {
            lane,
            invoked: at,
            ended,
            asked: asked.to_owned(),
            answered: answered.to_owned(),
            outcome,
            evidence,
        });
        self.diagram.calls.len() - 1
    }
}
