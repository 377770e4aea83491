//! Near-linear monitors for objects whose values are unique: they decide what the general search may
//! take for ever to decide, and say nothing where a history does not qualify.
//!
//! A value that is put and taken once is there for certain between the earlier end of the two calls
//! and the later beginning. Everything is told by these stretches. Bouajjani, Emmi, Enea & Hamza,
//! "On Reducing Linearizability to State Reachability", 2015 (queues, by their bad patterns);
//! Lee & Mathur, "Efficient Decrease-and-Conquer Linearizability Monitoring", 2024 (stacks).

mod queue;
mod set;
mod stack;

#[cfg(test)]
mod tests;

pub(super) use set::monitor as monitor_set;

use super::{Discipline, Element, Entry, Pile, PileCall, PileResponse};
use crate::hash::Table;

/// What a monitor says about one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Monitored {
    /// This history is not of the kind that the monitor decides.
    Unsuited,
    /// It is linearizable.
    Legal,
    /// It is not, and neither are these of its operations alone, by place in the partition.
    Illegal(Vec<usize>),
}

/// A value that was put, and taken, perhaps only after the end of the history.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// Invocation and return of the put.
    put: (u64, u64),
    /// Invocation and return of the take.
    take: (u64, u64),
    put_place: usize,
    /// None where nobody took it in the history.
    take_place: Option<usize>,
}

impl Life {
    /// From when on it is certainly there, if it is at all.
    fn begin(&self) -> u64 {
        self.put.1.min(self.take.1)
    }

    /// Until when it is certainly there; before its beginning where it need not be there at all.
    fn end(&self) -> u64 {
        self.put.0.max(self.take.0)
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.put_place).chain(self.take_place)
    }
}

/// A call that found nothing to take.
#[derive(Clone, Copy, Debug)]
struct Empty {
    invoked: u64,
    returned: u64,
    place: usize,
}

/// Queues and stacks.
pub(super) fn monitor_pile<V: Element>(
    discipline: Discipline,
    entries: &[Entry<'_, Pile<V>>],
) -> Monitored {
    let read = match read(entries) {
        Ok(read) => read,
        Err(answer) => return answer,
    };
    let found = uncovered(&read.lives, &read.empties).or_else(|| match discipline {
        Discipline::FirstInFirstOut => queue::illegal(&read.lives),
        Discipline::LastInFirstOut => stack::illegal(&read.lives),
    });
    match found {
        None => Monitored::Legal,
        // A take whose end is unknown may have taken what is in the way.
        Some(_) if read.has_open_takes => Monitored::Unsuited,
        Some(places) => Monitored::Illegal(places),
    }
}

/// The lives of the values, and the calls that found nothing.
struct Read {
    lives: Vec<Life>,
    empties: Vec<Empty>,
    has_open_takes: bool,
}

/// The times of one call, and its place.
type Call = (u64, u64, usize);

fn read<V: Element>(entries: &[Entry<'_, Pile<V>>]) -> Result<Read, Monitored> {
    let mut puts: Table<&V, Call> = Table::default();
    let mut order: Vec<&V> = Vec::new();
    let mut takes: Table<&V, Call> = Table::default();
    let mut taken: Vec<&V> = Vec::new();
    let mut empties = Vec::new();
    let mut has_open_takes = false;
    let mut twice = None;
    let mut last = 0;
    for (place, entry) in entries.iter().enumerate() {
        let (invoked, returned) = (entry.invoked, entry.returned);
        last = last.max(invoked);
        last = last.max(if returned == u64::MAX { 0 } else { returned });
        let call = (invoked, returned, place);
        match (entry.call, entry.response) {
            (PileCall::Put(value), None | Some(PileResponse::Put)) => {
                if puts.insert(value, call).is_some() {
                    return Err(Monitored::Unsuited);
                }
                order.push(value);
            }
            (PileCall::Take, Some(PileResponse::Taken(Some(value)))) => {
                taken.push(value);
                if let Some((_, _, other)) = takes.insert(value, call) {
                    twice = twice.or(Some((value, [other, place])));
                }
            }
            (PileCall::Take, Some(PileResponse::Taken(None))) => empties.push(Empty {
                invoked,
                returned,
                place,
            }),
            (PileCall::Take, None) => has_open_takes = true,
            (_, Some(_)) => return Err(Monitored::Unsuited),
        }
    }
    let count = order.len() as u64 + 1;
    if last > u64::MAX / 8 || count > u64::MAX / 8 {
        return Err(Monitored::Unsuited);
    }
    if let Some((value, places)) = twice {
        let put = puts.get(value).map(|(_, _, place)| *place);
        return Err(Monitored::Illegal(put.into_iter().chain(places).collect()));
    }
    if let Some(strange) = taken.iter().find(|value| !puts.contains_key(*value)) {
        return Err(Monitored::Illegal(vec![takes[strange].2]));
    }
    let mut lives = Vec::with_capacity(order.len());
    for (number, value) in (0_u64..).zip(order) {
        let put = puts[value];
        let taken = takes.get(value);
        // A put without an answer that nobody saw may never have taken effect, and is in the way
        // of nothing then.
        if put.1 == u64::MAX && taken.is_none() {
            continue;
        }
        // What is left is taken after the end, by calls that all overlap; unknown ends come later
        // still.
        let after = last + 1 + number;
        let take = taken.copied();
        let take_times = take.map_or((after, after + count), |(from, to, _)| (from, to));
        let put_end = if put.1 == u64::MAX {
            after + 2 * count
        } else {
            put.1
        };
        let life = Life {
            put: (put.0, put_end),
            take: take_times,
            put_place: put.2,
            take_place: take.map(|(_, _, place)| place),
        };
        if life.take.1 < life.put.0 {
            return Err(Monitored::Illegal(life.places().collect()));
        }
        lives.push(life);
    }
    Ok(Read {
        lives,
        empties,
        has_open_takes,
    })
}

/// A call that found nothing though something was there all the time, with what was.
fn uncovered(lives: &[Life], empties: &[Empty]) -> Option<Vec<usize>> {
    let mut stretches: Vec<&Life> = lives
        .iter()
        .filter(|life| life.begin() < life.end())
        .collect();
    stretches.sort_unstable_by_key(|life| life.begin());
    // Overlapping stretches as one, by their beginnings.
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for life in &stretches {
        match merged.last_mut() {
            Some((_, end)) if life.begin() < *end => *end = (*end).max(life.end()),
            _ => merged.push((life.begin(), life.end())),
        }
    }
    let is_covered = |empty: &&Empty| {
        let after = merged.partition_point(|(begin, _)| *begin < empty.invoked);
        after
            .checked_sub(1)
            .is_some_and(|at| empty.returned < merged[at].1)
    };
    let empty = empties.iter().find(is_covered)?;
    // As few of the stretches as cover the call: always the one that reaches furthest.
    let mut places = vec![empty.place];
    let mut reached = empty.invoked;
    while reached < empty.returned {
        let before = stretches.partition_point(|life| life.begin() < reached);
        let furthest = stretches[..before]
            .iter()
            .max_by_key(|life| life.end())
            .expect("a call that is covered is reached by a stretch");
        places.extend(furthest.places());
        reached = furthest.end();
    }
    places.sort_unstable();
    Some(places)
}
