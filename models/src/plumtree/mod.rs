//! Plumtree: events travel along a tree that epidemics build and mend.
//!
//! Leitao, Pereira & Rodrigues, Epidemic Broadcast Trees (SRDS 2007), section 3. Nodes are linked to
//! a few neighbours. Each side takes a link for **eager** or **lazy**: an event that is new to a node
//! is pushed on eager links and only announced (IHAVE) on lazy ones. All begin eager; a duplicate
//! PRUNEs the link it came by, so that a tree of eager links is left. An event that was announced and
//! does not come in time is asked for with a GRAFT, which makes the link eager, and the tree whole,
//! again; and a link with a shorter way to the origin takes the place of a longer one.
//!
//! The paper has reliable links between neighbours that a sampling service keeps up to date. Here
//! the overlay is fixed (node i is linked to i +- 1, i +- 2, i +- 4, ... up to `links` of them), links
//! lose messages, and nodes come back from crashes. So a node repeats to its neighbours, one after
//! the other, what it holds altogether: an IHAVE of everything, which is a version vector long.
//!
//! **Promise.** Every acknowledged event reaches every node, none twice, none invented; soon where
//! nothing fails, at most a few timers later where something did. No order is promised.
//! `plumtree-steady.toml`, `plumtree-under-chaos.toml`, `plumtree-link-cut.toml`,
//! `plumtree-nodes-crash.toml` and `plumtree-shorter-way.toml` test it. Tolerates lost, doubled,
//! reordered and late messages, partitions, pauses, slow and failing disks, and crashes of any number
//! of nodes as long as what was synced survives. No clock is asked for the time.
//! **Not promised.** That events come soon while several nodes publish at once: two events that cross
//! in a loop prune two of its links, the tree falls apart, and timers must mend it. And nodes pass an
//! event on before it is on their own disk; it is on its origin's.
//! **Cost**, when nothing fails, among n nodes with e links: the first event is pushed 2e - (n - 1)
//! times and PRUNEd 2 (e - n + 1) times; every later one is pushed n - 1 times, which is the fewest
//! possible (the paper's relative message redundancy is 0), and announced 2 (e - n + 1) times; a
//! forced write at every node. A client waits for one forced write.

mod invariants;
mod mutants;
mod overlay;
mod state;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{invariants::MissingIsMissing, mutants::Mutant, state::Plumtree};
use crate::{
    protocol::{Mode, MutantInfo, Parameters, Protocol},
    service::{
        Service,
        events::{self, Request, Response},
    },
    shared::{
        events::{HoldsEvents, Item},
        version_vector::{Dot, DotContext},
    },
};

/// What a node is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Nodes.
    pub nodes: u32,
    /// Neighbours of each; one more where they come in pairs.
    pub links: usize,
    /// How long an announced event may take before it is asked for.
    pub graft_after: Span,
    /// How long until the next who announced it is asked.
    pub graft_again: Span,
    /// How many hops shorter another way must be to take the place of one.
    pub threshold: u32,
    /// From one announcement of everything to the next.
    pub interval: Span,
    /// The most events that one such announcement leads to asking for.
    pub batch: usize,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// What nodes say to each other. A `hop` counts the links that an event has gone by when it arrives.
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
pub enum Message {
    /// An event.
    Gossip {
        /// Which.
        item: Item,
        /// Over so many links.
        hop: u32,
    },
    /// An event is here.
    IHave {
        /// Its name.
        name: Dot,
        /// Over so many links, had it been sent.
        hop: u32,
    },
    /// All this is here.
    Summary(DotContext),
    /// Push no more on this link: announce.
    Prune,
    /// Push on this link from now on.
    Graft {
        /// And send this event, if one is missing.
        missing: Option<Dot>,
    },
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The event of that name was announced and is missing.
    Missing(Dot),
    /// To announce everything to the next neighbour.
    Repeat,
}

impl Process for Plumtree {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Item;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Item], ctx: &mut Context<Self>) -> Plumtree {
        Plumtree::restore(*config, disk, ctx)
    }

    fn on_request(&mut self, call: CallId, request: Request, ctx: &mut Context<Self>) {
        match request {
            Request::Publish { key, event } => self.publish(call, key, event, ctx),
            Request::Read { key } => {
                let applied = self.store().read(key);
                ctx.reply(call, Reply::Ok(Response::Applied(applied)));
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Gossip { item, hop } => self.receive(from, item, hop, ctx),
            Message::IHave { name, hop } => self.announced(from, name, Some(hop), ctx),
            Message::Summary(theirs) => self.announced_again(from, &theirs, ctx),
            Message::Prune => self.pruned(from),
            Message::Graft { missing } => self.grafted(from, missing, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Missing(name) => self.ask_for(name, ctx),
            Timer::Repeat => self.announce_everything(ctx),
        }
    }

    fn on_synced(&mut self, upto: LogIndex, ctx: &mut Context<Self>) {
        self.synced(upto, ctx);
    }

    fn role(&self) -> Role {
        Role("peer")
    }

    fn view(&self) -> View<events::View> {
        View {
            of: 0,
            state: Some(self.store().shown().clone()),
            settled: self.store().is_settled(),
        }
    }

    fn abstraction(&self) -> u64 {
        let size = usize::BITS - self.store().held().len().leading_zeros();
        Digest::of(&(size, self.eager().count(), self.missing().count().min(4)))
    }
}

impl Protocol for Plumtree {
    const NAME: &'static str = "plumtree";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "every acknowledged event reaches every node, none twice, along a \
         tree that is mended when it breaks";
    const MODES: &'static [Mode] = &[];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["peer"];
    const OPTIONS: &'static [&'static str] = &[
        "links",
        "graft-after",
        "graft-again",
        "threshold",
        "interval",
        "batch",
    ];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "event-written",
        "published-again",
        "pruned",
        "grafted",
        "optimised",
        "resumed",
        "caught-up",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("plumtree has no use for spare nodes: remove `spares`".to_owned());
        }
        parameters.chosen_mode::<String>(Self::NAME, Self::MODES)?;
        let threshold = parameters.count("threshold", 2)?;
        Ok(Config {
            nodes: parameters.nodes,
            links: parameters.count("links", 4)?,
            graft_after: parameters.span("graft-after", Span::millis(200))?,
            graft_again: parameters.span("graft-again", Span::millis(100))?,
            threshold: u32::try_from(threshold).unwrap_or(u32::MAX),
            interval: parameters.span("interval", Span::millis(100))?,
            batch: parameters.count("batch", 256)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        invariants::all()
    }
}
