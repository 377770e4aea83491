//! Public histories with known verdicts, read from beside the repository where they are present.
//!
//! The table gives for each file the model, the level or Elle's options, the verdict and the
//! anomalies. Where they are not present this says so and judges nothing.

use murphy_checkers::formats::{CheckOptions, CheckReport, Form, Forms, Model, check_text};
use murphy_checkers::transactions::{Level, VersionOrders};
use murphy_checkers::{AnomalyName, Verdict};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

fn data() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    path.join("VERDICTS.tsv").is_file().then_some(path)
}

struct Row {
    file: String,
    model: String,
    level: String,
    verdict: String,
    anomalies: String,
}

fn rows(data: &Path) -> Vec<Row> {
    let table = std::fs::read_to_string(data.join("VERDICTS.tsv")).expect("the table is text");
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        Row {
            file: next(),
            model: next(),
            level: next(),
            verdict: next(),
            anomalies: next(),
        }
    };
    table.lines().skip(1).map(row).collect()
}

fn options(row: &Row) -> CheckOptions {
    let model = row
        .model
        .split('(')
        .next()
        .unwrap_or("")
        .replace("kv-map", "kv");
    let model: Model = model.parse().expect("a model that is known");
    let mut options = CheckOptions::new(model);
    if let Some((_, initial)) = row.level.split_once("init ") {
        options.initial = Some(initial.to_owned());
    }
    if row.level.starts_with('{') {
        elle_options(&row.level, &mut options);
    } else if model == Model::RwRegister {
        options.level = Some(row.level.parse().expect("a level that is known"));
    }
    options
}

/// `{:consistency-models [:serializable], :anomalies [:G2], :wfr-keys? true}`.
fn elle_options(text: &str, options: &mut CheckOptions) {
    let mut forms = Forms::new(text.as_bytes(), false);
    let (_, form) = forms.next_form().expect("well-formed").expect("a map");
    let names = |key: &str| -> Vec<String> {
        let items = form.get(key).and_then(Form::items).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| item.name().map(str::to_owned))
            .collect()
    };
    let is = |key: &str| form.get(key) == Some(&Form::Boolean(true));
    options.level = names("consistency-models")
        .first()
        .map(|name| name.parse().expect("a level"));
    let anomalies = names("anomalies");
    if options.level.is_none() && !anomalies.is_empty() {
        let expand = |name: &String| match name.as_str() {
            "G1" => vec![AnomalyName::G1a, AnomalyName::G1b, AnomalyName::G1c],
            name => vec![name.parse().expect("an anomaly that is known")],
        };
        options.anomalies = Some(anomalies.iter().flat_map(expand).collect());
    }
    options.orders = VersionOrders {
        writes_follow_reads: is("wfr-keys?"),
        sequential_keys: is("sequential-keys?"),
        linearizable_keys: is("linearizable-keys?"),
        complete: false,
        transaction_order: form.get("transaction-order").map(ranks),
    };
}

/// `{0 1, 1 4}`: transaction 0 has rank 1, transaction 1 has rank 4.
fn ranks(form: &Form) -> Vec<u64> {
    let Form::Map(entries) = form else {
        panic!("a map")
    };
    let mut ranks = vec![0; entries.len()];
    for (transaction, rank) in entries {
        let number = |form: &Form| form.integer().expect("a number");
        ranks[number(transaction) as usize] = number(rank) as u64;
    }
    ranks
}

fn judge(data: &Path, row: &Row) -> CheckReport {
    let file = File::open(data.join(&row.file)).expect("a file of the table is there");
    check_text(BufReader::new(file), &options(row))
        .unwrap_or_else(|error| panic!("{}: {error}", row.file))
}

/// What is found in a history that the table calls violated without naming what is in it: Knossos,
/// porcupine and AWDIT give no names, so that ours can only be more than theirs.
fn unnamed(row: &Row) -> &'static [&'static str] {
    let level = row.level.split(';').next().unwrap_or("");
    match (row.file.as_str(), level) {
        // A read of 3, which nobody wrote, beside one of 2, which had long been overwritten.
        ("knossos/cas-register/bad/bad-analysis.edn", _) => &["stale-read", "garbage-read"],
        // The value that is read is that of a call that failed.
        ("knossos/cas-register/bad/immediate-failure.edn", _) => &["phantom-read"],
        // The value that is read is nobody's.
        ("knossos/cas-register/bad/rethink-fail-minimal.edn", _) => &["garbage-read"],
        // The order of sessions and of what was read from is a cycle by itself, at every level.
        ("awdit/none/hb-cycle.txt", _) => &["G1c-process"],
        (_, "linearizable") => &["nonlinearizable"],
        (_, "causal") => &["noncausal"],
        (_, "read-atomic") => &["fractured-read"],
        _ => &[],
    }
}

/// What is wrong with a verdict, by the table.
fn complaint(row: &Row, report: &CheckReport) -> Option<String> {
    let (found, not) = row
        .anomalies
        .split_once('|')
        .unwrap_or((&row.anomalies, ""));
    let expected: Vec<&str> = found
        .split(',')
        .map(str::trim)
        // Not an anomaly: that nothing could be inferred is a warning here.
        .filter(|name| !name.is_empty() && *name != "empty-transaction-graph")
        .collect();
    let verdict = match &report.verdict {
        Verdict::Holds if row.verdict == "unknown" => {
            let is_said = report
                .warnings
                .iter()
                .any(|words| words.contains("nothing to judge"));
            return (!is_said).then(|| "holds without saying that nothing was judged".to_owned());
        }
        Verdict::Holds => "holds",
        Verdict::Violated(_) => "violated",
        Verdict::Unknown(_) => "unknown",
    };
    if verdict != row.verdict {
        return Some(format!("{} instead of {}", report.verdict, row.verdict));
    }
    let names: BTreeSet<&str> = report.anomalies.iter().map(|name| name.as_str()).collect();
    let expected: BTreeSet<&str> = if expected.is_empty() && row.verdict == "violated" {
        unnamed(row).iter().copied().collect()
    } else {
        expected.into_iter().collect()
    };
    if !names.iter().copied().eq(expected.iter().copied()) {
        return Some(format!("{names:?} instead of {expected:?}"));
    }
    let mut not: Vec<&str> = not
        .trim()
        .trim_start_matches("not:")
        .split(',')
        .map(str::trim)
        .collect();
    not.retain(|level| !level.is_empty());
    let ours: Vec<&str> = report
        .not
        .iter()
        .map(|level: &Level| level.as_str())
        .collect();
    (!not.is_empty() && not != ours).then(|| format!("not {ours:?} instead of {not:?}"))
}

#[test]
fn every_shared_history_has_the_verdict_of_the_table() {
    let Some(data) = data() else {
        println!("the shared histories are not beside the repository: nothing is judged");
        return;
    };
    let mut complaints = Vec::new();
    let mut judged = 0;
    for row in rows(&data) {
        judged += 1;
        let report = judge(&data, &row);
        if let Some(words) = complaint(&row, &report) {
            complaints.push(format!("{} {} {}: {words}", row.file, row.model, row.level));
        }
    }
    assert!(judged > 0, "the table has rows");
    assert!(
        complaints.is_empty(),
        "{} of {judged}:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
    println!("{judged} shared histories have the verdict of the table");
}
