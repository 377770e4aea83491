//! What presumed abort costs: messages, records and forced writes, as in the table of Mohan,
//! Lindsay & Obermarck (1986), section 5. To the protocol's own come two messages for each shard,
//! which bring it the work and bring back what it found.

use super::*;

/// Messages, records, forced writes.
fn costs(calls: Vec<PlannedCall<Request>>, plan: Plan) -> (u64, u64, u64, &'static str) {
    let config = Config {
        opening_balance: Some(10),
        ..Config::new(4)
    };
    let mut world = world(config, calls, plan);
    assert_eq!(run(&mut world, at(5_000_000)), []);
    assert!(world.has_converged(), "nothing is left to do");
    let [(_, end)] = ends(&world)[..] else {
        panic!("one call was made");
    };
    let stats = world.stats();
    (stats.messages, stats.appends, stats.syncs, end)
}

#[test]
fn a_commit_costs_four_messages_and_two_forced_writes_a_participant_and_one_more() {
    for participants in 1..=3 {
        let ops = (1..=participants).map(|key| write(key, 7)).collect();
        let n = u64::from(participants);
        assert_eq!(
            costs(vec![call(0, 0, ops)], Plan::new()),
            (2 * n + 4 * n, 2 * n + 2, 2 * n + 1, "ok"),
            "work and protocol; prepare and commit each, commit and end; all but the end forced"
        );
    }
}

#[test]
fn reading_costs_one_round_and_no_record() {
    let ops = (1..=3).map(|key| MicroOp::Read { key }).collect();
    let n = 3;
    assert_eq!(
        costs(vec![call(0, 0, ops)], Plan::new()),
        (2 * n + 2 * n, 0, 0, "ok")
    );
}

#[test]
fn who_has_only_read_is_spared_the_second_phase() {
    let ops = vec![
        write(1, 7),
        MicroOp::Read { key: 2 },
        MicroOp::Read { key: 3 },
    ];
    let (updates, reads) = (1, 2);
    assert_eq!(
        costs(vec![call(0, 0, ops)], Plan::new()),
        (
            6 * updates + 4 * reads,
            2 * updates + 2,
            2 * updates + 1,
            "ok"
        )
    );
}

#[test]
fn an_abort_before_any_vote_leaves_no_record() {
    let take = |key| MicroOp::Add { key, amount: -11 };
    let ops = vec![take(1), write(2, 7), write(3, 7)];
    let (n, refused) = (3, 1);
    assert_eq!(
        costs(vec![call(0, 0, ops)], Plan::new()),
        (2 * n + (n - refused), 0, 0, "fail"),
        "nobody prepares, and nobody acknowledges an abort"
    );
}

#[test]
fn an_abort_after_votes_forces_nothing_more_and_nothing_at_the_coordinator() {
    let ops = (1..=3).map(|key| write(key, 7)).collect();
    let gone = crash(Trigger::At(at(3_500)), 3, Span::secs(1));
    let (_, appends, syncs, end) = costs(vec![call(0, 0, ops)], vec![gone]);
    let voted = 2;
    assert_eq!((appends, syncs, end), (2 * voted, voted, "fail"));
}
