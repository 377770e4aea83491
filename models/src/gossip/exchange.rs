//! One round: digests both ways, and what either side lacks.
//!
//! Demers et al. section 1.3 (ResolveDifference, push, pull, push-pull) with the comparison by
//! counters of section 1.3.1 taken to its end: a digest is as long as there are origins, however many
//! events there are.

use murphy_sim::{Context, NodeId};

use super::{
    Message, Mode, Mutant, Rumour, Timer, Versions,
    state::{Gossip, Heard},
};
use crate::shared::peers::any_other;

/// How many rounds the mutant that stops too early tells what it has heard.
const ROUNDS_TOLD: u32 = 8;

impl Gossip {
    pub(super) fn begin_round(&mut self, ctx: &mut Context<Gossip>) {
        self.round = self.round.wrapping_add(1);
        self.ask(any_other(self.config.nodes, ctx), ctx);
        ctx.set_timer(Timer::Round, self.config.interval);
    }

    fn ask(&self, peer: NodeId, ctx: &mut Context<Gossip>) {
        ctx.send(peer, Message::Digest(self.versions()));
    }

    /// Someone has begun a round with us. Silence means that there is nothing to tell or to ask.
    pub(super) fn answer(&self, from: NodeId, theirs: &Versions, ctx: &mut Context<Gossip>) {
        let rumours = match self.config.mode {
            Mode::PushPull | Mode::Pull => self.lacking(theirs),
            Mode::Push => Vec::new(),
        };
        let lacks_here = |(origin, n): &(NodeId, u32)| *n > self.written_upto(*origin);
        let asks = match self.config.mode {
            Mode::PushPull | Mode::Push => theirs.iter().any(lacks_here),
            Mode::Pull => false,
        };
        let versions = asks.then(|| self.versions());
        if !rumours.is_empty() || versions.is_some() {
            ctx.send(from, Message::Answer { rumours, versions });
        }
    }

    pub(super) fn answered(
        &mut self,
        from: NodeId,
        rumours: &[Rumour],
        versions: Option<Versions>,
        ctx: &mut Context<Gossip>,
    ) {
        if self.config.has(Mutant::MergeOverwrites) {
            self.overwrite(rumours);
        }
        self.take(rumours, "learned-by-pull", ctx);
        if let Some(theirs) = versions {
            let rumours = self.lacking(&theirs);
            if !rumours.is_empty() {
                ctx.send(from, Message::Rumours(rumours));
            }
        }
        if rumours.len() >= self.config.batch {
            self.ask(from, ctx); // A full message: there may be more, and a round is long to wait.
        }
    }

    pub(super) fn pushed(&mut self, rumours: &[Rumour], ctx: &mut Context<Gossip>) {
        self.take(rumours, "learned-by-push", ctx);
    }

    /// What somebody who has heard so far lacks, up to a message full.
    fn lacking(&self, theirs: &Versions) -> Vec<Rumour> {
        let mut rumours = Vec::new();
        for (origin, heard) in self.heard() {
            let has = match theirs.binary_search_by_key(&origin, |(origin, _)| *origin) {
                Ok(place) => theirs[place].1,
                Err(_) => 0,
            };
            let lacks = heard.partition_point(|heard| heard.rumour.counter <= has);
            let told = heard[lacks..]
                .iter()
                .filter(|heard| self.still_tells(heard));
            let room = self.config.batch - rumours.len();
            rumours.extend(told.take(room).map(|heard| heard.rumour));
            if rumours.len() == self.config.batch {
                break;
            }
        }
        rumours
    }

    fn still_tells(&self, heard: &Heard) -> bool {
        let rounds = self.round.wrapping_sub(heard.round);
        !self.config.has(Mutant::GossipStopsTooEarly) || rounds <= ROUNDS_TOLD
    }
}
