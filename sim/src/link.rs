//! One message on one link: whether it is lost, damaged or doubled, and when it arrives.
//!
//! Each message takes exactly one word of its link's own stream, and every question about it is
//! answered from that word, so that a fault on a link never re-rolls the latencies around it.

use hashbrown::HashMap;

use crate::{
    digest::Digest,
    id::NodeId,
    network::LinkModel,
    stream::{Probability, key, mix, scale},
    time::{Span, Time},
};

/// What active faults do to a message on top of its link's model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Distortion {
    pub(crate) loss: Probability,
    pub(crate) duplicate: Probability,
    pub(crate) corrupt: Probability,
    pub(crate) reorder: Probability,
    pub(crate) reorder_window: Span,
    pub(crate) delay: Span,
    pub(crate) jitter: Span,
    /// Bytes a second, and bytes that may wait.
    pub(crate) bandwidth: Option<(u64, u64)>,
    /// One named message arrives twice.
    pub(crate) double: bool,
}

/// Why a message did not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Dropped {
    /// A partition lay between when it was sent or when it would have arrived.
    Partition,
    /// Lost at random.
    Loss,
    /// A checksum found it damaged.
    Corrupt,
    /// The link's queue was full.
    Queue,
    /// The node it was meant for was down.
    Crash,
    /// A plan dropped this very message.
    Plan,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Dropped(Dropped),
    Arrives {
        at: Time,
        /// When the second copy arrives, if there is one.
        again: Option<Time>,
        /// Damaged on the way.
        corrupt: bool,
        /// Held back so that later ones overtake it.
        reordered: bool,
        /// Waited behind others for a link of limited bandwidth.
        waited: bool,
    },
}

/// What a link remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LinkState {
    /// What its draws are derived from; zero until it is first used.
    key: u64,
    sent: u64,
    last_arrival: Time,
    busy_until: Time,
}

/// What all links of a world remember: a square for small worlds, a table for large ones.
#[derive(Clone, Debug)]
pub(crate) struct LinkStates {
    seed: u64,
    endpoints: usize,
    square: Vec<LinkState>,
    table: HashMap<u64, LinkState, FixedHash>,
}

/// The table is looked up by key alone and never walked, so its order decides nothing.
type FixedHash = std::hash::BuildHasherDefault<Digest>;

/// Up to this many endpoints every link has its place.
const SQUARE_MOST: usize = 64;

/// Purposes that draw from one message's word.
#[derive(Clone, Copy)]
enum Draw {
    Loss = 1,
    Duplicate,
    Corrupt,
    Reorder,
    Window,
    Jitter,
    Again,
}

/// Independent bits for one purpose.
const fn bits_for(word: u64, draw: Draw) -> u64 {
    mix(word ^ (draw as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl LinkStates {
    pub(crate) fn new(seed: u64, endpoints: usize) -> LinkStates {
        let square = if endpoints <= SQUARE_MOST {
            endpoints * endpoints
        } else {
            0
        };
        LinkStates {
            seed: key(seed, "links", 0),
            endpoints,
            square: vec![LinkState::default(); square],
            table: HashMap::default(),
        }
    }

    /// Sends one message on a link where nothing can happen to it, and says when it arrives.
    #[inline(always)]
    pub(crate) fn send_plain(
        &mut self,
        (from, to): (NodeId, NodeId),
        now: Time,
        sampler: &crate::latency::Sampler,
    ) -> Time {
        now + sampler.sample(self.state(from, to).next_word())
    }

    /// Sends one message and says what becomes of it. `bytes` is asked for only where bandwidth is
    /// limited.
    #[inline]
    pub(crate) fn send(
        &mut self,
        (from, to): (NodeId, NodeId),
        now: Time,
        model: &LinkModel,
        latency: Option<&crate::latency::Sampler>,
        distortion: &Distortion,
        bytes: impl FnOnce() -> u64,
    ) -> Fate {
        let state = self.state(from, to);
        let word = state.next_word();
        let chance = |draw, a: Probability, b: Probability| {
            let either = a.max(b);
            either > Probability::NEVER && either.covers(bits_for(word, draw))
        };
        if chance(Draw::Loss, model.loss, distortion.loss) {
            return Fate::Dropped(Dropped::Loss);
        }
        let (mut leaves, mut waited) = (now, false);
        let own = model.bandwidth.map(|rate| (rate, model.queue));
        if let Some((rate, queue)) = narrower(own, distortion.bandwidth) {
            waited = state.busy_until > now;
            match state.transmit(now, bytes(), rate, queue) {
                Some(done) => leaves = done,
                None => return Fate::Dropped(Dropped::Queue),
            }
        }
        let sampler = latency.unwrap_or(&model.latency);
        let extra = |bits| {
            distortion.delay + Span(scale(bits_for(bits, Draw::Jitter), distortion.jitter.0))
        };
        let mut at = leaves + sampler.sample(word) + extra(word);
        let reordered = chance(Draw::Reorder, Probability::NEVER, distortion.reorder);
        if reordered {
            at += Span(scale(
                bits_for(word, Draw::Window),
                distortion.reorder_window.0,
            ));
        } else if model.fifo {
            at = at.max(state.last_arrival);
            state.last_arrival = at;
        }
        let doubled =
            distortion.double || chance(Draw::Duplicate, model.duplicate, distortion.duplicate);
        let second = bits_for(word, Draw::Again);
        let again = doubled.then(|| leaves + sampler.sample(second) + extra(second));
        let corrupt = chance(Draw::Corrupt, model.corrupt, distortion.corrupt);
        Fate::Arrives {
            at,
            again,
            corrupt,
            reordered,
            waited,
        }
    }

    /// A message that a fault took before the link saw it: the messages after it keep their draws.
    pub(crate) fn pass_over(&mut self, (from, to): (NodeId, NodeId)) {
        self.state(from, to).sent += 1;
    }

    #[inline]
    fn state(&mut self, from: NodeId, to: NodeId) -> &mut LinkState {
        let place = from.index() * self.endpoints + to.index();
        let link = u64::from(from.0) << 32 | u64::from(to.0);
        let state = match self.square.get_mut(place) {
            Some(state) => state,
            None => self.table.entry(link).or_default(),
        };
        if state.key == 0 {
            state.key = mix(self.seed ^ link);
        }
        state
    }
}

/// The narrower of two limits of bandwidth, with its queue.
pub(crate) fn narrower(a: Option<(u64, u64)>, b: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl LinkState {
    /// The random word of the next message.
    #[inline]
    const fn next_word(&mut self) -> u64 {
        self.sent += 1;
        let step = self.sent.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mix(self.key.wrapping_add(step))
    }

    /// When the last byte leaves, or none when the queue is full.
    #[cold]
    fn transmit(&mut self, now: Time, bytes: u64, rate: u64, queue: u64) -> Option<Time> {
        let nanos_for = |bytes: u64| {
            let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
            Span(u64::try_from(nanos).unwrap_or(u64::MAX))
        };
        let begins = self.busy_until.max(now);
        if begins.since(now) > nanos_for(queue) {
            return None;
        }
        self.busy_until = begins + nanos_for(bytes);
        Some(self.busy_until)
    }
}
