//! The nemesis: draws a plan of faults from a seed.
//!
//! Swarm testing (Groce et al., "Swarm Testing", ISSTA 2012): each seed uses a drawn subset of the
//! families that a scenario allows, so that one kind of fault does not always hide another.

use murphy_sim::{
    DiskFate, Fault, Links, Plan, PlannedFault, Probability, Shape, Shift, Span, Stream, Target,
    Time, Trigger,
};

use crate::language::Family;

/// What the nemesis may do, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nemesis<'a> {
    /// Families to draw from.
    pub families: &'a [Family],
    /// The fewest faults of a plan.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// Nodes of the cluster.
    pub nodes: u32,
    /// Roles that faults may be aimed at.
    pub roles: &'a [&'a str],
    /// Faults begin from here on
    pub from: Time,
    /// and have ended by here.
    pub until: Time,
}

impl Nemesis<'_> {
    /// Draws a plan, in order of time.
    pub fn draw(&self, stream: &mut Stream) -> Plan {
        let swarm = self.swarm(stream);
        if swarm.is_empty() || self.max == 0 {
            return Plan::new();
        }
        let count = stream.between(u64::from(self.min.min(self.max)), u64::from(self.max));
        let mut plan: Plan = (0..count).map(|_| self.draw_one(&swarm, stream)).collect();
        plan.sort_by_key(|planned| match planned.when {
            Trigger::At(time) => time,
            _ => unreachable!("drawn faults begin at a time"),
        });
        plan
    }

    /// Half of the families, at least one.
    fn swarm(&self, stream: &mut Stream) -> Vec<Family> {
        let half = Probability::per_mille(500);
        let mut swarm: Vec<Family> = self
            .families
            .iter()
            .copied()
            .filter(|_| stream.chance(half))
            .collect();
        if swarm.is_empty() && !self.families.is_empty() {
            swarm.push(*stream.choose(self.families));
        }
        swarm
    }

    fn draw_one(&self, swarm: &[Family], stream: &mut Stream) -> PlannedFault {
        let family = *stream.choose(swarm);
        let window = self.until.since(self.from);
        let begins = self.from + Span(stream.below(window.0 * 4 / 5 + 1));
        let longest = self.until.since(begins);
        let shortest = Span::millis(50).min(longest);
        let lasts = stream.span(shortest, (window / 2).min(longest).max(shortest));
        let fault = self.fault(family, stream);
        let lasts = (!fault.is_instant()).then_some(rounded(lasts));
        PlannedFault {
            when: Trigger::At(Time(rounded(Span(begins.0)).0)),
            fault,
            lasts,
        }
    }

    /// A node, or a role one time in three.
    fn target(&self, stream: &mut Stream) -> Target {
        if !self.roles.is_empty() && stream.below(3) == 0 {
            return Target::Role((*stream.choose(self.roles)).to_owned());
        }
        Target::Node(murphy_sim::NodeId(
            stream.below(u64::from(self.nodes)) as u32
        ))
    }

    fn links(&self, stream: &mut Stream) -> Links {
        match stream.below(3) {
            0 => Links::default(),
            _ => Links {
                from: self.target(stream),
                to: Target::All,
                both: stream.below(2) == 0,
                clients: stream.below(2) == 0,
            },
        }
    }

    fn fault(&self, family: Family, stream: &mut Stream) -> Fault {
        let probability = Probability::per_mille(stream.between(10, 300) as u32);
        match family {
            Family::Partition => self.partition(stream),
            Family::Loss => Fault::Loss {
                probability,
                links: self.links(stream),
            },
            Family::Duplicate => Fault::Duplicate {
                probability,
                links: self.links(stream),
            },
            Family::Reorder => Fault::Reorder {
                probability,
                window: rounded(stream.span(Span::millis(5), Span::millis(200))),
                links: self.links(stream),
            },
            Family::Corrupt => Fault::Corrupt {
                probability,
                links: self.links(stream),
            },
            Family::Delay => Fault::Delay {
                by: rounded(stream.span(Span::millis(5), Span::millis(300))),
                jitter: rounded(stream.span(Span::ZERO, Span::millis(100))),
                links: self.links(stream),
            },
            Family::Bandwidth => Fault::Bandwidth {
                bytes_per_second: stream.between(2_000, 100_000),
                queue: stream.between(500, 20_000),
                links: self.links(stream),
            },
            Family::Clog if stream.below(3) == 0 => Fault::SwizzleClog { node: Target::All },
            Family::Clog => Fault::Clog {
                links: self.links(stream),
            },
            Family::Crash => self.crash(stream),
            Family::Pause => Fault::Pause {
                node: self.target(stream),
            },
            Family::SlowCpu => Fault::SlowCpu {
                node: self.target(stream),
                per_message: rounded(stream.span(Span::millis(1), Span::millis(20))),
            },
            Family::Clock => self.clock(stream),
            Family::Disk => self.disk(stream),
            Family::DiskLost => Fault::Crash {
                node: self.target(stream),
                disk: DiskFate::Lost,
            },
            Family::DiskCorrupt => Fault::DiskCorrupt {
                node: self.target(stream),
            },
            Family::Buggify => Fault::Buggify {
                sites: Probability::per_mille(500),
                fires: Probability::per_mille(stream.between(10, 250) as u32),
            },
        }
    }

    fn partition(&self, stream: &mut Stream) -> Fault {
        let shape = match stream.below(8) {
            0 | 1 => Shape::Isolate(self.target(stream)),
            2 => Shape::Halves,
            3 => Shape::Minority,
            4 => Shape::Bridge,
            5 => Shape::MajoritiesRing,
            6 => Shape::OneWay {
                from: self.target(stream),
                to: Target::All,
            },
            _ => Shape::OneWay {
                from: Target::All,
                to: self.target(stream),
            },
        };
        let flap = (stream.below(4) == 0)
            .then(|| rounded(stream.span(Span::millis(50), Span::millis(800))));
        Fault::Partition {
            shape,
            flap,
            clients: Vec::new(),
        }
    }

    fn crash(&self, stream: &mut Stream) -> Fault {
        let disk = match stream.below(4) {
            0 => DiskFate::LoseUnsynced,
            1 => DiskFate::Torn,
            _ => DiskFate::Drawn,
        };
        match stream.below(6) {
            0 => Fault::Crash {
                node: Target::Minority,
                disk,
            },
            1 => Fault::Crash {
                node: Target::All,
                disk,
            },
            2 => Fault::CrashLoop {
                node: self.target(stream),
                every: rounded(stream.span(Span::millis(100), Span::millis(900))),
                disk,
            },
            _ => Fault::Crash {
                node: self.target(stream),
                disk,
            },
        }
    }

    fn clock(&self, stream: &mut Stream) -> Fault {
        let node = self.target(stream);
        let size = rounded(stream.span(Span::millis(1), Span::secs(5))).0 as i64;
        let by = Shift(if stream.below(2) == 0 { size } else { -size });
        match stream.below(6) {
            0 => Fault::ClockOffset { node, by },
            1 => Fault::ClockStep { node, by },
            2 => Fault::ClockStrobe {
                node,
                by,
                every: rounded(stream.span(Span::millis(5), Span::millis(200))),
            },
            3 => Fault::ClockFreeze { node },
            4 => Fault::ClockSlew {
                node,
                ppm: stream.between(500, 100_000) as u32,
            },
            _ => Fault::ClockDrift {
                node,
                ppm: stream.between(0, 1_000) as i64 - 500,
            },
        }
    }

    fn disk(&self, stream: &mut Stream) -> Fault {
        let node = self.target(stream);
        match stream.below(4) {
            0 => Fault::DiskSyncError { node },
            1 => Fault::DiskSlow {
                node,
                factor: stream.between(2, 50) as u32,
            },
            2 => Fault::DiskStall { node },
            _ => Fault::DiskFull { node },
        }
    }
}

