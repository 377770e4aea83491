//! One node: takes writes, tells them to the others, and compares notes with one of them now and then.
//!
//! What is in memory may be ahead of the disk; the gate holds back whatever would show it.

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply};

use super::{
    Config, Delta, Message, Mode, Mutant, Timer,
    store::{Entry, Store},
};
use crate::{
    service::kv::{Key, Response, Value},
    shared::peers::any_other,
    shared::{
        gate::Gate,
        hybrid_clock::{HybridClock, STAMP_UNIT, Stamp, Timestamp},
        version_vector::{Dot, VersionVector},
    },
};

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastWriterWins {
    config: Config,
    store: Store,
    /// The writes that it knows: those in the store and those that these overwrote.
    versions: VersionVector,
    clock: HybridClock,
    gate: Gate<Message, Response>,
}

impl LastWriterWins {
    pub(super) fn restore(
        config: Config,
        disk: &[Delta],
        ctx: &mut Context<LastWriterWins>,
    ) -> LastWriterWins {
        let mut replica = LastWriterWins {
            config,
            store: Store::default(),
            versions: VersionVector::default(),
            clock: HybridClock::default(),
            gate: Gate::new(ctx),
        };
        for delta in disk {
            replica.join(delta);
        }
        replica.clock.restore(replica.store.latest());
        if !disk.is_empty() {
            ctx.reached("resumed");
        }
        replica
    }

    pub(super) fn read(&mut self, call: CallId, key: Key, ctx: &mut Context<LastWriterWins>) {
        let found = self.store.get(key).map(|entry| entry.value);
        self.gate.reply(call, Response::Read(found), ctx);
    }

    pub(super) fn write(
        &mut self,
        call: CallId,
        key: Key,
        value: Value,
        ctx: &mut Context<LastWriterWins>,
    ) {
        let since = self.versions.clone();
        let dot = self.versions.next(ctx.node());
        let stamp = self.stamp(dot, ctx);
        let entry = Entry { value, stamp, dot };
        ctx.reached(if self.keep(key, entry) {
            "written"
        } else {
            "overtaken"
        });
        let delta = Delta {
            since,
            upto: self.versions.clone(),
            entries: vec![(key, entry)],
        };
        self.gate.write(delta.clone(), ctx);
        if self.config.has(Mutant::AckBeforeSync) {
            ctx.reply(call, Reply::Ok(Response::Written));
        } else {
            self.gate.reply(call, Response::Written, ctx);
        }
        let message = Message::Delta(delta);
        for peer in ctx.others() {
            if self.config.has(Mutant::DotReusedAfterRestart) {
                ctx.send(peer, message.clone());
            } else {
                self.gate.send(peer, message.clone(), ctx);
            }
        }
    }

    fn stamp(&mut self, dot: Dot, ctx: &Context<LastWriterWins>) -> Stamp {
        let wall = ctx.now().0 / STAMP_UNIT.0;
        let time = match self.config.mode {
            Mode::HybridLogicalClock => self.clock.tick(wall),
            // A node numbers its writes, so that two of one millisecond are told apart, too.
            Mode::WallClock => Timestamp {
                physical: wall,
                logical: dot.counter,
            },
        };
        Stamp {
            time,
            node: dot.node,
        }
    }

    fn keep(&mut self, key: Key, entry: Entry) -> bool {
        if self.config.has(Mutant::LwwTieNotBroken) {
            let time = entry.stamp.time.physical;
            return self
                .store
                .take_if(key, entry, |held| time > held.stamp.time.physical);
        }
        self.store.take(key, entry)
    }

    pub(super) fn begin_round(&mut self, ctx: &mut Context<LastWriterWins>) {
        let peer = any_other(self.config.nodes, ctx);
        if !self.config.has(Mutant::NoAntiEntropy) {
            let digest = Message::Digest(self.versions.clone());
            self.gate.send(peer, digest, ctx);
        }
        ctx.set_timer(Timer::Round, self.config.interval);
    }

    /// Somebody begins a round: each side is to know what the other knows.
    pub(super) fn compare(
        &mut self,
        from: NodeId,
        theirs: &VersionVector,
        ctx: &mut Context<LastWriterWins>,
    ) {
        self.tell(from, theirs, ctx);
        if !self.versions.descends(theirs) {
            self.ask(from, ctx);
        }
    }

    /// Tells what somebody lacks who knows this much, if anything.
    pub(super) fn tell(
        &mut self,
        to: NodeId,
        theirs: &VersionVector,
        ctx: &mut Context<LastWriterWins>,
    ) {
        if theirs.descends(&self.versions) {
            return;
        }
        let delta = Delta {
            since: theirs.clone(),
            upto: self.versions.clone(),
            entries: self.store.unknown_to(theirs),
        };
        self.gate.send(to, Message::Delta(delta), ctx);
    }

    fn ask(&mut self, whom: NodeId, ctx: &mut Context<LastWriterWins>) {
        ctx.reached("asked");
        let ask = Message::Ask(self.versions.clone());
        self.gate.send(whom, ask, ctx);
    }

    pub(super) fn take(&mut self, from: NodeId, delta: Delta, ctx: &mut Context<LastWriterWins>) {
        if self.versions.descends(&delta.upto) {
            return;
        }
        // What is known must have no gaps: a version vector could not tell of them.
        if !self.versions.descends(&delta.since) && !self.config.has(Mutant::GapNotNoticed) {
            ctx.reached("gap-found");
            if !self.config.has(Mutant::NoAntiEntropy) {
                self.ask(from, ctx);
            }
            return;
        }
        self.join(&delta);
        let latest = delta.entries.iter().map(|(_, entry)| entry.stamp.time);
        if let Some(latest) = latest.max()
            && !self.config.has(Mutant::HlcWithoutTheMessagePart)
        {
            self.clock.receive(ctx.now().0 / STAMP_UNIT.0, latest);
        }
        self.gate.write(delta, ctx);
        ctx.reached("merged");
    }

    fn join(&mut self, delta: &Delta) {
        for (key, entry) in &delta.entries {
            self.keep(*key, *entry);
        }
        self.versions.join(&delta.upto);
    }

    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<LastWriterWins>) {
        self.gate.synced(upto, ctx);
    }

    pub(super) fn is_settled(&self) -> bool {
        self.gate.is_open()
    }

    /// Its registers, durable or not.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The writes that it knows.
    pub const fn versions(&self) -> &VersionVector {
        &self.versions
    }

    /// The last moment of its hybrid clock.
    pub const fn clock(&self) -> Timestamp {
        self.clock.last()
    }
}
