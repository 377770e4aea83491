//! Group membership: whom processes hold to be alive, suspect or failed, against who was really up.
//!
//! Chandra & Toueg, Unreliable Failure Detectors for Reliable Distributed Systems (JACM 1996): strong
//! completeness and accuracy, here with bounds in time. Plain data in, a verdict out; times are
//! nanoseconds on one clock. Knows nothing of why anyone was down or out of reach.

use crate::anomaly::AnomalyName;
use crate::verdict::{Anomaly, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A member of the group.
pub type Member = u32;

/// What is held of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is up.
    Alive,
    /// It may be down.
    Suspect,
    /// It has failed.
    Failed,
}

/// What one member holds of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What.
    pub status: Status,
    /// How often the other had joined, and how often it had refuted a suspicion since; none where
    /// that was not seen.
    pub incarnation: Option<(u32, u32)>,
}

/// What one member was seen to hold of all, at some moment of a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Whose list it is.
    pub by: Member,
    /// Not before this,
    pub begun: u64,
    /// and not after this.
    pub ended: u64,
    /// The list. Who is not in it is taken for failed.
    pub held: BTreeMap<Member, Held>,
    /// The operation of the caller's history, if it is one: what evidence refers to.
    pub operation: Option<usize>,
}

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spell {
    /// From here
    pub from: u64,
    /// to here.
    pub until: u64,
}

/// What was really so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// When each member was down.
    pub down: BTreeMap<Member, Vec<Spell>>,
    /// When some member was up and could not work: it stood still, was slow, had no disk.
    pub hindered: Vec<Spell>,
    /// When messages between some members were lost or late.
    pub cut: Vec<Spell>,
}

/// How soon things must be found out, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Nobody is failed who was out of reach for no longer than this.
    pub tolerated: u64,
    /// Who is down for longer than this is failed.
    pub detection: u64,
    /// Who is up and in reach for longer than this is not failed any more.
    pub recovery: u64,
}

/// Findings of one kind that are told before the rest is left out.
const TOLD_MAX: usize = 8;

/// Strong completeness: does everyone who was up for long, with nothing else wrong, hold to have
/// failed whoever was down for as long? (`undetected-failure`)
pub fn completeness(observations: &[Observation], truth: &Truth, bounds: &Bounds) -> Verdict {
    let mut found = Vec::new();
    for seen in observations {
        let window = Spell {
            from: seen.begun.saturating_sub(bounds.detection),
            until: seen.ended,
        };
        let overlaps = |spells: &[Spell]| spells.iter().any(|spell| spell.overlaps(window));
        let whole = seen.begun >= bounds.detection
            && !overlaps(&truth.hindered)
            && !overlaps(&truth.cut)
            && !overlaps(truth.down_of(seen.by));
        if !whole {
            continue;
        }
        for (member, held) in &seen.held {
            let is_down = |spell: &Spell| spell.from <= window.from && spell.until >= window.until;
            let down = truth.down_of(*member).iter().find(|spell| is_down(spell));
            if let Some(down) = down.filter(|_| held.status != Status::Failed) {
                let words = format!(
                    "member {member} is down from {} ns on, and member {} holds it to be {:?} at {} \
                     ns, more than {} ns later",
                    down.from, seen.by, held.status, seen.ended, bounds.detection
                );
                found.push(tell(AnomalyName::UndetectedFailure, words, seen));
            }
        }
    }
    verdict(found)
}

/// Accuracy: is nobody held to have failed who was not out of reach for longer than is tolerated, or
/// was until not long ago? Who never should have been is a `false-positive`; who should, and came
/// back long ago, is `not-readmitted`.
pub fn accuracy(observations: &[Observation], truth: &Truth, bounds: &Bounds) -> Verdict {
    let mut seen_in_order: Vec<&Observation> = observations.iter().collect();
    seen_in_order.sort_by_key(|seen| (seen.ended, seen.begun));
    let mut excuses: BTreeMap<Member, Vec<Spell>> = BTreeMap::new();
    // Whether the present stretch in which one member holds another to have failed began well.
    let mut began_well: BTreeMap<(Member, Member), bool> = BTreeMap::new();
    let mut found = Vec::new();
    for seen in seen_in_order {
        for (member, held) in &seen.held {
            let pair = (seen.by, *member);
            if held.status != Status::Failed {
                began_well.remove(&pair);
                continue;
            }
            let excuses = excuses
                .entry(*member)
                .or_insert_with(|| truth.excuses(*member, bounds));
            let is_excused = excuses.iter().any(|spell| spell.overlaps(seen.spell()));
            let began_well = *began_well.entry(pair).or_insert(is_excused);
            if is_excused {
                continue;
            }
            let (name, why) = match began_well {
                true => (AnomalyName::NotReadmitted, "has been back for long"),
                false => (AnomalyName::FalsePositive, "was not out of reach for long"),
            };
            let words = format!(
                "member {} holds member {member} to have failed at {} ns, which {why}",
                seen.by, seen.ended
            );
            found.push(tell(name, words, seen));
        }
    }
    verdict(found)
}

