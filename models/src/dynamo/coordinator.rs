//! The coordinator of reads and writes: any node, for whatever it is asked.
//!
//! DeCandia et al., sections 4.5 and 4.6. All N nodes of the preference list are asked; W that have stored
//! or R that have answered are enough for the client. Who has not answered in time is stood in for.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, Context, NodeId, Reply};

use super::{Message, Mode, Mutant, Record, Timer, replica::Dynamo};
use crate::{
    service::kv::{Answered, Key, Response, Shown, Value},
    shared::{
        siblings::{Siblings, Version},
        version_vector::Dot,
    },
};

/// Who waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The call.
    pub call: CallId,
    /// What its client had been shown when it asked.
    pub shown: Shown,
}

/// A write under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    caller: Option<Caller>,
    siblings: Siblings,
    /// Who of the preference list has not stored it.
    silent: BTreeSet<NodeId>,
    /// The places of the preference list that count as having stored it.
    stored: Vec<NodeId>,
    /// Others stand in for those that are silent.
    late: bool,
    acknowledged: bool,
}

/// A read under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    caller: Option<Caller>,
    key: Key,
    /// Who was asked and has not answered.
    silent: BTreeSet<NodeId>,
    answers: BTreeMap<NodeId, Siblings>,
    /// It has waited once for those that are silent.
    late: bool,
}

impl Write {
    /// Whether a client was told that it is done.
    pub const fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }
}

impl Dynamo {
    pub(super) fn write(
        &mut self,
        caller: Caller,
        key: Key,
        value: Value,
        ctx: &mut Context<Self>,
    ) {
        let past = caller.shown.get(&key).cloned().unwrap_or_default();
        self.put(Some(caller), key, Version { value, past }, ctx);
    }

    /// Names a version and has it stored. Its name is durable before anyone hears of it, so that no other
    /// version ever has the same.
    fn put(
        &mut self,
        mut caller: Option<Caller>,
        key: Key,
        version: Version,
        ctx: &mut Context<Self>,
    ) {
        let me = ctx.node();
        let dot = self.name(key, me);
        if let Some(Caller { shown, .. }) = &mut caller {
            shown.entry(key).or_default().insert(dot);
        }
        let mut siblings = Siblings::default();
        siblings.write(dot, version);
        let preferred: BTreeSet<NodeId> = self.ring.preferred(self.ring.range_of(key)).collect();
        if preferred.contains(&me) {
            self.take_put(key, &siblings, ctx);
            let stored = Message::Stored { key, dot, at: me };
            self.gate.send(me, stored, ctx);
        } else {
            ctx.reached("coordinated-outside");
            let counter = dot.counter;
            self.gate.write(Record::Named { key, counter }, ctx);
        }
        for to in preferred.iter().filter(|to| **to != me) {
            let put = Message::Put {
                key,
                dot,
                siblings: siblings.clone(),
                at: *to,
            };
            if self.config.has(Mutant::NameToldBeforeSync) {
                ctx.send(*to, put);
            } else {
                self.gate.send(*to, put, ctx);
            }
        }
        let write = Write {
            caller,
            siblings,
            silent: preferred,
            stored: Vec::new(),
            late: false,
            acknowledged: false,
        };
        self.writes.insert((key, dot), write);
        ctx.set_timer(Timer::Write { key, dot }, self.config.timeout);
    }

    fn name(&mut self, key: Key, me: NodeId) -> Dot {
        let last = self.names.entry(key).or_default();
        *last += 1;
        Dot {
            node: me,
            counter: *last,
        }
    }

    /// A node has stored a version, in its own place of the preference list or in that of another.
    pub(super) fn stored(
        &mut self,
        (from, at): (NodeId, NodeId),
        (key, dot): (Key, Dot),
        ctx: &mut Context<Self>,
    ) {
        let Some(write) = self.writes.get_mut(&(key, dot)) else {
            return;
        };
        let hints_count =
            self.config.mode == Mode::SloppyQuorum || self.config.has(Mutant::HintsCountTowardsW);
        // A place counts once, whoever has filled it and however often it is told.
        let is_new = !write.stored.contains(&at) || self.config.has(Mutant::AcksCountedTwice);
        if is_new && (from == at || hints_count) {
            write.stored.push(at);
        }
        if from == at {
            write.silent.remove(&from);
        }
        if write.stored.len() >= self.config.w
            && let Some(caller) = write.caller.take()
        {
            write.acknowledged = true;
            caller.tell(Response::Written, ctx);
        }
        if write.silent.is_empty() {
            self.writes.remove(&(key, dot));
            ctx.cancel_timer(Timer::Write { key, dot });
        }
    }

