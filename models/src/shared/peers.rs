//! Whom to talk to next.

use murphy_sim::{Context, NodeId, Process};

/// Any other of so many nodes, each as likely.
pub(crate) fn any_other<P: Process>(nodes: u32, ctx: &mut Context<P>) -> NodeId {
    let me = ctx.node().0;
    let drawn = ctx.rng().below(u64::from(nodes) - 1) as u32;
    NodeId(if drawn >= me { drawn + 1 } else { drawn })
}
