//! Rumour mongering with a counter or a coin: whoever has news tells it at random until it is stale.
//!
//! Demers et al., Epidemic Algorithms for Replicated Database Maintenance (PODC 1987), section 1.4
//! (complex epidemics) and 1.5 (backing them up). An event that is new to a node is **hot**: every
//! now and then the node pushes all that is hot to one drawn at random, and is told which of it was
//! known there. After `k` such useless contacts (counter), or at each with probability 1/k (coin),
//! the node loses interest. With `blind` every contact counts, and nothing is told back. Rumours
//! alone leave out a share s of the nodes, where s = e^-((k+1)(1-s)), so anti-entropy goes behind
//! them, more slowly: a node pulls what it lacks from one drawn at random, and what it finds is hot
//! again.
//!
//! **Promise.** Every acknowledged event reaches every node, by rumours with probability 1 - s and
//! by anti-entropy in the end; none is invented, none is there twice; nodes that have heard of the
//! same events show the same. No order is promised. `rumour-counter-steady.toml`,
//! `rumour-coin-steady.toml`, `rumour-counter-under-chaos.toml`, `rumour-coin-under-chaos.toml` and
//! `rumour-after-a-partition.toml` test it. Tolerates lost, doubled, reordered and late messages,
//! partitions, pauses, slow and failing disks, and crashes of any number of nodes as long as what was
//! synced survives. No clock is asked for the time.
//! **Not promised.** What is hot is forgotten in a crash: anti-entropy finds what was not told.
//! **Cost**, when nothing fails, of an event that m nodes hear of as a rumour: (k + 1) m - 1 pushes
//! with a counter, as many on average with a coin, k m on average blind; k m answers where there is
//! feedback; a forced write at every node. A client waits for one forced write.

mod invariants;
mod mutants;
mod state;
#[cfg(test)]
mod tests;

use murphy_sim::{
    CallId, Context, Digest, Invariant, LogIndex, NodeId, Process, Reply, Role, Span, View,
};
use serde::{Deserialize, Serialize};

pub use self::{invariants::HotIsHeld, mutants::Mutant, state::RumourMongering};
use crate::{
    protocol::{self, MutantInfo, Parameters, Protocol},
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
    /// How a node loses interest.
    pub mode: Mode,
    /// How many useless contacts that takes, or takes on average.
    pub k: u32,
    /// Every contact counts as useless.
    pub blind: bool,
    /// From one telling of what is hot to the next.
    pub interval: Span,
    /// From one comparison of notes to the next.
    pub anti_entropy: Span,
    /// The most events in one message.
    pub batch: usize,
    /// The planted bug.
    pub mutant: Option<Mutant>,
}

impl Config {
    fn has(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// How a node loses interest in what is hot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "kebab-case")]
pub enum Mode {
    /// After so many useless contacts.
    Counter,
    /// At each useless contact, with probability one in so many.
    Coin,
}

/// What nodes say to each other.
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
    /// This is hot.
    Rumours(Vec<Item>),
    /// These rumours were known here.
    Known(Vec<Dot>),
    /// All that is known here: what is there beside?
    Digest(DotContext),
    /// This you lack.
    Missing(Vec<Item>),
}

/// What nodes remind themselves of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// To tell what is hot.
    Tell,
    /// To compare notes.
    Compare,
}

impl Process for RumourMongering {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Item;
    type Request = Request;
    type Response = Response;
    type View = events::View;

    fn start(config: &Config, disk: &[Item], ctx: &mut Context<Self>) -> RumourMongering {
        RumourMongering::restore(*config, disk, ctx)
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
            Message::Rumours(items) => self.told(from, items, ctx),
            Message::Known(names) => self.was_known(&names, ctx),
            Message::Digest(theirs) => self.tell_what_is_missing(from, &theirs, ctx),
            Message::Missing(items) => self.repaired(from, items, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Tell => self.tell(ctx),
            Timer::Compare => self.compare(ctx),
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
        Digest::of(&(size, self.hot().count().min(4), self.store().is_settled()))
    }
}

impl Protocol for RumourMongering {
    const NAME: &'static str = "rumour-mongering";
    const SERVICE: Service = Service::Events;
    const PROMISE: &'static str = "every acknowledged event reaches every node, none twice: most by \
         rumours, the rest by a slow anti-entropy behind them";
    const MODES: &'static [protocol::Mode] = &[
        protocol::Mode {
            name: "counter",
            promise: "every acknowledged event reaches every node; told until k nodes knew it",
        },
        protocol::Mode {
            name: "coin",
            promise: "every acknowledged event reaches every node; told until, with probability 1/k, \
                      a node that knew it was the last",
        },
    ];
    const MUTANTS: &'static [MutantInfo] = mutants::MUTANTS;
    const ROLES: &'static [&'static str] = &["peer"];
    const OPTIONS: &'static [&'static str] = &["k", "blind", "interval", "anti-entropy", "batch"];
    const MESSAGES: &'static [&'static str] = <Message as strum::VariantNames>::VARIANTS;
    const LABELS: &'static [&'static str] = &[
        "event-written",
        "published-again",
        "learned-by-rumour",
        "learned-by-anti-entropy",
        "lost-interest",
        "resumed",
        "caught-up",
    ];

    fn configure(parameters: &Parameters) -> Result<Config, String> {
        parameters.know_only(Self::OPTIONS)?;
        if parameters.spares > 0 {
            return Err("rumour-mongering has no use for spare nodes: remove `spares`".to_owned());
        }
        let blind = parameters.option("blind", 0);
        if blind > 1 {
            return Err(format!("`blind` is {blind}: write true or false"));
        }
        let k = parameters.count("k", 2)?;
        Ok(Config {
            nodes: parameters.nodes,
            mode: parameters
                .chosen_mode(Self::NAME, Self::MODES)?
                .unwrap_or(Mode::Counter),
            k: u32::try_from(k).map_err(|_| format!("`k` of {k} is too large: write 2"))?,
            blind: blind == 1,
            interval: parameters.span("interval", Span::millis(50))?,
            anti_entropy: parameters.span("anti-entropy", Span::millis(500))?,
            batch: parameters.count("batch", 256)?,
            mutant: parameters.planted(Self::NAME, Self::MUTANTS)?,
        })
    }

    fn invariants(_: &Config) -> Vec<Box<dyn Invariant<Self>>> {
        invariants::all()
    }
}
