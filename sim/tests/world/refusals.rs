//! Bad setups are refused before a run, with a message that says what to write instead.

use murphy_sim::{
    ClientId, Cluster, DiskFate, Endpoint, Fault, Latency, Links, MessageFate, NodeId, Place,
    PlannedCall, Probability, Route, Shape, Shift, Span, Start, Target, Trigger,
};

use crate::common::{Request, Story, ms, node, story};

fn refusal(story: &Story) -> String {
    let error = story.setup().validate().expect_err("it is refused");
    error.to_string()
}

fn refused(fault: Fault, remedy: &str) {
    let kind = fault.kind();
    let calm = Fault::Pause { node: node(0) };
    let story = story(3)
        .cluster(|c| c.zones = vec!["eu".to_owned()])
        .with(calm)
        .with(fault);
    let told = refusal(&story);
    assert!(told.starts_with("fault 1 of the plan: "), "{told}");
    assert!(told.contains(remedy), "{kind}: {told}");
}

fn partition(shape: Shape) -> Fault {
    Fault::Partition {
        shape,
        flap: None,
        clients: vec![],
    }
}

#[test]
fn nodes_zones_and_clients_that_are_not_there_are_refused() {
    refused(
        Fault::Pause { node: node(3) },
        "there is no n3: nodes are n0 to n2",
    );
    let two = Target::Nodes(vec![NodeId(0), NodeId(9)]);
    refused(Fault::Pause { node: two }, "nodes are n0 to n2");
    let mars = Target::Zone("mars".to_owned());
    refused(Fault::Pause { node: mars }, "zones are eu");
    let to = node(7);
    refused(
        Fault::Clog {
            links: Links {
                to,
                ..Links::default()
            },
        },
        "nodes are n0 to n2",
    );
    let clients = vec![2];
    let shape = Shape::Halves;
    refused(
        Fault::Partition {
            shape,
            flap: None,
            clients,
        },
        "clients are c0 to c1",
    );
    let group = |ends: &[Endpoint]| ends.to_vec();
    let n = |n| Endpoint::Node(NodeId(n));
    let groups = Shape::Groups(vec![group(&[n(0)]), group(&[n(4)])]);
    refused(partition(groups), "nodes are n0 to n2");
    let groups = Shape::Groups(vec![group(&[n(0)]), group(&[Endpoint::Client(5)])]);
    refused(partition(groups), "clients are c0 to c1");
}

#[test]
fn groups_that_overlap_or_stand_alone_are_refused() {
    let n = |n| Endpoint::Node(NodeId(n));
    let overlap = Shape::Groups(vec![vec![n(0), n(1)], vec![n(1)]]);
    refused(
        partition(overlap),
        "n1 is in two groups of the partition: name it once",
    );
    refused(partition(Shape::Groups(vec![vec![n(0)]])), "at least two");
    let fault = Fault::Partition {
        shape: Shape::Bridge,
        flap: None,
        clients: vec![0],
    };
    refused(fault, "name them in the groups instead");
}

#[test]
fn lengths_and_counts_of_nothing_are_refused() {
    let fault = Fault::Partition {
        shape: Shape::Halves,
        flap: Some(Span::ZERO),
        clients: vec![],
    };
    refused(fault, "`flap` of 0s");
    let (every, by) = (Span::ZERO, Shift(1));
    let disk = DiskFate::Drawn;
    refused(
        Fault::CrashLoop {
            node: node(0),
            every,
            disk,
        },
        "`every` of 0s",
    );
    refused(
        Fault::ClockStrobe {
            node: node(0),
            by,
            every,
        },
        "`every` of 0s",
    );
    let probability = Probability::ALWAYS;
    let (window, links) = (Span::ZERO, Links::default());
    refused(
        Fault::Reorder {
            probability,
            window,
            links,
        },
        "`window` of 0s",
    );
    let per_message = Span::ZERO;
    refused(
        Fault::SlowCpu {
            node: node(0),
            per_message,
        },
        "`per-message` of 0s",
    );
    refused(
        Fault::DiskSlow {
            node: node(0),
            factor: 0,
        },
        "write 2 or more",
    );
    let (bytes_per_second, queue, links) = (0, 1, Links::default());
    refused(
        Fault::Bandwidth {
            bytes_per_second,
            queue,
            links,
        },
        "use a partition",
    );
    let (kind, nth, fate) = ("Ping".to_owned(), 0, MessageFate::Drop);
    refused(Fault::Message { kind, nth, fate }, "counts from 1");
}

