//! Levels at which each process may have an order of its own: PRAM and the session guarantees.
//!
//! For each process, its reads alone say which of two writers it must have taken to come first.
//! Read your writes: its own earlier writes are visible to it. Monotonic reads: what it read from
//! before is. Monotonic writes: with what it read from, the writes of that session before it.
//! Writes follow reads: with what it read from, what that session had read from before. PRAM: own
//! writes, and with what it read from, the session before it.

use super::super::levels::Level;
use super::breach;
use super::index::{INITIAL, Index, Read};
use super::order::{Order, Why};
use super::revealed::Revealed;
use crate::budget::Meter;
use crate::verdict::{Anomaly, Reason};

/// Judges every process by itself.
pub(super) fn check(
    index: &Index<'_>,
    level: Level,
    meter: &mut Meter<'_>,
) -> Result<Vec<Anomaly>, Reason> {
    let mut found = Vec::new();
    let mut revealed = Revealed::new(index);
    for session in 0..index.sessions.len() as u32 {
        if found.len() >= super::super::TOLD_MAX {
            break;
        }
        let order = match level {
            Level::Pram => pram(index, session, meter)?,
            _ => guarantee(index, session, level, meter, &mut revealed)?,
        };
        if let Some(anomaly) = order.initial_breach(index, breach(level)) {
            found.push(anomaly);
        } else if let Some(cycle) = order.cycle() {
            found.push(order.tell(index, &cycle, breach(level)));
        }
    }
    Ok(found)
}

/// What one process must take to come first, for one of the four guarantees.
fn guarantee(
    index: &Index<'_>,
    session: u32,
    level: Level,
    meter: &mut Meter<'_>,
    revealed: &mut Revealed,
) -> Result<Order, Reason> {
    let mut order = Order::empty(index);
    revealed.clear();
    // How much of each session is visible, or how much of what it read from.
    let mut clock = vec![0_u32; index.sessions.len()];
    for &reader in &index.sessions[session as usize] {
        for read in index.reads_of(reader) {
            meter.step()?;
            match level {
                Level::MonotonicReads | Level::WritesFollowReads => {
                    let is_revealed_next = level == Level::MonotonicReads;
                    let mut passed = 0;
                    revealed.read(*read, reader, is_revealed_next, |visible| {
                        order.pass(visible, read.writer, reader, read.key);
                        passed += 1;
                    });
                    meter.spend(passed)?;
                }
                _ => pass_visible(index, &mut order, &clock, reader, *read, meter)?,
            }
            if read.writer == INITIAL {
                continue;
            }
            let (from, place) = index.place[read.writer as usize];
            let seen = &mut clock[from as usize];
            match level {
                Level::MonotonicReads => revealed.reveal(index, read.writer),
                // Not that write itself: to see it again is for monotonic reads.
                Level::MonotonicWrites => *seen = (*seen).max(place),
                Level::WritesFollowReads if *seen <= place => {
                    let news = *seen as usize..=place as usize;
                    *seen = place + 1;
                    for before in &index.sessions[from as usize][news] {
                        follow(index, *before, revealed);
                    }
                }
                _ => {}
            }
        }
        if level == Level::ReadYourWrites {
            let (own, place) = index.place[reader as usize];
            clock[own as usize] = place + 1;
        }
    }
    match level {
        // Writes of one session have its order.
        Level::MonotonicWrites => {
            order.follow_sessions(index, 0..index.sessions.len() as u32);
        }
        Level::ReadYourWrites => order.follow_sessions(index, session..session + 1),
        _ => {}
    }
    Ok(order)
}

/// Whom a transaction had read from becomes visible.
fn follow(index: &Index<'_>, before: u32, revealed: &mut Revealed) {
    for read in index.reads_of(before) {
        if read.writer != INITIAL {
            revealed.reveal(index, read.writer);
        }
    }
}

/// The last writers of a key that are visible by a clock come before the one that was seen.
fn pass_visible(
    index: &Index<'_>,
    order: &mut Order,
    clock: &[u32],
    reader: u32,
    read: Read,
    meter: &mut Meter<'_>,
) -> Result<(), Reason> {
    meter.step()?;
    for (line, session) in index.lines.of(read.key) {
        let last = index.lines.last_before(line, clock[session as usize]);
        if let Some((_, visible)) = last.filter(|(_, visible)| *visible != reader) {
            meter.step()?;
            order.pass(visible, read.writer, reader, read.key);
        }
    }
    Ok(())
}

/// PRAM for one process: program order of all, what this process read from, and whatever follows.
fn pram(index: &Index<'_>, session: u32, meter: &mut Meter<'_>) -> Result<Order, Reason> {
    let mut order = Order::empty(index);
    order.follow_sessions(index, 0..index.sessions.len() as u32);
    for &reader in &index.sessions[session as usize] {
        for read in index
            .reads_of(reader)
            .iter()
            .filter(|read| read.writer != INITIAL)
        {
            order.edges.push((read.writer, reader, Why::ReadFrom));
        }
    }
    loop {
        let before = order.edges.len();
        if order.cycle().is_some() {
            return Ok(order);
        }
        let clocks = clocks(index, &order, session, meter)?;
        for (clock, &reader) in clocks.iter().zip(&index.sessions[session as usize]) {
            for read in index.reads_of(reader) {
                pass_visible(index, &mut order, clock, reader, *read, meter)?;
            }
        }
        order.edges.sort_unstable();
        order.edges.dedup();
        if order.edges.len() == before {
            return Ok(order);
        }
    }
}

/// For each transaction of a process, how much of each session comes before it.
fn clocks(
    index: &Index<'_>,
    order: &Order,
    session: u32,
    meter: &mut Meter<'_>,
) -> Result<Vec<Vec<u32>>, Reason> {
    // Walk back from each transaction of the process; what an earlier one had seen is not walked
    // again.
    let mut incoming: Vec<(u32, u32)> = order
        .edges
        .iter()
        .map(|(from, to, _)| (*to, *from))
        .collect();
    incoming.sort_unstable();
    let mut is_before = vec![false; index.history.len()];
    let mut clock = vec![0_u32; index.sessions.len()];
    let mut clocks = Vec::new();
    for &reader in &index.sessions[session as usize] {
        let mut fringe = vec![reader];
        while let Some(id) = fringe.pop() {
            meter.step()?;
            let start = incoming.partition_point(|(to, _)| *to < id);
            for (_, from) in incoming[start..].iter().take_while(|(to, _)| *to == id) {
                if !std::mem::replace(&mut is_before[*from as usize], true) {
                    let (other, place) = index.place[*from as usize];
                    clock[other as usize] = clock[other as usize].max(place + 1);
                    fringe.push(*from);
                }
            }
        }
        clocks.push(clock.clone());
    }
    Ok(clocks)
}
