//! What goes wrong: a closed enum of faults as small values, and plans of them.
//!
//! A plan is a readable, printable, shrinkable list of (when, fault, for how long). The same verb is
//! used in files, traces and reports.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    disk::DiskFate,
    id::NodeId,
    stream::Probability,
    time::{Span, Time},
};

#[cfg(feature = "schema")]
use schemars::JsonSchema;

/// Everything that will go wrong in a run.
pub type Plan = Vec<PlannedFault>;

/// One fault of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct PlannedFault {
    /// What sets it off.
    pub when: Trigger,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// How long it lasts; until the heal when absent. Faults that are over at once ignore it.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub lasts: Option<Span>,
}

/// What sets a fault off.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "this is not a trigger: write a time (\"3s\"), { event = 1000 }, \
                 { message = \"Vote\", nth = 3 } or { reached = \"failover\", nth = 1 }"
)]
pub enum Trigger {
    /// A moment of true time: `"3s"`.
    At(#[cfg_attr(feature = "schema", schemars(with = "String"))] Time),
    /// The k-th event of the run, from 1: `{ event = 1000 }`.
    Event {
        /// Which.
        event: u64,
    },
    /// The k-th message of a kind, from 1, at the moment it is sent: `{ message = "Vote", nth = 3 }`.
    Message {
        /// The kind.
        message: String,
        /// Which.
        #[serde(default = "first")]
        nth: u64,
    },
    /// The k-th time that a label is reached, from 1: `{ reached = "failover" }`.
    Reached {
        /// The label.
        reached: String,
        /// Which time.
        #[serde(default = "first")]
        nth: u64,
    },
}

fn first() -> u64 {
    1
}

/// Which nodes a fault is aimed at. Written `n1`, `leader` (a role), `zone:eu`, `any`, `minority`,
/// `majority`, `all`, or several nodes as `n0+n2`. Drawn ones are drawn when the fault begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One node.
    Node(NodeId),
    /// These nodes.
    Nodes(Vec<NodeId>),
    /// Every node that takes itself for this when the fault begins.
    Role(String),
    /// Every node in a zone.
    Zone(String),
    /// One node, drawn among those that are up.
    Any,
    /// Fewer than half of the nodes, at least one, drawn.
    Minority,
    /// More than half of the nodes, drawn.
    Majority,
    /// Every node.
    All,
}

/// Which links a fault is aimed at: those from some nodes to others, in that direction only unless
/// `both` is set. Clients' links are touched only when `clients` is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Links {
    /// Messages leave here.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub from: Target,
    /// And are meant for here.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub to: Target,
    /// The other direction too.
    pub both: bool,
    /// The links between clients and the nodes named by `from` too.
    pub clients: bool,
}

impl Default for Links {
    fn default() -> Links {
        Links {
            from: Target::All,
            to: Target::All,
            both: true,
            clients: false,
        }
    }
}

/// How a partition cuts the nodes apart. Clients reach every node unless they are named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Shape {
    /// Two halves, drawn.
    Halves,
    /// Those nodes alone, all others together.
    Isolate(#[cfg_attr(feature = "schema", schemars(with = "String"))] Target),
    /// A drawn minority, cut from the rest.
    Minority,
    /// Two halves, drawn, and one node that sees both.
    Bridge,
    /// Every node sees a majority, and no two see the same one (Jepsen's majorities ring).
    MajoritiesRing,
    /// Messages from the first to the second are lost; the other direction works.
    OneWay {
        /// Messages leave here,
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        from: Target,
        /// and never arrive here.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        to: Target,
    },
    /// These groups, each together and cut from the others; nodes in none see all.
    Groups(#[cfg_attr(feature = "schema", schemars(with = "Vec<Vec<String>>"))] Vec<Vec<Endpoint>>),
}

/// A node or a client, written `n0` or `c0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// A node.
    Node(NodeId),
    /// A client, by number.
    Client(u32),
}

/// What happens to the k-th message of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum MessageFate {
    /// It is lost.
    Drop,
    /// It takes so much longer.
    Delay(#[cfg_attr(feature = "schema", schemars(with = "String"))] Span),
    /// It arrives twice.
    Duplicate,
}

/// One thing that goes wrong.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(
    tag = "fault",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
