//! What a transaction costs, by figure 6 of Peng & Dabek (2010): two questions to the oracle, and for each
//! tablet a lock and a version. The first transaction pays for the oracle's range, too.
//!
//! | | messages | forced writes | delays, and writes before the client knows |
//! |---|---|---|---|
//! | start timestamp                | 2  |   | 2                    |
//! | reads at m tablets             | 2m |   | 2                    |
//! | locks at n tablets             | 2n | n | 4 and 2; n = 1: 2, 1 |
//! | commit timestamp               | 2  |   | 2                    |
//! | versions at n tablets          | 2n | n | 2 and 1              |

use super::*;

const ORACLES_RANGE: u64 = 1;

/// What a transaction of `n1` costs that reads and writes keys which fall on other workers, in turn from
/// `n2` on.
fn paid(reads: u32, writes: u32) -> Costs {
    let nodes = 2 + reads + writes;
    let read = (1..=reads).map(|key| MicroOp::Read { key });
    let written = (1 + reads..=reads + writes).map(|key| write(key, 7));
    let calls = vec![call(0, 1, read.chain(written).collect())];
    costs(world(Config::new(nodes), calls, Plan::new()))
}

#[test]
fn a_commit_costs_two_writes_for_each_tablet_and_two_questions_to_the_oracle() {
    for n in 1..=4 {
        for m in 0..=2 {
            let (writes, reads) = (u64::from(n), u64::from(m));
            let expected = Costs {
                messages: 4 * writes + 4 + 2 * reads,
                records: 2 * writes + ORACLES_RANGE,
                forced: 2 * writes + ORACLES_RANGE,
                end: "ok",
            };
            assert_eq!(paid(m, n), expected, "writes at {n} tablets, reads at {m}");
        }
    }
}

#[test]
fn reading_alone_costs_one_question_to_the_oracle_and_writes_nothing() {
    for m in 1..=4 {
        let expected = Costs {
            messages: 2 + 2 * u64::from(m),
            records: ORACLES_RANGE,
            forced: ORACLES_RANGE,
            end: "ok",
        };
        assert_eq!(paid(m, 0), expected, "reads at {m} tablets");
    }
}

#[test]
fn a_client_waits_for_ten_messages_and_three_writes() {
    let to_and_from = 2;
    for (tablets, delays, writes) in [(1, 8, 2), (2, 10, 3), (3, 10, 3)] {
        let ops = (1..=tablets).map(|key| write(key, 7)).collect();
        let mut world = world(Config::new(5), vec![call(0, 1, ops)], Plan::new());
        run(&mut world, at(1_000_000));
        let expected = to_and_from + delays + writes + ORACLES_RANGE;
        assert_eq!(first_answer(&world), expected, "{tablets} tablets");
    }
}

#[test]
fn transactions_that_come_together_share_a_question() {
    let calls = |count| (0..count).map(|client| call(client, 1, vec![write(client, 7)]));
    let config = Config::new(12);
    let mut world = world(config, calls(10).collect(), Plan::new());
    run(&mut world, at(1_000_000));
    assert_eq!(
        ends(&world),
        (0..10).map(|client| (client, "ok")).collect::<Vec<_>>()
    );
    // The first asks alone; the others come while that question is out.
    let start = 2 + 2;
    let commit = world.stats().messages - start - 10 * 4;
    assert!(
        commit < 2 * 10,
        "{commit} messages for ten commit timestamps"
    );
}
