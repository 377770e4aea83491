//! `murphy list`: what there is to test, to break and to check.

use clap::ValueEnum;
use murphy_scenarios::{
    Registered,
    language::{Scenario, schema},
    protocols,
};
use serde_json::{Value, json};

use super::Format;
use crate::{Exit, failure::Failure, sources, terminal};

/// What `murphy list` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Of what.
    #[arg(value_enum)]
    what: What,
    /// In what form.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Protocols: what they promise, their modes, roles and labels.
    Protocols,
    /// Planted bugs, the anomaly each must show, and the scenario that shows it.
    Mutants,
    /// Faults that a plan can name, and the families that faults are drawn from.
    Faults,
    /// What clients can be made to ask.
    Workloads,
    /// Judges of what clients saw and of what nodes hold.
    Checkers,
    /// The catalogue.
    Scenarios,
}

/// Prints the list.
pub(super) fn list(arguments: &Arguments) -> Result<Exit, Failure> {
    let list = match arguments.what {
        What::Protocols => of_protocols(),
        What::Mutants => of_mutants(&catalogue()?),
        What::Faults => of_faults(),
        What::Workloads => words("WorkloadKind", "workload"),
        What::Checkers => of_checkers(),
        What::Scenarios => of_scenarios(&catalogue()?),
    };
    match arguments.format {
        Format::Json => terminal::print(|out| {
            serde_json::to_writer_pretty(&mut *out, &list)?;
            writeln!(out)
        })?,
        Format::Text => {
            let lines = told(arguments.what, &list);
            terminal::print(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))?;
        }
    }
    Ok(Exit::AsExpected)
}

fn catalogue() -> Result<Vec<Scenario>, Failure> {
    sources::catalogue(&Registered::default())
}

fn of_protocols() -> Vec<Value> {
    let protocol = |entry: murphy_scenarios::Entry| {
        let modes = entry
            .modes
            .iter()
            .map(|mode| json!({ "mode": mode.name, "promise": mode.promise }));
        json!({
            "protocol": entry.name,
            "service": <&str>::from(entry.service),
            "promise": entry.promise,
            "nodes": entry.nodes,
            "modes": modes.collect::<Vec<_>>(),
            "roles": entry.roles,
            "labels": entry.labels,
            "mutants": entry.mutants.iter().map(|mutant| mutant.name).collect::<Vec<_>>(),
        })
    };
    protocols().into_iter().map(protocol).collect()
}

fn of_mutants(catalogue: &[Scenario]) -> Vec<Value> {
    let mut list = Vec::new();
    for entry in protocols() {
        for mutant in entry.mutants {
            let plants = |scenario: &&Scenario| {
                scenario.protocol == entry.name && scenario.mutant.as_deref() == Some(mutant.name)
            };
            list.push(json!({
                "protocol": entry.name,
                "mutant": mutant.name,
                "anomaly": mutant.anomaly,
                "scenario": catalogue.iter().find(plants).map(|scenario| &scenario.name),
                "story": mutant.story,
            }));
        }
    }
    list
}

fn of_scenarios(catalogue: &[Scenario]) -> Vec<Value> {
    let scenario = |scenario: &Scenario| {
        json!({
            "scenario": scenario.name,
            "file": scenario.file.display().to_string(),
            "protocol": scenario.protocol,
            "mutant": scenario.mutant,
            "expect": scenario.expect.to_string(),
            "seeds": scenario.seeds,
            "story": scenario.story,
        })
    };
    catalogue.iter().map(scenario).collect()
}

/// The faults of the language, and after them the families that `draw` takes.
fn of_faults() -> Vec<Value> {
    let schema = schema();
    let variants = schema
        .pointer("/$defs/PlannedFault/oneOf")
        .and_then(Value::as_array);
    let fault = |variant: &Value| {
        let name = variant.pointer("/properties/fault/const")?.clone();
        Some(json!({ "fault": name, "about": about(variant) }))
    };
    let faults = variants.into_iter().flatten().filter_map(fault);
    faults.chain(words("Family", "family")).collect()
}

fn of_checkers() -> Vec<Value> {
    let states = STATE_CHECKS
        .iter()
        .map(|(check, about)| json!({ "states": check, "about": about }));
    words("HistoryCheck", "history")
        .into_iter()
        .chain(states)
        .collect()
}

