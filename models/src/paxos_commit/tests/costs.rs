//! What a commit costs, against the table of Gray & Lamport (2006), section 5, for N resource managers
//! and F faults. To the protocol's own come two messages for each shard that is not its coordinator's,
//! which bring it the work and bring back what it found.
//!
//! | | two-phase commit | Paxos Commit |
//! |---|---|---|
//! | message delays | 4 | 5 |
//! | messages, each role on a node of its own | 3N - 1 | NF + F + 3N - 1 |
//! | messages, roles on the same nodes | 3N - 3 | NF + 3N - 3 |
//! | stable writes | N + 1 | N + F + 1 |
//!
//! Theirs begins with the vote of one resource manager, which spares the question to it; ours begins
//! with the coordinator, which asks all N: one message more, where it is not on the same node. Their
//! leader is on an acceptor's node in both layouts, as ours is here. Two-phase commit is F = 0.

use super::*;

fn expected(messages: u32, n: u32, f: u32) -> Costs {
    // What the resource managers do in the end is written down too, and not forced.
    Costs {
        messages: u64::from(messages),
        records: u64::from(n + f + 1 + n),
        forced: u64::from(n + f + 1),
        end: "ok",
    }
}

#[test]
fn with_each_role_on_a_node_of_its_own() {
    for f in 0..=2 {
        for n in 1..=4 {
            let acceptors = 2 * f + 1;
            let managers = acceptors..acceptors + n;
            let world = world(config(acceptors + n, f), managers, Plan::new());
            let (work, asked_first) = (2 * n, 1);
            let messages = work + asked_first + n * f + f + 3 * n - 1;
            assert_eq!(costs(world), expected(messages, n, f), "N = {n}, F = {f}");
        }
    }
}

#[test]
fn with_acceptors_and_leader_on_the_nodes_of_resource_managers() {
    for f in 0..=2 {
        for n in (f + 1)..=(f + 3) {
            let nodes = (2 * f + 1).max(n);
            let world = world(config(nodes, f), 0..n, Plan::new());
            let work = 2 * (n - 1);
            let messages = work + n * f + 3 * n - 3;
            assert_eq!(costs(world), expected(messages, n, f), "N = {n}, F = {f}");
        }
    }
}

#[test]
fn a_client_waits_for_one_message_more_than_in_two_phase_commit() {
    // Two-phase commit takes 8, and is what F = 0 comes to: the one acceptor is on the leader's node.
    for (faults, millis) in [(0, 8), (1, 9), (2, 9)] {
        let config = config(2 * faults + 3, faults);
        let managers = (2 * faults + 1)..(2 * faults + 3);
        let mut world = world(config, managers, Plan::new());
        run(&mut world, at(1_000_000));
        assert_eq!(first_answer(&world), millis, "F = {faults}");
    }
}
