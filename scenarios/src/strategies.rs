//! `proptest` strategies for plans of faults and for clients' calls, for anyone's own `proptest!`
//! tests. They shrink: to fewer faults, earlier, shorter and gentler ones, and to fewer calls.
//!
//! Available with the feature `proptest`.

use murphy_models::service::{events, kv, log, membership, txn};
use murphy_sim::{
    ClientId, Data, DiskFate, Fault, Links, MessageFate, NodeId, Plan, PlannedCall, PlannedFault,
    Probability, Route, Shape, Shift, Span, Start, Target, Time, Trigger,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// The cluster that plans and calls are for, and the stretch of time they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Nodes, at least one.
    pub nodes: u32,
    /// Clients, at least one.
    pub clients: u32,
    /// Faults and calls begin here
    pub from: Time,
    /// and before here.
    pub until: Time,
}

/// Plans of up to so many faults, of every kind that any protocol can meet (membership changes are
/// for those that can), in order of time.
pub fn plans(stage: Stage, most: usize) -> impl Strategy<Value = Plan> {
    vec(planned_faults(stage), 0..=most).prop_map(|mut plan| {
        plan.sort_by_key(|planned| match planned.when {
            Trigger::At(time) => time,
            _ => Time::NEVER,
        });
        plan
    })
}

/// One fault with its trigger and length.
pub fn planned_faults(stage: Stage) -> impl Strategy<Value = PlannedFault> {
    let longest = stage.until.since(stage.from).0 / 1_000_000;
    (
        triggers(stage),
        faults(stage.nodes, stage.clients),
        option::weighted(0.9, 1..=longest.max(1)),
    )
        .prop_map(|(when, fault, lasts)| {
            let lasts = lasts.filter(|_| !fault.is_instant()).map(Span::millis);
            PlannedFault { when, fault, lasts }
        })
}

fn times(stage: Stage) -> impl Strategy<Value = Time> {
    (stage.from.0 / 1_000_000..stage.until.0.div_ceil(1_000_000))
        .prop_map(|millis| Time::ZERO + Span::millis(millis))
}

fn triggers(stage: Stage) -> impl Strategy<Value = Trigger> {
    prop_oneof![
        9 => times(stage).prop_map(Trigger::At),
        1 => (1..5_000u64).prop_map(|event| Trigger::Event { event }),
    ]
}

/// Who a fault is aimed at, by node or drawn.
pub fn targets(nodes: u32) -> impl Strategy<Value = Target> {
    prop_oneof![
        4 => (0..nodes).prop_map(|node| Target::Node(NodeId(node))),
        1 => Just(Target::Any),
        1 => Just(Target::Minority),
        1 => Just(Target::Majority),
        1 => Just(Target::All),
    ]
}

fn links(nodes: u32) -> impl Strategy<Value = Links> {
    (targets(nodes), targets(nodes), any::<bool>(), any::<bool>()).prop_map(
        |(from, to, both, clients)| Links {
            from,
            to,
            both,
            clients,
        },
    )
}

fn spans(most_millis: u64) -> impl Strategy<Value = Span> {
    (1..=most_millis).prop_map(Span::millis)
}

fn probabilities() -> impl Strategy<Value = Probability> {
    (1..=1_000u32).prop_map(Probability::per_mille)
}

fn shifts() -> impl Strategy<Value = Shift> {
    (-10_000..10_000i64).prop_map(|millis| Shift(millis * 1_000_000))
}

fn disk_fates() -> impl Strategy<Value = DiskFate> {
    select(vec![
        DiskFate::Drawn,
        DiskFate::KeepUnsynced,
        DiskFate::LoseUnsynced,
        DiskFate::Torn,
    ])
}

/// Every kind of fault but changes of membership, lost disks and rotten records, which few protocols
/// promise to survive.
pub fn faults(nodes: u32, clients: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        network_faults(nodes, clients),
        process_faults(nodes),
        clock_faults(nodes),
        disk_faults(nodes),
        (probabilities(), probabilities())
            .prop_map(|(sites, fires)| Fault::Buggify { sites, fires }),
    ]
}

/// Partitions of every shape.
pub fn partitions(nodes: u32, clients: u32) -> impl Strategy<Value = Fault> {
    let one_sided = prop_oneof![
        Just(Shape::Halves),
        Just(Shape::Minority),
        (0..nodes).prop_map(|node| Shape::Isolate(Target::Node(NodeId(node)))),
    ];
    let others = prop_oneof![
        Just(Shape::Bridge),
        Just(Shape::MajoritiesRing),
        (targets(nodes), targets(nodes)).prop_map(|(from, to)| Shape::OneWay { from, to }),
    ];
    let cut_off = vec(0..clients, 0..=1);
    prop_oneof![
        (one_sided, option::of(spans(1_000)), cut_off).prop_map(|(shape, flap, clients)| {
            Fault::Partition {
                shape,
                flap,
                clients,
            }
        }),
        (others, option::of(spans(1_000))).prop_map(|(shape, flap)| Fault::Partition {
            shape,
            flap,
            clients: vec![]
        }),
    ]
}

