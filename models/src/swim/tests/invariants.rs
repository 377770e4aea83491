//! Each invariant, seen to fail on a state that breaks it and to hold on one that does not.

use murphy_sim::{Breach, Time};

use super::*;
use Status::{Alive, Failed, Suspect};

/// Lets an invariant look at node 0 among as many others as there are, none of which is up.
fn look(invariant: &mut dyn Invariant<Swim>, swim: &Swim) -> Result<(), Breach> {
    let mut processes = vec![None; 3];
    processes[0] = Some(swim.clone());
    invariant.check(Time::ZERO, N0, &processes)
}

fn anomaly(looked: Result<(), Breach>) -> &'static str {
    looked.expect_err("it does not hold").anomaly
}

fn hear(react: &mut React, swim: &mut Swim, member: NodeId, said: Member) {
    let (probe, updates) = (probe(0), vec![(member, said)]);
    react.on_message(swim, N2, Message::Ack { probe, updates });
}

/// A member of a group with a planted bug, and another that the same has happened to without it.
fn planted(mutant: Mutant) -> (React, Swim) {
    member(&Config {
        mutant: Some(mutant),
        ..config(3)
    })
}

#[test]
fn nobody_holds_of_another_what_it_has_not_reached() {
    let (mut react, mut swim) = member(&config(3));
    let mut invariant = IncarnationsAreOwn::default();
    let others = [N1, N2].map(|node| {
        let mut react = React::new(node, 3);
        let (mut swim, _) = react.start::<Swim>(&config(3), &[]);
        react.on_synced(&mut swim);
        swim
    });
    let all = |swim: &Swim| -> Vec<Option<Swim>> {
        let [one, two] = others.clone();
        vec![Some(swim.clone()), Some(one), Some(two)]
    };
    for node in [N1, N2, N0] {
        let looked = invariant.check(Time::ZERO, node, &all(&swim));
        assert_eq!(looked, Ok(()));
    }
    hear(&mut react, &mut swim, N1, said(Alive, 1));
    let looked = invariant.check(Time::ZERO, N0, &all(&swim));
    assert_eq!(anomaly(looked), "phantom-incarnation");
}

#[test]
fn a_start_begins_a_life_of_its_own() {
    let (_, swim) = member(&config(3));
    let start = |disk: &[Life]| {
        let mut react = React::new(N0, 3);
        react.pass(Span::secs(1));
        let (mut swim, _) = react.start::<Swim>(&config(3), disk);
        react.on_synced(&mut swim);
        swim
    };
    let mut invariant = LivesAreNew::default();
    assert_eq!(look(&mut invariant, &swim), Ok(()));
    assert_eq!(look(&mut invariant, &start(&[Life(1)])), Ok(()));
    let mut invariant = LivesAreNew::default();
    assert_eq!(look(&mut invariant, &swim), Ok(()));
    assert_eq!(
        anomaly(look(&mut invariant, &start(&[]))),
        "incarnation-reused"
    );
}

#[test]
fn a_list_goes_back_where_a_stale_suspicion_is_believed() {
    let after = |(mut react, mut swim): (React, Swim)| {
        let mut invariant = ListsAdvance::default();
        for said in [said(Suspect, 0), said(Alive, 1), said(Suspect, 0)] {
            look(&mut invariant, &swim)?;
            hear(&mut react, &mut swim, N1, said);
        }
        look(&mut invariant, &swim)
    };
    assert_eq!(after(member(&config(3))), Ok(()));
    let broken = after(planted(Mutant::StaleSuspicionBelieved));
    assert_eq!(anomaly(broken), "incarnation-went-back");
}

#[test]
fn a_failure_that_nobody_suspected_before_is_noticed() {
    let after = |(mut react, mut swim): (React, Swim)| {
        let mut invariant = FailuresWereSuspected::default();
        for _ in 0..2 {
            look(&mut invariant, &swim)?;
            react.on_timer(&mut swim, Timer::Period);
        }
        look(&mut invariant, &swim)?;
        let suspect = swim.list().iter().find(|(_, held)| held.status == Suspect);
        if let Some((member, _)) = suspect {
            let timer = Timer::Suspicion(*member);
            react.on_timer(&mut swim, timer);
        }
        assert!(swim.list().values().any(|held| held.status == Failed));
        look(&mut invariant, &swim)
    };
    assert_eq!(after(member(&config(3))), Ok(()));
    let broken = after(planted(Mutant::NoSuspicion));
    assert_eq!(anomaly(broken), "unsuspected-failure");
}
