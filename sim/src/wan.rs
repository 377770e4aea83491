//! Published latencies between regions.

use crate::{latency::Latency, time::Span};

/// Mean round-trip times between eight EC2 regions in milliseconds, measured over a week:
/// Bailis et al., "Highly Available Transactions: Virtues and Limitations", VLDB 2014, Table 1c.
const HAT_2013: (&[&str], &[&[f64]]) = (
    &[
        "california",
        "oregon",
        "virginia",
        "tokyo",
        "ireland",
        "sydney",
        "sao-paulo",
        "singapore",
    ],
    &[
        &[],
        &[22.5],
        &[84.5, 82.9],
        &[143.7, 135.1, 202.4],
        &[169.8, 170.6, 107.9, 278.3],
        &[179.1, 200.6, 265.6, 144.2, 346.2],
        &[185.9, 207.8, 163.4, 301.4, 239.8, 333.6],
        &[186.9, 234.4, 253.5, 90.6, 234.1, 243.1, 362.8],
    ],
);

/// One way within a zone, at the median: Bailis et al., Table 1b, half of 1.08 ms.
const WITHIN_A_ZONE: Span = Span::micros(540);

/// How long a message takes from a zone to another: half the round trip at the median, with a tail of half as
/// much again at the 99th percentile.
pub(crate) fn latency(table: &str, from: &str, to: &str) -> Result<Latency, String> {
    let (names, rows) = match table {
        "hat-2013" => HAT_2013,
        _ => {
            return Err(format!(
                "there is no table of latencies `{table}`: write hat-2013"
            ));
        }
    };
    let place = |zone: &str| {
        names.iter().position(|name| *name == zone).ok_or_else(|| {
            format!(
                "zone `{zone}` is not in the table {table}: write one of {}",
                names.join(", ")
            )
        })
    };
    let (a, b) = (place(from)?, place(to)?);
    let median = if a == b {
        WITHIN_A_ZONE
    } else {
        Span((rows[a.max(b)][a.min(b)] * 1e6 / 2.0) as u64)
    };
    Ok(Latency::Lognormal {
        median,
        p99: median * 3 / 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_symmetric_and_names_what_it_lacks() {
        assert_eq!(
            latency("hat-2013", "tokyo", "ireland"),
            latency("hat-2013", "ireland", "tokyo")
        );
        let Ok(Latency::Lognormal { median, .. }) = latency("hat-2013", "oregon", "california")
        else {
            panic!("a lognormal latency")
        };
        assert_eq!(median, Span::micros(11_250));
        assert!(
            latency("hat-2013", "mars", "tokyo")
                .unwrap_err()
                .contains("california, oregon")
        );
        assert!(
            latency("nowhere", "a", "b")
                .unwrap_err()
                .contains("hat-2013")
        );
    }
}
