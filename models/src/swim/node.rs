//! One member: whom it probes, what it holds of the others, what it says of itself.

use std::collections::BTreeMap;

use murphy_sim::{Context, LogIndex, NodeId, Span, Time};

use super::{
    Config, Life, Message, Mutant, Probe, Timer, Update, order::ProbeOrder, rumours::Rumours,
};
use crate::{
    service::membership::{Incarnation, Member, Status},
    shared::peers::any_other,
};

/// One member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Swim {
    config: Config,
    me: NodeId,
    /// When it started, by its monotonic clock: tells one start from the next.
    since: Time,
    /// What it says of itself; life 0 before its first life is durable.
    own: Incarnation,
    /// The life that it is about to begin, and where it is written.
    next_life: Option<(LogIndex, u32)>,
    /// What it holds of all others.
    list: BTreeMap<NodeId, Member>,
    order: ProbeOrder,
    rumours: Rumours,
    /// The probe of this period, until it is answered.
    probe: Option<Probe>,
    /// How many it has begun in this life.
    probes: u32,
    /// Whom it has knocked at last.
    knocked: Option<NodeId>,
    /// It has been given a list since it started.
    welcomed: bool,
}

impl Swim {
    /// Nobody was heard of yet, and the node counts one life more.
    pub(super) fn restore(config: Config, disk: &[Life], ctx: &mut Context<Swim>) -> Swim {
        let unheard = Member {
            status: Status::Alive,
            incarnation: Incarnation::default(),
        };
        let mut swim = Swim {
            config,
            me: ctx.node(),
            since: ctx.elapsed(),
            own: Incarnation::default(),
            next_life: None,
            list: ctx.others().map(|member| (member, unheard)).collect(),
            order: ProbeOrder::new(config.mode, ctx.others()),
            rumours: Rumours::default(),
            probe: None,
            probes: 0,
            knocked: None,
            welcomed: config.nodes == 1,
        };
        let last = match disk.last() {
            Some(Life(last)) if !config.has(Mutant::IncarnationForgottenAtRestart) => *last,
            _ => 0,
        };
        swim.write_life(last + 1, ctx);
        swim
    }

    /// Whether it has a life.
    pub(super) const fn is_member(&self) -> bool {
        self.own.life > 0
    }

    pub(super) const fn since(&self) -> Time {
        self.since
    }

    pub(super) const fn own(&self) -> Incarnation {
        self.own
    }

    #[cfg(test)]
    pub(super) const fn rumours_mut(&mut self) -> &mut Rumours {
        &mut self.rumours
    }

    /// What it holds of all others.
    pub(super) const fn list(&self) -> &BTreeMap<NodeId, Member> {
        &self.list
    }

    /// What it holds of everyone, itself included.
    pub(super) fn everyone(&self) -> impl Iterator<Item = Update> {
        let others = self.list.iter().map(|(member, held)| (*member, *held));
        others.chain([(self.me, self.alive())])
    }

    const fn alive(&self) -> Member {
        Member {
            status: Status::Alive,
            incarnation: self.own,
        }
    }

    fn write_life(&mut self, life: u32, ctx: &mut Context<Swim>) {
        assert!(self.next_life.is_none(), "one life is begun at a time");
        let index = ctx.append(Life(life));
        ctx.sync();
        self.next_life = Some((index, life));
        if self.config.has(Mutant::LifeToldBeforeSync) {
            self.live(life, ctx);
        }
    }

    /// The next life is durable: nothing else is needed of the disk.
    pub(super) fn synced(&mut self, upto: LogIndex, ctx: &mut Context<Swim>) {
        let Some((index, life)) = self.next_life.take_if(|(index, _)| *index <= upto) else {
            return;
        };
        ctx.truncate(index);
        if self.own.life < life {
            self.live(life, ctx);
        }
    }

    /// Its first life since it started, or one that refutes a confirmation.
    fn live(&mut self, life: u32, ctx: &mut Context<Swim>) {
        assert!(life > self.own.life, "lives are counted upwards");
        let is_first = !self.is_member();
        self.own = Incarnation { life, number: 0 };
        self.announce();
        if !is_first {
            return ctx.reached("rejoined");
        }
        ctx.reached("joined");
        if self.config.nodes > 1 {
            self.ask_for_list(ctx);
            let phase = ctx.rng().span(Span::ZERO, self.config.period);
            ctx.set_timer(Timer::Period, phase);
        }
    }

