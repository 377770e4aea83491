//! The page for a browser.

use murphy_reports::html;
use murphy_reports::record::{Arrow, Diagram, SuiteRecord};

use crate::page::Page;
use crate::sample;

fn read(suite: &SuiteRecord) -> Page {
    Page::read(&html::render(suite))
}

#[test]
fn a_page_asks_for_nothing_from_outside() {
    let source = html::render(&sample::suite());
    for outside in [
        "http:", "https:", "//", "src=", "url(", "@import", "<link", "<img", "<iframe",
    ] {
        let found = source.lines().find(|line| {
            line.contains(outside) && !(outside == "//" && line.trim_start().starts_with("// "))
        });
        assert_eq!(
            found.map(|line| line.chars().take(200).collect::<String>()),
            None,
            "{outside}"
        );
    }
    assert!(source.contains("default-src 'none'"));
}

#[test]
fn the_evidence_in_the_text_and_in_the_picture_lead_to_each_other() {
    let page = read(&sample::suite());
    let (ids, links) = (page.values("id"), page.values("href"));
    for number in 1..=3 {
        for end in ["e", "t"] {
            let id = format!("s1r0-{end}{number}");
            assert!(ids.contains(&id.as_str()), "{id} is there");
            assert!(
                links.contains(&format!("#{id}").as_str()),
                "{id} is linked to"
            );
        }
    }
}

#[test]
fn evidence_is_linked_even_where_its_lines_name_no_calls() {
    let mut suite = sample::suite();
    suite.scenarios[1].shown[0].checks[0].anomalies[0]
        .evidence
        .truncate(1);
    assert!(read(&suite).values("id").contains(&"s1r0-t3"));
}

#[test]
fn one_call_may_be_evidence_twice() {
    let mut suite = sample::suite();
    let check = suite.scenarios[1].shown[0].checks[0].clone();
    suite.scenarios[1].shown[0].checks.push(check);
    read(&suite);
}

#[test]
fn the_picture_shows_what_the_record_holds() {
    let run = sample::stale_read();
    let diagram = run.diagram.as_ref().expect("the sample has a picture");
    let page = Page::read(&html::replay("stale read", &run));
    let classes = page.values("class");
    let of = |class: &str| {
        classes
            .iter()
            .filter(|own| own.split(' ').any(|one| one == class))
            .count()
    };
    let dropped = diagram
        .messages
        .iter()
        .filter(|arrow| arrow.dropped.is_some())
        .count();
    assert_eq!(of("reach"), diagram.messages.len());
    // The legend has one more of each.
    assert_eq!(of("message"), diagram.messages.len() + 2);
    assert_eq!(of("fault"), 3 + 1);
    assert_eq!(of("event"), diagram.marks.len());
    assert!(
        of("lost") > dropped,
        "each dropped message, and some labels"
    );
    assert_eq!(of("call"), diagram.calls.len() + 4);
    for told in [
        "isolate n0 (primary) and c0 for 500ms",
        "dropped at",
        "down",
        "reached failover",
    ] {
        assert!(page.text.contains(told), "{told}");
    }
}

#[test]
fn too_many_messages_are_thinned_and_said_to_be() {
    let mut run = sample::stale_read();
    let diagram = run.diagram.as_mut().expect("the sample has a picture");
    let arrow = diagram.messages[0].clone();
    for i in 0..5_000 {
        let sent = diagram.from + i * 100_000;
        diagram.messages.push(Arrow {
            sent,
            arrived: sent + 3_000_000,
            ..arrow.clone()
        });
    }
    diagram.left_out = 7;
    let page = Page::read(&html::replay("busy", &run));
    let drawn = page
        .values("class")
        .into_iter()
        .filter(|class| *class == "reach")
        .count();
    assert!((500..=600).contains(&drawn), "{drawn}");
    assert!(
        page.text
            .contains("of its messages, calls and marks left out"),
        "it is said"
    );
}

#[test]
fn a_scenario_that_was_as_expected_is_folded_and_the_others_come_first() {
    let source = html::render(&sample::suite());
    let at = |text: &str| source.find(text).expect("it is on the page");
    assert!(at("id=\"s1\" open") < at("id=\"s3\" open"));
    assert!(at("id=\"s3\" open") < at("id=\"s0\">"));
}

#[test]
fn unknown_is_never_shown_as_a_pass() {
    let mut suite = sample::suite();
    suite.scenarios.retain(|scenario| scenario.unknown > 0);
    suite.scenarios[0].as_expected = true;
    let source = html::render(&suite);
    assert!(
        source.contains("class=\"scenario unsure\"") && !source.contains("class=\"scenario good\"")
    );
}

#[test]
fn a_run_without_a_picture_says_so() {
    let mut run = sample::stale_read();
    run.diagram = Some(Diagram::default());
    assert!(html::replay("empty", &run).contains("No diagram was recorded"));
    run.diagram = None;
    assert!(html::replay("none", &run).contains("No diagram was recorded"));
}

#[test]
fn the_picture_of_one_message_is_the_one_that_was_looked_at() {
    let mut run = sample::stale_read();
    run.faults.truncate(1);
    run.checks.clear();
    let diagram = run.diagram.as_mut().expect("the sample has a picture");
    diagram.messages.truncate(1);
    diagram.marks.truncate(1);
    diagram.calls.truncate(1);
    diagram.lanes.truncate(4);
    diagram.calls[0].lane = 3;
    let source = html::replay("small", &run);
    let start = source
        .find("<svg class=\"spacetime\"")
        .expect("there is a picture");
    let end = start + source[start..].find("</svg>").expect("it ends");
    insta::assert_snapshot!(source[start..end].replace("><", ">\n<"));
}
