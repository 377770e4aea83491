//! Whether the faults of a plan speak of things that are there, and begin before the run is over.

use murphy_sim::{Cluster, Fault, PlannedFault, Target, Time, Trigger};

use super::{
    spanned::Step,
    validate::{Checking, steps},
};

impl Checking<'_> {
    /// Faults begin before the run is over. `above` is where the plan stands.
    pub(super) fn times_of_faults(&mut self, above: &[&str], plan: &[PlannedFault]) {
        let end = self.scenario.phases.quiet();
        for (i, planned) in plan.iter().enumerate() {
            if matches!(planned.when, Trigger::At(time) if time >= end) {
                let message = format!("{} is past the end of the run", planned.when);
                let help = format!("write a time before {end}, or lengthen the phases");
                self.wrong(&below(above, &[&i.to_string(), "when"]), message, help);
            }
        }
    }

    /// Roles, labels and kinds of messages are the protocol's.
    pub(super) fn names_of_faults(&mut self, above: &[&str], plan: &[PlannedFault]) {
        for (i, planned) in plan.iter().enumerate() {
            self.names_of_fault(&below(above, &[&i.to_string()]), planned);
        }
    }

    fn names_of_fault(&mut self, keys: &[&str], planned: &PlannedFault) {
        let (known, protocol) = (self.known, self.scenario.protocol.as_str());
        let when = below(keys, &["when"]);
        match &planned.when {
            Trigger::Message { message, .. } => {
                let keys = below(&when, &["message"]);
                self.one_of(&keys, "message", message, &known.messages(protocol));
            }
            Trigger::Reached { reached, .. } => {
                let keys = below(&when, &["reached"]);
                self.one_of(&keys, "label", reached, &known.labels(protocol));
            }
            Trigger::At(_) | Trigger::Event { .. } => {}
        }
        if let Fault::Message { kind, .. } = &planned.fault {
            let keys = below(keys, &["kind"]);
            self.one_of(&keys, "message", kind, &known.messages(protocol));
        }
        for target in planned.fault.targets() {
            if let Target::Role(role) = target {
                let way = self.way_to_target(keys, target);
                self.one_of(&beneath(keys, &way), "role", role, &known.roles(protocol));
            }
        }
    }

    /// Nodes, zones and clients are the cluster's, and what is asked for is possible.
    pub(super) fn things_of_faults(
        &mut self,
        above: &[&str],
        plan: &[PlannedFault],
        cluster: &Cluster,
    ) {
        let membership = self.known.membership(&self.scenario.protocol);
        for (i, planned) in plan.iter().enumerate() {
            if let Err(why) = cluster.check_fault(planned, membership) {
                let index = i.to_string();
                let keys = below(above, &[&index]);
                let way = self.way_to_blame(&keys, planned, cluster);
                self.wrong_in_words(&beneath(&keys, &way), &why);
            }
        }
    }

    /// The way on to the part of a fault that the cluster has not got.
    fn way_to_blame(
        &self,
        keys: &[&str],
        planned: &PlannedFault,
        cluster: &Cluster,
    ) -> Vec<String> {
        for target in planned.fault.targets() {
            let alone = PlannedFault {
                when: Trigger::At(Time::ZERO),
                fault: Fault::Pause {
                    node: target.clone(),
                },
                lasts: None,
            };
            if cluster.check_fault(&alone, true).is_err() {
                return self.way_to_target(keys, target);
            }
        }
        match planned.fault {
            Fault::Partition { .. } => vec!["shape".to_owned()],
            _ => vec!["fault".to_owned()],
        }
    }

    /// The way on to where a fault names this target.
    fn way_to_target(&self, keys: &[&str], target: &Target) -> Vec<String> {
        let path = [self.under, &steps(keys)].concat();
        let way = self.document.way_to(&path, &target.to_string());
        let way = way.unwrap_or_else(|| steps(&["fault"]));
        let name = |step: Step| match step {
            Step::Key(key) => key,
            Step::Index(index) => index.to_string(),
        };
        way.into_iter().map(name).collect()
    }
}

fn below<'k>(above: &[&'k str], keys: &[&'k str]) -> Vec<&'k str> {
    [above, keys].concat()
}

fn beneath<'k>(above: &[&'k str], way: &'k [String]) -> Vec<&'k str> {
    let way = way.iter().map(String::as_str);
    above.iter().copied().chain(way).collect()
}
