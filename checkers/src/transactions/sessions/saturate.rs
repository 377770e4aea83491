//! What a level makes visible to each reader, and so which writers must come before the one it saw.
//!
//! Near-linear: a pair of writers is kept only where session order and reads do not order it anyway,
//! as far as that is cheap to know; whether the pairs contradict those orders is decided by taking
//! away, again and again, transactions that nothing comes after.

use super::index::{INITIAL, Index, Read};
use super::order::{Order, Why};
use super::revealed::Revealed;
use crate::budget::Meter;
use crate::verdict::Reason;

const NONE: u32 = u32::MAX;

/// Pairs of writers of which the first must come first, beyond session order and reads.
pub(super) type Saturate = fn(&mut Order, &Index<'_>, &mut Meter<'_>) -> Result<(), Reason>;

/// Read committed: within a transaction, what was read from before is visible.
pub(super) fn read_committed(
    order: &mut Order,
    index: &Index<'_>,
    meter: &mut Meter<'_>,
) -> Result<(), Reason> {
    let mut revealed = Revealed::new(index);
    let mut by_key: Vec<Read> = Vec::new();
    for reader in 0..index.history.len() as u32 {
        let reads = index.reads_of(reader);
        meter.spend(reads.len() as u64)?;
        if reads.len() < 2 {
            continue;
        }
        by_key.clear();
        by_key.extend_from_slice(reads);
        by_key.sort_unstable_by_key(|read| read.key);
        revealed.clear();
        for read in reads {
            revealed.read(*read, reader, true, |visible| {
                order.pass(visible, read.writer, reader, read.key);
            });
            if read.writer != INITIAL {
                revealed.reveal_to(index, read.writer, &by_key);
            }
        }
    }
    Ok(())
}

/// Read atomic: whatever was read from, and the session before, is visible as a whole.
pub(super) fn read_atomic(
    order: &mut Order,
    index: &Index<'_>,
    meter: &mut Meter<'_>,
) -> Result<(), Reason> {
    // For each key its last writer in the session so far, marked with the session.
    let mut last_writer = vec![(NONE, NONE); index.keys.len()];
    let mut by_key: Vec<Read> = Vec::new();
    let mut writers: Vec<u32> = Vec::new();
    for (session, line) in index.sessions.iter().enumerate() {
        let session = session as u32;
        for &reader in line {
            let reads = index.reads_of(reader);
            meter.spend(1 + reads.len() as u64)?;
            for read in reads {
                let (marked, before) = last_writer[read.key as usize];
                if marked == session {
                    order.pass_unless_follows(index, before, read.writer, reader, read.key);
                }
            }
            if reads.len() > 1 {
                by_key.clear();
                by_key.extend_from_slice(reads);
                by_key.sort_unstable_by_key(|read| read.key);
                writers.clear();
                writers.extend(reads.iter().map(|read| read.writer));
                writers.retain(|writer| *writer != INITIAL);
                writers.sort_unstable();
                writers.dedup();
                for writer in &writers {
                    whole(order, index, *writer, reader, &by_key);
                }
            }
            for key in index.left_by(reader) {
                last_writer[*key as usize] = (session, reader);
            }
        }
    }
    Ok(())
}

/// A writer that was read from is visible in each of the reads, which are in order of key.
fn whole(order: &mut Order, index: &Index<'_>, writer: u32, reader: u32, by_key: &[Read]) {
    let left = index.left_by(writer);
    if left.len() < by_key.len() {
        for key in left {
            let first = by_key.partition_point(|read| read.key < *key);
            for read in by_key[first..].iter().take_while(|read| read.key == *key) {
                order.pass(writer, read.writer, reader, *key);
            }
        }
    } else {
        for read in by_key {
            if read.writer != writer && left.binary_search(&read.key).is_ok() {
                order.pass(writer, read.writer, reader, read.key);
            }
        }
    }
}

/// Causal: everything that came before, by sessions and reads, is visible.
pub(super) fn causal(
    order: &mut Order,
    index: &Index<'_>,
    meter: &mut Meter<'_>,
) -> Result<(), Reason> {
    let (taken, mut waiting) = peel(index, &[]);
    if taken.len() < count_there(index) {
        // Session order and reads contradict each other already.
        return Ok(());
    }
    let mut clocks = Clocks::new(index);
    let mut near = vec![0; index.lines.count()];
    let sessions = index.sessions.len() as u64;
    for &id in taken.iter().rev() {
        let reads = index.reads_of(id);
        meter.spend(1 + (1 + reads.len() as u64) * (1 + sessions / 8))?;
        let clock = clocks.join(index, id, meter)?;
        for read in reads {
            for (line, session) in index.lines.of(read.key) {
                let upto = clocks.at(clock, session);
                let known = match read.writer {
                    INITIAL => 0,
                    writer => clocks.of(writer, session),
                };
                // What the writer that was seen knew of comes before it anyway.
                if known >= upto {
                    continue;
                }
                let near = &mut near[line as usize];
                let last = index.lines.last_before_near(line, upto, near);
                if let Some((place, visible)) = last
                    && place >= known
                    && visible != id
                {
                    order.pass(visible, read.writer, id, read.key);
                }
            }
        }
        clocks.count_in(index, id, clock);
        let writers = reads.iter().map(|read| read.writer);
        for before in index.before(id).into_iter().chain(writers) {
            if before != INITIAL {
                waiting[before as usize] -= 1;
                if waiting[before as usize] == 0 {
                    clocks.forget(before);
                }
            }
        }
        if waiting[id as usize] == 0 {
            clocks.forget(id);
        }
    }
    clocks.give_back(meter);
    Ok(())
}

