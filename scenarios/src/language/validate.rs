//! Whether a scenario that could be read makes sense: names that are known, numbers within bounds,
//! parts that go together. Every complaint points at its key.

use murphy_sim::{Cluster, Latency, PlannedFault, Span, Time};

use super::{
    document::{At, Document},
    error::LanguageError,
    known::Known,
    scenario::Scenario,
    spanned::Step,
    suggest,
    words::{Expectation, StateCheck},
};

/// No phase is longer.
const PHASE_LONGEST: Span = Span::secs(3_600);

/// Open loops with more calls in a run are refused.
const CALLS_MOST: u64 = 2_000_000;

/// Networks between more nodes and clients than this are checked when a run is set up, not before.
const ENDPOINTS_MOST: u32 = 500;

/// Everything about the scenario that makes no sense. `under` is where it stands in the document.
pub(crate) fn complaints(
    scenario: &Scenario,
    document: &Document<'_>,
    under: &[Step],
    known: &dyn Known,
) -> Vec<LanguageError> {
    let mut check = Checking {
        scenario,
        document,
        under,
        known,
        errors: Vec::new(),
    };
    check.numbers();
    check.texts();
    check.workload();
    check.phases();
    check.nemesis();
    check.checks();
    check.latencies();
    if known.protocols().contains(&scenario.protocol.as_str()) {
        check.names();
        if check.errors.is_empty() {
            check.cluster();
        }
    } else {
        let help = suggest::instead(&scenario.protocol, &known.protocols());
        let message = format!("unknown protocol `{}`", scenario.protocol);
        check.wrong(&["protocol"], message, help);
    }
    check.errors
}

/// Everything about a plan of the scenario's, standing at `key` of the document, that makes no sense.
pub(crate) fn complaints_about_plan(
    plan: &[PlannedFault],
    key: &str,
    scenario: &Scenario,
    document: &Document<'_>,
    known: &dyn Known,
) -> Vec<LanguageError> {
    let mut check = Checking {
        scenario,
        document,
        under: &[],
        known,
        errors: Vec::new(),
    };
    check.times_of_faults(&[key], plan);
    check.names_of_faults(&[key], plan);
    if check.errors.is_empty() {
        let cluster = scenario.cluster(known.nodes(&scenario.protocol));
        check.things_of_faults(&[key], plan, &cluster);
    }
    check.errors
}

/// A name that can be part of a file name anywhere: `[a-z0-9-]+`, at most 64 of them.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

pub(super) struct Checking<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) document: &'a Document<'a>,
    pub(super) under: &'a [Step],
    pub(super) known: &'a dyn Known,
    pub(super) errors: Vec<LanguageError>,
}

/// The way to a key. An item of a list is named by its number.
pub(super) fn steps(keys: &[&str]) -> Vec<Step> {
    let step = |key: &&str| match key.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Key((*key).to_owned()),
    };
    keys.iter().map(step).collect()
}

