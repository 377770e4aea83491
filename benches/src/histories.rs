//! Histories for the checkers' benches: what a database would have answered, made up from a fixed
//! stream, so that every run judges the same ones. Each is right by construction, or wrong in a way
//! that is told here.

use murphy_checkers::linearizable::{RegisterCall, RegisterHistory, RegisterResponse};
use murphy_checkers::transactions::{MicroOp, Txn, TxnHistory, Value};
use murphy_checkers::{History, Moment, Operation, Outcome, Process};
use std::collections::BTreeMap;

/// A linear congruential stream: small, and the same everywhere.
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

/// A call of one of some clients, each of which calls again one round after its call ended; a round
/// is one call of each, so that all of them are open at any time.
fn overlapping<C, R>(number: u64, clients: u64, call: C, response: R) -> Operation<C, R> {
    let begin = number * 2;
    let at = Moment::new(begin + 1 + 2 * (clients - 1), 0);
    Operation {
        process: Process((number % clients) as u32),
        call,
        invoked: Moment::new(begin, 0),
        outcome: Outcome::Ok { at, response },
    }
}

fn history<C, R>(operations: Vec<Operation<C, R>>) -> History<C, R> {
    History::from_operations(operations).expect("ends are odd, beginnings even")
}

/// The calls in the order in which they take effect, each somewhere between its beginning and its end.
fn effects(count: u64, clients: u64) -> Vec<u64> {
    let mut stream = Stream(5);
    let mut order: Vec<(u64, u64)> = (0..count)
        .map(|number| (number + stream.below(clients), number))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, number)| number).collect()
}

/// Reads and writes of one register; written values are unique, or some few.
pub fn register(count: u64, clients: u64, values: Option<u64>) -> RegisterHistory<u32, u64> {
    let mut stream = Stream(7);
    let mut state = None;
    let step = |number| {
        let fresh = values.map_or(number, |values| stream.below(values));
        let (call, response) = if stream.below(2) == 0 {
            (RegisterCall::Read(0), RegisterResponse::Value(state))
        } else {
            state = Some(fresh);
            (RegisterCall::Write(0, fresh), RegisterResponse::Written)
        };
        overlapping(number, clients, call, response)
    };
    history(effects(count, clients).into_iter().map(step).collect())
}

/// Compare-and-sets, reads and writes of one register with few values, the last read of which saw a
/// value that can have been there by count alone: no order explains it, and there are very many.
pub fn hard_cas(count: u64, clients: u64) -> RegisterHistory<u32, u64> {
    const VALUES: u64 = 5;
    let mut stream = Stream(17);
    let mut state = Some(0);
    let mut operations = vec![overlapping(
        0,
        clients,
        RegisterCall::Write(0, 0),
        RegisterResponse::Written,
    )];
    for number in effects(count - 1, clients)
        .into_iter()
        .map(|number| number + 1)
    {
        let to = stream.below(VALUES);
        let (call, response) = match stream.below(4) {
            0 => (RegisterCall::Read(0), RegisterResponse::Value(state)),
            1 => {
                state = Some(to);
                (RegisterCall::Write(0, to), RegisterResponse::Written)
            }
            _ => {
                let from = Some(stream.below(VALUES));
                let is_there = from == state;
                if is_there {
                    state = Some(to);
                }
                let call = RegisterCall::Cas { key: 0, from, to };
                (call, RegisterResponse::Swapped(is_there))
            }
        };
        operations.push(overlapping(number, clients, call, response));
    }
    // Once all have ended, two reads that nothing separates disagree.
    for extra in 0..2 {
        let call = RegisterCall::Read(0);
        let response = RegisterResponse::Value(Some(extra));
        operations.push(overlapping(count + clients + extra, 1, call, response));
    }
    history(operations)
}

/// Keys come and go: each is in use for some tens of transactions.
fn passing_key(number: u64, stream: &mut Stream) -> u64 {
    number / 40 * 5 + stream.below(10)
}

/// A serial execution of one to four steps each on lists.
struct Lists {
    stream: Stream,
    state: BTreeMap<u64, Vec<Value>>,
}

impl Lists {
    fn new() -> Self {
        Self {
            stream: Stream(11),
            state: BTreeMap::new(),
        }
    }

    fn next(&mut self, number: u64) -> Txn {
        let mut txn = Txn::new();
        for step in 0..1 + self.stream.below(4) {
            let key = passing_key(number, &mut self.stream);
            let list = self.state.entry(key).or_default();
            if self.stream.below(2) == 0 {
                txn.push(MicroOp::ReadList(key, list.clone()));
            } else {
                let value = (number * 8 + step) as Value;
                list.push(value);
                txn.push(MicroOp::Append(key, value));
            }
        }
        txn
    }
}

/// Transactions that append to lists and read them, strict serializable.
pub fn lists(count: u64, clients: u64) -> TxnHistory {
    let mut lists = Lists::new();
    let step = |number| overlapping(number, clients, Txn::new(), lists.next(number));
    history(effects(count, clients).into_iter().map(step).collect())
}