/// Do session order, reads and these pairs have no cycle?
pub(super) fn is_acyclic(index: &Index<'_>, order: &Order) -> bool {
    peel(index, &order.edges).0.len() == count_there(index)
}

/// How many transactions took effect.
fn count_there(index: &Index<'_>) -> usize {
    index.sessions.iter().map(Vec::len).sum()
}

/// Takes away transactions that nothing comes after, until there is none.
///
/// Gives them in the order in which they went, last first, and for each how
/// many come directly after it; those on cycles, and those before such, cannot.
fn peel(index: &Index<'_>, pairs: &[(u32, u32, Why)]) -> (Vec<u32>, Vec<u32>) {
    let count = index.history.len();
    let mut after = vec![0_u32; count];
    for line in &index.sessions {
        for id in line.iter().rev().skip(1) {
            after[*id as usize] += 1;
        }
    }
    for read in index.reads.iter().filter(|read| read.writer != INITIAL) {
        after[read.writer as usize] += 1;
    }
    for (from, _, _) in pairs {
        after[*from as usize] += 1;
    }
    let (start, from) = by_target(count, pairs);
    let mut left = after.clone();
    let mut taken: Vec<u32> = Vec::with_capacity(count);
    let is_last = |id: &u32| index.took_effect(*id) && after[*id as usize] == 0;
    taken.extend((0..count as u32).rev().filter(is_last));
    let mut next = 0;
    while let Some(&id) = taken.get(next) {
        next += 1;
        let mut take = |before: u32| {
            let left = &mut left[before as usize];
            *left -= 1;
            if *left == 0 {
                taken.push(before);
            }
        };
        index.before(id).into_iter().for_each(&mut take);
        for read in index
            .reads_of(id)
            .iter()
            .filter(|read| read.writer != INITIAL)
        {
            take(read.writer);
        }
        if let Some(range) = start.get(id as usize..id as usize + 2) {
            from[range[0] as usize..range[1] as usize]
                .iter()
                .copied()
                .for_each(&mut take);
        }
    }
    (taken, after)
}

/// The sources of pairs, grouped by target; nothing at all where there are no pairs.
fn by_target(count: usize, pairs: &[(u32, u32, Why)]) -> (Vec<u32>, Vec<u32>) {
    if pairs.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let mut start = vec![0_u32; count + 2];
    for (_, to, _) in pairs {
        start[*to as usize + 2] += 1;
    }
    for place in 2..start.len() {
        start[place] += start[place - 1];
    }
    let mut sources = vec![0; pairs.len()];
    for (from, to, _) in pairs {
        let place = &mut start[*to as usize + 1];
        sources[*place as usize] = *from;
        *place += 1;
    }
    start.pop();
    (start, sources)
}

/// How many transactions of each session come before a transaction, itself counted once it is
/// known; rows that nothing waits for are used again.
struct Clocks {
    width: usize,
    rows: Vec<u32>,
    row_of: Vec<u32>,
    free: Vec<u32>,
    bytes: u64,
}

impl Clocks {
    fn new(index: &Index<'_>) -> Self {
        Self {
            width: index.sessions.len(),
            rows: Vec::new(),
            row_of: vec![NONE; index.history.len()],
            free: Vec::new(),
            bytes: 0,
        }
    }

    /// A row for a transaction with everything before it.
    fn join(&mut self, index: &Index<'_>, id: u32, meter: &mut Meter<'_>) -> Result<u32, Reason> {
        let row = match self.free.pop() {
            Some(row) => row,
            None => {
                let bytes = self.width as u64 * 4;
                meter.take_bytes(bytes)?;
                self.bytes += bytes;
                self.rows.resize(self.rows.len() + self.width, 0);
                (self.rows.len() / self.width) as u32 - 1
            }
        };
        let here = row as usize * self.width;
        match index.before(id) {
            Some(before) => {
                let there = self.row_of[before as usize] as usize * self.width;
                self.rows.copy_within(there..there + self.width, here);
            }
            None => self.rows[here..here + self.width].fill(0),
        }
        for read in index
            .reads_of(id)
            .iter()
            .filter(|read| read.writer != INITIAL)
        {
            let there = self.row_of[read.writer as usize] as usize * self.width;
            let (mine, theirs) = if there < here {
                let (low, high) = self.rows.split_at_mut(here);
                (&mut high[..self.width], &low[there..there + self.width])
            } else {
                let (low, high) = self.rows.split_at_mut(there);
                (&mut low[here..here + self.width], &high[..self.width])
            };
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine = (*mine).max(*theirs);
            }
        }
        self.row_of[id as usize] = row;
        Ok(row)
    }

    fn at(&self, row: u32, session: u32) -> u32 {
        self.rows[row as usize * self.width + session as usize]
    }

    fn of(&self, id: u32, session: u32) -> u32 {
        self.at(self.row_of[id as usize], session)
    }

    /// A transaction comes before whatever follows it.
    fn count_in(&mut self, index: &Index<'_>, id: u32, row: u32) {
        let (session, place) = index.place[id as usize];
        let own = &mut self.rows[row as usize * self.width + session as usize];
        *own = (*own).max(place + 1);
    }

    fn forget(&mut self, id: u32) {
        let row = std::mem::replace(&mut self.row_of[id as usize], NONE);
        self.free.push(row);
    }

    fn give_back(&self, meter: &mut Meter<'_>) {
        meter.give_bytes(self.bytes);
    }
}
