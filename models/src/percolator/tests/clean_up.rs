//! Coordinators that leave locks behind, and the mutants that stumble there. `n1` writes at `n2`, the
//! primary, and `n3`, and later `n3`'s client reads both.

use super::*;

const READER: u32 = 1;

fn read(key: Key) -> MicroOp {
    MicroOp::Read { key }
}

/// The two transactions, with this bug and what goes wrong.
fn with(mutant: Option<Mutant>, plan: Plan) -> World<Percolator> {
    let writer = call(0, 1, vec![write(1, 7), write(2, 7)]);
    let mut reader = call(READER, 3, vec![read(1), read(2)]);
    reader.start = Start::At(at(40_000));
    let config = Config { mutant, ..config() };
    world(config, vec![writer, reader], plan)
}

/// What is in both cells in the end, after invariants have held on the way, if they should.
fn cells(world: &World<Percolator>) -> [Option<Datum>; 2] {
    [(2, 1), (3, 2)].map(|(at, key)| node(world, at).data.get(&key).cloned())
}

const WRITTEN: [Option<Datum>; 2] = [Some(Datum::Int(7)), Some(Datum::Int(7))];
const NOTHING: [Option<Datum>; 2] = [None, None];
const HALF: [Option<Datum>; 2] = [Some(Datum::Int(7)), None];

/// Its coordinator crashes for good.
fn gone(micros: u64) -> Plan {
    vec![crash(Trigger::At(at(micros)), 1, Span::secs(9))]
}

/// What is to commit the primary does not arrive before others have cleaned up.
fn late_commit() -> Plan {
    (1..=8).map(|nth| lose("Commit", nth)).collect()
}

#[test]
fn what_is_locked_and_not_committed_is_rolled_back() {
    // Locked at both, locked at the primary alone.
    for (micros, locks) in [(10_500, 2), (7_500, 2), (5_500, 1)] {
        let begun = with(None, gone(micros));
        let before = later(&begun, at(30_000));
        let locked = [2, 3].map(|at| node(&before, at).locked.len());
        assert_eq!(locked.iter().sum::<usize>(), locks, "crash at {micros}");
        let ended = later(&begun, at(3_000_000));
        assert!(reached(&ended, "primary-rolled-back") > 0);
        assert_eq!(cells(&ended), NOTHING);
        assert!(ends(&ended).contains(&(READER, "ok")), "nobody is blocked");
    }
}

#[test]
fn what_has_a_primary_with_a_version_is_rolled_forward() {
    let ended = later(&with(None, gone(14_500)), at(3_000_000));
    assert!(reached(&ended, "rolled-forward") > 0);
    assert_eq!(cells(&ended), WRITTEN);
    assert!(ends(&ended).contains(&(READER, "ok")));
    assert!(node(&ended, 3).locked.is_empty());
}

#[test]
fn a_coordinator_that_is_slow_finds_its_lock_gone_and_fails() {
    let ended = later(&with(None, late_commit()), at(3_000_000));
    assert!(reached(&ended, "lock-lost") > 0);
    assert_eq!(cells(&ended), NOTHING);
    assert!(ends(&ended).contains(&(0, "fail")));
    assert!(ended.has_converged());
}

/// What is in both cells in the end: of the clean twin, and with the bug.
fn planted(mutant: Mutant, plan: &Plan) -> [[Option<Datum>; 2]; 2] {
    let clean = later(&with(None, plan.clone()), at(3_000_000));
    let mut planted = with(Some(mutant), plan.clone());
    run(&mut planted, at(3_000_000));
    [cells(&clean), cells(&planted)]
}

#[test]
fn whoever_does_not_ask_the_primary_undoes_half_of_what_is_committed() {
    let mutant = Mutant::PercolatorCleansUpWithoutAskingThePrimary;
    assert_eq!(planted(mutant, &gone(14_500)), [WRITTEN, HALF]);
}

#[test]
fn whoever_commits_without_its_lock_commits_what_readers_have_not_seen() {
    let plan = late_commit();
    let mutant = Mutant::PercolatorCommitsWithoutItsLock;
    assert_eq!(planted(mutant, &plan), [NOTHING, WRITTEN]);
}

#[test]
fn a_read_that_does_not_look_at_locks_sees_half() {
    // The secondary's version comes late.
    let seen = |mutant| {
        let mut world = with(mutant, gone(14_500));
        run(&mut world, at(3_000_000));
        let mut answers = world
            .history()
            .iter()
            .filter_map(|event| match &event.what {
                murphy_sim::Happened::Ok(answer) if event.client.0 == READER => {
                    Some(answer.0.clone())
                }
                _ => None,
            });
        answers.next_back().expect("the reader is answered")
    };
    assert_eq!(seen(None), WRITTEN);
    assert_eq!(seen(Some(Mutant::PercolatorReadIgnoresLocks)), HALF);
}

#[test]
fn of_two_that_write_over_what_both_have_read_the_first_to_lock_wins() {
    let add = |key| MicroOp::Add { key, amount: 1 };
    let ended = |mutant| {
        let calls = vec![call(0, 1, vec![add(1)]), call(1, 3, vec![add(1)])];
        let config = Config { mutant, ..config() };
        let mut world = world(config, calls, vec![lose("Prewrite", 2)]);
        let breaches = run(&mut world, at(3_000_000));
        let balance = node(&world, 2).data.get(&1).cloned();
        (ends(&world), balance, breaches.is_empty())
    };
    let (ends, balance, holds) = ended(None);
    assert_eq!(ends.iter().filter(|(_, end)| *end == "ok").count(), 1);
    assert_eq!((balance, holds), (Some(Datum::Int(1)), true));
    let (ends, balance, holds) = ended(Some(Mutant::PercolatorConflictIgnored));
    assert_eq!(ends.iter().filter(|(_, end)| *end == "ok").count(), 2);
    assert_eq!(
        (balance, holds),
        (Some(Datum::Int(1)), false),
        "one is lost"
    );
}
