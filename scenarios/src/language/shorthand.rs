//! What a scenario may write shorter: `fault = "isolate"`, and samples of a latency from a CSV file.
//!
//! Both are written out in the tree before it is read, in place, so that errors still point at what
//! was written.

use std::{
    fs,
    path::{Component, Path},
};

use murphy_sim::Span;
use toml::{
    Spanned,
    de::{DeArray, DeString, DeTable, DeValue},
};

use super::{
    document::{At, Document, find, find_mut},
    error::LanguageError,
    spanned::Step,
};

/// Larger CSV files, in bytes, are refused.
const CSV_BYTES_MOST: u64 = 1 << 20;

/// Writes out all that is short. CSV files lie relative to `folder`.
pub(crate) fn write_out(document: &mut Document<'_>, folder: Option<&Path>) -> Vec<LanguageError> {
    let mut errors = isolate(document, &[key("nemesis"), key("at")]);
    errors.extend(samples(document, folder));
    errors
}

fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

/// In the plan that stands at `plan`, `fault = "isolate"` with a `node` is a partition with
/// `shape = { isolate = NODE }`.
pub(crate) fn isolate(document: &mut Document<'_>, plan: &[Step]) -> Vec<LanguageError> {
    let mut errors = Vec::new();
    let Some(DeValue::Array(faults)) = find(document.root.get_ref(), plan) else {
        return errors;
    };
    for index in 0..faults.len() {
        let way = |name: &str| [plan, &[Step::Index(index), key(name)]].concat();
        let path = [plan, &[Step::Index(index)]].concat();
        let Some(DeValue::Table(fault)) = find_mut(document.root.get_mut(), &path) else {
            continue;
        };
        let Some(kind) = fault.get_mut("fault").filter(|kind| is_isolate(kind)) else {
            continue;
        };
        *kind.get_mut() = DeValue::String("partition".into());
        let spelt_twice = fault.contains_key("shape");
        let (shape_key, shape) = match fault.remove_entry("node") {
            Some((node_key, node)) if !spelt_twice => shape_of(&node_key, node),
            _ => {
                errors.push(document.error(
                    &way("fault"),
                    At::Value,
                    "`isolate` needs a `node`, and has no `shape`",
                    "write `node = \"leader\"`, or another target: n0, n0+n2, zone:eu, any, minority",
                ));
                // So that the rest can be read.
                let any = unplaced(DeValue::String("any".into()));
                shape_of(&unplaced(DeString::from("node")), any)
            }
        };
        if let Some(DeValue::Table(fault)) = find_mut(document.root.get_mut(), &path) {
            fault.insert(shape_key, shape);
        }
        document.respelt.push((way("shape"), way("node")));
    }
    errors
}

fn is_isolate(kind: &Spanned<DeValue<'_>>) -> bool {
    kind.get_ref().as_str() == Some("isolate")
}

/// The key and value of the shape that isolates `node`, standing where the node stands.
fn shape_of<'s>(
    node_key: &Spanned<DeString<'s>>,
    node: Spanned<DeValue<'s>>,
) -> (Spanned<DeString<'s>>, Spanned<DeValue<'s>>) {
    let span = node.span();
    let mut shape = DeTable::new();
    let isolate = DeString::from("isolate");
    shape.insert(Spanned::new(node_key.span(), isolate), node);
    let key = Spanned::new(node_key.span(), DeString::from("shape"));
    (key, Spanned::new(span, DeValue::Table(shape)))
}

fn unplaced<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

/// `empirical = { csv = "FILE" }` is `empirical` with the samples of the file.
fn samples(document: &mut Document<'_>, folder: Option<&Path>) -> Vec<LanguageError> {
    let mut found = Vec::new();
    for section in ["network", "disk"] {
        let path = [key(section)];
        if let Some(value) = find(document.root.get_ref(), &path) {
            find_files(value, &path, &mut found);
        }
    }
    let mut errors = Vec::new();
    for (path, file) in found {
        let samples = read_samples(&file, folder).unwrap_or_else(|(why, help)| {
            let csv = [path.as_slice(), &[key("csv")]].concat();
            errors.push(document.error(&csv, At::Value, why, help));
            vec![Span::ZERO]
        });
        *find_mut(document.root.get_mut(), &path).expect("it was found a moment ago") =
            listed(&samples);
    }
    errors
}

fn find_files(value: &DeValue<'_>, path: &[Step], found: &mut Vec<(Vec<Step>, String)>) {
    match value {
        DeValue::Table(table) => {
            for (name, value) in table {
                let path = [path, &[key(name.get_ref())]].concat();
                let file = value.get_ref().as_table().filter(|table| table.len() == 1);
                match file.and_then(|table| table.get("csv")?.get_ref().as_str()) {
                    Some(file) if name.get_ref() == "empirical" => {
                        found.push((path, file.to_owned()));
                    }
                    _ => find_files(value.get_ref(), &path, found),
                }
            }
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = [path, &[Step::Index(index)]].concat();
                find_files(item.get_ref(), &path, found);
            }
        }
        _ => {}
    }
}

fn listed(samples: &[Span]) -> DeValue<'static> {
    let mut items = DeArray::new();
    for sample in samples {
        let text = DeValue::String(DeString::from(sample.to_string()));
        items.push(unplaced(text));
    }
    DeValue::Array(items)
}

/// The samples of a file: one a line, as `1.5ms` or a number of milliseconds. A first line that is
/// neither is a heading.
fn read_samples(file: &str, folder: Option<&Path>) -> Result<Vec<Span>, (String, String)> {
    let relative = |file: &Path| {
        file.components()
            .all(|part| matches!(part, Component::Normal(_)))
    };
    let Some(folder) = folder.filter(|_| relative(Path::new(file))) else {
        return Err((
            format!("`{file}` is not a file beside the scenario"),
            "name a file in the scenario's folder or below it".to_owned(),
        ));
    };
    let remedy = "write one sample a line, as 1.5ms or as a number of milliseconds";
    let path = folder.join(file);
    let cannot = |why: &str| (format!("`{}` {why}", path.display()), remedy.to_owned());
    let about = fs::metadata(&path).map_err(|error| cannot(&format!("cannot be read: {error}")))?;
    if !about.is_file() || about.len() > CSV_BYTES_MOST {
        return Err(cannot(&format!(
            "is not a file of at most {CSV_BYTES_MOST} bytes"
        )));
    }
    let text =
        fs::read_to_string(&path).map_err(|error| cannot(&format!("cannot be read: {error}")))?;
    let mut samples = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim().trim_matches('"');
        match sample(line) {
            Some(span) => samples.push(span),
            None if line.is_empty() || index == 0 => {}
            None => {
                return Err(cannot(&format!(
                    "has no sample in line {}: `{line}`",
                    index + 1
                )));
            }
        }
    }
    if samples.is_empty() {
        return Err(cannot("has no samples"));
    }
    Ok(samples)
}

fn sample(text: &str) -> Option<Span> {
    text.parse().or_else(|_| format!("{text}ms").parse()).ok()
}
