//! Hand-drawn lists against a hand-drawn truth. One member's list is a word: `asf` holds member 0 to be
//! alive, member 1 suspect and member 2 failed.

use super::*;

const BOUNDS: Bounds = Bounds {
    tolerated: 10,
    detection: 100,
    recovery: 50,
};

fn list(by: Member, begun: u64, ended: u64, word: &str) -> Observation {
    let status = |letter| match letter {
        'a' => Status::Alive,
        's' => Status::Suspect,
        'f' => Status::Failed,
        _ => panic!("`{letter}` is none of `a`, `s` and `f`"),
    };
    let held = |letter| Held {
        status: status(letter),
        incarnation: None,
    };
    Observation {
        by,
        begun,
        ended,
        held: (0..).zip(word.chars().map(held)).collect(),
        operation: Some(begun as usize),
    }
}

fn spell(from: u64, until: u64) -> Spell {
    Spell { from, until }
}

/// Member 2 is down from 200 to 500.
fn member_2_down() -> Truth {
    Truth {
        down: [(2, vec![spell(200, 500)])].into(),
        ..Truth::default()
    }
}

#[test]
fn a_failure_is_found_by_everyone_within_the_bound() {
    let truth = member_2_down();
    let found = |seen: Observation| completeness(&[seen], &truth, &BOUNDS).names();
    assert_eq!(found(list(0, 299, 299, "aaa")), [], "there is time yet");
    assert_eq!(found(list(0, 301, 301, "aaf")), []);
    let undetected = [AnomalyName::UndetectedFailure];
    assert_eq!(found(list(0, 301, 301, "aas")), undetected);
    assert_eq!(found(list(1, 450, 450, "aaa")), undetected);
    // The answer may have been made up before the bound was over, or after the end of the failure.
    assert_eq!(found(list(0, 299, 320, "aaa")), []);
    assert_eq!(found(list(0, 450, 501, "aaa")), []);
}

#[test]
fn who_was_not_up_or_in_reach_all_the_while_need_not_have_found_a_failure() {
    let seen = [list(0, 301, 301, "aaa")];
    let mut truth = member_2_down();
    truth.down.insert(0, vec![spell(100, 210)]);
    assert_eq!(completeness(&seen, &truth, &BOUNDS).names(), []);
    let other = Truth {
        down: [(2, vec![spell(200, 500)]), (1, vec![spell(210, 220)])].into(),
        ..Truth::default()
    };
    let undetected = [AnomalyName::UndetectedFailure];
    assert_eq!(completeness(&seen, &other, &BOUNDS).names(), undetected);
    for disturb in [
        |truth: &mut Truth| truth.hindered.push(spell(250, 251)),
        |truth: &mut Truth| truth.cut.push(spell(250, 251)),
    ] {
        let mut truth = member_2_down();
        disturb(&mut truth);
        assert_eq!(completeness(&seen, &truth, &BOUNDS).names(), []);
    }
    let early = Truth {
        down: [(2, vec![spell(0, 500)])].into(),
        ..Truth::default()
    };
    let young = [list(0, 99, 99, "aaa")];
    assert_eq!(completeness(&young, &early, &BOUNDS).names(), []);
}

#[test]
fn who_is_up_is_a_false_positive_and_who_came_back_is_to_be_taken_back() {
    let truth = member_2_down();
    let found = |seen: &[Observation]| accuracy(seen, &truth, &BOUNDS).names();
    assert_eq!(found(&[list(0, 210, 210, "aaf")]), []);
    assert_eq!(found(&[list(0, 549, 549, "aaf")]), []);
    let false_positive = [AnomalyName::FalsePositive];
    assert_eq!(found(&[list(0, 209, 209, "aaf")]), false_positive);
    assert_eq!(found(&[list(0, 300, 300, "faf")]), false_positive);
    let kept = [list(0, 300, 300, "aaf"), list(0, 551, 551, "aaf")];
    assert_eq!(found(&kept), [AnomalyName::NotReadmitted]);
    let twice = [
        list(0, 300, 300, "aaf"),
        list(0, 540, 540, "aaa"),
        list(0, 700, 700, "aaf"),
    ];
    assert_eq!(found(&twice), false_positive);
}

