//! Normal operation (section 4.1): the primary orders operations, backups hold them, and what f of
//! them hold with the primary is committed.

use std::collections::BTreeMap;

use murphy_sim::{CallId, NodeId, Reply};

use super::{
    message::{Entry, Message, Timer},
    mutants::Mutant,
    replica::{Ctx, Store},
};
use crate::{
    service::kv,
    shared::sessions::{Asked, Sessions},
};

/// How many operations one message carries at most.
const BATCH: u64 = 256;

/// What a replica knows while its status is normal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Normal {
    /// The view's primary.
    Primary {
        /// How many operations each backup holds.
        held: BTreeMap<NodeId, u64>,
        /// The client table, for calls that are not committed too.
        calls: Sessions<u64>,
    },
    /// A backup.
    Backup {
        /// Whether the primary was heard since the last look.
        heard: bool,
    },
}

impl Normal {
    /// In the view that the store has just entered.
    pub(super) fn begin(store: &Store, ctx: &mut Ctx<'_>) -> Normal {
        if store.is_primary(ctx) {
            ctx.cancel_timer(Timer::Watch);
            ctx.set_timer(Timer::Heartbeat, store.config.heartbeat);
            return Normal::Primary {
                held: ctx.others().map(|node| (node, 0)).collect(),
                calls: store.log.calls(),
            };
        }
        ctx.set_timer(Timer::Watch, store.config.patience);
        if store.log.length() > 0 {
            acknowledge(store, ctx);
        }
        Normal::Backup { heard: true }
    }

    pub(super) const fn is_primary(&self) -> bool {
        matches!(self, Normal::Primary { .. })
    }

    pub(super) fn on_request(
        &mut self,
        store: &mut Store,
        call: CallId,
        request: kv::Request,
        ctx: &mut Ctx<'_>,
    ) {
        let Normal::Primary { calls, .. } = self else {
            unreachable!("requests go to the primary")
        };
        let asked = if store.config.has(Mutant::VrClientTableForgotten) {
            Asked::New
        } else {
            calls.look(call)
        };
        match asked {
            Asked::New => {
                let previous = store.log.length();
                store.append(call, request);
                calls.remember(call, store.log.length());
                for backup in ctx.others() {
                    prepare(store, backup, previous, ctx);
                }
                self.commit(store, ctx);
            }
            // It will be answered when it is committed, unless it is.
            Asked::Again(_) => {
                if let Some(response) = store.log.answer(call) {
                    ctx.reply(call, Reply::Ok(response.clone()));
                }
            }
            // Its client waits for another call by now.
            Asked::Late => {}
        }
    }

    pub(super) fn on_prepare_ok(
        &mut self,
        store: &mut Store,
        from: NodeId,
        length: u64,
        ctx: &mut Ctx<'_>,
    ) {
        if let Normal::Primary { held, .. } = self {
            let held = held
                .get_mut(&from)
                .expect("every other replica is a backup");
            *held = (*held).max(length.min(store.log.length()));
            self.commit(store, ctx);
        }
    }

    /// How many operations are committed: those that f backups hold too.
    fn committed(&self, store: &Store) -> u64 {
        let Normal::Primary { held, .. } = self else {
            return store.log.applied();
        };
        if store.config.has(Mutant::VrCommitsWithoutAMajority) {
            return store.log.length();
        }
        let mut held: Vec<u64> = held.values().copied().collect();
        held.sort_unstable_by(|a, b| b.cmp(a));
        held[store.config.f() - 1]
    }

    fn commit(&self, store: &mut Store, ctx: &mut Ctx<'_>) {
        let was = store.log.applied();
        let upto = self.committed(store);
        if upto <= was {
            return;
        }
        store.commit(upto);
        let operations = store.log.slice(was, upto).iter();
        for (call, _) in operations.filter_map(|entry| entry.update.as_ref()) {
            if let Some(response) = store.log.answer(*call) {
                ctx.reply(*call, Reply::Ok(response.clone()));
            }
        }
    }

    /// Says what is committed, and sends again what backups have not acknowledged.
    pub(super) fn on_heartbeat(&self, store: &Store, ctx: &mut Ctx<'_>) {
        let Normal::Primary { held, .. } = self else {
            return;
        };
        for (backup, held) in held {
            if *held < store.log.length() {
                prepare(store, *backup, *held, ctx);
            } else {
                let commit = Message::Commit {
                    view: store.view,
                    committed: store.log.applied(),
                };
                ctx.send(*backup, commit);
            }
        }
        ctx.set_timer(Timer::Heartbeat, store.config.heartbeat);
    }

    /// A backup looks whether the primary was heard. False when it was not.
    pub(super) fn on_watch(&mut self, store: &Store, ctx: &mut Ctx<'_>) -> bool {
        let Normal::Backup { heard } = self else {
            return true;
        };
        let was_heard = std::mem::take(heard);
        if was_heard {
            ctx.set_timer(Timer::Watch, store.config.patience);
        }
        was_heard
    }

    /// A backup takes operations in order: those that begin after the end of its log it asks for.
    pub(super) fn on_prepare(
        &mut self,
        store: &mut Store,
        previous: u64,
        entries: Vec<Entry>,
        committed: u64,
        ctx: &mut Ctx<'_>,
    ) {
        let Normal::Backup { heard } = self else {
            return;
        };
        *heard = true;
        let length = store.log.length();
        if previous > length {
            return ask(store, ctx);
        }
        for entry in entries.into_iter().skip((length - previous) as usize) {
            store.log.push(entry);
        }
        acknowledge(store, ctx);
        store.commit(committed);
    }

    pub(super) fn on_commit(&mut self, store: &mut Store, committed: u64, ctx: &mut Ctx<'_>) {
        let Normal::Backup { heard } = self else {
            return;
        };
        *heard = true;
        if committed > store.log.length() {
            return ask(store, ctx);
        }
        store.commit(committed);
    }
}

fn prepare(store: &Store, to: NodeId, previous: u64, ctx: &mut Ctx<'_>) {
    let upto = store.log.length().min(previous + BATCH);
    let prepare = Message::Prepare {
        view: store.view,
        previous,
        entries: store.log.slice(previous, upto).to_vec(),
        committed: store.log.applied(),
    };
    ctx.send(to, prepare);
}

fn acknowledge(store: &Store, ctx: &mut Ctx<'_>) {
    let ok = Message::PrepareOk {
        view: store.view,
        length: store.log.length(),
    };
    ctx.send(store.config.primary(store.view), ok);
}

fn ask(store: &Store, ctx: &mut Ctx<'_>) {
    let get = Message::GetState {
        view: store.view,
        length: store.log.length(),
    };
    ctx.send(store.config.primary(store.view), get);
}
