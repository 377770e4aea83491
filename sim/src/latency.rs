//! Latency models: how long a message or a sync takes.
//!
//! Each model is compiled once into a table of its quantiles and then drawn from with one random
//! word and integer interpolation: the same on every platform, and no logarithm in the hot path.

use serde::{Deserialize, Serialize};

use crate::{
    stream::{mix, scale},
    time::Span,
};

/// How long something takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Latency {
    /// Always the same.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    Constant(Span),
    /// Anything between two bounds, alike.
    Uniform {
        /// The least.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        min: Span,
        /// The most.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        max: Span,
    },
    /// A least time, and then a memoryless wait.
    Exponential {
        /// The least.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        #[serde(default)]
        min: Span,
        /// The mean of what comes on top.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        mean: Span,
    },
    /// A bell around a mean, cut off at zero.
    Normal {
        /// The mean.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        mean: Span,
        /// The standard deviation.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        deviation: Span,
    },
    /// A skewed bell, as networks show it.
    Lognormal {
        /// Half are faster.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        median: Span,
        /// One in a hundred is slower.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        p99: Span,
    },
    /// A power law: most are fast, a few very slow.
    Pareto {
        /// The least.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        min: Span,
        /// The tail index: smaller is heavier. Must be positive.
        shape: f64,
    },
    /// One of several, by weight.
    Mixture(Vec<Weighted>),
    /// As measured: each sample as likely as the others, and what lies between neighbours too.
    Empirical(#[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))] Vec<Span>),
}

/// One part of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// How often, relative to the other parts.
    pub weight: u32,
    /// Which latency.
    pub latency: Latency,
}