/// What goes wrong in a group of [`tangled`], the worst first.
const TANGLES: u64 = 4;

/// As [`lists`], in groups, each one strongly connected part of all its transactions: every
/// transaction is at odds with the tenth after it, by G0, G1c or by neither seeing what the other
/// appends, in turn of the groups: the last with what else they do, which makes it G-single, and
/// without, which leaves G2.
pub fn tangled(count: u64, clients: u64, group: u64) -> TxnHistory {
    const APART: u64 = 10;
    assert!(clients > APART, "those at odds are open at once");
    let mut lists = Lists::new();
    let mut operations = Vec::new();
    // One group begins when the one before it has ended.
    let in_groups = (0..count.div_ceil(group)).flat_map(|at| {
        let first = at * group;
        let inside = effects(group.min(count - first), clients);
        inside.into_iter().map(move |number| first + number)
    });
    for number in in_groups {
        let tangle = number / group % TANGLES;
        let mut txn = match tangle {
            3 => Txn::new(),
            _ => lists.next(number),
        };
        let is_inside = |other: u64| other / group == number / group && other < count;
        if is_inside(number + APART) {
            txn.extend(first_side(tangle, number));
        }
        if let Some(partner) = number.checked_sub(APART).filter(|other| is_inside(*other)) {
            txn.extend(second_side(tangle, partner));
        }
        // Much later somebody reads in which order the appends came.
        let witness = number.checked_sub(3 * clients);
        if let Some(pair) = witness.filter(|pair| tangle == 0 && is_inside(*pair)) {
            let [one, other] = pair_keys(pair);
            txn.push(MicroOp::ReadList(one, vec![1, 2]));
            txn.push(MicroOp::ReadList(other, vec![2, 1]));
        }
        let pause = number / group * clients;
        operations.push(overlapping(number + pause, clients, Txn::new(), txn));
    }
    history(operations)
}

/// Two keys of their own for a transaction and its partner.
fn pair_keys(number: u64) -> [u64; 2] {
    [(1 << 40) + number * 2, (1 << 40) + number * 2 + 1]
}

fn first_side(tangle: u64, number: u64) -> [MicroOp; 2] {
    let [one, other] = pair_keys(number);
    match tangle {
        0 => [MicroOp::Append(one, 1), MicroOp::Append(other, 1)],
        1 => [MicroOp::Append(one, 1), MicroOp::ReadList(other, vec![1])],
        _ => [MicroOp::ReadList(one, vec![]), MicroOp::Append(other, 1)],
    }
}

fn second_side(tangle: u64, number: u64) -> [MicroOp; 2] {
    let [one, other] = pair_keys(number);
    match tangle {
        0 => [MicroOp::Append(one, 2), MicroOp::Append(other, 2)],
        1 => [MicroOp::Append(other, 1), MicroOp::ReadList(one, vec![1])],
        _ => [MicroOp::ReadList(other, vec![]), MicroOp::Append(one, 1)],
    }
}

/// Transactions of four steps on a thousand registers, every value written once, serializable.
pub fn registers(count: u64, clients: u64) -> TxnHistory {
    let mut stream = Stream(13);
    let mut state: BTreeMap<u64, Value> = BTreeMap::new();
    let mut step = |number: u64| {
        let mut txn = Txn::new();
        for step in 0..4 {
            let key = stream.below(1_000);
            if stream.below(2) == 0 {
                txn.push(MicroOp::Read(key, state.get(&key).copied()));
            } else {
                let value = (number * 8 + step) as Value;
                state.insert(key, value);
                txn.push(MicroOp::Write(key, value));
            }
        }
        overlapping(number, clients, Txn::new(), txn)
    };
    history(effects(count, clients).into_iter().map(&mut step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use murphy_checkers::transactions::{Ask, Level, check_list_append, sessions};
    use murphy_checkers::{AnomalyName, Meter};

    #[test]
    fn made_up_histories_are_right() {
        let ask = Ask::Level(Level::StrictSerializable);
        let report = check_list_append(&lists(2_000, 20), &ask, &mut Meter::default());
        assert!(report.verdict.holds(), "{}", report.verdict);
        let verdict = sessions::check(&registers(2_000, 20), Level::Causal, &mut Meter::default());
        assert!(verdict.holds(), "{verdict}");
    }

    #[test]
    fn each_group_of_a_tangled_history_is_one_tangle_of_its_kind() {
        const GROUP: u64 = 500;
        let ask = Ask::Level(Level::StrictSerializable);
        let history = tangled(TANGLES * GROUP, 20, GROUP);
        let report = check_list_append(&history, &ask, &mut Meter::default());
        let worst: Vec<AnomalyName> = report.tangles.iter().map(|found| found.worst).collect();
        assert_eq!(
            worst,
            [
                AnomalyName::G0,
                AnomalyName::G1c,
                AnomalyName::GSingleItem,
                AnomalyName::G2Item
            ]
        );
        for tangle in &report.tangles {
            assert!(tangle.transactions > GROUP as usize * 4 / 5, "{tangle:?}");
        }
    }
}