#[strum(serialize_all = "kebab-case")]
pub enum Fault {
    /// Links are cut. A message crosses a cut link only if the link was open both when it was sent
    /// and when it would arrive; otherwise it is lost.
    Partition {
        /// Who is cut from whom.
        shape: Shape,
        /// Cut and open in turns of this length.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        flap: Option<Span>,
        /// Clients that are cut off with the first side, so that they see only its nodes.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clients: Vec<u32>,
    },
    /// Messages are lost at random.
    Loss {
        /// How many.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        probability: Probability,
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Messages arrive twice at random, each copy with its own latency.
    Duplicate {
        /// How many.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        probability: Probability,
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Messages are held back at random for up to `window`, so that later ones overtake them.
    Reorder {
        /// How many.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        probability: Probability,
        /// For how long at most.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        window: Span,
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Messages are damaged at random; a checksum finds it, and they are dropped and counted.
    Corrupt {
        /// How many.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        probability: Probability,
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Every message takes longer.
    Delay {
        /// By this much,
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        by: Span,
        /// and up to this much more, drawn.
        #[serde(default)]
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        jitter: Span,
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Links carry no more than so many bytes a second; what exceeds the queue is dropped.
    Bandwidth {
        /// Bytes a second.
        bytes_per_second: u64,
        /// Bytes that may wait.
        queue: u64,
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Messages are held, and all released when it ends: none is lost.
    Clog {
        /// Where.
        #[serde(default)]
        links: Links,
    },
    /// Nodes are clogged one after the other in a drawn order, and released in another
    /// (FoundationDB's swizzle-clogging).
    SwizzleClog {
        /// Which nodes take part.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// Something happens to the k-th message of a kind, counted from the moment this fault begins.
    Message {
        /// The kind.
        kind: String,
        /// Which, from 1.
        #[serde(default = "first")]
        nth: u64,
        /// What.
        fate: MessageFate,
    },
    /// Nodes crash. When it ends they start again with what their disks kept.
    Crash {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// What becomes of their disks.
        #[serde(default)]
        disk: DiskFate,
    },
    /// Nodes crash and start again, over and over.
    CrashLoop {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// From one crash to the next; half of it they are down.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        every: Span,
        /// What becomes of their disks at each crash.
        #[serde(default)]
        disk: DiskFate,
    },
    /// Nodes stand still: no reaction, no timer; what comes in waits.
    Pause {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// Nodes are slow: each reaction takes this long instead.
    SlowCpu {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// The service time of one reaction.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        per_message: Span,
    },
    /// An operator adds a spare node to the cluster. Only for protocols that can.
    AddNode {
        /// Which.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// An operator removes a node from the cluster. Only for protocols that can.
    RemoveNode {
        /// Which.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// Wall clocks are off by this much while it lasts.
    ClockOffset {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// Forward, or back with a minus.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        by: Shift,
    },
    /// Wall clocks jump, and stay where they are.
    ClockStep {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// Forward, or back with a minus.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        by: Shift,
    },
    /// Both clocks of nodes run fast or slow while it lasts, timers with them.
    ClockDrift {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// By so many millionths; slow with a minus.
        ppm: i64,
    },
    /// Wall clocks jump forward and back in turns.
    ClockStrobe {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// How far.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        by: Shift,
        /// From one jump to the next.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        every: Span,
    },
    /// Wall clocks stand still while it lasts, and then run on behind.
    ClockFreeze {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// Wall clocks are led back to true time without a jump.
    ClockSlew {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// So many millionths faster or slower.
        ppm: u32,
    },
    /// Nodes are told a wrong uncertainty of their wall clocks.
    ClockBound {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// What they are told.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        uncertainty: Span,
    },
    /// One durable record, drawn, rots. The next start finds it and loses it and all after it.
    DiskCorrupt {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// Every sync fails while it lasts, and what was not durable is lost.
    DiskSyncError {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// Syncs take longer.
    DiskSlow {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
        /// So many times as long.
        factor: u32,
    },
    /// Syncs that would complete wait until it ends.
    DiskStall {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// The disk takes no more records: a sync fails while anything is waiting to become durable.
    DiskFull {
        /// Which nodes.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        node: Target,
    },
    /// The `buggify` sites in the protocol fire while it lasts.
    Buggify {
        /// The share of sites that are on, drawn once a run.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        sites: Probability,
        /// How often a site that is on fires.
        #[cfg_attr(feature = "schema", schemars(with = "f64"))]
        fires: Probability,
    },
}

impl Fault {
    /// Its name, as files and reports spell it.
    pub fn kind(&self) -> &'static str {
        self.into()
    }

    /// The names of all faults.
    pub const fn kinds() -> &'static [&'static str] {
        <Fault as strum::VariantNames>::VARIANTS
    }

    /// Whether it is over as soon as it has begun, so that it has no end.
    pub const fn is_instant(&self) -> bool {
        matches!(
            self,
            Fault::ClockStep { .. }
                | Fault::ClockSlew { .. }
                | Fault::DiskCorrupt { .. }
                | Fault::AddNode { .. }
                | Fault::RemoveNode { .. }
        )
    }

    /// The nodes it names, as it names them.
    pub fn targets(&self) -> Vec<&Target> {
        match self {
            Fault::Partition { shape, .. } => match shape {
                Shape::Isolate(node) => vec![node],
                Shape::OneWay { from, to } => vec![from, to],
                Shape::Halves
                | Shape::Minority
                | Shape::Bridge
                | Shape::MajoritiesRing
                | Shape::Groups(_) => vec![],
            },
            Fault::Loss { links, .. }
            | Fault::Duplicate { links, .. }
            | Fault::Reorder { links, .. }
            | Fault::Corrupt { links, .. }
            | Fault::Delay { links, .. }
            | Fault::Bandwidth { links, .. }
            | Fault::Clog { links } => vec![&links.from, &links.to],
            Fault::SwizzleClog { node }
            | Fault::Crash { node, .. }
            | Fault::CrashLoop { node, .. }
            | Fault::Pause { node }
            | Fault::SlowCpu { node, .. }
            | Fault::AddNode { node }
            | Fault::RemoveNode { node }
            | Fault::ClockOffset { node, .. }
            | Fault::ClockStep { node, .. }
            | Fault::ClockDrift { node, .. }
            | Fault::ClockStrobe { node, .. }
            | Fault::ClockFreeze { node }
            | Fault::ClockSlew { node, .. }
            | Fault::ClockBound { node, .. }
            | Fault::DiskCorrupt { node }
            | Fault::DiskSyncError { node }
            | Fault::DiskSlow { node, .. }
            | Fault::DiskStall { node }
            | Fault::DiskFull { node } => vec![node],
            Fault::Message { .. } | Fault::Buggify { .. } => vec![],
        }
    }
}

/// A signed length of time, written `-250ms` or `2s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shift(pub i64);

impl Shift {
    /// The other way.
    pub const fn back(self) -> Shift {
        Shift(-self.0)
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Span(self.0.unsigned_abs()))
    }
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Shift, String> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let span: Span = rest
            .parse()
            .map_err(|error: crate::time::BadSpan| error.to_string())?;
        let size =
            i64::try_from(span.0).map_err(|_| format!("`{text}` is longer than 292 years"))?;
        Ok(Shift(sign * size))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Node(node) => node.fmt(f),
            Target::Nodes(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    write!(f, "{}{node}", if i > 0 { "+" } else { "" })?;
                }
                Ok(())
            }
            Target::Role(role) => f.write_str(role),
            Target::Zone(zone) => write!(f, "zone:{zone}"),
            Target::Any => f.write_str("any"),
            Target::Minority => f.write_str("minority"),
            Target::Majority => f.write_str("majority"),
            Target::All => f.write_str("all"),
        }
    }
}

impl FromStr for NodeId {
    type Err = String;

    fn from_str(text: &str) -> Result<NodeId, String> {
        match text.strip_prefix('n').map(str::parse) {
            Some(Ok(number)) => Ok(NodeId(number)),
            _ => Err(format!("`{text}` is not a node: write n0, n1, ...")),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let is_node = |text: &str| {
            text.len() > 1 && text.starts_with('n') && text[1..].bytes().all(|b| b.is_ascii_digit())
        };
        Ok(match text {
            "any" => Target::Any,
            "minority" => Target::Minority,
            "majority" => Target::Majority,
            "all" => Target::All,
            _ if text.contains('+') => {
                Target::Nodes(text.split('+').map(str::parse).collect::<Result<_, _>>()?)
            }
            _ if is_node(text) => Target::Node(text.parse()?),
            _ => match text.strip_prefix("zone:") {
                Some(zone) if !zone.is_empty() => Target::Zone(zone.to_owned()),
                None if is_name(text) => Target::Role(text.to_owned()),
                _ => {
                    return Err(format!(
                        "`{text}` is not a target: write a node (n1), several (n0+n2), a role (leader), \
                         a zone (zone:eu), any, minority, majority or all"
                    ));
                }
            },
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Node(node) => node.fmt(f),
            Endpoint::Client(client) => write!(f, "c{client}"),
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        match text.strip_prefix('c').map(str::parse) {
            Some(Ok(client)) => Ok(Endpoint::Client(client)),
            Some(Err(_)) => Err(format!("`{text}` is not a client: write c0, c1, ...")),
            None => text.parse().map(Endpoint::Node),
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::At(time) => write!(f, "at {time}"),
            Trigger::Event { event } => write!(f, "at event {event}"),
            Trigger::Message { message, nth } => write!(f, "at {message} message {nth}"),
            Trigger::Reached { reached, nth } => {
                write!(f, "when `{reached}` is reached, time {nth}")
            }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Halves => f.write_str("into halves"),
            Shape::Isolate(node) => write!(f, "isolating {node}"),
            Shape::Minority => f.write_str("off a minority"),
            Shape::Bridge => f.write_str("into halves with a bridge"),
            Shape::MajoritiesRing => f.write_str("into a majorities ring"),
            Shape::OneWay { from, to } => write!(f, "one way from {from} to {to}"),
            Shape::Groups(groups) => {
                for (i, group) in groups.iter().enumerate() {
                    let names: Vec<String> = group.iter().map(Endpoint::to_string).collect();
                    write!(f, "{}{}", if i > 0 { " | " } else { "" }, names.join(" "))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Links::default() {
            return f.write_str("all links");
        }
        write!(
            f,
            "{} {} {}",
            self.from,
            if self.both { "<->" } else { "->" },
            self.to
        )?;
        f.write_str(if self.clients { " and clients" } else { "" })
    }
}

impl fmt::Display for Fault {
    /// The fault in words, as reports tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |p: &Probability| format!("{:.3}%", p.fraction() * 100.0);
        match self {
            Fault::Partition {
                shape,
                flap,
                clients,
            } => {
                write!(f, "partition {shape}")?;
                for client in clients {
                    write!(f, " with c{client}")?;
                }
                flap.map_or(Ok(()), |flap| write!(f, ", flapping every {flap}"))
            }
            Fault::Loss { probability, links } => {
                write!(f, "lose {} on {links}", percent(probability))
            }
            Fault::Duplicate { probability, links } => {
                write!(f, "duplicate {} on {links}", percent(probability))
            }
            Fault::Reorder {
                probability,
                window,
                links,
            } => {
                write!(
                    f,
                    "reorder {} by up to {window} on {links}",
                    percent(probability)
                )
            }
            Fault::Corrupt { probability, links } => {
                write!(f, "corrupt {} on {links}", percent(probability))
            }
            Fault::Delay { by, jitter, links } => {
                write!(f, "delay by {by} and up to {jitter} more on {links}")
            }
            Fault::Bandwidth {
                bytes_per_second,
                queue,
                links,
            } => {
                write!(
                    f,
                    "limit to {bytes_per_second} bytes a second, {queue} waiting, on {links}"
                )
            }
            Fault::Clog { links } => write!(f, "clog {links}"),
            Fault::SwizzleClog { node } => write!(f, "swizzle-clog {node}"),
            Fault::Message { kind, nth, fate } => match fate {
                MessageFate::Drop => write!(f, "drop {kind} message {nth}"),
                MessageFate::Delay(by) => write!(f, "delay {kind} message {nth} by {by}"),
                MessageFate::Duplicate => write!(f, "duplicate {kind} message {nth}"),
            },
            Fault::Crash { node, disk } => write!(f, "crash {node}, disk {}", disk_words(*disk)),
            Fault::CrashLoop { node, every, disk } => {
                write!(f, "crash {node} every {every}, disk {}", disk_words(*disk))
            }
            Fault::Pause { node } => write!(f, "pause {node}"),
            Fault::SlowCpu { node, per_message } => {
                write!(f, "slow {node} to {per_message} a reaction")
            }
            Fault::AddNode { node } => write!(f, "add {node}"),
            Fault::RemoveNode { node } => write!(f, "remove {node}"),
            Fault::ClockOffset { node, by } => write!(f, "put the clock of {node} off by {by}"),
            Fault::ClockStep { node, by } => write!(f, "step the clock of {node} by {by}"),
            Fault::ClockDrift { node, ppm } => write!(f, "drift the clocks of {node} by {ppm} ppm"),
            Fault::ClockStrobe { node, by, every } => {
                write!(f, "strobe the clock of {node} by {by} every {every}")
            }
            Fault::ClockFreeze { node } => write!(f, "freeze the clock of {node}"),
            Fault::ClockSlew { node, ppm } => {
                write!(f, "slew the clock of {node} back at {ppm} ppm")
            }
            Fault::ClockBound { node, uncertainty } => {
                write!(f, "tell {node} its clock is within {uncertainty}")
            }
            Fault::DiskCorrupt { node } => write!(f, "rot a record of {node}"),
            Fault::DiskSyncError { node } => write!(f, "fail the syncs of {node}"),
            Fault::DiskSlow { node, factor } => write!(f, "slow the disk of {node} {factor} times"),
            Fault::DiskStall { node } => write!(f, "stall the disk of {node}"),
            Fault::DiskFull { node } => write!(f, "fill the disk of {node}"),
            Fault::Buggify { sites, fires } => {
                write!(
                    f,
                    "buggify {} of sites at {}",
                    percent(sites),
                    percent(fires)
                )
            }
        }
    }
}

fn disk_words(fate: DiskFate) -> &'static str {
    match fate {
        DiskFate::Drawn => "as drawn",
        DiskFate::KeepUnsynced => "kept whole",
        DiskFate::LoseUnsynced => "without its unsynced tail",
        DiskFate::Torn => "with a torn record",
        DiskFate::Lost => "lost",
    }
}

impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.when, self.fault)?;
        self.lasts.map_or(Ok(()), |lasts| write!(f, " for {lasts}"))
    }
}

/// Written and read through `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

serde_as_text!(Target, Endpoint, Shift);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_and_write_alike() {
        for text in [
            "n1",
            "n0+n2",
            "leader",
            "zone:eu-1",
            "any",
            "minority",
            "majority",
            "all",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["", "N1", "n1+", "n1+leader", "zone:", "the leader"] {
            assert!(text.parse::<Target>().is_err(), "`{text}` is no target");
        }
    }

    #[test]
    fn a_plan_survives_a_trip_through_text() {
        let plan: Plan = vec![
            PlannedFault {
                when: Trigger::At(Time::ZERO + Span::secs(3)),
                fault: Fault::Partition {
                    shape: Shape::Isolate(Target::Role("primary".into())),
                    flap: None,
                    clients: vec![1],
                },
                lasts: Some(Span::secs(4)),
            },
            PlannedFault {
                when: Trigger::Reached {
                    reached: "failover".into(),
                    nth: 2,
                },
                fault: Fault::ClockStep {
                    node: Target::Any,
                    by: Shift(-250_000_000),
                },
                lasts: None,
            },
            PlannedFault {
                when: Trigger::Message {
                    message: "Vote".into(),
                    nth: 3,
                },
                fault: Fault::Loss {
                    probability: Probability::per_mille(500),
                    links: Links::default(),
                },
                lasts: None,
            },
        ];
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        assert!(
            text.contains(r#""when":"3s","fault":"partition""#),
            "{text}"
        );
    }

    #[test]
    fn an_unknown_key_of_a_fault_is_refused() {
        for text in [
            r#"{"when": "3s", "fault": "crash", "node": "n1", "for": "1s", "disc": "lost"}"#,
            r#"{"when": {"event": 3, "nth": 2}, "fault": "crash", "node": "n1"}"#,
        ] {
            assert!(
                serde_json::from_str::<PlannedFault>(text).is_err(),
                "{text}"
            );
        }
        let good = r#"{"when": "3s", "fault": "crash", "node": "n1", "for": "1s"}"#;
        assert!(serde_json::from_str::<PlannedFault>(good).is_ok());
    }

    #[test]
    fn every_fault_has_one_spelling() {
        let fault = Fault::DiskSyncError { node: Target::Any };
        assert_eq!(fault.kind(), "disk-sync-error");
        assert!(
            serde_json::to_string(&fault)
                .unwrap()
                .contains(r#""fault":"disk-sync-error""#)
        );
        assert_eq!(Fault::kinds().len(), 29);
    }
}