impl Latency {
    /// Whether it can be drawn from; if not, why, and what to write instead.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Latency::Constant(_) => Ok(()),
            Latency::Uniform { min, max } if min > max => Err(format!(
                "a uniform latency from {min} to {max} is empty: swap `min` and `max`"
            )),
            Latency::Lognormal { median, p99 } if median.0 == 0 || median >= p99 => Err(format!(
                "a lognormal latency needs 0s < median < p99, not median {median} and p99 {p99}"
            )),
            Latency::Pareto { min, shape } if min.0 == 0 || !(0.05..=1e6).contains(shape) => {
                Err(format!(
                    "a Pareto latency needs a `min` above 0s and a `shape` from 0.05 to 1000000, not {min} and {shape}"
                ))
            }
            Latency::Mixture(parts) if parts.iter().all(|part| part.weight == 0) => {
                Err("a mixture needs at least one part with a weight above 0".to_owned())
            }
            Latency::Mixture(parts) => parts.iter().try_for_each(|part| part.latency.validate()),
            Latency::Empirical(samples) if samples.is_empty() => {
                Err("an empirical latency needs at least one sample".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Compiles the model. Panics on one that [`Latency::validate`] refuses.
    pub(crate) fn compile(&self) -> Sampler {
        self.validate()
            .expect("a latency model is validated before it is compiled");
        match self {
            Latency::Constant(span) => Sampler::Uniform {
                min: span.0,
                width: 1,
            },
            Latency::Uniform { min, max } => Sampler::Uniform {
                min: min.0,
                width: max.0 - min.0 + 1,
            },
            Latency::Exponential { min, mean } => {
                table(|u| min.0 as f64 - mean.0 as f64 * libm::log1p(-u))
            }
            Latency::Normal { mean, deviation } => {
                table(|u| mean.0 as f64 + deviation.0 as f64 * normal_quantile(u))
            }
            Latency::Lognormal { median, p99 } => {
                let sigma = libm::log(p99.0 as f64 / median.0 as f64) / normal_quantile(0.99);
                table(|u| median.0 as f64 * libm::exp(sigma * normal_quantile(u)))
            }
            Latency::Pareto { min, shape } => {
                table(|u| min.0 as f64 * libm::pow(1.0 - u, -1.0 / shape))
            }
            Latency::Mixture(parts) => compile_mixture(parts),
            Latency::Empirical(samples) => {
                let mut sorted = samples.clone();
                sorted.sort_unstable();
                table(|u| empirical_quantile(&sorted, u))
            }
        }
    }
}

/// A compiled model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sampler {
    Uniform {
        min: u64,
        width: u64,
    },
    Table(Box<[u64; POINTS]>),
    /// Cumulative thresholds out of 2^32, and what lies under each.
    Mixture(Vec<(u64, Sampler)>),
}

impl Sampler {
    /// The latency that these random bits stand for.
    #[inline]
    pub(crate) fn sample(&self, bits: u64) -> Span {
        match self {
            Sampler::Uniform { min, width } => Span(min + scale(bits, *width)),
            Sampler::Table(points) => Span(look_up(points, bits)),
            Sampler::Mixture(parts) => {
                let draw = bits >> 32;
                let part = parts.iter().find(|(upto, _)| draw < *upto).or(parts.last());
                part.expect("a mixture has parts").1.sample(mix(bits))
            }
        }
    }
}

/// The table resolves 1/256, then the last of those by 1/256 again, and once more: up to the
/// quantile 1 - 2^-24.
const LEVELS: usize = 3;
const CELLS: usize = 256;
const POINTS: usize = LEVELS * CELLS + 1;

/// Tabulates a quantile function in nanoseconds.
fn table(quantile: impl Fn(f64) -> f64) -> Sampler {
    let mut points = Box::new([0; POINTS]);
    let mut tail_begins = 0.0;
    let mut cell = 1.0 / CELLS as f64;
    for level in 0..LEVELS {
        for i in 0..CELLS {
            points[level * CELLS + i] = in_nanos(quantile(tail_begins + cell * i as f64));
        }
        tail_begins += cell * (CELLS - 1) as f64;
        cell /= CELLS as f64;
    }
    points[POINTS - 1] = in_nanos(quantile(1.0 - cell)).max(points[POINTS - 2]);
    // The last cell of each level is the whole next level, so that level's first point is its end.
    Sampler::Table(points)
}

/// Nanoseconds, cut off at zero and at an hour.
fn in_nanos(value: f64) -> u64 {
    const HOUR: f64 = 3.6e12;
    if value.is_nan() {
        0
    } else {
        value.clamp(0.0, HOUR) as u64
    }
}

#[inline]
fn look_up(points: &[u64; POINTS], bits: u64) -> u64 {
    let (mut level, mut rest) = (0, bits);
    while level < LEVELS - 1 && (rest >> 56) == 0xff {
        rest <<= 8;
        level += 1;
    }
    let cell = (rest >> 56) as usize;
    let low = points[level * CELLS + cell];
    let high = points[level * CELLS + cell + 1];
    low + scale(rest << 8, high.saturating_sub(low))
}

fn compile_mixture(parts: &[Weighted]) -> Sampler {
    let total: u64 = parts.iter().map(|part| u64::from(part.weight)).sum();
    let mut upto = 0;
    let compiled = parts.iter().map(|part| {
        upto += u64::from(part.weight);
        ((upto << 32) / total, part.latency.compile())
    });
    Sampler::Mixture(compiled.collect())
}

fn empirical_quantile(sorted: &[Span], u: f64) -> f64 {
    let place = u * (sorted.len() - 1) as f64;
    let low = place as usize;
    let high = (low + 1).min(sorted.len() - 1);
    let (a, b) = (sorted[low].0 as f64, sorted[high].0 as f64);
    a + (b - a) * (place - low as f64)
}

/// The quantile of the standard normal distribution, by Wichura's algorithm AS 241 (Applied
/// Statistics 37, 1988), good to 16 digits; far out at the ends it is cut off.
fn normal_quantile(u: f64) -> f64 {
    const CENTRE: ([f64; 8], [f64; 8]) = (
        [
            3.387_132_872_796_366_5,
            1.331_416_678_917_843_8e2,
            1.971_590_950_306_551_3e3,
            1.373_169_376_550_946e4,
            4.592_195_393_154_987e4,
            6.726_577_092_700_87e4,
            3.343_057_558_358_813e4,
            2.509_080_928_730_122_7e3,
        ],
        [
            1.0,
            4.231_333_070_160_091e1,
            6.871_870_074_920_579e2,
            5.394_196_021_424_751e3,
            2.121_379_430_158_659_7e4,
            3.930_789_580_009_271e4,
            2.872_908_573_572_194_3e4,
            5.226_495_278_852_545e3,
        ],
    );
    const MIDDLE: ([f64; 8], [f64; 8]) = (
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            2.417_807_251_774_506e-1,
            2.272_384_498_926_918_4e-2,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            6.897_673_349_851e-1,
            1.481_039_764_274_800_8e-1,
            1.519_866_656_361_645_7e-2,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    );
    const TAIL: ([f64; 8], [f64; 8]) = (
        [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            2.965_605_718_285_048_7e-1,
            2.653_218_952_657_612_4e-2,
            1.242_660_947_388_078_4e-3,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ],
        [
            1.0,
            5.998_322_065_558_88e-1,
            1.369_298_809_227_358e-1,
            1.487_536_129_085_061_5e-2,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ],
    );
    fn ratio((above, below): ([f64; 8], [f64; 8]), x: f64) -> f64 {
        let horner = |c: [f64; 8]| {
            c.iter()
                .rev()
                .fold(0.0, |sum, coefficient| sum * x + coefficient)
        };
        horner(above) / horner(below)
    }
    let from_centre = u - 0.5;
    if from_centre.abs() <= 0.425 {
        return from_centre * ratio(CENTRE, 0.180_625 - from_centre * from_centre);
    }
    let nearest_end = if from_centre < 0.0 { u } else { 1.0 - u };
    let r = libm::sqrt(-libm::log(nearest_end.max(1e-12)));
    let size = if r <= 5.0 {
        ratio(MIDDLE, r - 1.6)
    } else {
        ratio(TAIL, r - 5.0)
    };
    if from_centre < 0.0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Stream;

    fn quantiles(latency: &Latency, of: [f64; 3]) -> [f64; 3] {
        let sampler = latency.compile();
        let mut stream = Stream::named(1, "latency");
        let mut drawn: Vec<u64> = (0..200_000)
            .map(|_| sampler.sample(stream.bits()).0)
            .collect();
        drawn.sort_unstable();
        of.map(|q| drawn[(q * drawn.len() as f64) as usize] as f64 / 1e6)
    }

    fn close(drawn: [f64; 3], exact: [f64; 3]) {
        for (drawn, exact) in drawn.iter().zip(exact) {
            assert!(
                (drawn - exact).abs() <= 0.04 * exact + 0.02,
                "{drawn} ms drawn, {exact} ms expected"
            );
        }
    }

    #[test]
    fn every_model_has_the_quantiles_of_its_distribution() {
        let ms = Span::millis;
        let of = [0.5, 0.99, 0.999];
        close(quantiles(&Latency::Constant(ms(3)), of), [3.0; 3]);
        close(
            quantiles(
                &Latency::Uniform {
                    min: ms(1),
                    max: ms(3),
                },
                of,
            ),
            [2.0, 2.98, 2.998],
        );
        close(
            quantiles(
                &Latency::Exponential {
                    min: ms(1),
                    mean: ms(2),
                },
                of,
            ),
            [2.386, 10.21, 14.82],
        );
        close(
            quantiles(
                &Latency::Normal {
                    mean: ms(10),
                    deviation: ms(2),
                },
                of,
            ),
            [10.0, 14.65, 16.18],
        );
        close(
            quantiles(
                &Latency::Lognormal {
                    median: ms(2),
                    p99: ms(15),
                },
                of,
            ),
            [2.0, 15.0, 29.07],
        );
        close(
            quantiles(
                &Latency::Pareto {
                    min: ms(1),
                    shape: 2.0,
                },
                of,
            ),
            [1.414, 10.0, 31.62],
        );
        close(
            quantiles(&Latency::Empirical(vec![ms(9), ms(1), ms(5)]), of),
            [5.0, 8.92, 8.992],
        );
    }

    #[test]
    fn a_mixture_draws_each_part_by_its_weight() {
        let part = |weight, millis| Weighted {
            weight,
            latency: Latency::Constant(Span::millis(millis)),
        };
        let sampler = Latency::Mixture(vec![part(3, 1), part(1, 50)]).compile();
        let mut stream = Stream::named(1, "latency");
        let slow = (0..100_000)
            .filter(|_| sampler.sample(stream.bits()) == Span::millis(50))
            .count();
        assert!(
            (24_500..25_500).contains(&slow),
            "{slow} of 100,000 at one in four"
        );
    }

    #[test]
    fn draws_are_pinned_on_every_platform() {
        let sampler = Latency::Lognormal {
            median: Span::millis(2),
            p99: Span::millis(15),
        }
        .compile();
        let drawn =
            [0, 1 << 63, u64::MAX, 0x1234_5678_9abc_def0].map(|bits| sampler.sample(bits).0);
        assert_eq!(drawn, [4_518, 2_000_000, 441_120_360, 561_030]);
    }

    #[test]
    fn an_impossible_model_is_refused_with_a_remedy() {
        let ms = Span::millis;
        for (latency, remedy) in [
            (
                Latency::Uniform {
                    min: ms(2),
                    max: ms(1),
                },
                "swap",
            ),
            (
                Latency::Lognormal {
                    median: ms(5),
                    p99: ms(5),
                },
                "median < p99",
            ),
            (
                Latency::Pareto {
                    min: ms(1),
                    shape: f64::NAN,
                },
                "shape",
            ),
            (Latency::Mixture(vec![]), "at least one part"),
            (Latency::Empirical(vec![]), "at least one sample"),
        ] {
            let error = latency.validate().unwrap_err();
            assert!(error.contains(remedy), "{error}");
        }
    }
}
