//! The writers of each key, session by session, in each session's order.

use super::index::Index;

/// For each key a line of writers for each session that writes it.
#[derive(Default)]
pub(super) struct Lines {
    /// The first line of each key.
    first: Vec<u32>,
    sessions: Vec<u32>,
    /// Where each line begins among the writers.
    start: Vec<u32>,
    /// Each writer's place in its session, and itself.
    writers: Vec<(u32, u32)>,
}

impl Lines {
    /// Takes the sessions and what each transaction left from an index.
    pub(super) fn new(index: &Index<'_>, keys: usize) -> Self {
        let mut cursor = vec![0_u32; keys + 1];
        let all = || index.sessions.iter().enumerate();
        for id in all().flat_map(|(_, line)| line) {
            for key in index.left_by(*id) {
                cursor[*key as usize + 1] += 1;
            }
        }
        for key in 0..keys {
            cursor[key + 1] += cursor[key];
        }
        let ends: Vec<u32> = cursor[1..].to_vec();
        let mut placed = vec![(0, 0, 0); ends.last().map_or(0, |end| *end as usize)];
        for (session, line) in all() {
            for (place, id) in line.iter().enumerate() {
                for key in index.left_by(*id) {
                    let at = &mut cursor[*key as usize];
                    placed[*at as usize] = (session as u32, place as u32, *id);
                    *at += 1;
                }
            }
        }
        let mut lines = Self::default();
        let mut begin = 0;
        for end in ends {
            lines.first.push(lines.sessions.len() as u32);
            let groups =
                placed[begin as usize..end as usize].chunk_by(|one, other| one.0 == other.0);
            for group in groups {
                lines.sessions.push(group[0].0);
                lines.start.push(begin);
                begin += group.len() as u32;
            }
        }
        lines.first.push(lines.sessions.len() as u32);
        lines.start.push(begin);
        lines.writers = placed
            .into_iter()
            .map(|(_, place, id)| (place, id))
            .collect();
        lines
    }

    /// How many lines there are.
    pub(super) fn count(&self) -> usize {
        self.sessions.len()
    }

    /// The lines of a key: number and session.
    pub(super) fn of(&self, key: u32) -> impl Iterator<Item = (u32, u32)> + '_ {
        let range = self.first[key as usize]..self.first[key as usize + 1];
        range.map(|line| (line, self.sessions[line as usize]))
    }

    /// The last writer of a line among the first so many of its session, with its place.
    pub(super) fn last_before(&self, line: u32, upto: u32) -> Option<(u32, u32)> {
        let writers = self.writers(line);
        let count = writers.partition_point(|(place, _)| *place < upto);
        count.checked_sub(1).map(|last| writers[last])
    }

    /// As [`last_before`](Self::last_before), fast where the answer is near the last one, whose
    /// count of writers is kept in `near`.
    pub(super) fn last_before_near(
        &self,
        line: u32,
        upto: u32,
        near: &mut u32,
    ) -> Option<(u32, u32)> {
        let writers = self.writers(line);
        let mut count = *near as usize;
        let mut tries = 8;
        while count < writers.len() && writers[count].0 < upto && tries > 0 {
            count += 1;
            tries -= 1;
        }
        while count > 0 && writers[count - 1].0 >= upto && tries > 0 {
            count -= 1;
            tries -= 1;
        }
        if tries == 0 {
            count = writers.partition_point(|(place, _)| *place < upto);
        }
        *near = count as u32;
        count.checked_sub(1).map(|last| writers[last])
    }

    fn writers(&self, line: u32) -> &[(u32, u32)] {
        let (start, end) = (self.start[line as usize], self.start[line as usize + 1]);
        &self.writers[start as usize..end as usize]
    }
}