/// Does nobody even suspect a member that was neither down nor hindered, whatever became of messages
/// between some of them? (`false-suspicion`)
pub fn unsuspected(observations: &[Observation], truth: &Truth, bounds: &Bounds) -> Verdict {
    let mut found = Vec::new();
    for seen in observations {
        for (member, held) in &seen.held {
            let out = truth.down_of(*member).iter().chain(&truth.hindered);
            let is_excused = out.into_iter().any(|spell| {
                let until = spell.until.saturating_add(bounds.recovery);
                Spell { until, ..*spell }.overlaps(seen.spell())
            });
            if held.status != Status::Alive && !is_excused {
                let words = format!(
                    "member {} holds member {member} to be {:?} at {} ns, which is up",
                    seen.by, held.status, seen.ended
                );
                found.push(tell(AnomalyName::FalseSuspicion, words, seen));
            }
        }
    }
    verdict(found)
}

/// Does what one member says of another never go back (`incarnation-went-back`)? A member whose own
/// life is another is another: it may have forgotten. Das et al., SWIM (DSN 2002), section 4.2: within
/// a life `Failed` overrides all else, otherwise the later incarnation counts, and of the same one
/// `Suspect`.
pub fn incarnation_order(observations: &[Observation]) -> Verdict {
    let mut by_life: BTreeMap<(Member, u32), Vec<&Observation>> = BTreeMap::new();
    for seen in observations {
        let own = seen.held.get(&seen.by).and_then(|held| held.incarnation);
        if let Some((life, _)) = own {
            by_life.entry((seen.by, life)).or_default().push(seen);
        }
    }
    let mut found = Vec::new();
    for seen in by_life.values() {
        let mut by_end = seen.clone();
        let mut by_begin = seen.clone();
        by_end.sort_by_key(|seen| seen.ended);
        by_begin.sort_by_key(|seen| seen.begun);
        let mut latest: BTreeMap<Member, (Precedence, &Observation)> = BTreeMap::new();
        let mut ended = by_end.into_iter().peekable();
        for later in by_begin {
            while let Some(earlier) = ended.next_if(|seen| seen.ended < later.begun) {
                for (member, precedence) in earlier.precedences() {
                    let known = latest.entry(member).or_insert((precedence, earlier));
                    if precedence > known.0 {
                        *known = (precedence, earlier);
                    }
                }
            }
            for (member, precedence) in later.precedences() {
                let Some((known, earlier)) = latest.get(&member).filter(|(p, _)| *p > precedence)
                else {
                    continue;
                };
                let words = format!(
                    "member {} says of member {member} at {} ns what {precedence:?} stands for, \
                     after {known:?} at {} ns",
                    later.by, later.ended, earlier.ended
                );
                let anomaly = tell(AnomalyName::IncarnationWentBack, words, earlier);
                found.push(anomaly.with_operations(later.operation));
            }
        }
    }
    verdict(found)
}

/// Life, whether it failed in that life, incarnation, whether it is suspected in that incarnation.
type Precedence = (u32, bool, u32, bool);

impl Observation {
    const fn spell(&self) -> Spell {
        Spell {
            from: self.begun,
            until: self.ended,
        }
    }

    fn precedences(&self) -> impl Iterator<Item = (Member, Precedence)> {
        self.held.iter().filter_map(|(member, held)| {
            let (life, number) = held.incarnation?;
            let precedence = match held.status {
                Status::Alive => (life, false, number, false),
                Status::Suspect => (life, false, number, true),
                Status::Failed => (life, true, 0, false),
            };
            Some((*member, precedence))
        })
    }
}

impl Spell {
    const fn overlaps(&self, other: Spell) -> bool {
        self.from <= other.until && other.from <= self.until
    }
}

impl Truth {
    fn down_of(&self, member: Member) -> &[Spell] {
        self.down.get(&member).map_or(&[], Vec::as_slice)
    }

    /// When a member may be held to have failed: from when it has been out of reach for longer than
    /// is tolerated, until it has been back for long. Spells with less between them than it takes to
    /// come back are one.
    fn excuses(&self, member: Member, bounds: &Bounds) -> Vec<Spell> {
        let out = self.down_of(member).iter();
        let mut out: Vec<Spell> = out
            .chain(&self.hindered)
            .chain(&self.cut)
            .copied()
            .collect();
        out.sort_unstable();
        let mut merged: Vec<Spell> = Vec::new();
        for spell in out {
            match merged.last_mut() {
                Some(last) if spell.from <= last.until.saturating_add(bounds.recovery) => {
                    last.until = last.until.max(spell.until);
                }
                _ => merged.push(spell),
            }
        }
        let excused = |spell: &Spell| {
            let from = spell.from.saturating_add(bounds.tolerated);
            (from <= spell.until).then(|| Spell {
                from,
                until: spell.until.saturating_add(bounds.recovery),
            })
        };
        merged.iter().filter_map(excused).collect()
    }
}

fn tell(name: AnomalyName, words: String, seen: &Observation) -> Anomaly {
    Anomaly::new(name, words).with_operations(seen.operation)
}

fn verdict(mut found: Vec<Anomaly>) -> Verdict {
    found.sort_by_key(|anomaly| anomaly.name);
    let (mut kept, mut told) = (Vec::new(), BTreeMap::new());
    for anomaly in found {
        let told = told.entry(anomaly.name).or_insert(0);
        *told += 1;
        if *told <= TOLD_MAX {
            kept.push(anomaly);
        }
    }
    Verdict::from_anomalies(kept)
}

#[cfg(test)]
mod tests;
