//! Faults, targets and triggers as people write and read them: one spelling for files, traces and
//! reports.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Endpoint, Fault, Links, MessageFate, PlannedFault, Shape, Shift, Target, Trigger};
use crate::{disk::DiskFate, id::NodeId, stream::Probability, time::Span};

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}", Span(self.0.unsigned_abs()))
    }
}

impl FromStr for Shift {
    type Err = String;

    fn from_str(text: &str) -> Result<Shift, String> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let span: Span = rest
            .parse()
            .map_err(|error: crate::time::BadSpan| error.to_string())?;
        let size =
            i64::try_from(span.0).map_err(|_| format!("`{text}` is longer than 292 years"))?;
        Ok(Shift(sign * size))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Node(node) => node.fmt(f),
            Target::Nodes(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    write!(f, "{}{node}", if i > 0 { "+" } else { "" })?;
                }
                Ok(())
            }
            Target::Role(role) => f.write_str(role),
            Target::Zone(zone) => write!(f, "zone:{zone}"),
            Target::Any => f.write_str("any"),
            Target::Minority => f.write_str("minority"),
            Target::Majority => f.write_str("majority"),
            Target::All => f.write_str("all"),
        }
    }
}

impl FromStr for NodeId {
    type Err = String;

    fn from_str(text: &str) -> Result<NodeId, String> {
        match text.strip_prefix('n').map(str::parse) {
            Some(Ok(number)) => Ok(NodeId(number)),
            _ => Err(format!("`{text}` is not a node: write n0, n1, ...")),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let is_node = |text: &str| {
            text.len() > 1 && text.starts_with('n') && text[1..].bytes().all(|b| b.is_ascii_digit())
        };
        Ok(match text {
            "any" => Target::Any,
            "minority" => Target::Minority,
            "majority" => Target::Majority,
            "all" => Target::All,
            _ if text.contains('+') => {
                Target::Nodes(text.split('+').map(str::parse).collect::<Result<_, _>>()?)
            }
            _ if is_node(text) => Target::Node(text.parse()?),
            _ => match text.strip_prefix("zone:") {
                Some(zone) if !zone.is_empty() => Target::Zone(zone.to_owned()),
                None if is_name(text) => Target::Role(text.to_owned()),
                _ => {
                    return Err(format!(
                        "`{text}` is not a target: write a node (n1), several (n0+n2), a role (leader), \
                         a zone (zone:eu), any, minority, majority or all"
                    ));
                }
            },
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Node(node) => node.fmt(f),
            Endpoint::Client(client) => write!(f, "c{client}"),
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        match text.strip_prefix('c').map(str::parse) {
            Some(Ok(client)) => Ok(Endpoint::Client(client)),
            Some(Err(_)) => Err(format!("`{text}` is not a client: write c0, c1, ...")),
            None => text.parse().map(Endpoint::Node),
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trigger::At(time) => write!(f, "at {time}"),
            Trigger::Event { event } => write!(f, "at event {event}"),
            Trigger::Message { message, nth } => write!(f, "at {message} message {nth}"),
            Trigger::Reached { reached, nth } => {
                write!(f, "when `{reached}` is reached, time {nth}")
            }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Halves => f.write_str("into halves"),
            Shape::Isolate(node) => write!(f, "isolating {node}"),
            Shape::Minority => f.write_str("off a minority"),
            Shape::Bridge => f.write_str("into halves with a bridge"),
            Shape::MajoritiesRing => f.write_str("into a majorities ring"),
            Shape::OneWay { from, to } => write!(f, "one way from {from} to {to}"),
            Shape::Groups(groups) => {
                for (i, group) in groups.iter().enumerate() {
                    let names: Vec<String> = group.iter().map(Endpoint::to_string).collect();
                    write!(f, "{}{}", if i > 0 { " | " } else { "" }, names.join(" "))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Links::default() {
            return f.write_str("all links");
        }
        write!(
            f,
            "{} {} {}",
            self.from,
            if self.both { "<->" } else { "->" },
            self.to
        )?;
        f.write_str(if self.clients { " and clients" } else { "" })
    }
}

impl fmt::Display for Fault {
    /// The fault in words, as reports tell it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |p: &Probability| format!("{:.3}%", p.fraction() * 100.0);
        match self {
            Fault::Partition {
                shape,
                flap,
                clients,
            } => {
                write!(f, "partition {shape}")?;
                for client in clients {
                    write!(f, " with c{client}")?;
                }
                flap.map_or(Ok(()), |flap| write!(f, ", flapping every {flap}"))
            }
            Fault::Loss { probability, links } => {
                write!(f, "lose {} on {links}", percent(probability))
            }
            Fault::Duplicate { probability, links } => {
                write!(f, "duplicate {} on {links}", percent(probability))
            }
            Fault::Reorder {
                probability,
                window,
                links,
            } => {
                write!(
                    f,
                    "reorder {} by up to {window} on {links}",
                    percent(probability)
                )
            }
            Fault::Corrupt { probability, links } => {
                write!(f, "corrupt {} on {links}", percent(probability))
            }
            Fault::Delay { by, jitter, links } => {
                write!(f, "delay by {by} and up to {jitter} more on {links}")
            }
            Fault::Bandwidth {
                bytes_per_second,
                queue,
                links,
            } => {
                write!(
                    f,
                    "limit to {bytes_per_second} bytes a second, {queue} waiting, on {links}"
                )
            }
            Fault::Clog { links } => write!(f, "clog {links}"),
            Fault::SwizzleClog { node } => write!(f, "swizzle-clog {node}"),
            Fault::Message { kind, nth, fate } => match fate {
                MessageFate::Drop => write!(f, "drop {kind} message {nth}"),
                MessageFate::Delay(by) => write!(f, "delay {kind} message {nth} by {by}"),
                MessageFate::Duplicate => write!(f, "duplicate {kind} message {nth}"),
            },
            Fault::Crash { node, disk } => write!(f, "crash {node}, disk {}", disk_words(*disk)),
            Fault::CrashLoop { node, every, disk } => {
                write!(f, "crash {node} every {every}, disk {}", disk_words(*disk))
            }
            Fault::Pause { node } => write!(f, "pause {node}"),
            Fault::SlowCpu { node, per_message } => {
                write!(f, "slow {node} to {per_message} a reaction")
            }
            Fault::AddNode { node } => write!(f, "add {node}"),
            Fault::RemoveNode { node } => write!(f, "remove {node}"),
            Fault::ClockOffset { node, by } => write!(f, "put the clock of {node} off by {by}"),
            Fault::ClockStep { node, by } => write!(f, "step the clock of {node} by {by}"),
            Fault::ClockDrift { node, ppm } => write!(f, "drift the clocks of {node} by {ppm} ppm"),
            Fault::ClockStrobe { node, by, every } => {
                write!(f, "strobe the clock of {node} by {by} every {every}")
            }
            Fault::ClockFreeze { node } => write!(f, "freeze the clock of {node}"),
            Fault::ClockSlew { node, ppm } => {
                write!(f, "slew the clock of {node} back at {ppm} ppm")
            }
            Fault::ClockBound { node, uncertainty } => {
                write!(f, "tell {node} its clock is within {uncertainty}")
            }
            Fault::DiskCorrupt { node } => write!(f, "rot a record of {node}"),
            Fault::DiskSyncError { node } => write!(f, "fail the syncs of {node}"),
            Fault::DiskSlow { node, factor } => write!(f, "slow the disk of {node} {factor} times"),
            Fault::DiskStall { node } => write!(f, "stall the disk of {node}"),
            Fault::DiskFull { node } => write!(f, "fill the disk of {node}"),
            Fault::Buggify { sites, fires } => {
                write!(
                    f,
                    "buggify {} of sites at {}",
                    percent(sites),
                    percent(fires)
                )
            }
        }
    }
}

fn disk_words(fate: DiskFate) -> &'static str {
    match fate {
        DiskFate::Drawn => "as drawn",
        DiskFate::KeepUnsynced => "kept whole",
        DiskFate::LoseUnsynced => "without its unsynced tail",
        DiskFate::Torn => "with a torn record",
        DiskFate::Lost => "lost",
    }
}

impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.when, self.fault)?;
        self.lasts.map_or(Ok(()), |lasts| write!(f, " for {lasts}"))
    }
}

/// Written and read through `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($($type:ty),+) => {$(
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
    )+};
}

