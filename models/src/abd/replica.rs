//! A node: answers other nodes from its registers, and carries out the operations that clients ask
//! of it, each in two phases on majorities.

use std::collections::{BTreeMap, BTreeSet};

use murphy_sim::{CallId, Context, LogIndex, NodeId, Reply, Span, Time};

use super::{
    Abd,
    config::Config,
    message::{Message, Record, Tagged, Ticket, Timer, Timestamp},
    mutants::Mutant,
    registers::{Registers, Waiter},
};
use crate::service::kv::{self, Key, Value};

pub(super) type Ctx<'a> = Context<'a, Abd>;

/// How often the wait before asking again is doubled at most.
const BACKOFF_MAX: u32 = 4;

/// A node's state but for its registers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Operations {
    /// When the node started.
    since: Time,
    /// How many operations it has begun since.
    begun: u64,
    open: BTreeMap<Ticket, Operation>,
    /// The greatest number that it has given a write of a key since it started.
    issued: BTreeMap<Key, u64>,
    /// The last operation whose second phase is over, and how many there were, for invariants to
    /// look at.
    pub(super) finished: (u64, Option<(Key, Tagged)>),
}

/// An operation that a client waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Operation {
    call: CallId,
    key: Key,
    /// What to write; none for a read.
    write: Option<Value>,
    phase: Phase,
    /// Who has answered this phase.
    answered: BTreeSet<NodeId>,
    /// How many times this phase was asked again.
    again: u32,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// It asks what is held. The latest of it so far.
    Query(Option<Tagged>),
    /// It has chosen a timestamp, and waits until its own disk has it.
    Choose(Tagged),
    /// It tells what it has found or written.
    Update(Tagged),
}

impl Operations {
    pub(super) fn new(ctx: &Ctx<'_>) -> Operations {
        Operations {
            since: ctx.elapsed(),
            begun: 0,
            open: BTreeMap::new(),
            issued: BTreeMap::new(),
            finished: (0, None),
        }
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }
}

impl Abd {
    pub(super) fn begin(config: Config, disk: &[Record], ctx: &Ctx<'_>) -> Abd {
        Abd {
            config,
            registers: Registers::read(disk),
            operations: Operations::new(ctx),
        }
    }

    pub(super) fn react_to_request(
        &mut self,
        call: CallId,
        request: &kv::Request,
        ctx: &mut Ctx<'_>,
    ) {
        let (key, write) = match *request {
            kv::Request::Read { key } => (key, None),
            kv::Request::Write { key, value } => (key, Some(value)),
            // Registers with reads and writes alone cannot do it: consensus number one (Herlihy,
            // 1991).
            kv::Request::Cas { .. } => return ctx.reply(call, Reply::Fail),
        };
        let ticket = Ticket {
            since: self.operations.since,
            number: self.operations.begun,
        };
        self.operations.begun += 1;
        let operation = Operation {
            call,
            key,
            write,
            phase: Phase::Query(self.registers.get(key)),
            answered: BTreeSet::from([ctx.node()]),
            again: 0,
        };
        self.operations.open.insert(ticket, operation);
        self.ask(ticket, ctx);
        self.go_on(ticket, ctx);
    }

