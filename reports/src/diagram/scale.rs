//! Time to pixels: linear, except that long stretches in which nothing happened are cut short.
//!
//! A cut is always marked in the picture with the length of time that it holds.

/// A gap wider than this many pixels is worth cutting.
const GAP_MAX: f64 = 260.0;
/// What is left of it.
const GAP_CUT: f64 = 64.0;
/// More cuts than this would tear the picture apart.
const CUTS: usize = 6;
/// Room for the label of a cut, to each side of its middle.
const CUT_LABEL: f64 = 76.0;
/// The least room between two ticks.
const TICK_ROOM: f64 = 92.0;

/// Where each moment is drawn.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    /// Pieces in order, without holes.
    pieces: Vec<Piece>,
    /// Pixels a nanosecond outside cuts.
    rate: f64,
    /// Width of the whole.
    pub(super) width: f64,
}

/// A stretch of time and where it is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) cut: bool,
}

/// One tick of the time axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) label: String,
}

impl Scale {
    /// A scale from `from` to `until` in `width` pixels; `moments` are when something happened.
    pub(super) fn new(from: u64, until: u64, width: f64, moments: Vec<u64>) -> Scale {
        let until = until.max(from.saturating_add(1));
        let from = from.min(until - 1);
        let (cuts, rate) = cuts(from, until, width, moments);
        let mut pieces = Vec::with_capacity(2 * cuts.len() + 1);
        let (mut at, mut x) = (from, 0.0);
        let mut push = |from: u64, until: u64, cut: bool| {
            let width = if cut {
                GAP_CUT
            } else {
                (until - from) as f64 * rate
            };
            if until > from {
                pieces.push(Piece {
                    from,
                    until,
                    x,
                    width,
                    cut,
                });
                x += width;
            }
        };
        for (start, end) in cuts {
            push(at, start, false);
            push(start, end, true);
            at = end;
        }
        push(at, until, false);
        Scale {
            pieces,
            rate,
            width,
        }
    }

    /// Where a moment is drawn; what lies outside is drawn at the edge.
    pub(super) fn x(&self, moment: u64) -> f64 {
        let after = self.pieces.partition_point(|piece| piece.until < moment);
        match self.pieces.get(after) {
            None => self.width,
            Some(piece) => {
                let share =
                    moment.saturating_sub(piece.from) as f64 / (piece.until - piece.from) as f64;
                piece.x + share * piece.width
            }
        }
    }

    /// The stretches that were cut short.
    pub(super) fn cuts(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|piece| piece.cut)
    }

    /// Ticks at round times, never inside a cut, with room for their labels.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step = round_step(TICK_ROOM / self.rate);
        let end = self.pieces.last().map_or(0, |piece| piece.until);
        let mut ticks = Vec::new();
        let mut last = f64::NEG_INFINITY;
        for piece in self.pieces.iter().filter(|piece| !piece.cut) {
            let mut moment = piece.from.div_ceil(step).saturating_mul(step);
            while moment <= piece.until {
                let x = self.x(moment);
                let near_a_cut = self
                    .cuts()
                    .any(|cut| (x - cut.x - cut.width / 2.0).abs() < CUT_LABEL);
                if x - last >= TICK_ROOM * 0.75 && !near_a_cut {
                    ticks.push(Tick {
                        x,
                        label: tick_label(moment, step, end),
                    });
                    last = x;
                }
                match moment.checked_add(step) {
                    Some(next) => moment = next,
                    None => break,
                }
            }
        }
        ticks
    }
}

