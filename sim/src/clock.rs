//! A node's two clocks: a wall clock that is off, drifts, jumps, freezes and slews, and a monotonic
//! clock that only drifts. True time is known to the world alone.

use serde::{Deserialize, Serialize};

use crate::{
    stream::Stream,
    time::{Span, Time},
};

/// How far the clocks of a cluster are off before anything goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ClockModel {
    /// Each node's wall clock starts off by up to this much, either way.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub offset_max: Span,
    /// Each node's clocks run fast or slow by up to this many millionths.
    pub drift_ppm_max: u32,
    /// What nodes are told is the largest error of their wall clock: half the width of `now_bounds`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub uncertainty: Span,
}

impl Default for ClockModel {
    /// Off by up to 1 ms, drifting by up to 50 ppm, stated as within 10 ms.
    fn default() -> ClockModel {
        ClockModel {
            offset_max: Span::millis(1),
            drift_ppm_max: 50,
            uncertainty: Span::millis(10),
        }
    }
}

/// What a node reads when it looks at its clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The wall clock.
    pub(crate) wall: Time,
    /// The monotonic clock.
    pub(crate) monotonic: Time,
    /// The stated error of the wall clock.
    pub(crate) uncertainty: Span,
}

/// Wall clocks begin here, so that one that is stepped back does not fall below zero.
pub const WALL_EPOCH: Time = Time(1_000_000_000_000_000);

/// A billionth of a rate of one: the unit of drift.
const BILLION: i128 = 1_000_000_000;

/// Parts per billion in a part per million.
const PPB_PER_PPM: i64 = 1_000;

/// A clock that runs at a constant rate since it was last touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    touched: Time,
    value: u64,
    /// How much faster than true time, in billionths.
    rate_ppb: i64,
}

impl Line {
    fn read(&self, at: Time) -> u64 {
        let passed = at.since(self.touched).0;
        if self.rate_ppb == 0 {
            return self.value.saturating_add(passed);
        }
        if let Some(gained) = (passed as i64).checked_mul(self.rate_ppb)
            && passed <= i64::MAX as u64
        {
            // As below, without a division of 128 bits: so it is but for centuries or wild rates.
            let gained = gained / BILLION as i64;
            return self
                .value
                .saturating_add(passed)
                .saturating_add_signed(gained);
        }
        let gained = i128::from(passed) * i128::from(self.rate_ppb) / BILLION;
        let read = i128::from(self.value) + i128::from(passed) + gained;
        assert!(
            read >= i128::from(self.value),
            "a clock whose rate is at least zero never falls below its last value"
        );
        u64::try_from(read).unwrap_or(u64::MAX)
    }

    /// The true time at which it will read `value`, if its rate stays; never when it stands still.
    fn when(&self, value: u64) -> Time {
        let rate = BILLION + i128::from(self.rate_ppb);
        if value <= self.value {
            return self.touched;
        }
        if rate <= 0 {
            return Time::NEVER;
        }
        let ahead = value - self.value;
        if let Some(gain) = ahead.checked_mul(self.rate_ppb.unsigned_abs())
            && let Ok(rate) = u64::try_from(rate)
        {
            // As below, without a division of 128 bits.
            let passed = match self.rate_ppb >= 0 {
                true => ahead - gain / rate,
                false => ahead.saturating_add(gain.div_ceil(rate)),
            };
            return self.touched + Span(passed);
        }
        let passed = (i128::from(ahead) * BILLION + rate - 1) / rate;
        u64::try_from(passed).map_or(Time::NEVER, |passed| self.touched + Span(passed))
    }

    fn touch(&mut self, at: Time) {
        self.value = self.read(at);
        self.touched = at;
    }
}

/// The clocks of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    wall: Line,
    monotonic: Line,
    frozen: bool,
    drift_ppb: i64,
    slew_ppb: i64,
    slew_until: Time,
    uncertainty: Span,
}

impl Clock {
    /// A clock as the model draws it.
    pub(crate) fn drawn(model: &ClockModel, stream: &mut Stream) -> Clock {
        let offset = signed(stream, model.offset_max.0);
        let drift_ppb = signed(stream, u64::from(model.drift_ppm_max)) * PPB_PER_PPM;
        let line = |value| Line {
            touched: Time::ZERO,
            value,
            rate_ppb: drift_ppb,
        };
        Clock {
            wall: line(WALL_EPOCH.0.saturating_add_signed(offset)),
            monotonic: line(0),
            frozen: false,
            drift_ppb,
            slew_ppb: 0,
            slew_until: Time::NEVER,
            uncertainty: model.uncertainty,
        }
    }