fn network_faults(nodes: u32, clients: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => partitions(nodes, clients),
        1 => (probabilities(), links(nodes)).prop_map(|(probability, links)| Fault::Loss { probability, links }),
        1 => (probabilities(), links(nodes)).prop_map(|(probability, links)| Fault::Duplicate { probability, links }),
        1 => (probabilities(), links(nodes)).prop_map(|(probability, links)| Fault::Corrupt { probability, links }),
        1 => (probabilities(), spans(500), links(nodes))
            .prop_map(|(probability, window, links)| Fault::Reorder { probability, window, links }),
        1 => (spans(500), spans(200), links(nodes)).prop_map(|(by, jitter, links)| Fault::Delay { by, jitter, links }),
        1 => (100..100_000u64, 100..100_000u64, links(nodes))
            .prop_map(|(bytes_per_second, queue, links)| Fault::Bandwidth { bytes_per_second, queue, links }),
        1 => links(nodes).prop_map(|links| Fault::Clog { links }),
        1 => targets(nodes).prop_map(|node| Fault::SwizzleClog { node }),
        1 => (1..50u64, spans(500)).prop_map(|(nth, by)| {
            Fault::Message { kind: "request".to_owned(), nth, fate: MessageFate::Delay(by) }
        }),
    ]
}

fn process_faults(nodes: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => (targets(nodes), disk_fates()).prop_map(|(node, disk)| Fault::Crash { node, disk }),
        1 => (targets(nodes), spans(2_000), disk_fates())
            .prop_map(|(node, every, disk)| Fault::CrashLoop { node, every, disk }),
        1 => targets(nodes).prop_map(|node| Fault::Pause { node }),
        1 => (targets(nodes), spans(50)).prop_map(|(node, per_message)| Fault::SlowCpu { node, per_message }),
    ]
}

fn clock_faults(nodes: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        (targets(nodes), shifts()).prop_map(|(node, by)| Fault::ClockOffset { node, by }),
        (targets(nodes), shifts()).prop_map(|(node, by)| Fault::ClockStep { node, by }),
        (targets(nodes), -500..=500i64).prop_map(|(node, ppm)| Fault::ClockDrift { node, ppm }),
        (targets(nodes), shifts(), spans(500)).prop_map(|(node, by, every)| Fault::ClockStrobe {
            node,
            by,
            every
        }),
        targets(nodes).prop_map(|node| Fault::ClockFreeze { node }),
        (targets(nodes), 1..100_000u32).prop_map(|(node, ppm)| Fault::ClockSlew { node, ppm }),
        (targets(nodes), spans(100))
            .prop_map(|(node, uncertainty)| Fault::ClockBound { node, uncertainty }),
    ]
}

fn disk_faults(nodes: u32) -> impl Strategy<Value = Fault> {
    prop_oneof![
        targets(nodes).prop_map(|node| Fault::DiskSyncError { node }),
        (targets(nodes), 2..50u32).prop_map(|(node, factor)| Fault::DiskSlow { node, factor }),
        targets(nodes).prop_map(|node| Fault::DiskStall { node }),
        targets(nodes).prop_map(|node| Fault::DiskFull { node }),
    ]
}

/// Up to so many calls of these requests, each by any client at any time of the stage, in order of
/// time. Give every written value its own number with [`kv_requests`] and its like.
pub fn calls<Q: Data>(
    stage: Stage,
    most: usize,
    requests: impl Strategy<Value = Q>,
) -> impl Strategy<Value = Vec<PlannedCall<Q>>> {
    vec((times(stage), 0..stage.clients, requests), 0..=most).prop_map(|mut drawn| {
        drawn.sort_by_key(|(at, _, _)| *at);
        let planned = |(at, client, request)| PlannedCall {
            client: ClientId(client),
            start: Start::At(at),
            route: Route::Sticky,
            request,
        };
        drawn.into_iter().map(planned).collect()
    })
}

/// Reads and writes of registers. Written values are large random numbers, so that they are unique.
pub fn kv_requests(keys: u32) -> impl Strategy<Value = kv::Request> {
    prop_oneof![
        (0..keys).prop_map(|key| kv::Request::Read { key }),
        (0..keys, any::<u32>()).prop_map(|(key, value)| kv::Request::Write {
            key,
            value: u64::from(value)
        }),
    ]
}

/// Transactions of up to four reads and appends. Appended values are large random numbers.
pub fn txn_requests(keys: u32) -> impl Strategy<Value = txn::Request> {
    let step = prop_oneof![
        (0..keys).prop_map(|key| txn::MicroOp::Read { key }),
        (0..keys, any::<u32>()).prop_map(|(key, value)| txn::MicroOp::Append {
            key,
            value: i64::from(value)
        }),
    ];
    vec(step, 1..=4).prop_map(txn::Request)
}

/// Requests to a partitioned log with so many keys. Sessions are the clients' own to carry.
pub fn log_requests(keys: u32) -> impl Strategy<Value = log::Request> {
    prop_oneof![
        (0..keys, any::<u32>()).prop_map(|(key, value)| log::Request::Send {
            key,
            value: u64::from(value)
        }),
        Just(log::Request::Poll { session: None }),
        Just(log::Request::Commit { session: None }),
        (0..keys).prop_map(|key| log::Request::Read { key }),
    ]
}

/// Questions to nodes, who is a member.
pub fn member_requests() -> impl Strategy<Value = membership::Request> {
    Just(membership::Request::Members)
}

/// Events and reads of what has been applied. Event numbers are large and random.
pub fn event_requests(keys: u32) -> impl Strategy<Value = events::Request> {
    prop_oneof![
        (0..keys).prop_map(|key| events::Request::Read { key }),
        (0..keys, any::<u32>()).prop_map(|(key, event)| events::Request::Publish {
            key,
            event: u64::from(event)
        }),
    ]
}
