//! How fast the checkers are on this machine: `cargo run --release --example speed`.
//!
//! Prints one line for each kind of work: operations, seconds, operations a second, verdict.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a stopwatch looks at a clock"
)]

use murphy_checkers::linearizable::{
    Register, RegisterCall, RegisterHistory, RegisterResponse, check, check_registers,
};
use murphy_checkers::transactions::{
    Ask, Level, MicroOp, Txn, TxnHistory, VersionOrders, check_list_append, check_rw_register,
    sessions,
};
use murphy_checkers::{Budget, History, Meter, Moment, Operation, Outcome, Process, Verdict};
use std::collections::BTreeMap;
use std::time::Instant;

struct Stream(u64);

impl Stream {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % bound
    }
}

/// Calls of some clients that overlap, each taking effect at some point in its interval.
fn register(count: u64, clients: u64, values: Option<u64>) -> RegisterHistory<u32, u64> {
    let mut stream = Stream(7);
    let mut operations = Vec::new();
    let mut state = None;
    // Each client calls again one round after its call ended; a round is one call of each.
    for number in 0..count {
        let begin = number * 2;
        let end = begin + 1 + 2 * (clients - 1);
        let fresh = values.map_or(number, |values| stream.below(values));
        let (call, response) = if stream.below(2) == 0 {
            (RegisterCall::Read(0), RegisterResponse::Value(state))
        } else {
            state = Some(fresh);
            (RegisterCall::Write(0, fresh), RegisterResponse::Written)
        };
        operations.push(Operation {
            process: Process((number % clients) as u32),
            call,
            invoked: Moment::new(begin, 0),
            outcome: Outcome::Ok {
                at: Moment::new(end, 0),
                response,
            },
        });
    }
    History::from_operations(operations).expect("ends are odd, beginnings even")
}

/// A serial execution of transactions on lists, with overlapping calls; one in `broken` reads short.
fn lists(count: u64, clients: u64, broken: Option<u64>) -> TxnHistory {
    let mut stream = Stream(11);
    let mut state: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    let mut operations = Vec::new();
    for number in 0..count {
        // Keys come and go: each takes some tens of appends.
        let mut txn = Txn::new();
        for step in 0..1 + stream.below(4) {
            let key = number / 40 * 5 + stream.below(10);
            let list = state.entry(key).or_default();
            if stream.below(2) == 0 {
                let is_short =
                    broken.is_some_and(|one| number.is_multiple_of(one)) && !list.is_empty();
                let seen = if is_short {
                    list[..list.len() - 1].to_vec()
                } else {
                    list.clone()
                };
                txn.push(MicroOp::ReadList(key, seen));
            } else {
                let value = (number * 8 + step) as i64;
                list.push(value);
                txn.push(MicroOp::Append(key, value));
            }
        }
        operations.push(overlapping(number, clients, txn));
    }
    History::from_operations(operations).expect("ends are odd, beginnings even")
}

fn overlapping(number: u64, clients: u64, txn: Txn) -> Operation<Txn, Txn> {
    let begin = number * 2;
    let at = Moment::new(begin + 1 + 2 * (clients - 1), 0);
    Operation {
        process: Process((number % clients) as u32),
        call: Txn::new(),
        invoked: Moment::new(begin, 0),
        outcome: Outcome::Ok { at, response: txn },
    }
}

fn registers(count: u64, clients: u64) -> TxnHistory {
    let mut stream = Stream(13);
    let mut state: BTreeMap<u64, i64> = BTreeMap::new();
    let mut operations = Vec::new();
    for number in 0..count {
        let mut txn = Txn::new();
        for step in 0..4 {
            let key = stream.below(1_000);
            if stream.below(2) == 0 {
                txn.push(MicroOp::Read(key, state.get(&key).copied()));
            } else {
                let value = (number * 8 + step) as i64;
                state.insert(key, value);
                txn.push(MicroOp::Write(key, value));
            }
        }
        operations.push(overlapping(number, clients, txn));
    }
    History::from_operations(operations).expect("ends are odd, beginnings even")
}

fn time(what: &str, operations: usize, judge: impl FnOnce() -> Verdict) {
    let start = Instant::now();
    let verdict = judge();
    let seconds = start.elapsed().as_secs_f64();
    let rate = operations as f64 / seconds;
    println!("{what:<58} {operations:>8} {seconds:>9.4} s {rate:>12.0}/s  {verdict}");
}

fn meter() -> Meter<'static> {
    Meter::new(Budget {
        steps_max: 2_000_000_000,
        bytes_max: 4 << 30,
    })
}

fn main() {
    for (count, clients) in [
        (1_000, 10),
        (10_000, 10),
        (100_000, 10),
        (100_000, 50),
        (1_000_000, 50),
    ] {
        let history = register(count, clients, None);
        let what = format!("register, unique values, one key, {clients} clients");
        time(&what, history.len(), || {
            check_registers(&Register::default(), &history, &mut meter())
        });
    }
    for count in [1_000, 10_000, 100_000] {
        let history = register(count, 10, Some(5));
        time(
            "register, five values, one key, 10 clients, search",
            history.len(),
            || check(&Register::default(), &history, &mut meter()),
        );
    }
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        let history = lists(count, 20, None);
        time("list-append, strict serializable", history.len(), || {
            let ask = Ask::Level(Level::StrictSerializable);
            check_list_append(&history, &ask, &mut meter()).verdict
        });
    }
    let history = lists(100_000, 20, Some(10));
    time(
        "list-append with anomalies, strict serializable",
        history.len(),
        || {
            let ask = Ask::Level(Level::StrictSerializable);
            check_list_append(&history, &ask, &mut meter()).verdict
        },
    );
    for level in [Level::Causal, Level::ReadAtomic, Level::ReadCommitted] {
        for count in [10_000, 100_000, 1_000_000] {
            let history = registers(count, 20);
            time(&format!("registers, {level}"), history.len(), || {
                sessions::check(&history, level, &mut meter())
            });
        }
    }
    let history = registers(100_000, 20);
    time(
        "rw-register, linearizable keys, strict serializable",
        history.len(),
        || {
            let orders = VersionOrders {
                linearizable_keys: true,
                ..VersionOrders::default()
            };
            let ask = Ask::Level(Level::StrictSerializable);
            check_rw_register(&history, &ask, &orders, &mut meter()).verdict
        },
    );
}