#[test]
fn triggers_count_from_one() {
    let (message, reached) = ("Ping".to_owned(), "started".to_owned());
    for when in [
        Trigger::Event { event: 0 },
        Trigger::Message { message, nth: 0 },
        Trigger::Reached { reached, nth: 0 },
    ] {
        let told = refusal(&story(1).with_endless(when, Fault::Pause { node: node(0) }));
        assert!(told.contains("counts from 1"), "{told}");
    }
}

#[test]
fn clocks_stay_within_reason() {
    for by in [
        Shift(i64::MIN),
        Shift(i64::MAX),
        Shift(-11 * 86_400_000_000_000),
    ] {
        refused(
            Fault::ClockStep { node: node(0), by },
            "at most 864000s either way",
        );
        refused(
            Fault::ClockOffset { node: node(0), by },
            "at most 864000s either way",
        );
    }
    for ppm in [-1_000_001, i64::MAX] {
        refused(
            Fault::ClockDrift { node: node(0), ppm },
            "write -1000000 (it stands still)",
        );
    }
}

#[test]
fn only_spares_can_be_added() {
    refused(
        Fault::AddNode { node: Target::Any },
        "name the spare to add, as in n3",
    );
}

#[test]
fn calls_by_clients_or_to_nodes_that_are_not_there_are_refused() {
    let told = refusal(&story(1).call(2, 10, 0, Request::Count));
    assert!(
        told.contains("planned for c2 but there are 2 clients"),
        "{told}"
    );
    let told = refusal(&story(1).call(0, 10, 1, Request::Count));
    assert!(told.contains("but there are 1 nodes"), "{told}");
    let mut story = story(1);
    story.calls.push(PlannedCall {
        client: ClientId(0),
        start: Start::At(ms(1)),
        route: Route::Any,
        request: Request::Count,
    });
    assert_eq!(story.setup().validate(), Ok(()));
}

#[test]
#[should_panic(expected = "a setup is validated before a world is made of it: fault 0")]
fn a_world_is_never_made_of_a_bad_setup() {
    story(1).with(Fault::Pause { node: node(1) }).world(1);
}

#[test]
fn clusters_that_make_no_sense_are_refused() {
    let refused = |change: fn(&mut Cluster), remedy: &str| {
        let mut cluster = Cluster::new(3, 1);
        change(&mut cluster);
        let told = cluster.compile().expect_err("it is refused");
        assert!(told.contains(remedy), "{told}");
    };
    refused(|c| c.nodes = 0, "set `nodes` to 1 or more");
    refused(|c| c.network.bandwidth = Some(0), "leave it out");
    refused(
        |c| c.network.latency = Latency::Empirical(vec![]),
        "at least one sample",
    );
    refused(
        |c| c.disk.sync = Latency::Mixture(vec![]),
        "at least one part",
    );
    refused(|c| c.network.wan = Some("x".to_owned()), "write hat-2013");
    refused(
        |c| c.network.wan = Some("hat-2013".to_owned()),
        "write one of california",
    );
    let link = |from: &str| murphy_sim::LinkSettings {
        from: from.parse().expect("a place"),
        to: Place::Anywhere,
        one_way: false,
        latency: None,
        loss: None,
        bandwidth: None,
        fifo: None,
    };
    let mut cluster = Cluster::new(3, 1);
    cluster.network.links = vec![link("n5")];
    assert!(
        cluster
            .clone()
            .compile()
            .expect_err("no n5")
            .contains("n0 to n2")
    );
    cluster.network.links = vec![link("zone:eu")];
    assert!(
        cluster
            .compile()
            .expect_err("no eu")
            .contains("set `zones`")
    );
}
