//! `murphy check`: anyone's history of operations, judged. It need not come from a simulation.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use clap::ValueEnum;
use murphy_checkers::{
    Anomaly, AnomalyName, Reason, Verdict,
    formats::{
        CheckOptions, CheckReport, FormatError, InputFormat, Model, ShownOperation, check_text,
    },
    transactions::{Level, VersionOrders},
};
use murphy_reports::{
    directory, html, json,
    record::{
        CHECK_SCHEMA, DependencyRecord, FindingRecord, HistoryRecord, OperationRecord, VerdictKind,
    },
    terminal as summary,
};

use super::Format;
use crate::{Exit, failure::Failure, terminal, wall::Stopwatch};

/// What `murphy check` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// A history: Jepsen's EDN or JSON, a Jepsen log of etcd, or AWDIT's sessions; `-` for standard
    /// input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the history is about: register, cas-register, multi-register, kv, set, counter, queue,
    /// stack, lock, list-append, rw-register, bank, set-full, long-fork, unique-ids, log or
    /// total-queue.
    #[arg(long, value_name = "MODEL")]
    model: Model,
    /// What must hold, as in `snapshot-isolation`; the strongest level that the model knows, if none
    /// is given.
    #[arg(long, value_name = "LEVEL")]
    level: Option<Level>,
    /// Look for these anomalies, as in `G1a,G-single`, and not for all that a level forbids; `G1` is
    /// G1a, G1b and G1c.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "level"
    )]
    anomaly: Vec<String>,
    /// From what the order of a register's versions may be inferred, of transactions on registers:
    /// writes-follow-reads, sequential-keys, linearizable-keys; or that the history is complete.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_enum)]
    assume: Vec<Assumption>,
    /// What is there before everything, as EDN: `0`, `{:x 0 :y 0}`; of a bank
    /// `{:accounts [0 1] :total 10}`.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    initial: Option<String>,
    /// The format of the file: edn, json, etcd-log or awdit; guessed from its beginning, if none is
    /// given.
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// Skip malformed operations and count them, instead of ending at the first.
    #[arg(long)]
    lenient: bool,
    /// Draw the evidence as a page for a browser.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// What standard output gets: the verdict for people, or one JSON document.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What may be taken for granted of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Assumption {
    /// What a transaction read of a key comes before what it wrote there.
    WritesFollowReads,
    /// Each key alone is sequentially consistent.
    SequentialKeys,
    /// Each key alone is linearizable.
    LinearizableKeys,
    /// Every write is in the history: what nobody wrote is garbage.
    Complete,
}

const EXIT_CODES: &str = "\
Exit codes: 0 the history holds; 1 it is violated; 2 bad input: the file, or what was asked for;
3 unknown: the search gave up, or the history says too little; 4 murphy itself is at fault.";

/// The input is read in pieces of so many bytes.
const BUFFER: usize = 1 << 18;

/// Reads the history to its end, judges it, and tells what came out.
pub(super) fn check(arguments: &Arguments) -> Result<Exit, Failure> {
    let levels = arguments.model.levels();
    if let Some(level) = arguments.level.filter(|level| !levels.contains(level)) {
        return Err(no_such_level(arguments.model, level, &levels));
    }
    if let Some(file) = &arguments.html {
        directory::check_file(file)?;
    }
    let watch = Stopwatch::start();
    let assumed = |what: Assumption| arguments.assume.contains(&what);
    let options = CheckOptions {
        level: arguments.level,
        anomalies: anomalies(&arguments.anomaly)?,
        orders: VersionOrders {
            writes_follow_reads: assumed(Assumption::WritesFollowReads),
            sequential_keys: assumed(Assumption::SequentialKeys),
            linearizable_keys: assumed(Assumption::LinearizableKeys),
            complete: assumed(Assumption::Complete),
            transaction_order: None,
        },
        initial: arguments.initial.clone(),
        format: arguments.input_format,
        lenient: arguments.lenient,
        ..CheckOptions::new(arguments.model)
    };
    let report = judge(&arguments.file, &options)?;
    let record = record(arguments, &report, watch.elapsed().as_secs_f64());
    tell(arguments, &record)?;
    Ok(match report.verdict {
        // A checker that panics has said nothing about the history, and something about itself.
        Verdict::Unknown(Reason::Panicked(_)) => Exit::Broken,
        _ => record.verdict.into(),
    })
}

fn no_such_level(model: Model, level: Level, levels: &[Level]) -> Failure {
    let wrong = format!("the model `{}` is not judged at `{level}`", model.as_str());
    let names: Vec<&str> = levels.iter().map(|level| level.as_str()).collect();
    let help = if names.is_empty() {
        "leave out `--level`: this model has checks of its own".to_owned()
    } else {
        format!("write one of {}", names.join(", "))
    };
    Failure::input(wrong, help)
}

