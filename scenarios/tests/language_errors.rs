//! Bad scenario files: what a person is told.

mod common;

use common::{WHOLE, complaints};
use insta::assert_snapshot;

/// The whole scenario with one part changed.
fn with(old: &str, new: &str) -> String {
    assert!(WHOLE.contains(old), "`{old}` is in the scenario");
    complaints(&WHOLE.replacen(old, new, 1))
}

#[test]
fn texts_that_are_no_scenario() {
    assert_snapshot!("empty", complaints(" \n\n"));
    assert_snapshot!("not_toml", complaints("story = \"a\nprotocol : x\n"));
    assert_snapshot!("key_twice", complaints("story = \"a\"\nstory = \"b\"\n"));
    assert_snapshot!("nothing_but_a_story", complaints("story = \"a\"\n"));
}

#[test]
fn unknown_keys_at_every_depth() {
    assert_snapshot!("unknown_key_top", with("protocol =", "protocl ="));
    assert_snapshot!("unknown_key_section", with("clients = 4", "client = 4"));
    assert_snapshot!("unknown_section", with("[check]", "[chekc]"));
    assert_snapshot!("unknown_key_latency", with("p99", "p999"));
    assert_snapshot!("unknown_key_fault", with("flap =", "flop ="));
    assert_snapshot!("unknown_key_planned", with("for = \"4s\"", "fro = \"4s\""));
    assert_snapshot!(
        "unknown_key_shape",
        with("to = \"backup\"", "too = \"backup\"")
    );
    assert_snapshot!(
        "key_of_another_section",
        with("clients = 4", "clients = 4\nnodes = 5")
    );
    assert_snapshot!(
        "key_of_nothing",
        with("clients = 4", "clients = 4\nduration = \"20s\"")
    );
    assert_snapshot!("unknown_key_trigger", with("nth = 3", "nt = 3"));
}

#[test]
fn unknown_words() {
    assert_snapshot!("unknown_protocol", with("primary-backup", "primary-bakcup"));
    assert_snapshot!("unknown_mode", with("\"async\"", "\"asink\""));
    assert_snapshot!("unknown_mutant", with("ack-before-sync", "pizza"));
    assert_snapshot!("unknown_option", with("lease =", "leese ="));
    assert_snapshot!("unknown_fault", with("\"clock-step\"", "\"clock-stp\""));
    assert_snapshot!("unknown_family", with("\"crash\",", "\"crahs\","));
    assert_snapshot!("unknown_workload", with("\"register\"", "\"registr\""));
    assert_snapshot!(
        "unknown_history_check",
        with("linearizable", "linearisable")
    );
    assert_snapshot!("unknown_state_check", with("\"settled\"", "\"setled\""));
    assert_snapshot!(
        "unknown_anomaly",
        with("violated: stale-read", "violated: stale-raed")
    );
    assert_snapshot!(
        "unknown_role",
        with("node = \"primary\"", "node = \"leader\"")
    );
    assert_snapshot!(
        "unknown_label",
        with("sometimes = [\"failover\"]", "sometimes = [\"failure\"]")
    );
    assert_snapshot!("unknown_message", with("\"Replicate\"", "\"replicate\""));
    assert_snapshot!("unknown_latency", with("lognormal", "lognorml"));
    assert_snapshot!(
        "workload_of_another_service",
        with("\"register\"", "\"bank\"")
    );
}

#[test]
fn wrong_types_and_values() {
    assert_snapshot!("number_for_span", with("chaos = \"10s\"", "chaos = 10"));
    assert_snapshot!("text_for_number", with("nodes = 3", "nodes = \"three\""));
    assert_snapshot!("bad_span", with("for = \"4s\"", "for = \"4 parsecs\""));
    assert_snapshot!("negative", with("nodes = 3", "nodes = -3"));
    assert_snapshot!("nan", with("loss = 0.01", "loss = nan"));
    assert_snapshot!("more_than_one", with("reads = 0.75", "reads = 7.5"));
    assert_snapshot!("huge", with("seeds = 50", "seeds = 99999999999999999999"));
    assert_snapshot!("date", with("restart = \"200ms\"", "restart = 2026-01-01"));
    assert_snapshot!(
        "table_for_text",
        with("mode = \"async\"", "mode = { a = 1 }")
    );
    assert_snapshot!(
        "list_for_table",
        with("faults = { min = 2, max = 5 }", "faults = [2, 5]")
    );
    assert_snapshot!(
        "bad_target",
        with("node = \"any\"", "node = \"the leader\"")
    );
    assert_snapshot!("bad_shift", with("by = \"-250ms\"", "by = -250"));
    assert_snapshot!(
        "bad_trigger",
        with("{ reached = \"failover\" }", "\"soon\"")
    );
    assert_snapshot!(
        "expect_without_anomaly",
        with("violated: stale-read", "violated")
    );
    assert_snapshot!("rate_of_zero", with("200/s", "0/s"));
    assert_snapshot!("negative_option", with("copies = 2", "copies = -2"));
}

#[test]
fn things_that_are_missing_or_do_not_go_together() {
    assert_snapshot!(
        "rate_and_think",
        with("rate = \"200/s\"", "rate = \"200/s\"\nthink = \"5ms\"")
    );
    assert_snapshot!("neither_rate_nor_think", with("rate = \"200/s\"", ""));
    assert_snapshot!("no_kind", with("kind = \"register\"", ""));
    assert_snapshot!("fault_without_key", with("by = \"-250ms\"", ""));
    assert_snapshot!("fault_without_when", with("when = \"3s\"", ""));
    assert_snapshot!("isolate_without_node", with("node = \"primary\"", ""));
    assert_snapshot!("one_way_without_to", with(", to = \"backup\"", ""));
    assert_snapshot!("no_such_node", with("node = \"primary\"", "node = \"n7\""));
    assert_snapshot!(
        "no_such_zone",
        with("node = \"primary\"", "node = \"zone:asia\"")
    );
    assert_snapshot!(
        "no_such_zone_of_links",
        with("from = \"zone:eu\"", "from = \"zone:asia\"")
    );
    assert_snapshot!(
        "overlapping_groups",
        with(
            "{ one-way = { from = \"n0\", to = \"backup\" } }",
            "{ groups = [[\"n0\", \"n1\"], [\"n1\"]] }"
        )
    );
    assert_snapshot!("min_above_max", with("min = 2", "min = 9"));
    assert_snapshot!("past_the_end", with("when = \"3s\"", "when = \"90s\""));
    assert_snapshot!("converges_too_late", with("within 5s", "within 50s"));
    assert_snapshot!(
        "impossible_latency",
        with("p99 = \"15ms\"", "p99 = \"1ms\"")
    );
    assert_snapshot!("no_nodes", with("nodes = 3", "nodes = 0"));
    assert_snapshot!("zone_that_is_a_path", with("\"eu\"", "\"../eu\""));
    assert_snapshot!(
        "clients_cut_off_from_a_bridge",
        with(
            "shape = { one-way = { from = \"n0\", to = \"backup\" } }",
            "shape = \"bridge\"\nclients = [1]"
        )
    );
}

#[test]
fn several_errors_of_one_file_are_told_at_once() {
    let text = WHOLE
        .replace("nodes = 3", "nodes = \"three\"")
        .replace("loss = 0.01", "loss = 2")
        .replace("\"crash\",", "\"crahs\",")
        .replace("by = \"-250ms\"", "by = \"far\"\nnod = 3")
        .replace("nth = 3", "nt = 3")
        .replace("[check]", "[check]\ninvariant = false");
    assert_snapshot!("several", complaints(&text));
}
