//! Workloads: draw the clients' calls from a seed.
//!
//! The calls are fixed before the run, so that every protocol of a service meets the same demand at
//! the same moments. Written values are unique: checkers can tell where each one came from.

mod events;
mod kv;
mod log;
mod membership;
mod objects;
mod txn;

use murphy_sim::{ClientId, Data, PlannedCall, Probability, Route, Span, Start, Stream, Time};

use crate::language::{KeyChoice, NodeChoice};

pub(crate) use self::{
    events::{broadcast, conversation, outbox},
    kv::{cas_register, register},
    log::log,
    membership::members,
    objects::{counter, list, map, set, tally},
    txn::{bank, list_append, rw_register, saga},
};

/// How much clients ask, when, and of what.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Clients.
    pub clients: u32,
    /// When they ask.
    pub pace: Pace,
    /// Keys, or accounts.
    pub keys: u32,
    /// How keys are chosen.
    pub key_choice: KeyChoice,
    /// Which node a client asks first.
    pub route: NodeChoice,
    /// The share of calls that only read.
    pub reads: Probability,
    /// The most steps of a transaction.
    pub ops_max: u32,
    /// Calls begin here,
    pub from: Time,
    /// and no new one begins from here on.
    pub until: Time,
    /// When every client reads everything once more; never when absent.
    pub final_reads: Option<Time>,
}

/// When calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many a second over all clients, whether or not earlier ones have ended (open loop). A
    /// client has one call open at a time: what comes meanwhile waits for it.
    Rate(u32),
    /// Each client waits so long after its last call ended (closed loop).
    Think(Span),
}

/// The moments and clients of calls, in order of time, and the routes they take.
struct Arrivals<'a> {
    demand: &'a Demand,
    now: Time,
    turn: u32,
}

impl<'a> Arrivals<'a> {
    fn new(demand: &'a Demand) -> Arrivals<'a> {
        Arrivals {
            demand,
            now: demand.from,
            turn: 0,
        }
    }

    /// The next call's client and start; none when the time is over. A closed loop has no times of
    /// its own: so many calls are planned as would fit if each took no time at all, up to a bound.
    fn next(&mut self, stream: &mut Stream) -> Option<(ClientId, Start)> {
        match self.demand.pace {
            Pace::Rate(rate) => {
                let mean = 1_000_000_000 / u64::from(rate.max(1));
                self.now += Span(stream.between(0, 2 * mean));
                if self.now >= self.demand.until {
                    return None;
                }
                let client = stream.below(u64::from(self.demand.clients)) as u32;
                Some((ClientId(client), Start::At(self.now)))
            }
            Pace::Think(think) => self.next_after(think),
        }
    }

    fn next_after(&mut self, think: Span) -> Option<(ClientId, Start)> {
        const CALLS_MOST: u64 = 2_000;
        let window = self.demand.until.since(self.demand.from);
        let fit = (window.0 / think.0.max(1_000_000)).clamp(1, CALLS_MOST);
        let (client, round) = (
            self.turn % self.demand.clients,
            u64::from(self.turn / self.demand.clients),
        );
        self.turn += 1;
        match round {
            0 => Some((ClientId(client), Start::At(self.demand.from))),
            _ if round < fit => Some((
                ClientId(client),
                Start::After {
                    think,
                    until: self.demand.until,
                },
            )),
            _ => None,
        }
    }
}

impl Demand {
    fn key(&self, stream: &mut Stream) -> u32 {
        let keys = u64::from(self.keys.max(1));
        let drawn = match self.key_choice {
            KeyChoice::Uniform => stream.below(keys),
            KeyChoice::Hot if stream.below(5) > 0 => 0,
            KeyChoice::Hot => stream.below(keys),
            KeyChoice::Zipf => zipf(keys, stream),
        };
        drawn as u32
    }

    /// Calls that `draw` makes up, one for each arrival.
    fn calls<Q: Data>(
        &self,
        stream: &mut Stream,
        mut draw: impl FnMut(&mut Stream) -> Q,
    ) -> Vec<PlannedCall<Q>> {
        let mut arrivals = Arrivals::new(self);
        let mut calls = Vec::new();
        while let Some((client, start)) = arrivals.next(stream) {
            calls.push(PlannedCall {
                client,
                start,
                route: match self.route {
                    NodeChoice::Sticky => Route::Sticky,
                    NodeChoice::Any => Route::Any,
                },
                request: draw(stream),
            });
        }
        calls
    }

    /// Every client's last calls: one after the other, from the time of final reads on.
    fn last_calls<Q: Data>(&self, requests: &[Q], calls: &mut Vec<PlannedCall<Q>>) {
        let Some(at) = self.final_reads else { return };
        for client in 0..self.clients {
            for request in requests {
                let start = Start::At(at);
                calls.push(PlannedCall {
                    client: ClientId(client),
                    start,
                    route: Route::Any,
                    request: request.clone(),
                });
            }
        }
    }
}

/// A rank in `0..keys` with weight 1/(rank+1), by integer arithmetic.
fn zipf(keys: u64, stream: &mut Stream) -> u64 {
    const UNIT: u64 = 1 << 20;
    let total: u64 = (1..=keys).map(|rank| UNIT / rank).sum();
    let mut draw = stream.below(total);
    for rank in 1..=keys {
        let weight = UNIT / rank;
        if draw < weight {
            return rank - 1;
        }
        draw -= weight;
    }
    keys - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn demand() -> Demand {
        Demand {
            clients: 4,
            pace: Pace::Rate(100),
            keys: 5,
            key_choice: KeyChoice::Uniform,
            route: NodeChoice::Sticky,
            reads: Probability::per_mille(500),
            ops_max: 4,
            from: Time(1_000_000_000),
            until: Time(11_000_000_000),
            final_reads: Some(Time(13_000_000_000)),
        }
    }

    #[test]
    fn an_open_loop_asks_as_often_as_its_rate_says() {
        let calls = register(&demand(), &mut Stream::named(1, "workload"));
        let early = calls
            .iter()
            .filter(|call| matches!(call.start, Start::At(at) if at < Time(11_000_000_000)));
        let count = early.count();
        assert!(
            (900..1_100).contains(&count),
            "{count} calls in 10 s at 100 a second"
        );
    }

    #[test]
    fn a_closed_loop_starts_each_call_after_the_one_before() {
        let closed = Demand {
            pace: Pace::Think(Span::millis(100)),
            final_reads: None,
            ..demand()
        };
        let calls = register(&closed, &mut Stream::named(1, "workload"));
        assert_eq!(calls.len(), 4 * 100);
        assert!(calls[4..].iter().all(
            |call| matches!(call.start, Start::After { think, .. } if think == Span::millis(100))
        ));
    }

    #[test]
    fn zipf_prefers_low_keys_and_hot_prefers_one() {
        let mut stream = Stream::named(1, "zipf");
        let mut counts = [0; 5];
        for _ in 0..10_000 {
            counts[zipf(5, &mut stream) as usize] += 1;
        }
        assert!(
            counts.windows(2).all(|pair| pair[0] > pair[1]),
            "{counts:?}"
        );
        let hot = Demand {
            key_choice: KeyChoice::Hot,
            ..demand()
        };
        let zeros = (0..10_000).filter(|_| hot.key(&mut stream) == 0).count();
        assert!((8_100..8_700).contains(&zeros), "{zeros}");
    }
}