/// The gaps to cut, in order, and the pixels a nanosecond that this leaves for the rest.
fn cuts(from: u64, until: u64, width: f64, mut moments: Vec<u64>) -> (Vec<(u64, u64)>, f64) {
    moments.retain(|moment| (from..=until).contains(moment));
    moments.extend([from, until]);
    moments.sort_unstable();
    let mut gaps: Vec<(u64, u64)> = moments.windows(2).map(|pair| (pair[0], pair[1])).collect();
    gaps.sort_by_key(|(start, end)| (u64::MAX - (end - start), *start));

    let mut rest = (until - from) as f64;
    let mut rate = width / rest;
    let mut cuts = Vec::new();
    for (start, end) in gaps.into_iter().take(CUTS) {
        let length = (end - start) as f64;
        let left = rest - length;
        if length * rate <= GAP_MAX || left <= 0.0 {
            break;
        }
        rest = left;
        cuts.push((start, end));
        rate = (width - GAP_CUT * cuts.len() as f64) / rest;
    }
    cuts.sort_unstable();
    (cuts, rate)
}

/// The first of 1, 2, 5, 10, 20, 50, ... nanoseconds that is not below `least`.
fn round_step(least: f64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step as f64 >= least || step == u64::MAX {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A tick in the unit that suits the last one, with as many decimals as the step needs.
fn tick_label(moment: u64, step: u64, end: u64) -> String {
    let (unit, name) = match end {
        0..10_000 => (1, "ns"),
        10_000..10_000_000 => (1_000, "µs"),
        10_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000_u64, "s"),
    };
    let decimals = decimals_of(step, unit);
    format!("{:.decimals$} {name}", moment as f64 / unit as f64)
}

/// How many decimals a multiple of `step` needs when it is told in `unit`.
fn decimals_of(step: u64, unit: u64) -> usize {
    let mut decimals = 0;
    let mut scaled = u128::from(step);
    while scaled % u128::from(unit) != 0 && decimals < 9 {
        scaled *= 10;
        decimals += 1;
    }
    decimals
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn time_is_linear_where_nothing_is_cut() {
        let scale = Scale::new(0, 100 * MS, 500.0, (0..100).map(|ms| ms * MS).collect());
        assert_eq!(
            [0, 50, 100].map(|ms| scale.x(ms * MS).round()),
            [0.0, 250.0, 500.0]
        );
        assert_eq!(scale.x(u64::MAX), 500.0);
        assert_eq!(
            labels(&scale),
            ["0 ms", "20 ms", "40 ms", "60 ms", "80 ms", "100 ms"]
        );
    }

    #[test]
    fn a_long_gap_is_cut_short_and_the_rest_has_its_room() {
        let moments = (0..10).chain(990..1_000).map(|ms| ms * MS).collect();
        let scale = Scale::new(0, 1_000 * MS, 1_000.0, moments);
        let cuts: Vec<_> = scale
            .cuts()
            .map(|cut| (cut.from / MS, cut.until / MS))
            .collect();
        assert_eq!(cuts, [(9, 990)]);
        assert!(
            scale.x(9 * MS) > 400.0,
            "what happened has most of the room"
        );
        assert_eq!(scale.x(1_000 * MS).round(), 1_000.0);
    }

    #[test]
    fn later_is_never_drawn_further_left() {
        let moments = vec![0, 7, 5 * MS, 900 * MS, 901 * MS];
        let scale = Scale::new(0, 1_000 * MS, 800.0, moments);
        let xs: Vec<f64> = (0..=1_000).map(|ms| scale.x(ms * MS)).collect();
        assert!(xs.is_sorted(), "{xs:?}");
    }

    #[test]
    fn ticks_keep_their_distance_and_their_unit() {
        let scale = Scale::new(2_900 * MS, 3_500 * MS, 1_200.0, vec![]);
        assert_eq!(labels(&scale)[..3], ["2.90 s", "2.95 s", "3.00 s"]);
        let ticks = scale.ticks();
        assert!(ticks.windows(2).all(|pair| pair[1].x - pair[0].x >= 60.0));
    }

    #[test]
    fn no_stretch_of_time_is_too_short_or_too_long() {
        for (from, until) in [(0, 0), (5, 5), (u64::MAX, u64::MAX), (0, u64::MAX), (9, 3)] {
            let scale = Scale::new(from, until, 900.0, vec![from, until, 1]);
            assert!(scale.x(from).is_finite() && scale.x(until).is_finite());
            assert!(scale.ticks().len() < 20);
        }
    }
}
