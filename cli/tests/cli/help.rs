//! What a newcomer sees.

use insta::{assert_snapshot, with_settings};

use crate::{Desk, masked};

#[test]
fn murphy_alone_says_what_it_can_do_and_what_to_try_next() {
    let desk = Desk::new();
    let told = desk.murphy([""; 0]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
    with_settings!({ filters => vec![(r"\d+ protocols, \d+ planted bugs and \d+ scenarios", "[N] protocols, [N] planted bugs and [N] scenarios")] }, {
        assert_snapshot!(masked(&told.out, &desk));
    });
}

#[test]
fn help_of_every_command_is_what_was_looked_at() {
    let desk = Desk::new();
    let of = |arguments: &[&str]| {
        let told = desk.murphy(arguments);
        assert_eq!(
            (told.code, told.err.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
        masked(&told.out, &desk)
    };
    assert_snapshot!("help", of(&["--help"]));
    assert_snapshot!("help_run", of(&["run", "--help"]));
    assert_snapshot!("help_replay", of(&["replay", "--help"]));
    assert_snapshot!("help_check", of(&["check", "--help"]));
    assert_snapshot!("help_list", of(&["list", "--help"]));
    assert_snapshot!("help_new", of(&["new", "scenario", "--help"]));
}

#[test]
fn the_exit_codes_in_the_help_are_those_of_the_enum() {
    let desk = Desk::new();
    let help = desk.murphy(["--help"]).out;
    use murphy::Exit::{AsExpected, BadInput, Broken, Unknown, Violated};
    let words = [
        (AsExpected, "as expected"),
        (Violated, "violated"),
        (BadInput, "bad input"),
        (Unknown, "unknown"),
        (Broken, "differed"),
    ];
    for (exit, word) in words {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{}  ", exit.code())));
        assert!(
            line.is_some_and(|line| line.contains(word)),
            "{exit:?}\n{help}"
        );
    }
}

#[test]
fn completions_and_manual_pages_are_there() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let told = desk.murphy(["completions", shell]);
        assert!(
            told.code == Some(0) && told.out.contains("murphy") && told.out.contains("replay"),
            "{shell}"
        );
    }
    assert!(desk.murphy(["man"]).out.contains(".TH murphy 1"));
    assert!(desk.murphy(["man", "run"]).out.contains("seeds"));
    assert_eq!(desk.murphy(["man", "nothing"]).code, Some(2));
}
