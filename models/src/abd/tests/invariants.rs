//! What each invariant finds.

use std::sync::Arc;

use murphy_sim::{
    Cluster, Invariant, Latency, PlannedCall, Route, Setup, Span, Start, World, run_checked,
};

use super::*;
use crate::{abd::invariants, protocol::Protocol};

/// Anomalies that invariants found while two clients write and read the same key at once.
fn run(mutant: Option<Mutant>) -> BTreeSet<&'static str> {
    let mut cluster = Cluster::new(3, 2);
    cluster.disk.sync = Latency::Constant(Span::millis(5));
    let call = |i: u64| PlannedCall {
        client: ClientId(i as u32 % 2),
        start: Start::At(Time::ZERO + Span::millis(50 * (i / 2 + 1))),
        route: Route::Node(NodeId(i as u32 % 2)),
        request: if i % 8 < 4 { write(i) } else { READ },
    };
    let end = Time::ZERO + Span::secs(5);
    let config = config(mutant);
    let cluster = cluster.compile().unwrap();
    let setup = Setup::calm(cluster, config, (0..100).map(call).collect(), end);
    let mut world = World::new(Arc::new(setup), 3);
    let found = run_checked(&mut world, end, Abd::invariants(&config));
    found.iter().map(|found| found.breach.anomaly).collect()
}

#[test]
fn clean_nodes_break_none_of_them_and_mutants_do() {
    assert_eq!(run(None), BTreeSet::new());
    let equal = run(Some(Mutant::AbdTimestampWithoutNodeId));
    assert!(equal.contains("two-values-a-timestamp"), "{equal:?}");
    for mutant in [Mutant::AbdAckBeforeSync, Mutant::AbdMinorityQuorum] {
        let few = run(Some(mutant));
        assert!(few.contains("held-by-a-minority"), "{mutant:?}: {few:?}");
    }
}

#[test]
fn a_timestamp_that_falls_is_found() {
    let start = |number| {
        let record = Record::Held {
            key: KEY,
            tagged: tagged(number, N0, 1),
        };
        let (process, _) = React::new(N0, 3).start::<Abd>(&config(None), &[record]);
        [Some(process)]
    };
    let mut invariant = invariants::timestamps_rise::TimestampsRise::default();
    assert_eq!(invariant.check(Time::ZERO, N0, &start(5)), Ok(()));
    let breach = invariant.check(Time::ZERO, N0, &start(4)).unwrap_err();
    assert_eq!(breach.anomaly, "timestamp-falls");
}
