//! What a write costs when nothing goes wrong, exactly.

use murphy_sim::Span;

use super::*;
use crate::costs_testing::{MESSAGE, SYNC, cost_of_a_call, one_by_one, run};

/// What a write costs while nobody says anything but for its sake.
fn cost(replicas: u32, mode: Mode) -> (u64, u64, Span) {
    let config = Config {
        lease: Span::secs(1_000),
        heartbeat: Span::secs(1_000),
        ..Config::new(replicas, mode)
    };
    let run = |writes| {
        let writes = one_by_one(writes, |_| N0, write);
        run::<PrimaryBackup>(replicas + 1, config, writes)
    };
    cost_of_a_call(&run(0), &run(20))
}

#[test]
fn a_write_costs_two_messages_a_backup_and_a_sync_a_replica_in_every_mode() {
    for replicas in 2..=5 {
        let copies = u64::from(replicas);
        // To the primary, its disk, and back.
        let own = MESSAGE * 2 + SYNC;
        // To the backups, their disks, and back.
        let round = MESSAGE * 2 + SYNC;
        for (mode, span) in [
            (Mode::Asynchronous, own),
            (Mode::SemiSynchronous, own + round),
            (Mode::Synchronous, own + round),
        ] {
            let expected = (2 * (copies - 1), copies, span);
            assert_eq!(cost(replicas, mode), expected, "{mode:?}, {replicas}");
        }
    }
}