/// To whole milliseconds, so that a plan is easy to read.
fn rounded(span: Span) -> Span {
    Span(span.0 / 1_000_000 * 1_000_000).max(Span::millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    fn draw(seed: u64, families: &[Family]) -> Plan {
        let nemesis = Nemesis {
            families,
            min: 1,
            max: 5,
            nodes: 5,
            roles: &["leader"],
            from: Time(1_000_000_000),
            until: Time(9_000_000_000),
        };
        nemesis.draw(&mut Stream::named(seed, "nemesis"))
    }

    #[test]
    fn a_seed_draws_the_same_plan_for_ever_and_others_draw_others() {
        let families: Vec<Family> = Family::iter().collect();
        assert_eq!(draw(7, &families), draw(7, &families));
        assert_ne!(draw(7, &families), draw(8, &families));
    }

    #[test]
    fn every_family_is_drawn_and_its_faults_end_in_time() {
        for family in Family::iter() {
            for seed in 0..50 {
                for planned in draw(seed, &[family]) {
                    let Trigger::At(begins) = planned.when else {
                        panic!("{planned} begins at a time")
                    };
                    let ends = begins + planned.lasts.unwrap_or(Span::ZERO);
                    assert!(
                        begins >= Time(1_000_000_000) && ends <= Time(9_000_000_000),
                        "{planned}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_swarm_leaves_families_out() {
        let families: Vec<Family> = Family::iter().collect();
        let kinds = |seed| {
            draw(seed, &families)
                .iter()
                .map(|p| p.fault.kind())
                .collect::<Vec<_>>()
        };
        let with_crash = (0..100)
            .filter(|seed| kinds(*seed).iter().any(|kind| kind.starts_with("crash")))
            .count();
        assert!(
            (5..80).contains(&with_crash),
            "{with_crash} of 100 plans crash something"
        );
    }
}
