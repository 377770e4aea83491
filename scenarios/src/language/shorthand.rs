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
    document::{At, Document, find, find_mut, leave_out},
    error::LanguageError,
    spanned::Step,
};

/// Larger CSV files, in bytes, are refused.
const CSV_BYTES_MOST: u64 = 1 << 20;

/// Writes out all that is short. CSV files lie relative to `folder`.
pub(crate) fn write_out(document: &mut Document<'_>, folder: Option<&Path>) -> Vec<LanguageError> {
    let mut errors = isolate(document);
    errors.extend(samples(document, folder));
    errors
}

fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

/// `fault = "isolate"` with a `node` is a partition with `shape = { isolate = NODE }`.
fn isolate(document: &mut Document<'_>) -> Vec<LanguageError> {
    let at = [key("nemesis"), key("at")];
    let Some(DeValue::Array(faults)) = find(document.root.get_ref(), &at) else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    // From the last to the first, as one that says too little is taken out.
    for index in (0..faults.len()).rev() {
        let path = [at.as_slice(), &[Step::Index(index)]].concat();
        let Some(DeValue::Table(fault)) = find_mut(document.root.get_mut(), &path) else {
            continue;
        };
        let is_isolate = |kind: &Spanned<DeValue<'_>>| kind.get_ref().as_str() == Some("isolate");
        if !fault.get("fault").is_some_and(is_isolate) || fault.contains_key("shape") {
            continue;
        }
        let Some((node_key, node)) = fault.remove_entry("node") else {
            errors.push(document.error(
                &[path.as_slice(), &[key("fault")]].concat(),
                At::Value,
                "`isolate` does not say which node",
                "add `node = \"leader\"`, or another target: n0, n0+n2, zone:eu, any, minority",
            ));
            leave_out(&mut document.root, &path);
            continue;
        };
        let (node_span, key_span) = (node.span(), node_key.span());
        let mut shape = DeTable::new();
        shape.insert(
            Spanned::new(key_span.clone(), DeString::from("isolate")),
            node,
        );
        let shape = Spanned::new(node_span, DeValue::Table(shape));
        fault.insert(Spanned::new(key_span, DeString::from("shape")), shape);
        if let Some(kind) = fault.get_mut("fault") {
            *kind.get_mut() = DeValue::String("partition".into());
        }
        let way = |name: &str| [path.as_slice(), &[key(name)]].concat();
        document.respelt.push((way("shape"), way("node")));
    }
    errors
}

/// `empirical = { csv = "FILE" }` is `empirical` with the samples of the file.
fn samples(document: &mut Document<'_>, folder: Option<&Path>) -> Vec<LanguageError> {
    let mut found = Vec::new();
    for section in ["network", "disk"] {
        let path = vec![key(section)];
        if let Some(value) = find(document.root.get_ref(), &path) {
            find_files(value, path, &mut found);
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

fn find_files(value: &DeValue<'_>, path: Vec<Step>, found: &mut Vec<(Vec<Step>, String)>) {
    match value {
        DeValue::Table(table) => {
            for (name, value) in table {
                let path = [path.as_slice(), &[key(name.get_ref())]].concat();
                let file = value.get_ref().as_table().filter(|table| table.len() == 1);
                match file.and_then(|table| table.get("csv")?.get_ref().as_str()) {
                    Some(file) if name.get_ref() == "empirical" => {
                        found.push((path, file.to_owned()))
                    }
                    _ => find_files(value.get_ref(), path, found),
                }
            }
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = [path.as_slice(), &[Step::Index(index)]].concat();
                find_files(item.get_ref(), path, found);
            }
        }
        _ => {}
    }
}

fn listed(samples: &[Span]) -> DeValue<'static> {
    let mut items = DeArray::new();
    for sample in samples {
        let text = DeValue::String(DeString::from(sample.to_string()));
        items.push(Spanned::new(0..0, text));
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
