//! Quorums after Dynamo: each key is held by N of the nodes, any node coordinates, W that have stored are
//! enough for a write and R that have answered for a read; concurrent writes are kept side by side.
//!
//! DeCandia et al., Dynamo (SOSP 2007); Gifford, Weighted Voting (SOSP 1979), for R + W > N; Bailis et
//! al., Probabilistically Bounded Staleness (VLDB 2012), for R + W <= N; Preguica et al., Dotted Version
//! Vectors (2012), for versions: Dynamo's own vectors cannot tell two writes through one node apart.
//! Read repair (section 5), hinted handoff (4.6) and Merkle trees (4.7) bring up to date who was missed.
//!
//! Promise, every mode: no acknowledged write is lost unless a client that had seen it wrote the key
//! again, and replicas converge soon after the heal (`dynamo-*-steady.toml`,
//! `dynamo-*-under-chaos.toml`; by Merkle trees alone, `dynamo-trees-alone.toml`). `strict-quorum`: a read
//! shows every write that was acknowledged before it began, or what took its place
//! (`dynamo-strict-steady.toml`, `dynamo-strict-under-chaos.toml`). `sloppy-quorum`: whoever reaches W
//! nodes can write (`dynamo-sloppy-writes-through-a-partition.toml`).
//!
//! Not promised: linearizability, even where R + W > N. Nothing is written back before a read is
//! answered, so that a write under way can be seen by one read and missed by the next (Attiya, Bar-Noy &
//! Dolev, JACM 1995, for what it takes; `dynamo-strict-is-not-atomic.toml` shows it). With a sloppy quorum a
//! read can miss acknowledged writes (`dynamo-sloppy-reads-stale-in-a-partition.toml`), and with R + W <= N it
//! does when nothing is wrong (`dynamo-partial-reads-stale.toml`). A client carries what it has been shown from
//! each answer to its next question, and loses it with a call whose end is unknown: what it writes then
//! stands beside what it was to replace, never the other way round. A write that is retried at another
//! node becomes its own sibling. Compare-and-swap is refused, and the ring is fixed.
//!
//! Tolerates lost, doubled, reordered and late messages, partitions, pauses, failing disks, any clocks,
//! and crashes of any number of nodes as long as what was synced survives. Costs when nothing fails, with
//! the coordinator among the N: 2 (N - 1) messages a read or write, two delays each and none where R is
//! 1; a write one forced write at its coordinator before the delays and one at each other node. Another
//! coordinator costs two messages more, and a write one forced write more, for the name of the version:
//! Dynamo hands such a write on to one of the N instead.

mod anti_entropy;
mod config;
mod coordinator;
mod invariants;
mod message;
mod mutants;
mod replica;
mod ring;
mod store;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};

pub use self::{
    config::{Config, Mode},
    coordinator::{Caller, Read, Write},
    invariants::{AcknowledgedAreHeld, OneVersionADot, SiblingsAreConcurrent, TreesTellContents},
    message::{Hint, Message, Record, Timer},
    mutants::Mutant,
    replica::Dynamo,
    ring::{Range, Ring},
    store::Store,
};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        kv::{self, Answered, Asked, Request},
    },
};

impl Process for Dynamo {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Request = Asked;
    type Response = Answered;
    type View = kv::View;

    const CARRIES: bool = true;

    fn start(config: &Config, disk: &[Record], ctx: &mut Context<Dynamo>) -> Dynamo {
        let node = Dynamo::restore(*config, disk, ctx);
        let phase = ctx.rng().span(Span::ZERO, config.interval);
        ctx.set_timer(Timer::Round, phase);
        node
    }

    fn on_request(&mut self, call: CallId, asked: Asked, ctx: &mut Context<Dynamo>) {
        let shown = asked.shown;
        let caller = Caller { call, shown };
        match asked.request {
            Request::Read { key } => self.read(caller, key, ctx),
            Request::Write { key, value } => self.write(caller, key, value, ctx),
            // It would take agreement.
            Request::Cas { .. } => ctx.reply(call, Reply::Fail),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Dynamo>) {
        match message {
            Message::Put {
                key,
                dot,
                siblings,
                at,
            } => self.store_put(from, (key, dot), (siblings, at), ctx),
            Message::Stored { key, dot, at } => self.stored((from, at), (key, dot), ctx),
            Message::Get { read, key } => self.answer(from, read, key, ctx),
            Message::Got { read, siblings } => self.got(from, read, siblings, ctx),
            Message::Repair { key, siblings } => self.take(key, &siblings, ctx),
            Message::HandOver(hints) => self.take_hints(from, hints, ctx),
            Message::HandedOver(hints) => self.handed_over(hints, ctx),
            Message::Compare { range, hashes } => self.compare(from, range, &hashes, ctx),
            Message::Contents {
                range,
                entries,
                and_yours,
            } => self.exchange(from, range, (entries, &and_yours), ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Dynamo>) {
        match timer {
            Timer::Write { key, dot } => self.write_is_late(key, dot, ctx),
            Timer::Read(read) => self.read_is_late(read, ctx),
            Timer::Round => self.begin_round(ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Dynamo>) {
        self.gate.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("replica")
    }

    fn view(&self) -> View<kv::View> {
        View::nothing(self.is_settled())
    }

    fn views(&self) -> Vec<View<kv::View>> {
        let view = |(Range(of), state)| View {
            of,
            state: Some(state),
            settled: self.is_settled(),
        };
        self.store().shown().map(view).collect()
    }

    fn carry(planned: Asked, last: Option<&Answered>) -> Asked {
        planned.after(last)
    }

    fn abstraction(&self) -> u64 {
        let most = self.store().registers().map(|(_, held)| held.len()).max();
        let hints = usize::BITS - self.hints().count().leading_zeros();
        Digest::of(&(most, hints, self.writes().next().is_some()))
    }
}

impl Protocol for Dynamo {
    const NAME: &'static str = "dynamo";
    const SERVICE: Service = Service::Kv;
    const PROMISE: &'static str = "no acknowledged write is lost unless a client that had seen it wrote \
         again; replicas converge; what reads show depends on R, W and N";
    const MODES: &'static [protocol::Mode] = config::MODES;
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["replica"];
    const OPTIONS: &'static [&'static str] = &["n", "r", "w", "timeout", "interval"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "coordinated-outside",
        "hinted",
        "handed-over",
        "siblings",
        "read-from-fallbacks",
        "read-repaired",
        "buckets-differ",
        "resumed",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        config::configure(parameters)
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Dynamo>>> {
        invariants::all()
    }
}
