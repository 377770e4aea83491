//! What each presumption costs: messages, records and forced writes, as in the tables of Mohan,
//! Lindsay & Obermarck (1986), section 5, and of Lampson & Lomet (1993), section 2. To the protocol's
//! own come two messages for each shard, which bring it the work and bring back what it found.
//!
//! | presumed | ends   | coordinator: records, forced | participant: records, forced | messages |
//! |----------|--------|------------------------------|------------------------------|----------|
//! | nothing  | commit | commit and end, 1            | prepared and commit, 2       | 4        |
//! | nothing  | abort  | abort and end, 1             | prepared and abort, 2        | 4        |
//! | abort    | commit | commit and end, 1            | prepared and commit, 2       | 4        |
//! | abort    | abort  | none                         | prepared and abort, 1        | 3        |
//! | commit   | commit | collecting and commit, 2     | prepared and commit, 1       | 3        |
//! | commit   | abort  | collecting and end, 1        | prepared and abort, 2        | 4        |

use strum::IntoEnumIterator;

use super::{
    Presumption::{PresumedAbort, PresumedCommit, PresumedNothing},
    *,
};

fn paid(presumption: Presumption, ops: Vec<MicroOp>, plan: Plan) -> Costs {
    let mut layout = Layout::new(4);
    layout.opening_balance = Some(10);
    let config = Config {
        presumption,
        ..Config::new(layout)
    };
    costs(world(config, vec![call(0, 0, ops)], plan))
}

#[test]
fn a_commit_costs_what_is_not_presumed() {
    for participants in 1..=3 {
        let ops: Vec<_> = (1..=participants).map(|key| write(key, 7)).collect();
        let n = u64::from(participants);
        for (presumption, messages, forced) in [
            (PresumedNothing, 4 * n, 2 * n + 1),
            (PresumedAbort, 4 * n, 2 * n + 1),
            (PresumedCommit, 3 * n, n + 2),
        ] {
            let expected = Costs {
                messages: 2 * n + messages,
                records: 2 * n + 2,
                forced,
                end: "ok",
            };
            assert_eq!(
                paid(presumption, ops.clone(), Plan::new()),
                expected,
                "{presumption:?}, {n} participants"
            );
        }
    }
}

#[test]
fn reading_costs_one_round_where_readers_are_spared() {
    let ops: Vec<_> = (1..=3).map(|key| MicroOp::Read { key }).collect();
    let n = 3;
    for (presumption, messages, records, forced) in [
        // The basic protocol treats a reader as any other.
        (PresumedNothing, 4 * n, 2 * n + 2, 2 * n + 1),
        (PresumedAbort, 2 * n, 0, 0),
        // It has named those it asks before it knows that they have only read.
        (PresumedCommit, 2 * n, 2, 1),
    ] {
        let expected = Costs {
            messages: 2 * n + messages,
            records,
            forced,
            end: "ok",
        };
        assert_eq!(
            paid(presumption, ops.clone(), Plan::new()),
            expected,
            "{presumption:?}"
        );
    }
}

#[test]
fn who_has_only_read_is_spared_the_second_phase() {
    let ops = vec![
        write(1, 7),
        MicroOp::Read { key: 2 },
        MicroOp::Read { key: 3 },
    ];
    let (updates, reads) = (1, 2);
    for (presumption, messages, forced) in [
        (PresumedAbort, 4 * updates + 2 * reads, 2 * updates + 1),
        (PresumedCommit, 3 * updates + 2 * reads, updates + 2),
    ] {
        let expected = Costs {
            messages: 2 * (updates + reads) + messages,
            records: 2 * updates + 2,
            forced,
            end: "ok",
        };
        assert_eq!(
            paid(presumption, ops.clone(), Plan::new()),
            expected,
            "{presumption:?}"
        );
    }
}

#[test]
fn an_abort_before_anyone_is_asked_to_prepare_leaves_no_record() {
    let take = |key| MicroOp::Add { key, amount: -11 };
    let ops = vec![take(1), write(2, 7), write(3, 7)];
    let (n, refused) = (3, 1);
    for presumption in Presumption::iter() {
        let expected = Costs {
            messages: 2 * n + (n - refused),
            records: 0,
            forced: 0,
            end: "fail",
        };
        assert_eq!(
            paid(presumption, ops.clone(), Plan::new()),
            expected,
            "{presumption:?}: nobody prepares, and nobody acknowledges"
        );
    }
}

#[test]
fn an_abort_after_votes_costs_what_is_not_presumed() {
    let ops: Vec<_> = (1..=3).map(|key| write(key, 7)).collect();
    // It forgets what it has done before it is asked to prepare, and votes no when the others have
    // voted: the first question is lost.
    let forgets = vec![
        crash(Trigger::At(at(2_500)), 3, Span::micros(200)),
        lose("Prepare", 3),
    ];
    let (n, yes, asked_again) = (3, 2, 1);
    for (presumption, acknowledged, records, forced) in [
        (PresumedNothing, yes, 2 * yes + 2, 2 * yes + 1),
        (PresumedAbort, 0, 2 * yes, yes),
        (PresumedCommit, yes, 2 * yes + 2, 2 * yes + 1),
    ] {
        let expected = Costs {
            messages: 2 * n + 2 * n + asked_again + yes + acknowledged,
            records,
            forced,
            end: "fail",
        };
        assert_eq!(
            paid(presumption, ops.clone(), forgets.clone()),
            expected,
            "{presumption:?}"
        );
    }
}

#[test]
fn a_client_waits_for_one_more_write_where_commit_is_presumed() {
    for (presumption, millis) in [
        (PresumedNothing, 8),
        (PresumedAbort, 8),
        (PresumedCommit, 9),
    ] {
        let config = Config {
            presumption,
            ..config()
        };
        let calls = vec![call(0, 0, vec![write(1, 7), write(2, 7)])];
        let mut world = world(config, calls, Plan::new());
        run(&mut world, at(1_000_000));
        assert_eq!(first_answer(&world), millis, "{presumption:?}");
    }
}