    /// Tells everyone that it is alive, anew.
    fn announce(&mut self) {
        let refutes = self.own.number > 0;
        if refutes && self.config.has(Mutant::RefutationNotDisseminated) {
            return;
        }
        self.rumours.put((self.me, self.alive()));
    }

    fn ask_for_list(&mut self, ctx: &mut Context<Swim>) {
        let to = any_other(self.config.nodes, ctx);
        let updates = self.updates_for(to);
        ctx.send(to, Message::Join { updates });
    }

    pub(super) fn welcome(&mut self, newcomer: NodeId, ctx: &mut Context<Swim>) {
        let members = self.everyone().collect();
        ctx.send(newcomer, Message::Roster { members });
    }

    pub(super) fn welcomed(&mut self, members: Vec<Update>, ctx: &mut Context<Swim>) {
        if !self.welcomed {
            self.welcomed = true;
            ctx.reached("welcomed");
        }
        self.hear_all(members, ctx);
    }

    /// What goes along with a message: updates in turn, and what is held against whom it is for.
    fn updates_for(&mut self, to: NodeId) -> Vec<Update> {
        let (batch, times) = (self.config.batch, self.config.times());
        let mut updates = self.rumours.take(batch, times);
        let held = self.list[&to];
        let is_told = updates.iter().any(|(member, _)| *member == to);
        if held.status != Status::Alive && !is_told {
            updates.push((to, held));
        }
        updates
    }

    /// The period is over: who has not answered is suspected. The next one begins (section 3.1).
    pub(super) fn next_period(&mut self, ctx: &mut Context<Swim>) {
        if let Some(unanswered) = self.probe.take() {
            self.suspect(unanswered.target, ctx);
        }
        if !self.welcomed {
            self.ask_for_list(ctx);
        }
        if let Some(target) = self.order.choose(ctx.rng()) {
            self.probes += 1;
            let probe = self.probe_of(target, self.probes);
            self.probe = Some(probe);
            self.ping(probe, ctx);
            ctx.set_timer(Timer::Timeout, self.config.timeout);
        }
        self.knock(ctx);
        ctx.set_timer(Timer::Period, self.config.period);
    }

    const fn probe_of(&self, target: NodeId, number: u32) -> Probe {
        Probe {
            origin: self.me,
            life: self.own.life,
            number,
            target,
        }
    }

    fn ping(&mut self, probe: Probe, ctx: &mut Context<Swim>) {
        let updates = self.updates_for(probe.target);
        ctx.send(probe.target, Message::Ping { probe, updates });
    }

    /// Pings the next of those that were confirmed to have failed: one that is up learns of it.
    fn knock(&mut self, ctx: &mut Context<Swim>) {
        if self.config.has(Mutant::NeverReconnects) {
            return;
        }
        let failed =
            |(member, held): (&NodeId, &Member)| (held.status == Status::Failed).then_some(*member);
        let after = self.list.iter().filter_map(failed);
        let next = after
            .clone()
            .find(|member| Some(*member) > self.knocked)
            .or_else(|| after.clone().next());
        if let Some(member) = next {
            self.knocked = Some(member);
            self.ping(self.probe_of(member, 0), ctx);
        }
    }

    /// No answer came in time: others are asked to try.
    pub(super) fn probe_indirectly(&mut self, ctx: &mut Context<Swim>) {
        let Some(probe) = self.probe else { return };
        if self.config.has(Mutant::NoIndirectProbes) {
            return;
        }
        let count = self.config.helpers;
        ctx.reached("probed-indirectly");
        for helper in self.order.helpers(count, probe.target, ctx.rng()) {
            let updates = self.updates_for(helper);
            ctx.send(helper, Message::PingReq { probe, updates });
        }
    }

    pub(super) fn pinged(&mut self, from: NodeId, probe: Probe, ctx: &mut Context<Swim>) {
        assert_eq!(probe.target, self.me, "a ping goes to its target");
        let updates = self.updates_for(from);
        ctx.send(from, Message::Ack { probe, updates });
    }