    pub(super) fn react_to_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::Query { ticket, key } => {
                let held = self.registers.get(key);
                ctx.send(from, Message::Found { ticket, held });
            }
            Message::Update {
                ticket,
                key,
                tagged,
            } => {
                let waiter = Waiter { node: from, ticket };
                if self
                    .registers
                    .update(&self.config, key, tagged, waiter, ctx)
                {
                    ctx.send(from, Message::Updated { ticket });
                }
            }
            Message::Found { ticket, held } => {
                if let Some(operation) = self.operations.open.get_mut(&ticket)
                    && let Phase::Query(latest) = &mut operation.phase
                {
                    *latest = later(*latest, held);
                    operation.answered.insert(from);
                    self.go_on(ticket, ctx);
                }
            }
            Message::Updated { ticket } => self.on_updated(from, ticket, ctx),
        }
    }

    fn on_updated(&mut self, from: NodeId, ticket: Ticket, ctx: &mut Ctx<'_>) {
        let Some(operation) = self.operations.open.get_mut(&ticket) else {
            return;
        };
        match operation.phase {
            Phase::Choose(tagged) => {
                assert_eq!(from, ctx.node(), "nobody else has heard of it");
                operation.phase = Phase::Update(tagged);
                operation.answered.insert(from);
                self.ask(ticket, ctx);
            }
            Phase::Update(_) => {
                operation.answered.insert(from);
            }
            Phase::Query(_) => unreachable!("nobody was told to update anything"),
        }
        self.go_on(ticket, ctx);
    }

    pub(super) fn react_to_sync(&mut self, upto: LogIndex, ctx: &mut Ctx<'_>) {
        for Waiter { node, ticket } in self.registers.synced(upto, ctx) {
            if node == ctx.node() {
                self.on_updated(node, ticket, ctx);
            } else {
                ctx.send(node, Message::Updated { ticket });
            }
        }
    }

    /// To the next phase, if a majority has answered this one.
    fn go_on(&mut self, ticket: Ticket, ctx: &mut Ctx<'_>) {
        let Some(operation) = self.operations.open.get_mut(&ticket) else {
            return;
        };
        if operation.answered.len() < self.config.quorum() {
            return;
        }
        match operation.phase {
            Phase::Query(latest) => self.second_phase(ticket, latest, ctx),
            Phase::Choose(_) => {}
            Phase::Update(tagged) => {
                let key = operation.key;
                self.operations.finished.0 += 1;
                self.operations.finished.1 = Some((key, tagged));
                self.finish(ticket, Some(tagged), ctx);
            }
        }
    }

    /// A read writes back what it has found, so that no later read finds less (Attiya, Bar-Noy and
    /// Dolev, section 3). A write chooses a timestamp that is greater than any that was found.
    fn second_phase(&mut self, ticket: Ticket, latest: Option<Tagged>, ctx: &mut Ctx<'_>) {
        let operations = &mut self.operations;
        let operation = operations.open.get_mut(&ticket).expect("it is open");
        let (key, write) = (operation.key, operation.write);
        let tagged = match (write, latest) {
            // There is nothing there, as far back as a majority knows.
            (None, None) => return self.finish(ticket, None, ctx),
            (None, Some(found)) => {
                if self.config.has(Mutant::AbdReadWithoutWriteBack) {
                    return self.finish(ticket, latest, ctx);
                }
                found
            }
            (Some(value), _) => {
                let found = latest.map_or(0, |found| found.timestamp.number);
                let issued = operations.issued.entry(key).or_default();
                *issued = found.max(*issued) + 1;
                let node = if self.config.has(Mutant::AbdTimestampWithoutNodeId) {
                    NodeId(0)
                } else {
                    ctx.node()
                };
                let number = *issued;
                Tagged {
                    timestamp: Timestamp { number, node },
                    value,
                }
            }
        };
        operation.answered.clear();
        operation.again = 0;
        operation.phase = match write {
            Some(_) => Phase::Choose(tagged),
            None => Phase::Update(tagged),
        };
        let waiter = Waiter {
            node: ctx.node(),
            ticket,
        };
        if write.is_some() {
            ctx.cancel_timer(Timer::Resend(ticket));
            return self.registers.choose(key, tagged, waiter, ctx);
        }
        self.ask(ticket, ctx);
        if self
            .registers
            .update(&self.config, key, tagged, waiter, ctx)
        {
            self.on_updated(ctx.node(), ticket, ctx);
        }
    }

    fn finish(&mut self, ticket: Ticket, tagged: Option<Tagged>, ctx: &mut Ctx<'_>) {
        let operation = self.operations.open.remove(&ticket).expect("it is open");
        ctx.cancel_timer(Timer::Resend(ticket));
        let response = match operation.write {
            Some(_) => kv::Response::Written,
            None => kv::Response::Read(tagged.map(|tagged| tagged.value)),
        };
        ctx.reply(operation.call, Reply::Ok(response));
    }

    /// Asks all that have not answered this phase.
    fn ask(&self, ticket: Ticket, ctx: &mut Ctx<'_>) {
        let operation = &self.operations.open[&ticket];
        let key = operation.key;
        let message = match operation.phase {
            Phase::Query(_) => Message::Query { ticket, key },
            Phase::Update(tagged) => Message::Update {
                ticket,
                key,
                tagged,
            },
            Phase::Choose(_) => return,
        };
        for node in ctx.others() {
            if !operation.answered.contains(&node) {
                ctx.send(node, message);
            }
        }
        let wait: Span = self.config.resend * (1 << operation.again.min(BACKOFF_MAX));
        ctx.set_timer(Timer::Resend(ticket), wait);
    }

    pub(super) fn react_to_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        let Timer::Resend(ticket) = timer;
        if let Some(operation) = self.operations.open.get_mut(&ticket) {
            operation.again += 1;
            ctx.reached("asked-again");
            self.ask(ticket, ctx);
        }
    }
}

fn later(a: Option<Tagged>, b: Option<Tagged>) -> Option<Tagged> {
    // The first of two equal ones: a node that has answered may answer again.
    if b.map(|b| b.timestamp) > a.map(|a| a.timestamp) {
        b
    } else {
        a
    }
}