impl Checking<'_> {
    pub(super) fn wrong(
        &mut self,
        keys: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.wrong_at(keys, At::Value, message, help);
    }

    fn wrong_at(
        &mut self,
        keys: &[&str],
        at: At,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let path = [self.under, &steps(keys)].concat();
        self.errors
            .push(self.document.error(&path, at, message, help));
    }

    /// A complaint in the words of the simulator: what is wrong, a colon, what to write.
    pub(super) fn wrong_in_words(&mut self, keys: &[&str], why: &str) {
        let (message, help) = match why.split_once(": ").or_else(|| why.split_once("; ")) {
            Some((message, help)) => (message, help),
            None => (why, "`murphy schema` describes it"),
        };
        self.wrong(keys, message, help);
    }

    /// The name, the value of that key, must be one of these.
    pub(super) fn one_of(&mut self, keys: &[&str], what: &str, name: &str, known: &[&str]) {
        self.one_of_at(keys, At::Value, what, name, known);
    }

    fn one_of_at(&mut self, keys: &[&str], at: At, what: &str, name: &str, known: &[&str]) {
        if !known.contains(&name) {
            let of = &self.scenario.protocol;
            let message = format!("unknown {what} `{name}` of {of}");
            self.wrong_at(keys, at, message, suggest::instead(name, known));
        }
    }

    fn within(&mut self, keys: &[&str], value: u32, least: u32, most: u32) {
        if !(least..=most).contains(&value) {
            let key = keys.last().expect("a number has a key");
            let message = format!("`{key}` is {value}");
            self.wrong(
                keys,
                message,
                format!("write a number from {least} to {most}"),
            );
        }
    }

    fn numbers(&mut self) {
        let scenario = self.scenario;
        self.within(&["nodes"], scenario.nodes.unwrap_or(1), 1, 10_000);
        self.within(&["spares"], scenario.spares, 0, 1_000);
        self.within(&["seeds"], scenario.seeds, 1, 10_000_000);
        self.within(
            &["workload", "clients"],
            scenario.workload.clients,
            1,
            10_000,
        );
        self.within(&["workload", "keys"], scenario.workload.keys, 1, 1_000_000);
        self.within(&["workload", "max-ops"], scenario.workload.max_ops, 1, 100);
        self.within(
            &["nemesis", "faults", "max"],
            scenario.nemesis.faults.max,
            0,
            1_000,
        );
        let longest = [
            ("restart", scenario.restart),
            ("client.timeout", scenario.client.timeout),
        ];
        for (key, span) in longest {
            if span == Span::ZERO || span > PHASE_LONGEST {
                let keys: Vec<&str> = key.split('.').collect();
                let help = format!("write a length of time above 0s, up to {PHASE_LONGEST}");
                self.wrong(&keys, format!("`{key}` is {span}"), help);
            }
        }
    }

    fn texts(&mut self) {
        let scenario = self.scenario;
        if scenario.story.trim().is_empty() || scenario.story.len() > 2_000 {
            self.wrong(
                &["story"],
                "the story is empty, or longer than 2000 bytes",
                "tell in a sentence or two what happens and why it matters",
            );
        }
        for (i, zone) in scenario.zones.iter().enumerate() {
            let keys = ["zones", &i.to_string()];
            if !is_plain_name(zone) {
                let message = format!("`{zone}` is no name for a zone");
                self.wrong(
                    &keys,
                    message,
                    "write up to 64 letters a to z, digits and hyphens",
                );
            } else if scenario.zones[..i].contains(zone) {
                self.wrong(
                    &keys,
                    format!("zone `{zone}` is named twice"),
                    "name it once",
                );
            }
        }
    }

    fn workload(&mut self) {
        let workload = &self.scenario.workload;
        match (workload.rate, workload.think) {
            (Some(_), Some(_)) => self.wrong(
                &["workload", "think"],
                "both `rate` and `think` are given",
                "keep `rate` for an open loop, or `think` for a closed one",
            ),
            (None, None) => self.wrong(
                &["workload"],
                "neither `rate` nor `think` is given",
                "add `rate = \"200/s\"` for an open loop, or `think = \"5ms\"` for a closed one",
            ),
            (Some(rate), None) => {
                let phases = &self.scenario.phases;
                let open = phases.heal().since(Time::ZERO);
                let calls = u128::from(rate.0) * u128::from(open.0) / 1_000_000_000;
                if calls > u128::from(CALLS_MOST) {
                    let message = format!("{rate} for {open} is {calls} calls in every run");
                    let help = format!("lower `rate` or shorten the phases: at most {CALLS_MOST}");
                    self.wrong(&["workload", "rate"], message, help);
                }
            }
            (None, Some(think)) if think > PHASE_LONGEST => {
                let help = format!("write at most {PHASE_LONGEST}");
                self.wrong(&["workload", "think"], format!("`think` is {think}"), help);
            }
            (None, Some(_)) => {}
        }
    }

    fn phases(&mut self) {
        let phases = &self.scenario.phases;
        let each = [
            ("warm-up", phases.warm_up),
            ("chaos", phases.chaos),
            ("quiesce", phases.quiesce),
        ];
        for (key, span) in each {
            if span > PHASE_LONGEST {
                let help = format!("write at most {PHASE_LONGEST}");
                self.wrong(&["phases", key], format!("`{key}` is {span}"), help);
            }
        }
        if phases.heal() == Time::ZERO {
            self.wrong(
                &["phases"],
                "clients have no time to ask anything",
                "set `warm-up` or `chaos` above 0s",
            );
        }
    }

    fn nemesis(&mut self) {
        let nemesis = &self.scenario.nemesis;
        if nemesis.faults.min > nemesis.faults.max {
            self.wrong(
                &["nemesis", "faults"],
                format!(
                    "from {} to {} faults is no number",
                    nemesis.faults.min, nemesis.faults.max
                ),
                "swap `min` and `max`",
            );
        }
        for (i, family) in nemesis.draw.iter().enumerate() {
            if nemesis.draw[..i].contains(family) {
                let name: &str = family.into();
                let keys = ["nemesis", "draw", &i.to_string()];
                self.wrong(&keys, format!("`{name}` is named twice"), "name it once");
            }
        }
        self.times_of_faults(&["nemesis", "at"], &nemesis.at);
    }

    fn checks(&mut self) {
        let check = &self.scenario.check;
        let nothing = check.history.is_empty() && check.states.is_empty();
        if nothing && !check.invariants && check.sometimes.is_empty() {
            self.wrong(
                &["check"],
                "nothing is checked",
                "add `history`, `states` or `sometimes`, or take `invariants = false` out",
            );
        }
        let quiesce = self.scenario.phases.quiesce;
        for (i, state) in check.states.iter().enumerate() {
            if let StateCheck::Converges { within: Some(span) } = state
                && *span > quiesce
            {
                let keys = ["check", "states", &i.to_string()];
                let message = format!("`{state}`, but the run is over {quiesce} after the heal");
                let help = format!("set `quiesce` of [phases] to {span} or more, or ask for less");
                self.wrong(&keys, message, help);
            }
        }
    }

    fn latencies(&mut self) {
        let scenario = self.scenario;
        self.latency(&["network", "latency"], &scenario.network.latency);
        self.latency(&["disk", "sync"], &scenario.disk.sync);
        for (kind, latency) in &scenario.network.kinds {
            self.latency(&["network", "kinds", kind], latency);
        }
        for (i, link) in scenario.network.links.iter().enumerate() {
            if let Some(latency) = &link.latency {
                self.latency(&["network", "links", &i.to_string(), "latency"], latency);
            }
        }
    }

    fn latency(&mut self, keys: &[&str], latency: &Latency) {
        if let Err(why) = latency.validate() {
            self.wrong_in_words(keys, &why);
        }
    }

    /// Names of the protocol's own.
    /// Every history check suits the workload.
    fn history_checks(&mut self) {
        let (scenario, kind) = (self.scenario, self.scenario.workload.kind);
        let suitable = self.known.checks(&scenario.protocol, kind);
        for (i, check) in scenario.check.history.iter().enumerate() {
            if !suitable.contains(check) {
                let (name, kind): (&str, &str) = (check.into(), kind.into());
                let message = format!("`{name}` is not judged on the workload `{kind}`");
                let names: Vec<&str> = suitable.iter().map(Into::into).collect();
                let keys = ["check", "history", &i.to_string()];
                self.wrong(&keys, message, suggest::one_of(&names));
            }
        }
    }

    fn names(&mut self) {
        let (scenario, known) = (self.scenario, self.known);
        let protocol = scenario.protocol.as_str();
        if let Some(mode) = &scenario.mode {
            self.one_of(&["mode"], "mode", mode, &known.modes(protocol));
        }
        if let Some(mutant) = &scenario.mutant {
            self.one_of(&["mutant"], "mutant", mutant, &known.mutants(protocol));
        }
        if let Expectation::Violated(anomaly) = &scenario.expect {
            self.one_of(&["expect"], "anomaly", anomaly, &known.anomalies(protocol));
        }
        for option in scenario.options.keys() {
            self.one_of_at(
                &["options", option],
                At::Key,
                "option",
                option,
                &known.options(protocol),
            );
        }
        let workloads = known.workloads(protocol);
        if !workloads.contains(&scenario.workload.kind) {
            let names: Vec<&str> = workloads.iter().map(Into::into).collect();
            let kind: &str = scenario.workload.kind.into();
            let message = format!("{protocol} does not take the workload `{kind}`");
            self.wrong(&["workload", "kind"], message, suggest::one_of(&names));
        } else {
            self.history_checks();
        }
        for (i, label) in scenario.check.sometimes.iter().enumerate() {
            let keys = ["check", "sometimes", &i.to_string()];
            self.one_of(&keys, "label", label, &known.labels(protocol));
        }
        for kind in scenario.network.kinds.keys() {
            let keys = ["network", "kinds", kind];
            self.one_of_at(&keys, At::Key, "message", kind, &known.messages(protocol));
        }
        self.names_of_faults(&["nemesis", "at"], &scenario.nemesis.at);
    }

    /// What only the whole cluster shows: nodes, zones and clients that are not there.
    fn cluster(&mut self) {
        let protocol = self.scenario.protocol.as_str();
        let cluster = self.scenario.cluster(self.known.nodes(protocol));
        self.things_of_faults(&["nemesis", "at"], &self.scenario.nemesis.at, &cluster);
        let endpoints = |cluster: &Cluster| cluster.nodes + cluster.spares + cluster.clients;
        if endpoints(&cluster) <= ENDPOINTS_MOST
            && let Err(why) = cluster.compile()
        {
            self.wrong_in_words(&["network"], &why);
        }
    }
}
