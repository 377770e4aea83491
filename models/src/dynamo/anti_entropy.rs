//! How nodes are brought up to date that have missed something, round after round.
//!
//! DeCandia et al., sections 4.6 and 4.7: what was kept for a node is handed over when it is there again,
//! and Merkle trees find what no hint and no read has repaired. Every pair of nodes that shares a range
//! compares it in turn.

use std::collections::BTreeMap;

use murphy_sim::{Context, LogIndex, NodeId};

use super::{Hint, Message, Mutant, Record, Timer, replica::Dynamo, ring::Range};
use crate::{
    service::kv::Key,
    shared::{
        merkle::{Bucket, Place},
        siblings::Siblings,
    },
};

impl Dynamo {
    pub(super) fn begin_round(&mut self, ctx: &mut Context<Self>) {
        self.hand_over(ctx);
        let shared = self.ring.shared_by(ctx.node());
        if !shared.is_empty() {
            let (range, peer) = shared[self.turn % shared.len()];
            self.turn += 1;
            let hashes = vec![self.store.tree(range).root()];
            ctx.send(peer, Message::Compare { range, hashes });
        }
        ctx.set_timer(Timer::Round, self.config.interval);
    }

    /// Tells each node what is kept for it, until it says that it has it.
    fn hand_over(&mut self, ctx: &mut Context<Self>) {
        let mut kept: BTreeMap<NodeId, Vec<(LogIndex, Hint)>> = BTreeMap::new();
        for (index, hint) in &self.hints {
            kept.entry(hint.of)
                .or_default()
                .push((*index, hint.clone()));
        }
        for (of, hints) in kept {
            let dropped = hints.iter().map(|(index, _)| *index).collect();
            self.gate.send(of, Message::HandOver(hints), ctx);
            if self.config.has(Mutant::HintDroppedBeforeItIsHandedOver) {
                self.handed_over(dropped, ctx);
            }
        }
    }

    /// Another node has kept these for this one.
    pub(super) fn take_hints(
        &mut self,
        from: NodeId,
        hints: Vec<(LogIndex, Hint)>,
        ctx: &mut Context<Self>,
    ) {
        for (_, hint) in &hints {
            self.take(hint.key, &hint.siblings, ctx);
        }
        let taken = hints.into_iter().map(|(index, _)| index).collect();
        self.gate.send(from, Message::HandedOver(taken), ctx);
    }

    /// These are where they belong.
    pub(super) fn handed_over(&mut self, hints: Vec<LogIndex>, ctx: &mut Context<Self>) {
        let before = self.hints.len();
        self.hints.retain(|index, _| !hints.contains(index));
        if self.hints.len() < before {
            ctx.reached("handed-over");
            self.gate.write(Record::HandedOver(hints), ctx);
        }
    }

    /// Another node tells hashes of its tree over a range: those below what differs are told in turn, and
    /// at the bottom what is in the buckets.
    pub(super) fn compare(
        &mut self,
        from: NodeId,
        range: Range,
        theirs: &[(Place, u64)],
        ctx: &mut Context<Self>,
    ) {
        let found = self.store.tree(range).compare(theirs);
        if !found.below.is_empty() {
            let hashes = found.below;
            ctx.send(from, Message::Compare { range, hashes });
        }
        if !found.buckets.is_empty() {
            ctx.reached("buckets-differ");
            let contents = Message::Contents {
                range,
                entries: self.store.entries(range, &found.buckets),
                and_yours: found.buckets,
            };
            self.gate.send(from, contents, ctx);
        }
    }

    /// Joins what is in buckets of another node, and tells it what that one lacks.
    pub(super) fn exchange(
        &mut self,
        from: NodeId,
        range: Range,
        (theirs, buckets): (Vec<(Key, Siblings)>, &[Bucket]),
        ctx: &mut Context<Self>,
    ) {
        for (key, siblings) in &theirs {
            self.take(*key, siblings, ctx);
        }
        let mut entries = self.store.entries(range, buckets);
        entries.retain(|entry| !theirs.contains(entry));
        if !entries.is_empty() {
            let contents = Message::Contents {
                range,
                entries,
                and_yours: Vec::new(),
            };
            self.gate.send(from, contents, ctx);
        }
    }
}