/// Judges of what nodes hold, as they are written.
const STATE_CHECKS: [(&str, &str); 4] = [
    ("converges", "Replicas agree in the end."),
    (
        "converges within 5s",
        "Replicas agree so long after the heal, and still do in the end.",
    ),
    (
        "progress",
        "The final reads, made when all is quiet, succeed.",
    ),
    (
        "settled",
        "Nothing is left to do: no transaction in doubt, no lock held, no event unsent.",
    ),
];

/// The words of a closed list of the language, each with what the schema says about it.
fn words(of: &str, key: &str) -> Vec<Value> {
    let schema = schema();
    let variants = schema
        .pointer(&format!("/$defs/{of}/oneOf"))
        .and_then(Value::as_array);
    let word =
        |variant: &Value| Some(json!({ key: variant.get("const")?, "about": about(variant) }));
    variants.into_iter().flatten().filter_map(word).collect()
}

/// A description of the schema, on one line.
fn about(described: &Value) -> String {
    let text = described
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A list as lines for people.
fn told(what: What, list: &[Value]) -> Vec<String> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or("-").to_owned();
    match what {
        What::Protocols => list.iter().flat_map(tell_protocol).collect(),
        What::Mutants => columns(list.iter().map(|item| {
            [
                text(item, "protocol"),
                text(item, "mutant"),
                text(item, "anomaly"),
                text(item, "scenario"),
            ]
        })),
        What::Scenarios => columns(list.iter().map(|item| {
            [
                text(item, "scenario"),
                text(item, "protocol"),
                text(item, "mutant"),
                text(item, "expect"),
            ]
        })),
        What::Workloads => columns(
            list.iter()
                .map(|item| [text(item, "workload"), text(item, "about")]),
        ),
        What::Faults => in_parts(list, ["fault", "family"]),
        What::Checkers => in_parts(list, ["history", "states"]),
    }
}

fn tell_protocol(item: &Value) -> Vec<String> {
    let words = |key: &str| {
        let words = item[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(", ")
    };
    let text = |key: &str| item[key].as_str().unwrap_or_default();
    let mut lines = vec![
        format!(
            "{}  ({}, {} nodes)",
            text("protocol"),
            text("service"),
            item["nodes"]
        ),
        format!("  promise  {}", text("promise")),
    ];
    for mode in item["modes"].as_array().into_iter().flatten() {
        let text = |key: &str| mode[key].as_str().unwrap_or_default();
        lines.push(format!("  mode     {}: {}", text("mode"), text("promise")));
    }
    for (name, key) in [
        ("roles  ", "roles"),
        ("labels ", "labels"),
        ("mutants", "mutants"),
    ] {
        lines.push(format!("  {name}  {}", words(key)));
    }
    lines.push(String::new());
    lines
}

/// Two lists that are told one after the other, each under its key.
fn in_parts(list: &[Value], keys: [&str; 2]) -> Vec<String> {
    let part = |key: &str| -> Vec<String> {
        let items = list.iter().filter_map(|item| {
            Some([
                item.get(key)?.as_str()?.to_owned(),
                item["about"].as_str()?.to_owned(),
            ])
        });
        columns(items)
            .into_iter()
            .map(|line| format!("  {line}"))
            .collect()
    };
    let mut lines = Vec::new();
    for key in keys {
        lines.push(format!("{key}:"));
        lines.extend(part(key));
        lines.push(String::new());
    }
    lines
}

/// Rows with their cells under each other.
fn columns<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> Vec<String> {
    let rows: Vec<[String; N]> = rows.collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use murphy_scenarios::language::{HISTORY_CHECKS, StateCheck, WorkloadKind};
    use strum::VariantNames;

    use super::*;

    #[test]
    fn every_check_of_states_that_is_listed_is_one() {
        for (check, _) in STATE_CHECKS {
            assert!(check.parse::<StateCheck>().is_ok(), "{check}");
        }
    }

    #[test]
    fn the_schema_tells_every_fault_workload_and_checker() {
        let faults = of_faults();
        for kind in murphy_sim::Fault::kinds() {
            let told = faults
                .iter()
                .any(|fault| fault["fault"] == *kind && fault["about"] != "");
            assert!(told, "{kind}");
        }
        for (list, count) in [
            (words("WorkloadKind", "w"), WorkloadKind::VARIANTS.len()),
            (words("HistoryCheck", "h"), HISTORY_CHECKS.len()),
            (words("Family", "f"), 16),
        ] {
            assert_eq!(list.len(), count, "{list:?}");
        }
    }
}