    pub(super) fn asked_to_probe(&mut self, from: NodeId, probe: Probe, ctx: &mut Context<Swim>) {
        if self.config.has(Mutant::RelayAnswersForTheTarget)
            && self.list[&probe.target].status == Status::Alive
        {
            let updates = self.updates_for(from);
            return ctx.send(from, Message::Ack { probe, updates });
        }
        self.ping(probe, ctx);
    }

    pub(super) fn answered(&mut self, probe: Probe, ctx: &mut Context<Swim>) {
        if probe.origin != self.me {
            ctx.reached("answered-indirectly");
            let updates = self.updates_for(probe.origin);
            return ctx.send(probe.origin, Message::Ack { probe, updates });
        }
        if self.probe == Some(probe) {
            self.probe = None;
            ctx.cancel_timer(Timer::Timeout);
        }
        // Else it comes too late, or once more, or nobody has waited for it.
    }

    /// A member has not answered, neither itself nor through others.
    fn suspect(&mut self, member: NodeId, ctx: &mut Context<Swim>) {
        let held = self.list[&member];
        if held.status != Status::Alive {
            return;
        }
        let status = if self.config.has(Mutant::NoSuspicion) {
            Status::Failed
        } else {
            ctx.reached("suspected");
            Status::Suspect
        };
        self.hold(member, Member { status, ..held }, ctx);
    }

    /// It has been suspected for long enough, and has not refuted it.
    pub(super) fn confirm(&mut self, member: NodeId, ctx: &mut Context<Swim>) {
        let held = self.list[&member];
        assert_eq!(
            held.status,
            Status::Suspect,
            "a suspicion that is over has no timer"
        );
        ctx.reached("confirmed");
        let status = Status::Failed;
        self.hold(member, Member { status, ..held }, ctx);
    }

    pub(super) fn hear_all(&mut self, updates: Vec<Update>, ctx: &mut Context<Swim>) {
        for (member, said) in updates {
            if member == self.me {
                self.hear_of_myself(said, ctx);
            } else if self.believes(said, self.list[&member]) {
                self.hold(member, said, ctx);
            }
        }
    }

    /// Whether what is said now overrides what was held (section 4.2).
    fn believes(&self, said: Member, held: Member) -> bool {
        let is_suspicion = (said.status, held.status) == (Status::Suspect, Status::Alive);
        if self.config.has(Mutant::StaleSuspicionBelieved) && is_suspicion {
            return true;
        }
        if self.config.has(Mutant::ConfirmedForEver) && held.status == Status::Failed {
            return false;
        }
        said.overrides(&held)
    }

    /// Holds this of a member from now on, and tells it.
    fn hold(&mut self, member: NodeId, said: Member, ctx: &mut Context<Swim>) {
        let held = self.list.insert(member, said);
        let held = held.expect("every member is in the list");
        self.rumours.put((member, said));
        if held.status == Status::Failed && said.status != Status::Failed {
            ctx.reached("taken-back");
            self.order.insert(member, ctx.rng());
        }
        if said.status == Status::Failed && held.status != Status::Failed {
            self.order.remove(member);
        }
        if said.status == Status::Suspect {
            ctx.set_timer(Timer::Suspicion(member), self.config.suspicion);
        } else if held.status == Status::Suspect {
            ctx.cancel_timer(Timer::Suspicion(member));
        }
    }

    /// What is said of this member: only it may raise its incarnation (section 4.2).
    fn hear_of_myself(&mut self, said: Member, ctx: &mut Context<Swim>) {
        let is_now = said.incarnation.life == self.own.life;
        match said.status {
            // Nobody knows of a later life than its own disk: only one that forgets comes here.
            _ if said.incarnation.life > self.own.life => {}
            Status::Alive => {}
            Status::Suspect if is_now && said.incarnation.number >= self.own.number => {
                self.refute(ctx);
            }
            Status::Failed if is_now => {
                if self.next_life.is_none() {
                    self.write_life(self.own.life + 1, ctx);
                }
            }
            // It was refuted before, and whoever says it has not heard of that.
            Status::Suspect | Status::Failed => self.announce(),
        }
    }

    fn refute(&mut self, ctx: &mut Context<Swim>) {
        ctx.reached("refuted");
        if !self.config.has(Mutant::IncarnationNotRaised) {
            self.own.number += 1;
        }
        self.announce();
    }
}