    /// What a look at the clocks shows at this true time.
    pub(crate) fn read(&self, at: Time) -> Reading {
        Reading {
            wall: Time(self.wall_at(at)),
            monotonic: Time(self.monotonic.read(at)),
            uncertainty: self.uncertainty,
        }
    }

    fn wall_at(&self, at: Time) -> u64 {
        if self.frozen || at <= self.slew_until {
            return self.wall.read(at);
        }
        let unslewed = Line {
            touched: self.slew_until,
            value: self.wall.read(self.slew_until),
            rate_ppb: self.drift_ppb,
        };
        unslewed.read(at)
    }

    /// The true time at which the monotonic clock will read `value`.
    pub(crate) fn when_monotonic(&self, value: Time) -> Time {
        self.monotonic.when(value.0)
    }

    /// How far the wall clock is from true time, in nanoseconds.
    pub(crate) fn offset(&self, at: Time) -> i64 {
        let off = i128::from(self.wall_at(at)) - i128::from(WALL_EPOCH.0) - i128::from(at.0);
        i64::try_from(off).unwrap_or(if off < 0 { i64::MIN } else { i64::MAX })
    }

    /// Moves the wall clock by so many nanoseconds at once.
    pub(crate) fn step(&mut self, at: Time, by: i64) {
        self.settle(at);
        self.wall.value = self.wall.value.saturating_add_signed(by);
    }

    /// Changes how fast both clocks run, in millionths from true; a rate below standstill stands
    /// still. False when they ran at that rate already.
    pub(crate) fn set_drift(&mut self, at: Time, ppm: i64) -> bool {
        let drift = (ppm.saturating_mul(PPB_PER_PPM)).clamp(-(BILLION as i64), i64::MAX / 2);
        if drift == self.drift_ppb {
            return false;
        }
        self.settle(at);
        self.monotonic.touch(at);
        self.drift_ppb = drift;
        self.monotonic.rate_ppb = drift;
        self.set_wall_rate();
        true
    }

    /// The drift in millionths.
    pub(crate) const fn drift_ppm(&self) -> i64 {
        self.drift_ppb / PPB_PER_PPM
    }

    /// Stops the wall clock, or lets it run on from where it stands. The monotonic clock runs on.
    pub(crate) fn freeze(&mut self, at: Time, frozen: bool) {
        if frozen == self.frozen {
            return;
        }
        self.settle(at);
        self.frozen = frozen;
        self.set_wall_rate();
    }

    /// Leads the wall clock back to true time at so many millionths, without a jump.
    pub(crate) fn slew(&mut self, at: Time, ppm: u32) {
        self.settle(at);
        let offset = self.offset(at);
        let correction = i64::from(ppm.clamp(1, 500_000)) * PPB_PER_PPM;
        self.slew_ppb = if offset > 0 { -correction } else { correction } - self.drift_ppb;
        self.slew_until = at
            + Span((i128::from(offset.unsigned_abs()) * BILLION / i128::from(correction)) as u64);
        self.set_wall_rate();
    }

    /// Changes the stated uncertainty, and returns what it was.
    pub(crate) fn set_uncertainty(&mut self, uncertainty: Span) -> Span {
        std::mem::replace(&mut self.uncertainty, uncertainty)
    }

    /// Brings the wall clock's line up to this instant and ends a slew that has done its work.
    fn settle(&mut self, at: Time) {
        self.wall.value = self.wall_at(at);
        self.wall.touched = at;
        if at >= self.slew_until {
            self.slew_ppb = 0;
            self.slew_until = Time::NEVER;
        }
        self.set_wall_rate();
    }

    fn set_wall_rate(&mut self) {
        self.wall.rate_ppb = if self.frozen {
            -(BILLION as i64)
        } else {
            (self.drift_ppb + self.slew_ppb).max(-(BILLION as i64))
        };
    }
}

