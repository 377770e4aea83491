//! Registers: reads, writes of unique values, compare-and-swap.

use std::collections::BTreeMap;

use murphy_models::service::kv::{Request, Value};
use murphy_sim::{PlannedCall, Stream};

use super::Demand;

/// Reads and writes; each write writes the next number of its key.
pub(crate) fn register(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    let mut written = Written::default();
    let mut calls = demand.calls(stream, |stream| {
        let key = demand.key(stream);
        if stream.chance(demand.reads) {
            Request::Read { key }
        } else {
            Request::Write {
                key,
                value: written.next(key),
            }
        }
    });
    last_reads(demand, &mut calls);
    calls
}

/// Reads, writes and compare-and-swaps from a value that was planned for the key not long before.
pub(crate) fn cas_register(demand: &Demand, stream: &mut Stream) -> Vec<PlannedCall<Request>> {
    const NOT_LONG: u64 = 3;
    let mut written = Written::default();
    let mut calls = demand.calls(stream, |stream| {
        let key = demand.key(stream);
        if stream.chance(demand.reads) {
            return Request::Read { key };
        }
        let value = written.next(key);
        if value > 1 && stream.below(2) == 0 {
            let from = value - 1 - stream.below(NOT_LONG.min(value - 1));
            Request::Cas {
                key,
                from,
                to: value,
            }
        } else {
            Request::Write { key, value }
        }
    });
    last_reads(demand, &mut calls);
    calls
}

fn last_reads(demand: &Demand, calls: &mut Vec<PlannedCall<Request>>) {
    let reads: Vec<Request> = (0..demand.keys).map(|key| Request::Read { key }).collect();
    demand.last_calls(&reads, calls);
}

/// The last value planned for each key.
#[derive(Default)]
struct Written(BTreeMap<u32, Value>);

impl Written {
    fn next(&mut self, key: u32) -> Value {
        let last = self.0.entry(key).or_default();
        *last += 1;
        *last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::tests::demand;

    #[test]
    fn no_value_is_written_twice_to_a_key() {
        for draw in [register, cas_register] {
            let calls = draw(&demand(), &mut Stream::named(3, "workload"));
            let mut seen = std::collections::BTreeSet::new();
            for call in calls {
                if let Request::Write { key, value } | Request::Cas { key, to: value, .. } =
                    call.request
                {
                    assert!(seen.insert((key, value)));
                }
            }
            assert!(seen.len() > 300);
        }
    }

    #[test]
    fn every_client_reads_every_key_in_the_end() {
        let calls = register(&demand(), &mut Stream::named(3, "workload"));
        let last: Vec<_> = calls.iter().rev().take(20).collect();
        assert!(
            last.iter()
                .all(|call| matches!(call.request, Request::Read { .. }))
        );
    }
}
