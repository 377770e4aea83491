//! Figures beside the bars that they are to clear, and how figures grow with the size of the work.

/// What a piece of work must do better than.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bar {
    /// So many seconds at most.
    Seconds(f64),
    /// So many operations a second at least.
    PerSecond(f64),
    /// So many bytes at most, beyond the history itself.
    Bytes(f64),
    /// No more than this power of the size.
    Power(f64),
}

impl Bar {
    /// How many times better than the bar a figure in the bar's unit is.
    pub fn ratio(self, figure: f64) -> f64 {
        match self {
            Self::Seconds(bar) | Self::Bytes(bar) | Self::Power(bar) => bar / figure,
            Self::PerSecond(bar) => figure / bar,
        }
    }

    /// A figure in the bar's unit, or the bar itself.
    fn told(self, figure: f64) -> String {
        match self {
            Self::Seconds(_) => seconds(figure),
            Self::PerSecond(_) => format!("{:.2} M/s", figure / 1e6),
            Self::Bytes(_) => bytes(figure),
            Self::Power(_) => format!("n^{figure:.2}"),
        }
    }

    fn height(self) -> f64 {
        match self {
            Self::Seconds(bar) | Self::PerSecond(bar) | Self::Bytes(bar) | Self::Power(bar) => bar,
        }
    }
}

/// A figure with its bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What was done.
    pub work: String,
    /// What a peer needs for it.
    pub peer: String,
    /// What is to be cleared.
    pub bar: Bar,
    /// What was measured, in the bar's unit.
    pub ours: f64,
}

/// Seconds in a unit that a person reads at a glance.
pub fn seconds(seconds: f64) -> String {
    match seconds {
        small if small < 1e-3 => format!("{:.1} us", small * 1e6),
        small if small < 1.0 => format!("{:.2} ms", small * 1e3),
        large => format!("{large:.2} s"),
    }
}

/// Bytes in a unit that a person reads at a glance.
pub fn bytes(bytes: f64) -> String {
    const MEGABYTE: f64 = 1e6;
    if bytes < MEGABYTE {
        format!("{:.1} kB", bytes / 1e3)
    } else {
        format!("{:.1} MB", bytes / MEGABYTE)
    }
}

/// The closing table: work, peer, bar, ours, and how many times better than the bar.
pub fn table(lines: &[Line]) -> String {
    let mut text = format!(
        "{:<58} {:<26} {:>12} {:>12} {:>8}\n",
        "work", "peer", "bar", "ours", "ratio"
    );
    for line in lines {
        let ratio = line.bar.ratio(line.ours);
        let mark = if ratio < 1.0 { "  below the bar" } else { "" };
        text += &format!(
            "{:<58} {:<26} {:>12} {:>12} {ratio:>7.2}x{mark}\n",
            line.work,
            line.peer,
            line.bar.told(line.bar.height()),
            line.bar.told(line.ours),
        );
    }
    text
}

/// The power of the size with which figures grow: the slope of their logarithms, by least squares.
pub fn exponent(figures: &[(f64, f64)]) -> f64 {
    assert!(figures.len() > 1, "a slope needs two points");
    let logs: Vec<(f64, f64)> = figures
        .iter()
        .map(|(size, figure)| (size.ln(), figure.ln()))
        .collect();
    let count = logs.len() as f64;
    let mean_size = logs.iter().map(|(size, _)| size).sum::<f64>() / count;
    let mean_figure = logs.iter().map(|(_, figure)| figure).sum::<f64>() / count;
    let (mut along, mut across) = (0.0, 0.0);
    for (size, figure) in logs {
        along += (size - mean_size) * (figure - mean_figure);
        across += (size - mean_size) * (size - mean_size);
    }
    along / across
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_grows_with_the_power_of_two() {
        let figures: Vec<(f64, f64)> = [10.0, 100.0, 1_000.0]
            .map(|size| (size, 3.0 * size * size))
            .to_vec();
        assert!((exponent(&figures) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_misses_its_bar_is_marked() {
        let line = |ours| Line {
            work: "work".to_owned(),
            peer: String::new(),
            bar: Bar::Seconds(1.0),
            ours,
        };
        assert!(!table(&[line(0.5)]).contains("below"));
        assert!(table(&[line(2.0)]).contains("0.50x  below the bar"));
        assert_eq!(Bar::PerSecond(5e6).ratio(1e7), 2.0);
    }
}