    /// Some have not stored a write in time: the next nodes round the ring keep it for them. If that was
    /// long ago, nothing more is done.
    pub(super) fn write_is_late(&mut self, key: Key, dot: Dot, ctx: &mut Context<Self>) {
        let Some(write) = self.writes.get_mut(&(key, dot)) else {
            return;
        };
        if write.late {
            let write = self.writes.remove(&(key, dot));
            if let Some(caller) = write.and_then(|write| write.caller) {
                ctx.reply(caller.call, Reply::Unknown);
            }
            return;
        }
        write.late = true;
        let range = self.ring.range_of(key);
        let silent = self
            .ring
            .preferred(range)
            .filter(|node| write.silent.contains(node));
        for (at, to) in silent.zip(self.ring.fallbacks(range)) {
            let siblings = write.siblings.clone();
            let put = Message::Put {
                key,
                dot,
                siblings,
                at,
            };
            self.gate.send(to, put, ctx);
        }
        ctx.set_timer(Timer::Write { key, dot }, self.config.timeout);
    }

    pub(super) fn read(&mut self, caller: Caller, key: Key, ctx: &mut Context<Self>) {
        // An answer to a life before a crash is not taken for one to this.
        let read = ctx.rng().bits();
        let silent: BTreeSet<NodeId> = self.ring.preferred(self.ring.range_of(key)).collect();
        for to in &silent {
            ctx.send(*to, Message::Get { read, key });
        }
        let asked = Read {
            caller: Some(caller),
            key,
            silent,
            answers: BTreeMap::new(),
            late: false,
        };
        self.reads.insert(read, asked);
        ctx.set_timer(Timer::Read(read), self.config.timeout);
    }

    /// A node has answered a read.
    pub(super) fn got(
        &mut self,
        from: NodeId,
        read: u64,
        siblings: Siblings,
        ctx: &mut Context<Self>,
    ) {
        let quorum = if self.config.has(Mutant::RPlusWEqualsN) {
            self.config.n - self.config.w
        } else {
            self.config.r
        };
        let Some(asked) = self.reads.get_mut(&read) else {
            return;
        };
        if !asked.silent.remove(&from) {
            return;
        }
        asked.answers.insert(from, siblings);
        if asked.answers.len() >= quorum
            && let Some(mut caller) = asked.caller.take()
        {
            let found = joined(&asked.answers);
            let shown = caller.shown.entry(asked.key).or_default();
            shown.join(&found.context());
            if found.len() > 1 {
                ctx.reached("siblings");
            }
            caller.tell(Response::Siblings(found.values()), ctx);
        }
        if asked.silent.is_empty() {
            self.end_read(read, ctx);
        }
    }

    /// Some have not answered a read in time. Whoever stands in for them is asked where a quorum may be
    /// sloppy.
    pub(super) fn read_is_late(&mut self, read: u64, ctx: &mut Context<Self>) {
        let Some(asked) = self.reads.get_mut(&read) else {
            return;
        };
        if asked.late || asked.caller.is_none() {
            return self.end_read(read, ctx);
        }
        asked.late = true;
        if self.config.mode == Mode::SloppyQuorum {
            ctx.reached("read-from-fallbacks");
            let range = self.ring.range_of(asked.key);
            let fallbacks = self.ring.fallbacks(range).take(asked.silent.len());
            for to in fallbacks {
                asked.silent.insert(to);
                let key = asked.key;
                ctx.send(to, Message::Get { read, key });
            }
        }
        ctx.set_timer(Timer::Read(read), self.config.timeout);
    }

    /// No more answers are waited for: read repair (section 5).
    fn end_read(&mut self, read: u64, ctx: &mut Context<Self>) {
        ctx.cancel_timer(Timer::Read(read));
        let Some(asked) = self.reads.remove(&read) else {
            return;
        };
        if let Some(caller) = asked.caller {
            ctx.reply(caller.call, Reply::Fail);
        }
        let (key, newest) = (asked.key, joined(&asked.answers));
        let range = self.ring.range_of(key);
        let behind: Vec<NodeId> = self
            .ring
            .preferred(range)
            .filter(|node| asked.answers.get(node).is_some_and(|a| *a != newest))
            .collect();
        let Some(first) = behind.first() else { return };
        ctx.reached("read-repaired");
        if self.config.has(Mutant::ReadRepairWritesTheOlder) {
            let past = newest.context();
            for value in asked.answers[first].values() {
                let past = past.clone();
                self.put(None, key, Version { value, past }, ctx);
            }
            return;
        }
        for to in behind {
            let siblings = newest.clone();
            ctx.send(to, Message::Repair { key, siblings });
        }
    }
}

impl Caller {
    fn tell(self, response: Response, ctx: &mut Context<Dynamo>) {
        let shown = self.shown;
        ctx.reply(self.call, Reply::Ok(Answered { response, shown }));
    }
}

/// What these know together.
fn joined(answers: &BTreeMap<NodeId, Siblings>) -> Siblings {
    let none = Siblings::default();
    answers.values().fold(none, |mut joined, answer| {
        joined.join(answer);
        joined
    })
}
