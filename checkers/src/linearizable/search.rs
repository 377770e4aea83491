//! The general search of Wing & Gong with Lowe's memo, iterative and resumable.
//!
//! A configuration is what has been placed so far and the state it leads to. Everything that
//! returned before the frontier (the first return not yet placed) is placed, and nothing invoked
//! after it is, so a configuration is named by the frontier, the placed ones among the operations
//! open there, and the state; each is expanded once. An operation that only observes is placed as
//! soon as it fits and never taken back alone: wherever else it could go, it can go here.
//!
//! Wing & Gong 1993; Lowe, "Testing for linearizability", 2017.

use super::window::Window;
use super::{Entry, Sequential};
use crate::budget::Meter;
use crate::hash::hash_of;
use crate::verdict::Reason;
use hashbrown::HashTable;

/// How a search stands after a slice of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// An order was found.
    Linearizable,
    /// There is none.
    Illegal,
    /// The slice is used up; run again.
    Paused,
}

/// No operation: the end of a list.
const NONE: u32 = u32::MAX;

/// A configuration that has been expanded.
struct Seen<W> {
    window: W,
    frontier: u32,
    state: u32,
}

/// One placed operation that may be taken back, with what came with it.
struct Frame<W> {
    operation: u32,
    state: u32,
    frontier: u32,
    placed: u32,
    window: W,
}

/// A search over the operations of one partition.
pub(super) struct Search<'a, M: Sequential, W: Window> {
    model: &'a M,
    entries: Vec<Entry<'a, M>>,
    /// Operations that returned, in order of return.
    returns: Vec<u32>,
    slots: Vec<u32>,
    /// Unplaced operations in order of invocation, as a list with a head at `entries.len()`.
    next: Vec<u32>,
    previous: Vec<u32>,
    placed: Vec<bool>,
    observes: Vec<bool>,
    /// For an operation without an answer, the one before it with the same call: that goes first.
    twin: Vec<u32>,
    trail: Vec<u32>,
    window: W,
    frontier: u32,
    state: u32,
    states: Vec<M::State>,
    state_ids: HashTable<u32>,
    seen: HashTable<Seen<W>>,
    frames: Vec<Frame<W>>,
    /// Where to go on among the candidates.
    cursor: u32,
    started: bool,
    longest: Vec<u32>,
    longest_frontier: u32,
    longest_saved: bool,
}

