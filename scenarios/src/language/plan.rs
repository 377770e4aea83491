//! Whether the faults of a plan speak of things that are there, and begin before the run is over.

use murphy_sim::{Cluster, Fault, PlannedFault, Target, Time, Trigger};

use super::validate::{Checking, steps};

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
                let key = self.key_of_target(keys, target);
                let keys = below(keys, &[&key]);
                self.one_of(&keys, "role", role, &known.roles(protocol));
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
                let key = self.key_to_blame(&keys, planned, cluster);
                self.wrong_in_words(&below(&keys, &[&key]), &why);
            }
        }
    }

    /// The key of a fault whose value the cluster has not got.
    fn key_to_blame(&self, keys: &[&str], planned: &PlannedFault, cluster: &Cluster) -> String {
        for target in planned.fault.targets() {
            let alone = PlannedFault {
                when: Trigger::At(Time::ZERO),
                fault: Fault::Pause {
                    node: target.clone(),
                },
                lasts: None,
            };
            if cluster.check_fault(&alone, true).is_err() {
                return self.key_of_target(keys, target);
            }
        }
        match planned.fault {
            Fault::Partition { .. } => "shape".to_owned(),
            _ => "fault".to_owned(),
        }
    }

    /// The key of a fault that names this target.
    fn key_of_target(&self, keys: &[&str], target: &Target) -> String {
        let path = [self.under, &steps(keys)].concat();
        let key = self.document.key_with(&path, &target.to_string());
        key.unwrap_or("fault").to_owned()
    }
}

fn below<'k>(above: &[&'k str], keys: &[&'k str]) -> Vec<&'k str> {
    [above, keys].concat()
}
