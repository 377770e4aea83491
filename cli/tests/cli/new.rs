//! `murphy new scenario`: what it writes runs as it is, and nothing is ever written over.

use murphy::scenarios::protocols;

use crate::Desk;

#[test]
fn a_new_scenario_of_every_protocol_does_as_it_says() {
    let desk = Desk::new();
    for entry in protocols() {
        let told = desk.murphy([
            "new",
            "scenario",
            entry.name,
            "--protocol",
            entry.name,
            "--dir",
            "mine/deep",
        ]);
        assert_eq!(told.code, Some(0), "{}", told.err);
        assert!(
            told.out
                .contains(&format!("run it: murphy run mine/deep/{}.toml", entry.name)),
            "{}",
            told.out
        );
    }
    let told = desk.murphy(["run", "mine", "--no-report"]);
    assert_eq!(told.code, Some(0), "{}{}", told.out, told.err);
}

#[test]
fn the_planted_bug_that_a_new_scenario_names_is_found_where_it_is_let_in() {
    let desk = Desk::new();
    desk.murphy(["new", "scenario", "mine"]);
    let text = desk
        .read("mine.toml")
        .replace("# mutant =", "mutant =")
        .replace("# expect =", "expect =");
    desk.write("planted.toml", text);
    let told = desk.murphy(["run", "planted.toml", "--no-report", "--seeds", "200"]);
    assert_eq!(told.code, Some(0), "{}{}", told.out, told.err);
}

#[test]
fn nothing_is_written_over_and_nothing_outside_the_folder() {
    let desk = Desk::new();
    desk.write("taken.toml", "mine");
    let told = desk.murphy(["new", "scenario", "taken"]);
    assert_eq!(told.code, Some(2), "{}", told.out);
    assert_eq!(desk.read("taken.toml"), "mine");
    for name in [
        "../out", "a/b", "", ".", "..", "UPPER", "a b", "ä", "-x", "/tmp/x", "nul\u{1}",
    ] {
        let told = desk.murphy(["new", "scenario", "--dir", "inside", "--", name]);
        assert_eq!(told.code, Some(2), "{name:?}");
    }
    assert_eq!(desk.everything(), ["taken.toml"]);
    assert_eq!(
        desk.murphy(["new", "scenario", "x", "--protocol", "nope"])
            .code,
        Some(2)
    );
    assert_eq!(
        desk.murphy(["new", "scenario", "x", "--dir", "taken.toml"])
            .code,
        Some(2)
    );
}
