//! What was written to each key, in order of value, and found again in about constant time: reads
//! show values in about the order in which they were written, so each search of a key gallops on
//! from where the last one ended.

use super::Value;

/// The writes of each key: their values, in order, and their numbers.
#[derive(Default)]
pub(super) struct Written {
    start: Vec<u32>,
    entries: Vec<(Value, u32)>,
    /// For each key where the last search ended.
    last: Vec<u32>,
}

impl Written {
    /// Takes the writes in order of their numbers, each a key and a value.
    ///
    /// Two writes of one value to one key are an error: the first two of the history.
    pub(super) fn new(
        keys: usize,
        writes: impl Iterator<Item = (u32, Value)> + Clone,
    ) -> Result<Self, (u32, u32)> {
        let mut start = vec![0_u32; keys + 1];
        for (key, _) in writes.clone() {
            start[key as usize + 1] += 1;
        }
        for key in 0..keys {
            start[key + 1] += start[key];
        }
        let mut cursor = start.clone();
        let mut entries = vec![(0, 0); start[keys] as usize];
        for (number, (key, value)) in writes.enumerate() {
            let place = &mut cursor[key as usize];
            entries[*place as usize] = (value, number as u32);
            *place += 1;
        }
        let mut twice: Option<(u32, u32)> = None;
        for key in 0..keys {
            let here = &mut entries[start[key] as usize..start[key + 1] as usize];
            // Values mostly grow with time, and then there is nothing to sort.
            here.sort_unstable();
            for pair in here.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                let found = (pair[0].1, pair[1].1);
                twice = Some(twice.map_or(
                    found,
                    |first| {
                        if found.1 < first.1 { found } else { first }
                    },
                ));
            }
        }
        match twice {
            Some(twice) => Err(twice),
            None => Ok(Self {
                last: start[..keys].to_vec(),
                start,
                entries,
            }),
        }
    }

    /// The write of a value to a key.
    pub(super) fn get(&self, key: u32, value: Value) -> Option<u32> {
        let (start, end) = self.range(key);
        let place = self.between(start, end, value).ok()?;
        Some(self.entries[place].1)
    }

    /// As [`get`](Self::get), faster where searches of a key come in order of value.
    pub(super) fn find(&mut self, key: u32, value: Value) -> Option<u32> {
        let (start, end) = self.range(key);
        let last = self.last[key as usize] as usize;
        let mut step = 1;
        let (low, high) = if last < end && self.entries[last].0 <= value {
            let mut low = last;
            while low + step < end && self.entries[low + step].0 <= value {
                low += step;
                step *= 2;
            }
            (low, end.min(low + step))
        } else {
            let mut high = last;
            while high >= start + step && self.entries[high - step].0 > value {
                high -= step;
                step *= 2;
            }
            (high.saturating_sub(step).max(start), high)
        };
        let found = self.between(low, high, value);
        let (Ok(place) | Err(place)) = found;
        self.last[key as usize] = place as u32;
        found.ok().map(|place| self.entries[place].1)
    }

    fn range(&self, key: u32) -> (usize, usize) {
        let (start, end) = (self.start[key as usize], self.start[key as usize + 1]);
        (start as usize, end as usize)
    }

    /// Where a value stands among some entries, or where it would.
    fn between(&self, start: usize, end: usize, value: Value) -> Result<usize, usize> {
        self.entries[start..end]
            .binary_search_by_key(&value, |(value, _)| *value)
            .map(|place| start + place)
            .map_err(|place| start + place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_found_whatever_the_order_of_the_searches() {
        let writes: Vec<(u32, Value)> = (0..300)
            .map(|number| (number % 3, Value::from(number * 7 % 300) * 2))
            .collect();
        let mut written = Written::new(3, writes.iter().copied()).expect("values are unique");
        for stride in [1, 7, 113] {
            for step in 0..300 {
                let number = step * stride % 300;
                let (key, value) = writes[number];
                assert_eq!(written.find(key, value), Some(number as u32));
                assert_eq!(written.get(key, value), Some(number as u32));
                assert_eq!(written.find(key, value + 1), None);
            }
        }
        assert_eq!(written.find(0, -1), None);
        assert_eq!(written.find(2, 10_000), None);
    }

    #[test]
    fn a_value_written_twice_is_told_with_its_first_two_writes() {
        let writes = [(0, 5), (1, 5), (1, 6), (0, 7), (0, 5), (1, 6)];
        let twice = Written::new(2, writes.into_iter()).err();
        assert_eq!(twice, Some((0, 4)));
    }
}
