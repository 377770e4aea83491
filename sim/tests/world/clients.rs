//! What clients do: they follow redirects, time out, retry and say what they saw.

use murphy_sim::{
    ClientId, Fault, Happened, NodeId, PlannedCall, Probability, Route, Span, Start, Target,
};

use crate::common::{Request, Story, endings, ms, node, story};

fn impatient(story: Story, timeout: u64, retry: Option<u64>) -> Story {
    story.cluster(|c| {
        c.client.timeout = Span::millis(timeout);
        c.client.retry = retry.map(Span::millis);
    })
}

#[test]
fn a_call_ends_ok_fail_or_unknown() {
    let world = impatient(story(1), 50, None)
        .call(0, 10, 0, Request::Count)
        .call(0, 20, 0, Request::Refuse)
        .call(0, 30, 0, Request::Shrug)
        .call(0, 40, 0, Request::Ignore)
        .run(1);
    assert_eq!(
        endings(&world, 0),
        ["ok 0 at 12", "fail at 22", "info at 32", "info at 90"]
    );
    let processes: Vec<u32> = world.history().iter().map(|event| event.process).collect();
    assert_eq!(
        processes,
        [0, 0, 0, 0, 0, 0, 2, 2],
        "after an unknown one it is a new process"
    );
    assert!(world.calls_are_done());
}

#[test]
fn a_redirect_is_followed_at_once_and_one_to_nobody_after_a_while() {
    let world = story(3)
        .call(0, 10, 0, Request::AskThere(NodeId(2)))
        .call(0, 50, 0, Request::AskAround(NodeId(1)))
        .run(1);
    let ends = endings(&world, 0);
    assert_eq!(ends[0], "ok 2 at 14");
    // 2 ms to be told, 20 ms of waiting, 2 ms to be told again: as often as it takes.
    let found = [
        "ok 1 at 74",
        "ok 1 at 96",
        "ok 1 at 118",
        "ok 1 at 140",
        "ok 1 at 162",
    ];
    assert!(found.contains(&ends[1].as_str()), "{ends:?}");
}

#[test]
fn a_client_retries_elsewhere_under_the_same_call() {
    let crash = Fault::Crash {
        node: node(0),
        disk: murphy_sim::DiskFate::Drawn,
    };
    let story = story(2).with(crash).call(0, 100, 0, Request::Count);
    assert_eq!(
        endings(&impatient(story.clone(), 60, None).run(1), 0),
        ["info at 160"]
    );
    assert_eq!(
        endings(&impatient(story, 60, Some(15)).run(1), 0),
        ["ok 0 at 117"]
    );
}

#[test]
fn a_late_answer_changes_nothing() {
    let slow = Fault::Delay {
        by: Span::millis(40),
        jitter: Span::ZERO,
        links: murphy_sim::Links {
            from: Target::All,
            to: Target::All,
            both: true,
            clients: true,
        },
    };
    let world = impatient(story(1).with(slow), 30, None)
        .call(0, 100, 0, Request::Scribble(5))
        .call(0, 300, 0, Request::Count)
        .run(1);
    assert_eq!(
        endings(&world, 0),
        ["info at 130", "ok 1 at 302"],
        "but it did happen"
    );
}

#[test]
fn calls_of_a_closed_loop_follow_each_other_and_stop_in_time() {
    let mut story = story(1);
    for number in 0..20 {
        story.calls.push(PlannedCall {
            client: ClientId(0),
            start: Start::After {
                think: Span::millis(8),
                until: ms(55),
            },
            route: Route::Any,
            request: Request::Scribble(number),
        });
    }
    let world = story.run(1);
    let ends = endings(&world, 0);
    assert_eq!(
        ends,
        [
            "ok 1 at 10",
            "ok 2 at 20",
            "ok 3 at 30",
            "ok 4 at 40",
            "ok 5 at 50"
        ]
    );
    assert!(world.calls_are_done());
}

#[test]
fn a_call_that_should_start_while_another_is_open_starts_when_that_one_ends() {
    let world = impatient(story(1), 50, None)
        .call(0, 10, 0, Request::Ignore)
        .call(0, 20, 0, Request::Count)
        .run(1);
    assert_eq!(endings(&world, 0), ["info at 60", "ok 0 at 62"]);
}

#[test]
fn routes_go_where_they_say() {
    let route = |route| {
        let mut story = story(3);
        for n in 0..6 {
            story.calls.push(PlannedCall {
                client: ClientId(0),
                start: Start::At(ms(10 * (n + 1))),
                route,
                request: Request::Scribble(n),
            });
        }
        let world = story.run(3);
        [0, 1, 2].map(|n| world.disk(NodeId(n)).records().len())
    };
    assert_eq!(route(Route::Node(NodeId(1))), [0, 6, 0]);
    assert_eq!(route(Route::Key(5)), [0, 0, 6]);
    assert!(route(Route::Any).iter().filter(|n| **n > 0).count() > 1);
    assert!(
        route(Route::Sticky).contains(&6),
        "it stays with the node that answered"
    );
}

#[test]
fn a_client_whose_links_lose_everything_knows_nothing() {
    let lossy = Fault::Loss {
        probability: Probability::ALWAYS,
        links: murphy_sim::Links {
            from: node(0),
            to: node(0),
            both: false,
            clients: true,
        },
    };
    let world = impatient(story(2).with(lossy), 30, None)
        .call(0, 100, 0, Request::Count)
        .call(1, 100, 1, Request::Count)
        .run(1);
    assert_eq!(endings(&world, 0), ["info at 130"]);
    assert_eq!(endings(&world, 1), ["ok 0 at 102"]);
    assert_eq!(world.faults()[0].hits, 1);
}

#[test]
fn the_history_holds_invocations_and_endings_in_the_order_of_time() {
    let world = story(1)
        .call(0, 10, 0, Request::Count)
        .call(1, 11, 0, Request::Count)
        .run(1);
    let told: Vec<_> = world
        .history()
        .iter()
        .map(|e| (e.time, e.client.0, matches!(e.what, Happened::Invoke(_))))
        .collect();
    assert_eq!(
        told,
        [
            (ms(10), 0, true),
            (ms(11), 1, true),
            (ms(12), 0, false),
            (ms(13), 1, false)
        ]
    );
}
