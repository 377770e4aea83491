//! What nodes are told: N, R and W, and what a quorum may be made of.

use murphy_sim::Span;

use super::{Dynamo, Mutant};
use crate::protocol::{self, Parameters, Protocol};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// What a quorum may be made of.
    pub mode: Mode,
    /// Nodes that hold each key.
    pub n: usize,
    /// Nodes that must have answered a read.
    pub r: usize,
    /// Nodes that must have stored a write.
    pub w: usize,
    /// How long a coordinator waits for a node before others stand in for it, and then for those.
    pub timeout: Span,
    /// From one round of handing over and comparing of a node to its next.
    pub interval: Span,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

/// What a quorum may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// Nodes of the preference list, and R + W > N.
    StrictQuorum,
    /// Any nodes: the next ones round the ring stand in for those that do not answer.
    SloppyQuorum,
    /// Nodes of the preference list, and R + W <= N.
    PartialQuorum,
}

pub(super) const MODES: &[protocol::Mode] = &[
    protocol::Mode {
        name: "strict-quorum",
        promise: "a read shows every write that was acknowledged before it began, or what took its \
                  place; not linearizable",
    },
    protocol::Mode {
        name: "sloppy-quorum",
        promise: "whoever reaches W nodes can write; no acknowledged write is lost; replicas converge",
    },
    protocol::Mode {
        name: "partial-quorum",
        promise: "no acknowledged write is lost; replicas converge; a read may miss any write for a while",
    },
];

impl Config {
    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

pub(super) fn configure(parameters: &Parameters) -> Result<Config, String> {
    parameters.know_only(Dynamo::OPTIONS)?;
    if parameters.spares > 0 {
        return Err("dynamo has no use for spare nodes: set `spares` to 0".to_owned());
    }
    let mode = parameters
        .chosen_mode(Dynamo::NAME, Dynamo::MODES)?
        .unwrap_or(Mode::StrictQuorum);
    let n = parameters.count("n", 3)?;
    let default = match mode {
        Mode::StrictQuorum | Mode::SloppyQuorum => n as u64 / 2 + 1,
        Mode::PartialQuorum => 1,
    };
    let (r, w) = (
        parameters.count("r", default)?,
        parameters.count("w", default)?,
    );
    if n > parameters.nodes as usize {
        return Err(format!(
            "{n} of {} nodes cannot hold a key: set `n` lower or `nodes` higher",
            parameters.nodes
        ));
    }
    if r.max(w) > n {
        return Err(format!(
            "a quorum of {} among {n} nodes is never met: set `r` and `w` to {n} at most",
            r.max(w)
        ));
    }
    match mode {
        Mode::StrictQuorum if r + w <= n => Err(format!(
            "quorums of {r} and {w} among {n} need not meet: set `r` or `w` higher, or the mode to \
             `partial-quorum`"
        )),
        Mode::PartialQuorum if r + w > n => Err(format!(
            "quorums of {r} and {w} among {n} meet: set `r` or `w` lower, or the mode to `strict-quorum`"
        )),
        Mode::StrictQuorum | Mode::SloppyQuorum | Mode::PartialQuorum => Ok(Config {
            nodes: parameters.nodes,
            mode,
            n,
            r,
            w,
            timeout: parameters.span("timeout", Span::millis(100))?,
            interval: parameters.span("interval", Span::millis(50))?,
            mutant: parameters.planted(Dynamo::NAME, Dynamo::MUTANTS)?,
        }),
    }
}
