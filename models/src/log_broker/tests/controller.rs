//! The controller's reactions.

use super::*;

fn started() -> (React, LogBroker) {
    let mut react = React::new(CONTROLLER, 4);
    let (mut controller, _) = react.start::<LogBroker>(&config(), &[]);
    react.on_synced(&mut controller);
    (react, controller)
}

/// What a broker says that knows of the first decision about each partition, and leads none.
fn alive(leads: bool) -> Message {
    let standing = Standing {
        epoch: Epoch(1),
        version: 1,
        leads,
    };
    Message::Alive {
        standings: vec![standing; 3],
    }
}

#[test]
fn nobody_is_told_of_a_decision_before_it_is_on_the_disk() {
    let mut react = React::new(CONTROLLER, 4);
    let (mut controller, effects) = react.start::<LogBroker>(&config(), &[]);
    assert_eq!(said(effects), []);
    let told = react.on_synced(&mut controller);
    let all = [N0, N1, N2];
    let led = |partition: u32, to: NodeId| {
        let leadership = leadership(1, NodeId(partition), &all);
        send(
            to,
            Message::Led {
                partition,
                leadership,
            },
        )
    };
    let expected = (0..3).flat_map(|p| all.map(|to| led(p, to)));
    assert_eq!(told, expected.collect::<Vec<_>>());
}

#[test]
fn a_leader_that_is_not_heard_of_is_replaced_from_the_in_sync_set_alone() {
    let (mut react, mut controller) = started();
    // N1 falls behind in partition 0, and then its leader N0 falls silent.
    let in_sync: BTreeSet<NodeId> = [N0, N2].into();
    let alter = Message::AlterInSync {
        partition: 0,
        epoch: Epoch(1),
        version: 1,
        in_sync: in_sync.clone(),
    };
    let changed = Leadership {
        version: 2,
        ..leadership(1, N0, &[N0, N2])
    };
    assert_eq!(
        react.on_message(&mut controller, N0, alter.clone()),
        [
            reached("isr-shrank"),
            append(Record::Led(0, changed.clone())),
            Effect::Sync,
        ]
    );
    let partition = 0;
    let leadership = changed;
    assert_eq!(
        react.on_synced(&mut controller),
        [send(
            N0,
            Message::Led {
                partition,
                leadership
            }
        )]
    );
    assert_eq!(
        react.on_message(&mut controller, N0, alter),
        [],
        "it is done"
    );
    react.pass(config().session / 2);
    for node in [N1, N2] {
        react.on_message(&mut controller, node, alive(true));
    }
    react.pass(config().session / 2);
    let elected = Leadership {
        epoch: Epoch(2),
        version: 3,
        leader: N2,
        in_sync: [N2].into(),
    };
    let effects = react.on_timer(&mut controller, Timer::Watch);
    assert_eq!(
        effects,
        [
            reached("elected"),
            append(Record::Led(0, elected)),
            Effect::Sync,
            Effect::SetTimer {
                timer: Timer::Watch,
                after: config().session / 2
            },
        ]
    );
}

#[test]
fn nobody_leads_while_the_whole_in_sync_set_is_silent() {
    let (mut react, mut controller) = started();
    let alter = Message::AlterInSync {
        partition: 0,
        epoch: Epoch(1),
        version: 1,
        in_sync: [N0].into(),
    };
    react.on_message(&mut controller, N0, alter);
    react.on_synced(&mut controller);
    react.pass(config().session);
    for node in [N1, N2] {
        react.on_message(&mut controller, node, alive(true));
    }
    let effects = react.on_timer(&mut controller, Timer::Watch);
    assert_eq!(effects[0], reached("leaderless"));
    assert!(!effects.contains(&reached("elected")), "{effects:?}");
}

#[test]
fn a_leader_that_has_restarted_leads_in_another_epoch() {
    let (mut react, mut controller) = started();
    let effects = react.on_message(&mut controller, N0, alive(false));
    let elected = leadership(2, N0, &[N0, N1, N2]);
    assert_eq!(
        effects,
        [
            reached("elected"),
            append(Record::Led(0, elected)),
            Effect::Sync
        ]
    );
}