#[test]
fn being_out_of_reach_for_a_moment_is_no_excuse_unless_moments_follow_each_other() {
    let failed = [list(0, 270, 270, "aaf")];
    let cut = |cut: &[Spell]| Truth {
        cut: cut.to_vec(),
        ..Truth::default()
    };
    let found = |truth: &Truth| accuracy(&failed, truth, &BOUNDS).names();
    assert_eq!(
        found(&cut(&[spell(260, 269)])),
        [AnomalyName::FalsePositive]
    );
    assert_eq!(found(&cut(&[spell(250, 255), spell(262, 265)])), []);
    let apart = [spell(150, 155), spell(262, 265)];
    assert_eq!(found(&cut(&apart)), [AnomalyName::FalsePositive]);
}

#[test]
fn a_cut_between_some_is_no_excuse_for_a_suspicion_where_others_could_ask() {
    let truth = Truth {
        cut: vec![spell(0, 1_000)],
        ..member_2_down()
    };
    let found = |seen: Observation| unsuspected(&[seen], &truth, &BOUNDS).names();
    assert_eq!(found(list(0, 210, 210, "aas")), []);
    assert_eq!(found(list(0, 550, 550, "aaf")), []);
    let suspected = [AnomalyName::FalseSuspicion];
    assert_eq!(found(list(0, 551, 551, "aas")), suspected);
    assert_eq!(found(list(0, 210, 210, "asa")), suspected);
}

/// What member 0, in its first life, says of member 1: `a1.0` is alive in the first life.
fn says(begun: u64, ended: u64, word: &str) -> Observation {
    let mut seen = list(0, begun, ended, &format!("a{}", &word[..1]));
    let (life, number) = word[1..].split_once('.').expect("a life and a number");
    let numbers = |text: &str| text.parse().expect("a number");
    let own = seen.held.get_mut(&0).expect("it is in the list");
    own.incarnation = Some((1, 0));
    let other = seen.held.get_mut(&1).expect("it is in the list");
    other.incarnation = Some((numbers(life), numbers(number)));
    seen
}

#[test]
fn what_is_said_of_a_member_only_changes_to_what_overrides_it() {
    let orders = ["a1.0", "s1.0", "a1.1", "s1.1", "s1.2", "f1.1", "a2.0"];
    for (i, earlier) in orders.iter().enumerate() {
        for (j, later) in orders.iter().enumerate() {
            let seen = [says(0, 1, earlier), says(2, 3, later)];
            let expected: &[AnomalyName] = match i <= j {
                true => &[],
                false => &[AnomalyName::IncarnationWentBack],
            };
            assert_eq!(
                incarnation_order(&seen).names(),
                expected,
                "{earlier}, {later}"
            );
        }
    }
    let overlapping = [says(0, 2, "s1.0"), says(2, 3, "a1.0")];
    assert_eq!(incarnation_order(&overlapping).names(), []);
}

#[test]
fn a_member_that_has_begun_another_life_may_have_forgotten() {
    let mut later = says(2, 3, "a1.0");
    let own = later.held.get_mut(&0).expect("it is in the list");
    own.incarnation = Some((2, 0));
    assert_eq!(incarnation_order(&[says(0, 1, "a1.1"), later]).names(), []);
}

#[test]
fn of_each_kind_only_some_are_told() {
    let many: Vec<Observation> = (0..100).map(|at| list(0, at, at, "af")).collect();
    let verdict = accuracy(&many, &Truth::default(), &BOUNDS);
    assert_eq!(verdict.anomalies().len(), TOLD_MAX);
}
