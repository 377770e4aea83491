//! Where two runs part: the first event that differs, and what happened around it in both.

use std::fmt;

use crate::{digest::Digest, process::Process, time::Time, trace::TraceEntry, world::World};

/// How two runs differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How many events they agree on.
    pub agree: u64,
    /// What the first run did around there, oldest first.
    pub first: Vec<TraceEntry>,
    /// What the second run did.
    pub second: Vec<TraceEntry>,
    /// The digests after the first event that differs.
    pub digests: (Digest, Digest),
}

/// How many entries are shown before and after.
const AROUND: usize = 8;

/// Runs both worlds to `end`, side by side, until they differ. None when they never do.
///
/// Nothing is kept of the common part but its last few entries, so runs of any length can be
/// compared.
pub fn first_difference<P: Process, Q: Process>(
    mut first: World<P>,
    mut second: World<Q>,
    end: Time,
) -> Option<Difference> {
    first.keep_trace(AROUND);
    second.keep_trace(AROUND);
    loop {
        let (a, b) = (next_event(&mut first, end), next_event(&mut second, end));
        let same = first.digest() == second.digest() && first.events() == second.events();
        if same && !(a && b) {
            return None;
        }
        if !same {
            let (agree, digests) = parting(&first, &second);
            return Some(Difference {
                agree,
                first: neighbourhood(first, end),
                second: neighbourhood(second, end),
                digests,
            });
        }
    }
}

/// How many events two worlds agree on whose last steps differ, and the digests after the next one.
/// One step can be several events.
fn parting<P: Process, Q: Process>(first: &World<P>, second: &World<Q>) -> (u64, (Digest, Digest)) {
    let (a, b) = (first.digest_marks(), second.digest_marks());
    let known = |mark: &&(u64, Digest)| b.contains(mark);
    let agree = a.iter().rfind(known).map_or(0, |(events, _)| *events);
    let next = |marks: &[(u64, Digest)]| {
        let after = marks.iter().find(|(events, _)| *events > agree);
        after
            .or(marks.last())
            .expect("there is a mark after every step")
            .1
    };
    (agree, (next(&a), next(&b)))
}

/// Steps until something that counts has happened. False when nothing more will.
fn next_event<P: Process>(world: &mut World<P>, end: Time) -> bool {
    let before = world.events();
    while world.events() == before {
        if world.next_at().is_none_or(|at| at > end) {
            return false;
        }
        world.step();
    }
    true
}

fn neighbourhood<P: Process>(mut world: World<P>, end: Time) -> Vec<TraceEntry> {
    world.keep_trace(2 * AROUND);
    for _ in 0..AROUND {
        next_event(&mut world, end);
    }
    world.trace().entries().cloned().collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the two runs agree on {} events and then differ",
            self.agree
        )?;
        for (name, entries, digest) in [
            ("first", &self.first, self.digests.0),
            ("second", &self.second, self.digests.1),
        ] {
            writeln!(f, "{name} run, digest {digest}:")?;
            for entry in entries {
                let mark = if entry.event > self.agree { ">" } else { " " };
                writeln!(f, "{mark} {entry}")?;
            }
        }
        Ok(())
    }
}
