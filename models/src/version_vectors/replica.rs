//! One node: takes writes, tells them to the others, and compares notes with one of them now and then.
//!
//! What is in memory may be ahead of the disk; the gate holds back whatever would show it.

use std::collections::BTreeMap;

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply};

use super::{Config, Delta, Message, Mutant, Timer};
use crate::{
    service::kv::{Answered, Key, Response, Shown, Value},
    shared::{
        gate::Gate,
        peers::any_other,
        siblings::{Siblings, Version},
        version_vector::{DotContext, VersionVector},
    },
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionVectors {
    config: Config,
    registers: BTreeMap<Key, Siblings>,
    /// The writes that it knows: those in the registers and those that these superseded.
    versions: VersionVector,
    gate: Gate<Message, Answered>,
}

impl VersionVectors {
    pub(super) fn restore(
        config: Config,
        disk: &[Delta],
        ctx: &mut Context<VersionVectors>,
    ) -> VersionVectors {
        let mut replica = VersionVectors {
            config,
            registers: BTreeMap::new(),
            versions: VersionVector::default(),
            gate: Gate::new(ctx),
        };
        for delta in disk {
            replica.join(delta);
        }
        if !disk.is_empty() {
            ctx.reached("resumed");
        }
        replica
    }

    /// Whoever reads has seen all that is known here.
    pub(super) fn read(
        &mut self,
        call: CallId,
        key: Key,
        mut shown: Shown,
        ctx: &mut Context<VersionVectors>,
    ) {
        let known = DotContext::from(self.versions.clone());
        shown.entry(key).or_default().join(&known);
        let siblings = self.registers.get(&key);
        let found = siblings.map_or(Vec::new(), Siblings::values);
        if found.len() > 1 {
            ctx.reached("siblings");
        }
        let response = Response::Siblings(found);
        self.gate.reply(call, Answered { response, shown }, ctx);
    }

    pub(super) fn write(
        &mut self,
        call: CallId,
        (key, value): (Key, Value),
        mut shown: Shown,
        ctx: &mut Context<VersionVectors>,
    ) {
        let since = self.versions.clone();
        let dot = self.versions.next(ctx.node());
        let siblings = self.registers.entry(key).or_default();
        let seen = shown.entry(key).or_default();
        let past = match self.config.mutant {
            Some(Mutant::ContextForgotten) => DotContext::default(),
            Some(Mutant::VectorWithoutDots) => since.clone().into(),
            _ => seen.clone(),
        };
        if siblings.write(dot, Version { value, past }) > 0 {
            ctx.reached("superseded");
        }
        seen.insert(dot);
        let delta = Delta {
            since,
            upto: self.versions.clone(),
            entries: vec![(key, siblings.clone())],
        };
        self.gate.write(delta.clone(), ctx);
        let response = Response::Written;
        let answered = Answered { response, shown };
        if self.config.has(Mutant::AckBeforeSync) {
            ctx.reply(call, Reply::Ok(answered));
        } else {
            self.gate.reply(call, answered, ctx);
        }
        for peer in ctx.others() {
            self.gate.send(peer, Message::Delta(delta.clone()), ctx);
        }
    }

    pub(super) fn begin_round(&mut self, ctx: &mut Context<VersionVectors>) {
        let peer = any_other(self.config.nodes, ctx);
        let digest = Message::Digest(self.versions.clone());
        self.gate.send(peer, digest, ctx);
        ctx.set_timer(Timer::Round, self.config.interval);
    }

    /// Somebody begins a round: each side is to know what the other knows.
    pub(super) fn compare(
        &mut self,
        from: NodeId,
        theirs: &VersionVector,
        ctx: &mut Context<VersionVectors>,
    ) {
        self.tell(from, theirs, ctx);
        if !self.versions.descends(theirs) {
            self.ask(from, ctx);
        }
    }

    /// Tells what somebody lacks who knows this much, if anything. A key that was superseded meanwhile
    /// has a sibling that they do not know: whatever superseded it.
    pub(super) fn tell(
        &mut self,
        to: NodeId,
        theirs: &VersionVector,
        ctx: &mut Context<VersionVectors>,
    ) {
        if theirs.descends(&self.versions) {
            return;
        }
        let news = self
            .registers
            .iter()
            .filter(|(_, siblings)| siblings.are_news_to(theirs));
        let delta = Delta {
            since: theirs.clone(),
            upto: self.versions.clone(),
            entries: news.map(|(key, s)| (*key, s.clone())).collect(),
        };
        self.gate.send(to, Message::Delta(delta), ctx);
    }

    fn ask(&mut self, whom: NodeId, ctx: &mut Context<VersionVectors>) {
        ctx.reached("asked");
        let ask = Message::Ask(self.versions.clone());
        self.gate.send(whom, ask, ctx);
    }

    pub(super) fn take(&mut self, from: NodeId, delta: Delta, ctx: &mut Context<VersionVectors>) {
        if self.versions.descends(&delta.upto) {
            return;
        }
        // What is known must have no gaps: a version vector could not tell of them.
        if !self.versions.descends(&delta.since) {
            ctx.reached("gap-found");
            return self.ask(from, ctx);
        }
        self.join(&delta);
        self.gate.write(delta, ctx);
        ctx.reached("merged");
    }

    fn join(&mut self, delta: &Delta) {
        for (key, siblings) in &delta.entries {
            let held = self.registers.entry(*key).or_default();
            match self.config.mutant {
                Some(Mutant::SiblingsDroppedOnMerge) => held.clone_from(siblings),
                Some(Mutant::SupersededKeptOnMerge) => held.heap(siblings),
                _ => held.join(siblings),
            }
        }
        self.versions.join(&delta.upto);
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<VersionVectors>) {
        self.gate.synced(upto, ctx);
    }

    pub(super) fn is_settled(&self) -> bool {
        self.gate.is_open()
    }

    /// Its registers, durable or not, in order of keys.
    pub fn registers(&self) -> impl Iterator<Item = (Key, &Siblings)> {
        self.registers.iter().map(|(key, s)| (*key, s))
    }

    /// The writes that it knows.
    pub const fn versions(&self) -> &VersionVector {
        &self.versions
    }
}