/// A number in `-bound..=bound`.
fn signed(stream: &mut Stream, bound: u64) -> i64 {
    let bound = bound.min(i64::MAX as u64 / 4);
    stream.between(0, 2 * bound) as i64 - bound as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn perfect() -> Clock {
        let model = ClockModel {
            offset_max: Span::ZERO,
            drift_ppm_max: 0,
            uncertainty: Span::millis(1),
        };
        Clock::drawn(&model, &mut Stream::named(1, "clock"))
    }

    fn second(n: u64) -> Time {
        Time::ZERO + Span::secs(n)
    }

    #[test]
    fn a_perfect_clock_tells_true_time() {
        let reading = perfect().read(second(5));
        assert_eq!(reading.wall, WALL_EPOCH + Span::secs(5));
        assert_eq!(reading.monotonic, second(5));
    }

    #[test]
    fn a_drawn_clock_is_off_by_no_more_than_its_model_says() {
        let model = ClockModel {
            offset_max: Span::millis(3),
            drift_ppm_max: 100,
            uncertainty: Span::millis(9),
        };
        for seed in 0..200 {
            let clock = Clock::drawn(&model, &mut Stream::named(seed, "clock"));
            assert!(clock.offset(Time::ZERO).abs() <= 3_000_000);
            let drifted = clock.offset(second(10)) - clock.offset(Time::ZERO);
            assert!(
                drifted.abs() <= 1_000_000,
                "100 ppm over 10 s is 1 ms at most"
            );
        }
    }

    #[test]
    fn a_step_moves_the_wall_clock_and_not_the_monotonic_one() {
        let mut clock = perfect();
        clock.step(second(1), -2_000_000_000);
        assert_eq!(clock.offset(second(2)), -2_000_000_000);
        assert_eq!(clock.read(second(2)).monotonic, second(2));
    }

    #[test]
    fn drift_moves_both_and_timers_follow_it() {
        let mut clock = perfect();
        clock.set_drift(second(1), 500_000);
        assert_eq!(clock.read(second(3)).monotonic, second(4));
        assert_eq!(clock.when_monotonic(second(4)), second(3));
        clock.set_drift(second(3), -2_000_000);
        assert_eq!(
            clock.read(second(9)).monotonic,
            second(4),
            "it stands still"
        );
        assert_eq!(clock.when_monotonic(second(5)), Time::NEVER);
    }

    #[test]
    fn short_and_long_arithmetic_agree() {
        let mut stream = Stream::named(1, "lines");
        for _ in 0..20_000 {
            let size = 10u64.pow(1 + stream.below(9) as u32);
            let rate_ppb = signed(&mut stream, size);
            let line = Line {
                touched: Time(stream.below(1 << 40)),
                value: stream.below(1 << 50),
                rate_ppb: rate_ppb.max(-(BILLION as i64)),
            };
            let bits = 1 + stream.below(50);
            let passed = stream.below(1 << bits);
            let exact = i128::from(passed) * i128::from(line.rate_ppb) / BILLION;
            let read = i128::from(line.value) + i128::from(passed) + exact;
            assert_eq!(i128::from(line.read(line.touched + Span(passed))), read);
            let rate = BILLION + i128::from(line.rate_ppb);
            let due = line.when(line.value + passed);
            let exact = match (passed, rate) {
                (0, _) => 0,
                (_, 0) => u64::MAX,
                _ => u64::try_from((i128::from(passed) * BILLION + rate - 1) / rate)
                    .unwrap_or(u64::MAX),
            };
            assert_eq!(due, line.touched + Span(exact));
        }
    }

    #[test]
    fn a_frozen_clock_stands_and_then_runs_on_behind() {
        let mut clock = perfect();
        clock.freeze(second(1), true);
        assert_eq!(clock.read(second(4)).wall, WALL_EPOCH + Span::secs(1));
        clock.freeze(second(4), false);
        assert_eq!(clock.offset(second(10)), -3_000_000_000);
    }

    #[test]
    fn a_slew_leads_back_to_true_time_without_a_jump() {
        for by in [100_000_000, -100_000_000] {
            let mut clock = perfect();
            clock.step(second(1), by);
            clock.slew(second(1), 100_000);
            let halfway = clock.offset(Time::ZERO + Span::millis(1_500));
            assert_eq!(halfway, by / 2);
            assert_eq!(clock.offset(second(2)), 0);
            assert_eq!(clock.offset(second(9)), 0);
        }
    }
}