/// The slot of each entry, and how many are needed: two entries open at once have two slots.
pub(super) fn slots<M: Sequential>(entries: &[Entry<'_, M>]) -> (Vec<u32>, usize) {
    let mut events: Vec<(u64, bool, u32)> = Vec::with_capacity(entries.len() * 2);
    for (id, entry) in entries.iter().enumerate() {
        events.push((entry.invoked, false, id as u32));
        if entry.returned != u64::MAX {
            events.push((entry.returned, true, id as u32));
        }
    }
    events.sort_unstable();
    let mut free: std::collections::BinaryHeap<std::cmp::Reverse<u32>> =
        std::collections::BinaryHeap::new();
    let mut slots = vec![0; entries.len()];
    let mut used = 0;
    for (_, is_return, id) in events {
        if is_return {
            free.push(std::cmp::Reverse(slots[id as usize]));
        } else if let Some(std::cmp::Reverse(slot)) = free.pop() {
            slots[id as usize] = slot;
        } else {
            slots[id as usize] = used;
            used += 1;
        }
    }
    (slots, used as usize)
}

/// Twins are looked for among so many operations without an answer.
const TWINS_MAX: usize = 4096;

fn twins<M: Sequential>(model: &M, entries: &[Entry<'_, M>]) -> Vec<u32> {
    let mut twins = vec![NONE; entries.len()];
    let unanswered = |id: &u32| entries[*id as usize].returned == u64::MAX;
    let ids: Vec<u32> = (0..entries.len() as u32)
        .filter(unanswered)
        .take(TWINS_MAX)
        .collect();
    for (place, id) in ids.iter().enumerate() {
        let call = entries[*id as usize].call;
        let mut before = ids[..place].iter().rev();
        if let Some(twin) = before.find(|other| model.is_same(entries[**other as usize].call, call))
        {
            twins[*id as usize] = *twin;
        }
    }
    twins
}

impl<'a, M: Sequential, W: Window> Search<'a, M, W> {
    /// A search that has not begun; entries are in order of invocation.
    pub(super) fn new(
        model: &'a M,
        initial: M::State,
        entries: Vec<Entry<'a, M>>,
        (slots, slot_count): (Vec<u32>, usize),
    ) -> Self {
        let count = entries.len() as u32;
        let mut returns: Vec<u32> = (0..count)
            .filter(|&id| entries[id as usize].returned != u64::MAX)
            .collect();
        returns.sort_unstable_by_key(|&id| entries[id as usize].returned);
        let mut search = Self {
            model,
            returns,
            slots,
            next: (1..=count)
                .chain([if count == 0 { NONE } else { 0 }])
                .collect(),
            previous: (0..=count)
                .map(|id| if id == 0 { count } else { id - 1 })
                .collect(),
            placed: vec![false; count as usize],
            observes: entries
                .iter()
                .map(|entry| model.only_observes(entry.call, entry.response))
                .collect(),
            twin: twins(model, &entries),
            trail: Vec::new(),
            window: W::empty(slot_count),
            frontier: 0,
            state: 0,
            states: Vec::new(),
            state_ids: HashTable::new(),
            seen: HashTable::new(),
            frames: Vec::new(),
            cursor: NONE,
            started: false,
            longest: Vec::new(),
            longest_frontier: 0,
            longest_saved: false,
            entries,
        };
        if count > 0 {
            search.next[count as usize - 1] = NONE;
        }
        search.state = search.intern(initial);
        search
    }

    /// The longest order found, as positions among the entries.
    pub(super) fn longest(&self) -> &[u32] {
        &self.longest
    }

    /// The entry whose return could not be passed, once the search found the history illegal.
    pub(super) fn stuck(&self) -> Option<u32> {
        self.returns.get(self.longest_frontier as usize).copied()
    }

    /// The state after the longest order, replayed.
    pub(super) fn stuck_state(&self) -> M::State {
        let mut state = self.states[0].clone();
        for &id in &self.longest {
            let entry = &self.entries[id as usize];
            let next = self.model.step(&state, entry.call, entry.response);
            state = next.expect("the longest order was found by these very steps");
        }
        state
    }

    /// Bytes held by the memo.
    fn memo_bytes(&self, window: &W) -> u64 {
        (size_of::<Seen<W>>() + 2) as u64 + window.heap_bytes()
    }

    /// Works until an answer, the end of the slice, or the end of the budget.
    pub(super) fn run(
        &mut self,
        slice_steps: u64,
        meter: &mut Meter<'_>,
    ) -> Result<Progress, Reason> {
        if !self.started {
            self.started = true;
            self.settle(meter)?;
            self.cursor = self.first();
        }
        let end = meter.steps_spent().saturating_add(slice_steps);
        while self.frontier < self.returns.len() as u32 {
            if meter.steps_spent() >= end {
                return Ok(Progress::Paused);
            }
            if !self.try_candidates(meter)? && !self.take_back() {
                return Ok(Progress::Illegal);
            }
        }
        Ok(Progress::Linearizable)
    }

    fn first(&self) -> u32 {
        self.next[self.entries.len()]
    }

    /// Places the next candidate that leads somewhere new; false when there is none left.
    fn try_candidates(&mut self, meter: &mut Meter<'_>) -> Result<bool, Reason> {
        let limit = self.entries[self.returns[self.frontier as usize] as usize].returned;
        while self.cursor != NONE && self.entries[self.cursor as usize].invoked < limit {
            meter.step()?;
            let id = self.cursor;
            let entry = &self.entries[id as usize];
            let state = &self.states[self.state as usize];
            let twin = self.twin[id as usize];
            let is_first = twin == NONE || self.placed[twin as usize];
            if is_first
                && let Some(after) = self.model.step(state, entry.call, entry.response)
                && (entry.returned != u64::MAX || after != *state)
            {
                self.place_and_settle(id, after, meter)?;
                if self.is_new(meter)? {
                    self.cursor = self.first();
                    return Ok(true);
                }
                let undone = self.undo();
                debug_assert_eq!(undone, Some(id), "what was placed last is taken back first");
            }
            self.cursor = self.next[id as usize];
        }
        Ok(false)
    }

    /// Takes back the last placed choice and goes on behind it; false when there is none.
    fn take_back(&mut self) -> bool {
        self.remember_longest();
        match self.undo() {
            Some(id) => {
                self.cursor = self.next[id as usize];
                true
            }
            None => false,
        }
    }

    fn remember_longest(&mut self) {
        let is_longer = self.frontier > self.longest_frontier || !self.longest_saved;
        if is_longer {
            self.longest_frontier = self.frontier;
            self.longest.clone_from(&self.trail);
            self.longest_saved = true;
        }
    }

    fn place_and_settle(
        &mut self,
        id: u32,
        after: M::State,
        meter: &mut Meter<'_>,
    ) -> Result<(), Reason> {
        self.frames.push(Frame {
            operation: id,
            state: self.state,
            frontier: self.frontier,
            placed: self.trail.len() as u32,
            window: self.window.clone(),
        });
        self.state = self.intern(after);
        self.place(id);
        self.settle(meter)
    }

    /// Places every observation that fits.
    fn settle(&mut self, meter: &mut Meter<'_>) -> Result<(), Reason> {
        let mut cursor = self.first();
        while cursor != NONE && (self.frontier as usize) < self.returns.len() {
            let limit = self.entries[self.returns[self.frontier as usize] as usize].returned;
            let entry = &self.entries[cursor as usize];
            if entry.invoked >= limit {
                break;
            }
            meter.step()?;
            let following = self.next[cursor as usize];
            let state = &self.states[self.state as usize];
            let is_due = self.observes[cursor as usize] && entry.returned != u64::MAX;
            if is_due && self.model.step(state, entry.call, entry.response).is_some() {
                self.place(cursor);
            }
            cursor = following;
        }
        Ok(())
    }

    fn place(&mut self, id: u32) {
        let (before, after) = (self.previous[id as usize], self.next[id as usize]);
        self.next[before as usize] = after;
        if after != NONE {
            self.previous[after as usize] = before;
        }
        self.placed[id as usize] = true;
        self.trail.push(id);
        self.window.insert(self.slots[id as usize]);
        while let Some(&passed) = self.returns.get(self.frontier as usize)
            && self.placed[passed as usize]
        {
            self.window.remove(self.slots[passed as usize]);
            self.frontier += 1;
        }
    }

    fn undo(&mut self) -> Option<u32> {
        let frame = self.frames.pop()?;
        while self.trail.len() as u32 > frame.placed {
            let id = self
                .trail
                .pop()
                .expect("the trail is longer than the frame's mark");
            let (before, after) = (self.previous[id as usize], self.next[id as usize]);
            self.next[before as usize] = id;
            if after != NONE {
                self.previous[after as usize] = id;
            }
            self.placed[id as usize] = false;
        }
        self.window = frame.window;
        self.frontier = frame.frontier;
        self.state = frame.state;
        Some(frame.operation)
    }

    /// Is the present configuration met for the first time? It is remembered.
    fn is_new(&mut self, meter: &mut Meter<'_>) -> Result<bool, Reason> {
        let hash = |seen: &Seen<W>| {
            hash_of(
                &seen
                    .window
                    .fold(u64::from(seen.frontier) << 32 | u64::from(seen.state)),
            )
        };
        let key = Seen {
            window: self.window.clone(),
            frontier: self.frontier,
            state: self.state,
        };
        let found = self.seen.find(hash(&key), |seen| {
            seen.frontier == key.frontier && seen.state == key.state && seen.window == key.window
        });
        if found.is_some() {
            return Ok(false);
        }
        meter.take_bytes(self.memo_bytes(&key.window))?;
        self.seen.insert_unique(hash(&key), key, hash);
        Ok(true)
    }

    fn intern(&mut self, state: M::State) -> u32 {
        let hash = hash_of(&state);
        let states = &self.states;
        if let Some(&id) = self
            .state_ids
            .find(hash, |&id| states[id as usize] == state)
        {
            return id;
        }
        let id = self.states.len() as u32;
        self.states.push(state);
        let states = &self.states;
        self.state_ids
            .insert_unique(hash, id, |&id| hash_of(&states[id as usize]));
        id
    }
}
