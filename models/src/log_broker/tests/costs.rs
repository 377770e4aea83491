//! What a message costs when nothing goes wrong, exactly.

use super::*;
use crate::costs_testing::{MESSAGE, SYNC, cost_of_a_call, one_by_one, run};

/// What a message costs while nobody says anything but for its sake.
fn cost(brokers: u32, mode: Mode) -> (u64, u64, Span) {
    let long = Span::secs(1_000);
    let config = Config {
        heartbeat: long,
        session: long,
        lag: long,
        ..Config::new(brokers, mode)
    };
    let run = |sends| {
        let send = |i| Request::Send { key: 0, value: i };
        run::<LogBroker>(brokers + 1, config, one_by_one(sends, |_| N0, send))
    };
    cost_of_a_call(&run(0), &run(20))
}

#[test]
fn a_message_costs_two_messages_a_follower_and_a_sync_a_replica_in_every_mode() {
    for brokers in 2..=4 {
        let copies = u64::from(brokers);
        // To the leader and back.
        let asked = MESSAGE * 2;
        // To the followers, their disks, and back.
        let round = MESSAGE * 2 + SYNC;
        for (mode, span) in [
            (Mode::AcksNone, asked),
            (Mode::AcksOne, asked + SYNC),
            (Mode::AcksAll, asked + SYNC + round),
        ] {
            let expected = (2 * (copies - 1), copies, span);
            assert_eq!(cost(brokers, mode), expected, "{mode:?}, {brokers}");
        }
    }
}
