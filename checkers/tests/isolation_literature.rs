//! Isolation: histories from the literature with known answers, as text.

mod common;

use common::transactions;
use murphy_checkers::transactions::{
    Ask, Level, Report, VersionOrders, check_list_append, check_rw_register,
};
use murphy_checkers::{Meter, Verdict};

fn lists(text: &str, level: Level) -> Report {
    check_list_append(
        &transactions(text),
        &Ask::Level(level),
        &mut Meter::default(),
    )
}

fn registers(text: &str, level: Level, orders: &VersionOrders) -> Report {
    check_rw_register(
        &transactions(text),
        &Ask::Level(level),
        orders,
        &mut Meter::default(),
    )
}

fn names(report: &Report) -> Vec<&'static str> {
    report
        .verdict
        .names()
        .into_iter()
        .map(murphy_checkers::AnomalyName::as_str)
        .collect()
}

/// At the strongest level these are found, and from the given level down nothing is.
#[track_caller]
fn expect_lists(text: &str, found: &[&str], allowed: Level) {
    let report = lists(text, Level::StrictSerializable);
    assert_eq!(names(&report), found, "{:#?}", report.verdict);
    for level in allowed.implied() {
        assert_eq!(lists(text, level).verdict, Verdict::Holds, "{level}");
    }
}

#[test]
fn a_serial_history_holds_at_every_level() {
    let text = "
        p0: append x 1
        p1: append x 2
        p2: r x [1 2], append x 3
        p3: r x [1 2 3], r x [1 2 3]";
    expect_lists(text, &[], Level::StrictSerializable);
    let text = "
        p0: w x 1
        p1: w x 2
        p2: r x 2, w x 3
        p3: r x 3, r x 3";
    let orders = VersionOrders {
        linearizable_keys: true,
        ..VersionOrders::default()
    };
    for level in Level::ALL {
        assert_eq!(
            registers(text, *level, &orders).verdict,
            Verdict::Holds,
            "{level}"
        );
    }
}

#[test]
fn dirty_writes_are_g0() {
    // Adya, Hdirty-write: two transactions interleave their writes.
    let text = "
        p0 0-5: append x 1, append y 1
        p1 1-4: append x 2, append y 2
        p2 6-7: r x [1 2], r y [2 1]";
    assert!(names(&lists(text, Level::ReadUncommitted)).contains(&"G0"));
}

#[test]
fn write_skew_is_g2_item_and_snapshot_isolation_allows_it() {
    // Berenson et al., A5B.
    let text = "
        p0 0-3: r x [], r y [], append x 1
        p1 1-4: r x [], r y [], append y 1";
    expect_lists(text, &["G2-item"], Level::SnapshotIsolation);
}

#[test]
fn read_skew_is_g_single_and_read_committed_allows_it() {
    // Berenson et al., A5A.
    let text = "
        p0 0-5: r x [], r y [1]
        p1 1-4: append x 1, append y 1";
    expect_lists(text, &["G-single-item"], Level::ReadCommitted);
}

#[test]
fn a_long_fork_is_two_nonadjacent_anti_dependencies() {
    // Sovran et al.: parallel snapshot isolation allows it, snapshot isolation does not.
    let text = "
        p0 0-7: append x 1
        p1 1-6: append y 1
        p2 2-5: r x [1], r y []
        p3 3-4: r x [], r y [1]";
    let report = lists(text, Level::SnapshotIsolation);
    assert_eq!(names(&report), ["G-nonadjacent-item"]);
    assert_eq!(lists(text, Level::ReadCommitted).verdict, Verdict::Holds);
}

#[test]
fn a_stale_read_breaks_only_the_strict_levels() {
    let text = "
        p0 0-1: append x 1
        p1 2-3: r x []";
    expect_lists(
        text,
        &["G-single-item-realtime"],
        Level::StrongSessionSerializable,
    );
}

#[test]
fn missing_ones_own_write_breaks_the_session_levels() {
    let text = "
        p0 0-1: append x 1
        p0 2-3: r x []";
    let report = lists(text, Level::StrongSessionSerializable);
    assert_eq!(names(&report), ["G-single-item-process"]);
    assert_eq!(lists(text, Level::Serializable).verdict, Verdict::Holds);
}

#[test]
fn aborted_and_intermediate_reads_are_g1a_and_g1b() {
    let aborted = "
        p0 0-1!: append x 1
        p1 2-3: r x [1]";
    assert_eq!(names(&lists(aborted, Level::ReadCommitted)), ["G1a"]);
    assert_eq!(
        lists(aborted, Level::ReadUncommitted).verdict,
        Verdict::Holds
    );
    let intermediate = "
        p0 0-3: append x 1, append x 2
        p1 1-2: r x [1]";
    assert!(names(&lists(intermediate, Level::ReadCommitted)).contains(&"G1b"));
}

#[test]
fn an_unknown_transaction_may_have_taken_effect() {
    let text = "
        p0 0-: append x 1, r y []
        p1 2-3: r x [1]
        p2 4-5: r x [1], append x 2";
    expect_lists(text, &[], Level::StrictSerializable);
}

#[test]
fn the_evidence_tells_each_transaction_and_each_reason() {
    let text = "
        p0 0-3: r x [], append y 1
        p1 1-4: r y [], append x 1";
    let report = lists(text, Level::Serializable);
    let told = report.verdict.anomalies()[0].to_string();
    assert_eq!(
        told,
        "G2-item: T0 -rw-> T1 -rw-> T0
  T0 = [r 120 [], append 121 1] (process 0)
  T1 = [r 121 [], append 120 1] (process 1)
  rw: T0 read 120 empty, without what T1 appended next
  rw: T1 read 121 empty, without what T0 appended next
  so each of them comes before itself: Write skew: a cycle with two or more anti-dependencies on \
         items, two of them adjacent."
    );
}

#[test]
fn registers_are_ordered_only_by_what_is_assumed() {
    // Elle: without further assumptions the initial version comes first, and nothing else is known.
    let text = "
        p0 0-1: w x 1
        p0 2-3: w x 2
        p0 4-5: r x 1";
    let none = VersionOrders::default();
    assert_eq!(
        registers(text, Level::Serializable, &none).verdict,
        Verdict::Holds
    );
    let sequential = VersionOrders {
        sequential_keys: true,
        ..none.clone()
    };
    let report = registers(text, Level::Serializable, &sequential);
    assert_eq!(names(&report), ["cyclic-versions"]);
    let skew = "
        p0 0-3: r x nil, w y 1
        p1 1-4: r y nil, w x 1";
    let report = registers(skew, Level::Serializable, &none);
    assert_eq!(names(&report), ["G2-item"]);
}

#[test]
fn a_read_of_the_initial_version_after_ones_own_write_is_seen() {
    // The trap of the initial write: it comes before everything.
    let text = "
        p0 0-1: w x 1
        p0 2-3: r x nil";
    let none = VersionOrders::default();
    let report = registers(text, Level::StrongSessionSerializable, &none);
    assert_eq!(names(&report), ["G-single-item-process"]);
}