serde_as_text!(Target, Endpoint, Shift);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fault::{Plan, Trigger},
        time::Time,
    };

    #[test]
    fn targets_read_and_write_alike() {
        for text in [
            "n1",
            "n0+n2",
            "leader",
            "zone:eu-1",
            "any",
            "minority",
            "majority",
            "all",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["", "N1", "n1+", "n1+leader", "zone:", "the leader"] {
            assert!(text.parse::<Target>().is_err(), "`{text}` is no target");
        }
    }

    #[test]
    fn a_plan_survives_a_trip_through_text() {
        let plan: Plan = vec![
            PlannedFault {
                when: Trigger::At(Time::ZERO + Span::secs(3)),
                fault: Fault::Partition {
                    shape: Shape::Isolate(Target::Role("primary".into())),
                    flap: None,
                    clients: vec![1],
                },
                lasts: Some(Span::secs(4)),
            },
            PlannedFault {
                when: Trigger::Reached {
                    reached: "failover".into(),
                    nth: 2,
                },
                fault: Fault::ClockStep {
                    node: Target::Any,
                    by: Shift(-250_000_000),
                },
                lasts: None,
            },
            PlannedFault {
                when: Trigger::Message {
                    message: "Vote".into(),
                    nth: 3,
                },
                fault: Fault::Loss {
                    probability: Probability::per_mille(500),
                    links: Links::default(),
                },
                lasts: None,
            },
        ];
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
        assert!(
            text.contains(r#""when":"3s","fault":"partition""#),
            "{text}"
        );
    }

    #[test]
    fn an_unknown_key_of_a_fault_is_refused() {
        for text in [
            r#"{"when": "3s", "fault": "crash", "node": "n1", "for": "1s", "disc": "lost"}"#,
            r#"{"when": {"event": 3, "nth": 2}, "fault": "crash", "node": "n1"}"#,
        ] {
            assert!(
                serde_json::from_str::<PlannedFault>(text).is_err(),
                "{text}"
            );
        }
        let good = r#"{"when": "3s", "fault": "crash", "node": "n1", "for": "1s"}"#;
        assert!(serde_json::from_str::<PlannedFault>(good).is_ok());
    }

    #[test]
    fn every_fault_has_one_spelling() {
        let fault = Fault::DiskSyncError { node: Target::Any };
        assert_eq!(fault.kind(), "disk-sync-error");
        assert!(
            serde_json::to_string(&fault)
                .unwrap()
                .contains(r#""fault":"disk-sync-error""#)
        );
        assert_eq!(Fault::kinds().len(), 29);
    }
}
