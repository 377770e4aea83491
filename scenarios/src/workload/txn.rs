//! Transactions: appends to lists, reads and writes of registers, transfers between accounts, at once
//! or in several steps.

use std::collections::BTreeMap;

use murphy_models::service::txn::{MicroOp, Request};
use murphy_sim::{PlannedCall, Stream};

use super::Demand;

/// Reads of lists and appends of unique values (Kingsbury & Alvaro, "Elle", VLDB 2020, section 3).
pub(crate) fn list_append(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let mut last = BTreeMap::<u32, i64>::new();
    let mut calls = demand.calls(stream, |stream| {
        several(demand, stream, |key| {
            let value = last.entry(key).or_default();
            *value += 1;
            MicroOp::Append { key, value: *value }
        })
    });
    last_reads(demand, &mut calls);
    calls
}

/// Reads and writes of registers, with unique values.
pub(crate) fn rw_register(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let mut last = BTreeMap::<u32, i64>::new();
    let mut calls = demand.calls(stream, |stream| {
        several(demand, stream, |key| {
            let value = last.entry(key).or_default();
            *value += 1;
            MicroOp::Write { key, value: *value }
        })
    });
    last_reads(demand, &mut calls);
    calls
}

/// Transfers between two accounts, and reads of all of them. Money is neither made nor lost.
pub(crate) fn bank(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    const TRANSFER_MOST: u64 = 5;
    let mut calls = demand.calls(stream, |stream| {
        if stream.chance(demand.reads) || demand.keys < 2 {
            return read_all(demand);
        }
        let from = demand.key(stream);
        let to = (from + 1 + stream.below(u64::from(demand.keys) - 1) as u32) % demand.keys;
        let amount = stream.between(1, TRANSFER_MOST) as i64;
        Request(vec![
            MicroOp::Add {
                key: from,
                amount: -amount,
            },
            MicroOp::Add { key: to, amount },
        ])
    });
    last_reads(demand, &mut calls);
    calls
}

/// Sums that are taken from two or three accounts, one after the other, and given to another, and reads
/// of all accounts. Money is neither made nor lost; what is to be taken is often not there.
pub(crate) fn saga(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    const TAKEN_MOST: u64 = 60;
    let mut calls = demand.calls(stream, |stream| {
        if stream.chance(demand.reads) || demand.keys < 3 {
            return read_all(demand);
        }
        let takers = stream.between(2, u64::from(demand.keys - 1).min(3)) as u32;
        let first = demand.key(stream);
        let account = |place: u32| (first + place) % demand.keys;
        let mut sum = 0;
        let take = |place| {
            let amount = stream.between(1, TAKEN_MOST) as i64;
            sum += amount;
            let key = account(place);
            let amount = -amount;
            MicroOp::Add { key, amount }
        };
        let mut steps: Vec<MicroOp> = (0..takers).map(take).collect();
        let key = account(takers);
        steps.push(MicroOp::Add { key, amount: sum });
        Request(steps)
    });
    last_reads(demand, &mut calls);
    calls
}

fn several(
    demand: &Demand,
    stream: &mut Stream,
    mut update: impl FnMut(u32) -> MicroOp,
) -> Request {
    let count = stream.between(1, u64::from(demand.ops_max.max(1)));
    let ops = (0..count).map(|_| {
        let key = demand.key(stream);
        if stream.chance(demand.reads) {
            MicroOp::Read { key }
        } else {
            update(key)
        }
    });
    Request(ops.collect())
}

fn read_all(demand: &Demand) -> Request {
    Request((0..demand.keys).map(|key| MicroOp::Read { key }).collect())
}

fn last_reads(demand: &Demand, calls: &mut Vec<PlannedCall<Request>>) {
    demand.last_calls(&[read_all(demand)], calls);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::tests::demand;

    #[test]
    fn transfers_neither_make_nor_lose_money() {
        let transfers = bank(&demand(), &mut Stream::named(1, "workload"));
        let sagas = saga(&demand(), &mut Stream::named(1, "workload"));
        assert!(sagas.iter().any(|call| call.request.0[0].is_update()));
        for call in transfers.into_iter().chain(sagas) {
            let moved: i64 = call
                .request
                .0
                .iter()
                .map(|op| {
                    if let MicroOp::Add { amount, .. } = op {
                        *amount
                    } else {
                        0
                    }
                })
                .sum();
            assert_eq!(moved, 0);
        }
    }

    #[test]
    fn no_value_is_appended_twice_to_a_key() {
        let mut seen = std::collections::BTreeSet::new();
        for call in list_append(&demand(), &mut Stream::named(1, "workload")) {
            for op in call.request.0 {
                if let MicroOp::Append { key, value } = op {
                    assert!(seen.insert((key, value)));
                }
            }
        }
        assert!(seen.len() > 300);
    }
}
