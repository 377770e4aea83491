//! The words that values of a scenario are written with: closed lists, and small texts such as
//! `200/s` and `converges within 5s`. Each is read and written in one way only.

use std::{borrow::Cow, fmt, str::FromStr};

use murphy_sim::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::suggest;

/// What clients do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum WorkloadKind {
    /// Reads and writes of single keys.
    Register,
    /// Reads, writes and compare-and-set of single keys.
    CasRegister,
    /// Reads and writes of single keys that keep concurrent writes side by side.
    Siblings,
    /// Transactions that append to lists and read them.
    ListAppend,
    /// Transactions that read and write registers.
    RwRegister,
    /// Transfers between accounts, and reads of all of them.
    Bank,
    /// Sums taken from several accounts, one after the other, and given to another.
    Saga,
    /// Events that are published to keys and applied to a view.
    Outbox,
    /// Events that every node is to learn of.
    Broadcast,
    /// Events published and read, each client at a node of its own: it sees what it answers.
    Conversation,
    /// Counters that are only counted up, and read.
    Tally,
    /// Counters that are counted up and down, and read.
    Counter,
    /// Elements put into sets, taken out and put in again.
    Set,
    /// Fields of maps written and deleted.
    Map,
    /// Elements put into lists behind others, and taken out.
    List,
    /// Messages to partitions, polled by a consumer group.
    Log,
    /// Questions to nodes, who is a member of the group.
    Members,
}

/// How keys are chosen.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum KeyChoice {
    /// All alike.
    #[default]
    Uniform,
    /// The k-th key 1/k times as often as the first.
    Zipf,
    /// Four calls in five go to the first key.
    Hot,
}

/// Which node a client asks first.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum NodeChoice {
    /// Whoever answered its last call.
    #[default]
    Sticky,
    /// One drawn for each call.
    Any,
}

impl WorkloadKind {
    /// Whether its keys are accounts, with money on each in the beginning.
    pub const fn has_accounts(self) -> bool {
        matches!(self, WorkloadKind::Bank | WorkloadKind::Saga)
    }
}

impl NodeChoice {
    /// Whether it is what a scenario gets that does not say.
    pub fn is_default(&self) -> bool {
        *self == NodeChoice::default()
    }
}

/// A family of faults that a scenario can allow.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::IntoStaticStr,
    strum::VariantNames,
    strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Family {
    /// Partitions of every shape, some of them flapping.
    Partition,
    /// Messages lost at random.
    Loss,
    /// Messages that arrive twice.
    Duplicate,
    /// Messages that overtake each other.
    Reorder,
    /// Messages that are damaged and dropped by a checksum.
    Corrupt,
    /// Slow links.
    Delay,
    /// Links that carry little.
    Bandwidth,
    /// Messages held and released, by link or node after node.
    Clog,
    /// Crashes, alone, by minority, or in a loop.
    Crash,
    /// Nodes that stand still.
    Pause,
    /// Nodes that are slow.
    SlowCpu,
    /// Wall clocks that are off, jump, strobe, freeze or are slewed; drift up to 500 ppm.
    Clock,
    /// Disks that are slow, stall, fill up or fail to sync.
    Disk,
    /// Crashes that lose the disk. Few protocols promise to survive them.
    DiskLost,
    /// Records that rot on disk. Few protocols promise to survive it.
    DiskCorrupt,
    /// `buggify` sites in the protocol.
    Buggify,
}

/// A judge of what nodes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateCheck {
    /// Equal views at the end of the run, or so long after the heal: `converges`,
    /// `converges within 5s`.
    Converges {
        /// How long after the heal; by the end of the run when absent.
        within: Option<Span>,
    },
    /// The final reads, made when all is quiet, succeed: `progress`.
    Progress,
    /// Nothing is left to do at the end of the run, no transaction in doubt, no lock held, no event
    /// unsent: `settled`.
    Settled,
}

/// What must come out of the suite of seeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expectation {
    /// Nothing is violated, whatever the seed: `holds`.
    #[default]
    Holds,
    /// Some seed shows this anomaly: `violated: stale-read`.
    Violated(String),
}

/// Calls a second over all clients, written `200/s`. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(pub u32);

impl Rate {
    /// More calls a second than this are taken for a slip of the pen.
    pub const MOST: u32 = 1_000_000;
}