/// The anomalies that are looked for; none where a level says them.
fn anomalies(asked: &[String]) -> Result<Option<Vec<AnomalyName>>, Failure> {
    let mut names = Vec::new();
    for name in asked {
        if name == "G1" {
            names.extend([AnomalyName::G1a, AnomalyName::G1b, AnomalyName::G1c]);
            continue;
        }
        let name = name.parse().map_err(|_| {
            let known: Vec<&str> = AnomalyName::ALL.iter().map(|name| name.as_str()).collect();
            let wrong = format!("there is no anomaly `{name}`");
            Failure::input(wrong, format!("anomalies are {}", known.join(", ")))
        })?;
        names.push(name);
    }
    Ok((!names.is_empty()).then_some(names))
}

fn judge(file: &Path, options: &CheckOptions) -> Result<CheckReport, Failure> {
    let input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::with_capacity(BUFFER, io::stdin().lock()))
    } else {
        let opened = File::open(file).map_err(|error| {
            let wrong = format!("cannot read {}: {error}", file.display());
            Failure::input(wrong, "name a history, or `-` to read standard input")
        })?;
        Box::new(BufReader::with_capacity(BUFFER, opened))
    };
    check_text(input, options).map_err(|error| malformed(file, &error, options))
}

/// What is wrong with the input, where, and what to do.
fn malformed(file: &Path, error: &FormatError, options: &CheckOptions) -> Failure {
    if error.line == 0 {
        let help = "write `--initial` as EDN, as in `0`, `nil` or `{:x 0 :y 0}`";
        return Failure::input(format!("--initial: {}", error.words), help);
    }
    let wrong = format!(
        "{}:{}:{}: {}",
        file.display(),
        error.line,
        error.column,
        error.words
    );
    let help = if options.format.is_none() && error.words.starts_with("the format") {
        "name the format with `--input-format`".to_owned()
    } else if error.words.starts_with("the input is empty") {
        "name a file that holds a history".to_owned()
    } else if options.lenient {
        "nothing after this can be read; mend the file".to_owned()
    } else {
        "mend the line, or skip what is malformed with `--lenient`".to_owned()
    };
    Failure::input(wrong, help)
}

fn record(arguments: &Arguments, report: &CheckReport, seconds: f64) -> HistoryRecord {
    let (verdict, reason) = match &report.verdict {
        Verdict::Holds => (VerdictKind::Holds, None),
        Verdict::Violated(_) => (VerdictKind::Violated, None),
        Verdict::Unknown(reason) => (VerdictKind::Unknown, Some(reason.to_string())),
    };
    let levels = |levels: &[Level]| levels.iter().map(ToString::to_string).collect();
    let mark = match arguments.model {
        Model::ListAppend | Model::RwRegister | Model::LongFork => "T",
        _ => "#",
    };
    HistoryRecord {
        schema: CHECK_SCHEMA.to_owned(),
        file: arguments.file.display().to_string(),
        input: report.format.as_str().to_owned(),
        model: arguments.model.as_str().to_owned(),
        level: report.level.map(|level| level.to_string()),
        verdict,
        reason,
        anomalies: report.anomalies.iter().map(ToString::to_string).collect(),
        not: levels(&report.not),
        also_not: levels(&report.also_not),
        operations: report.operations as u64,
        skipped: report.skipped,
        seconds,
        warnings: report.warnings.clone(),
        evidence: report.verdict.anomalies().iter().map(finding).collect(),
        shown: report
            .shown
            .iter()
            .map(|shown| operation(shown, mark))
            .collect(),
    }
}

fn finding(anomaly: &Anomaly) -> FindingRecord {
    let edge = |edge: &murphy_checkers::Edge| DependencyRecord {
        from: edge.from,
        to: edge.to,
        kind: edge.kind.clone(),
        because: edge.because.clone(),
    };
    FindingRecord {
        anomaly: anomaly.name.to_string(),
        explanation: anomaly.explanation.clone(),
        steps: anomaly.steps.clone(),
        operations: anomaly.operations.clone(),
        cycle: anomaly.edges.iter().map(edge).collect(),
    }
}

fn operation(shown: &ShownOperation, mark: &str) -> OperationRecord {
    OperationRecord {
        operation: shown.operation,
        label: format!("{mark}{}", shown.operation),
        process: shown.process,
        invoked: shown.invoked,
        ended: shown.ended,
        outcome: shown.outcome.to_owned(),
        told: shown.told.clone(),
        evidence: shown.is_evidence,
    }
}

fn tell(arguments: &Arguments, record: &HistoryRecord) -> Result<(), Failure> {
    if let Some(file) = &arguments.html {
        let page = html::history(record);
        directory::write_file(file, |out| out.write_all(page.as_bytes()))?;
    }
    let screen = terminal::stdout();
    match arguments.format {
        Format::Json => terminal::print(|out| json::history(record, out))?,
        Format::Text => {
            let options = summary::Options {
                colour: screen.colour,
                width: screen.width,
                report: arguments
                    .html
                    .as_ref()
                    .map(|file| file.display().to_string()),
            };
            terminal::print(|out| summary::history(record, &options, out))?;
        }
    }
    Ok(())
}
