//! Rates measured side by side: round after round, each contender in turn, so that whatever else the
//! machine does falls on all of them alike.

#![allow(
    clippy::disallowed_methods,
    reason = "benchmarks read the wall clock; nothing that they measure does"
)]

use std::time::Instant;

/// Something to be measured: a name, and work that says how many units of it were done.
pub struct Contender<'a> {
    /// As the table tells it.
    pub name: &'static str,
    /// Does a round of work.
    pub work: Box<dyn FnMut() -> u64 + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender of that name.
    pub fn new(name: &'static str, work: impl FnMut() -> u64 + 'a) -> Contender<'a> {
        Contender {
            name,
            work: Box::new(work),
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// Whose.
    pub name: &'static str,
    /// Units a second: the median over all rounds.
    pub per_second: f64,
}

/// Measures all of them, round by round, after one round that does not count.
pub fn measure(mut contenders: Vec<Contender<'_>>, rounds: usize) -> Vec<Rate> {
    let mut rates = vec![Vec::new(); contenders.len()];
    for round in 0..=rounds {
        for (contender, rates) in contenders.iter_mut().zip(&mut rates) {
            let begin = Instant::now();
            let units = (contender.work)();
            let took = begin.elapsed().as_secs_f64();
            if round > 0 {
                rates.push(units as f64 / took);
            }
        }
    }
    let line = |(contender, rates): (&Contender<'_>, &mut Vec<f64>)| {
        rates.sort_by(f64::total_cmp);
        Rate {
            name: contender.name,
            per_second: rates[rates.len() / 2],
        }
    };
    contenders.iter().zip(&mut rates).map(line).collect()
}

/// The table, with each rate beside that of the line of this name.
pub fn told(title: &str, unit: &str, rates: &[Rate], beside: &str) -> String {
    let base = rates
        .iter()
        .find(|rate| rate.name == beside)
        .expect("the line to compare with is one of them")
        .per_second;
    let mut text = format!("\n{title}\n");
    for rate in rates {
        text += &format!(
            "  {:<24} {:>14.0} {unit}/s {:>10.3} x {beside}\n",
            rate.name,
            rate.per_second,
            rate.per_second / base
        );
    }
    text
}
