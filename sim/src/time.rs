//! Simulated time: an instant and a length, both in nanoseconds.
//!
//! Written and read as people do: `250ms`, `1.5s`, `2m`.

use std::{
    fmt,
    ops::{Add, AddAssign, Div, Mul, Sub},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: nanoseconds since a beginning. Which beginning depends on whose clock was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

impl Time {
    /// The beginning.
    pub const ZERO: Time = Time(0);
    /// Later than anything that happens.
    pub const NEVER: Time = Time(u64::MAX);

    /// Time since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// That many nanoseconds.
    pub const fn nanos(n: u64) -> Span {
        Span(n)
    }

    /// That many microseconds.
    pub const fn micros(n: u64) -> Span {
        Span(n * 1_000)
    }

    /// That many milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n * 1_000_000)
    }

    /// That many seconds.
    pub const fn secs(n: u64) -> Span {
        Span(n * 1_000_000_000)
    }

    /// Whole microseconds.
    pub const fn as_micros(self) -> u64 {
        self.0 / 1_000
    }

    /// Seconds, for telling; decides nothing.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Sub<Time> for Time {
    type Output = Span;
    fn sub(self, earlier: Time) -> Span {
        self.since(earlier)
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Mul<u64> for Span {
    type Output = Span;
    fn mul(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }
}

impl Div<u64> for Span {
    type Output = Span;
    fn div(self, n: u64) -> Span {
        Span(self.0 / n)
    }
}

/// The units that spans are written in, largest first, with their nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for Span {
    /// The largest unit that needs at most three decimals, exactly: `1.5s`, `250ms`, `90s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (unit, nanos) in &UNITS[2..] {
            let (whole, rest) = (self.0 / nanos, self.0 % nanos);
            if whole == 0 {
                continue;
            }
            if rest == 0 {
                return write!(f, "{whole}{unit}");
            }
            let thousandth = nanos / 1_000;
            if thousandth > 0 && rest % thousandth == 0 {
                let decimals = format!("{:03}", rest / thousandth);
                return write!(f, "{whole}.{}{unit}", decimals.trim_end_matches('0'));
            }
        }
        write!(f, "{}ns", self.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

/// A span or time that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSpan(String);

impl fmt::Display for BadSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a length of time: write a number and a unit, as in 250ms, 1.5s or 2m",
            self.0
        )
    }
}

impl std::error::Error for BadSpan {}

impl FromStr for Span {
    type Err = BadSpan;

    /// Reads `250ms`, `1.5s`, `2m`, `0s`: digits, at most nine decimals, a unit.
    fn from_str(text: &str) -> Result<Span, BadSpan> {
        let bad = || BadSpan(text.to_owned());
        let split = text
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or_else(bad)?;
        let (number, unit) = (text[..split].trim_end(), &text[split..]);
        let (_, nanos) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(bad)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || (number.contains('.') && !digits(decimals)) || decimals.len() > 9 {
            return Err(bad());
        }
        let whole: u64 = whole.parse().map_err(|_| bad())?;
        let scale = 10u128.pow(decimals.len() as u32);
        let part: u128 = if decimals.is_empty() {
            0
        } else {
            decimals.parse().map_err(|_| bad())?
        };
        let total = u128::from(whole) * u128::from(*nanos) + part * u128::from(*nanos) / scale;
        u64::try_from(total).map(Span).map_err(|_| bad())
    }
}

impl FromStr for Time {
    type Err = BadSpan;

    /// A time is read as the span since the beginning.
    fn from_str(text: &str) -> Result<Time, BadSpan> {
        text.parse().map(|Span(nanos)| Time(nanos))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            u64::deserialize(deserializer).map(Span)
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Span(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        Span::deserialize(deserializer).map(|Span(nanos)| Time(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_write_as_people_do() {
        for (text, nanos) in [
            ("0s", 0),
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("7ns", 7),
            ("90s", 90_000_000_000),
        ] {
            assert_eq!(text.parse::<Span>().unwrap(), Span(nanos));
            assert_eq!(Span(nanos).to_string(), text);
        }
        assert_eq!("2m".parse::<Span>().unwrap(), Span::secs(120));
    }

    #[test]
    fn what_is_written_reads_back_exactly() {
        for nanos in [
            1,
            999,
            1_001,
            123_456,
            1_000_001,
            1_234_567_891,
            3_600_000_000_001,
        ] {
            assert_eq!(
                Span(nanos).to_string().parse::<Span>().unwrap(),
                Span(nanos)
            );
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_remedy() {
        for text in [
            "",
            "5",
            "ms",
            "-3s",
            "1.s",
            ".5s",
            "1..5s",
            "3 parsecs",
            "99999999999h",
            "1e3s",
        ] {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains("write a number and a unit"), "{error}");
        }
    }
}