/// State checks, as they are written.
pub(crate) const STATE_CHECKS: [&str; 4] =
    ["converges", "converges within 5s", "progress", "settled"];

impl fmt::Display for StateCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateCheck::Converges { within: None } => f.write_str("converges"),
            StateCheck::Converges { within: Some(span) } => write!(f, "converges within {span}"),
            StateCheck::Progress => f.write_str("progress"),
            StateCheck::Settled => f.write_str("settled"),
        }
    }
}

impl FromStr for StateCheck {
    type Err = String;

    fn from_str(text: &str) -> Result<StateCheck, String> {
        match text {
            "converges" => Ok(StateCheck::Converges { within: None }),
            "progress" => Ok(StateCheck::Progress),
            "settled" => Ok(StateCheck::Settled),
            _ => match text.strip_prefix("converges within ") {
                Some(span) => {
                    let span = span
                        .parse()
                        .map_err(|bad: murphy_sim::BadSpan| bad.to_string())?;
                    Ok(StateCheck::Converges { within: Some(span) })
                }
                None => Err(format!(
                    "`{text}` is not a check of states: {}",
                    suggest::instead(text, &STATE_CHECKS)
                )),
            },
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expectation::Holds => f.write_str("holds"),
            Expectation::Violated(anomaly) => write!(f, "violated: {anomaly}"),
        }
    }
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Expectation, String> {
        if text == "holds" {
            return Ok(Expectation::Holds);
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        match text.strip_prefix("violated:").map(str::trim) {
            Some(anomaly) if is_name(anomaly) => Ok(Expectation::Violated(anomaly.to_owned())),
            _ => Err(format!(
                "`{text}` is not an expectation: write `holds`, or `violated: ` and the anomaly, \
                 as in `violated: stale-read`"
            )),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.0)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let number = text
            .strip_suffix("/s")
            .map(str::trim_end)
            .filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        let Some(number) = number else {
            return Err(format!(
                "`{text}` is not a rate: write whole calls a second, as in `200/s`"
            ));
        };
        match number.parse() {
            Ok(0) => {
                Err("a rate of zero asks nothing of the cluster: write at least `1/s`".to_owned())
            }
            Ok(rate) if rate <= Rate::MOST => Ok(Rate(rate)),
            _ => Err(format!(
                "`{text}` is too much: write at most `{}`",
                Rate(Rate::MOST)
            )),
        }
    }
}

/// Written and read through `Display` and `FromStr`; the pattern is for editors.
macro_rules! text {
    ($($type:ident: $pattern:literal, $about:literal;)+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $about })
            }
        }
    )+};
}

text! {
    Rate: "^[0-9]+ ?/s$", "Calls a second over all clients, as in `200/s`.";
    StateCheck: "^(converges( within [0-9.]+ ?(h|m|s|ms|us|ns))?|progress|settled)$",
        "A judge of what nodes hold: `converges`, `converges within 5s`, `progress`, `settled`.";
    Expectation: "^(holds|violated: *[A-Za-z0-9-]+)$",
        "`holds`, or `violated: ` and the anomaly that some seed must show.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in ["converges", "converges within 5s", "progress", "settled"] {
            assert_eq!(text.parse::<StateCheck>().unwrap().to_string(), text);
        }
        for text in ["holds", "violated: stale-read", "violated: G1c"] {
            assert_eq!(text.parse::<Expectation>().unwrap().to_string(), text);
        }
        assert_eq!("200/s".parse::<Rate>().unwrap().to_string(), "200/s");
    }

    #[test]
    fn nonsense_is_refused_with_a_remedy() {
        for text in [
            "",
            "200",
            "0/s",
            "-1/s",
            "NaN/s",
            "1.5/s",
            "99999999999999/s",
            "2000000/s",
        ] {
            let error = text.parse::<Rate>().unwrap_err();
            assert!(error.contains("/s`"), "{error}");
        }
        for text in [
            "",
            "violated",
            "violated:",
            "violated: a b",
            "violated: ../x",
            "Holds",
        ] {
            let error = text.parse::<Expectation>().unwrap_err();
            assert!(error.contains("violated: stale-read"), "{error}");
        }
        for text in [
            "converge",
            "converges within",
            "converges within soon",
            "converges within -1s",
        ] {
            let error = text.parse::<StateCheck>().unwrap_err();
            let remedy = error.contains("write") || error.contains("did you mean `converges");
            assert!(remedy, "{error}");
        }
    }
}
