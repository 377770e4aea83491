//! Levels at which each process may have an order of its own: PRAM and the session guarantees.
//!
//! For each process, its reads alone say which of two writers it must have taken to come first.
//! Read your writes: its own earlier writes are visible to it. Monotonic reads: what it read from
//! before is. Monotonic writes: with what it read from, the writes of that session before it.
//! Writes follow reads: with what it read from, what that session had read from before. PRAM: own
//! writes, and with what it read from, the session before it.

use super::super::levels::Level;
use super::breach;
use super::index::{INITIAL, Index};
use super::order::{Order, Why};
use crate::budget::Meter;
use crate::verdict::{Anomaly, Reason};

/// Judges every process by itself.
pub(super) fn check(
    index: &Index<'_>,
    level: Level,
    meter: &mut Meter<'_>,
) -> Result<Vec<Anomaly>, Reason> {
    let mut found = Vec::new();
    for session in 0..index.sessions.len() as u32 {
        if found.len() >= super::super::TOLD_MAX {
            break;
        }
        let mut order = match level {
            Level::Pram => pram(index, session, meter)?,
            _ => guarantee(index, session, level, meter)?,
        };
        if let Some(anomaly) = order.initial_breach(index, breach(level)) {
            found.push(anomaly);
        } else if let Some(cycle) = order.cycle() {
            found.push(order.tell(index, &cycle, breach(level)));
        }
        order.edges.clear();
    }
    Ok(found)
}

/// What one process must take to come first, for one of the four guarantees.
fn guarantee(
    index: &Index<'_>,
    session: u32,
    level: Level,
    meter: &mut Meter<'_>,
) -> Result<Order, Reason> {
    let mut order = Order::empty(index);
    // How much of each session is visible, and single transactions that are.
    let mut clock = vec![0_u32; index.sessions.len()];
    let mut single: Vec<u32> = Vec::new();
    for &reader in &index.sessions[session as usize] {
        for read in index.reads_of(reader) {
            meter.spend(1 + single.len() as u64)?;
            let upto = |other: u32| clock[other as usize].checked_sub(1);
            let visible: Vec<u32> = index.visible_writers(read.key, upto).collect();
            let writes = |id: &u32| {
                let (session, place) = index.place[*id as usize];
                index.writers[read.key as usize]
                    .binary_search(&(session, place, *id))
                    .is_ok()
            };
            let singles = single.iter().copied().filter(writes);
            for visible in visible.into_iter().chain(singles) {
                if visible != reader {
                    order.pass(visible, read.writer, reader, read.key);
                }
            }
            if read.writer == INITIAL {
                continue;
            }
            let (from, place) = index.place[read.writer as usize];
            match level {
                Level::MonotonicReads if !single.contains(&read.writer) => single.push(read.writer),
                Level::MonotonicWrites => {
                    clock[from as usize] = clock[from as usize].max(place + 1);
                }
                Level::WritesFollowReads => {
                    follow(index, from, place, &mut single);
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
        Level::MonotonicWrites => program_order(index, &mut order, 0..index.sessions.len() as u32),
        Level::ReadYourWrites => program_order(index, &mut order, session..session + 1),
        _ => {}
    }
    Ok(order)
}

/// Writers that a session had read from, up to a place in it.
fn follow(index: &Index<'_>, session: u32, place: u32, visible: &mut Vec<u32>) {
    for &before in &index.sessions[session as usize][..=place as usize] {
        for read in index.reads_of(before) {
            if read.writer != INITIAL && !visible.contains(&read.writer) {
                visible.push(read.writer);
            }
        }
    }
}

fn program_order(index: &Index<'_>, order: &mut Order, sessions: impl Iterator<Item = u32>) {
    for session in sessions {
        let line = &index.sessions[session as usize];
        order
            .edges
            .extend(line.windows(2).map(|pair| (pair[0], pair[1], Why::Session)));
    }
}

/// PRAM for one process: program order of all, what this process read from, and whatever follows.
fn pram(index: &Index<'_>, session: u32, meter: &mut Meter<'_>) -> Result<Order, Reason> {
    let mut order = Order::empty(index);
    program_order(index, &mut order, 0..index.sessions.len() as u32);
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
                let upto = |other: u32| clock[other as usize].checked_sub(1);
                let visible: Vec<u32> = index.visible_writers(read.key, upto).collect();
                meter.spend(1 + visible.len() as u64)?;
                for visible in visible.into_iter().filter(|visible| *visible != reader) {
                    order.pass(visible, read.writer, reader, read.key);
                }
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
