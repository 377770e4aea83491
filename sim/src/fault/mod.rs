//! What goes wrong: a closed enum of faults as small values, and plans of them.
//!
//! A plan is a readable, printable, shrinkable list of (when, fault, for how long). The same verb is
//! used in files, traces and reports.

mod plan;
mod words;

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use schemars::JsonSchema;

pub use self::plan::{
    Endpoint, Links, MessageFate, Plan, PlannedFault, Shape, Shift, Target, Trigger,
};
use crate::{disk::DiskFate, stream::Probability, time::Span};

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
        #[serde(default = "plan::first")]
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
