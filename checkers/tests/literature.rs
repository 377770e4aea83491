//! Histories from the literature: each a text with its citation and what every level says of it.
//!
//! `Cite:` names the source, `Model:` says how to read what is drawn, `Holds:` lists levels that allow
//! it, and each `Violated:` a level that does not, with exactly what is found there.

mod common;

use common::{Drawing, draw, drawings, transactions};
use murphy_checkers::linearizable::{
    Pile, PileCall, PileResponse, Register, RegisterCall, RegisterHistory, RegisterResponse, check,
    check_sequential,
};
use murphy_checkers::transactions::{
    Ask, Level, MicroOp, TxnHistory, VersionOrders, check_list_append, check_rw_register, sessions,
};
use murphy_checkers::{History, Meter, Operation, Outcome, Process, Verdict, registers};
use std::path::Path;

/// A file of the literature, taken apart.
struct Text {
    model: String,
    holds: Vec<Level>,
    violated: Vec<(Level, String)>,
    drawing: String,
}

fn read(file: &Path) -> Text {
    let text = std::fs::read_to_string(file).expect("a file of the literature is text");
    let (head, drawing) = text
        .split_once("\n\n")
        .expect("a blank line before the drawing");
    let fields = |name: &'static str| {
        head.lines()
            .filter_map(move |line| line.strip_prefix(name))
            .map(|rest| rest.trim().to_owned())
    };
    let level = |name: &str| name.trim().parse().expect("a level that is known");
    assert!(
        fields("Cite:").next().is_some(),
        "{}: a source",
        file.display()
    );
    Text {
        model: fields("Model:").next().expect("a model"),
        holds: fields("Holds:")
            .flat_map(|levels| levels.split(',').map(level).collect::<Vec<Level>>())
            .collect(),
        violated: fields("Violated:")
            .map(|line| {
                let (name, anomalies) = line.split_once('=').expect("level = anomalies");
                (level(name), anomalies.trim().to_owned())
            })
            .collect(),
        drawing: drawing.to_owned(),
    }
}

/// A queue's calls: `[put 1]`, `[take 1]`, `[take -]`.
fn queue(text: &str) -> History<PileCall<i64>, PileResponse<i64>> {
    let operation = |drawing: Drawing| {
        let number = |word: &str| word.parse::<i64>().expect("a number");
        let words: Vec<&str> = drawing.words.iter().map(String::as_str).collect();
        let (call, response) = match words[..] {
            ["put", value] => (PileCall::Put(number(value)), PileResponse::Put),
            ["take", "-"] => (PileCall::Take, PileResponse::Taken(None)),
            ["take", value] => (PileCall::Take, PileResponse::Taken(Some(number(value)))),
            _ => panic!("`{words:?}` is no call of a queue"),
        };
        Operation {
            process: Process(drawing.process),
            call,
            invoked: drawing.invoked,
            outcome: Outcome::Ok {
                at: drawing.ended,
                response,
            },
        }
    };
    let operations = drawings(text).into_iter().map(operation).collect();
    History::from_operations(operations).expect("a drawing has an order")
}

/// Transactions of one step as calls to registers.
fn singles(history: &TxnHistory) -> RegisterHistory<u64, i64> {
    history.map(
        |txn| match txn[..] {
            [MicroOp::Write(key, value)] => RegisterCall::Write(key, value),
            [MicroOp::Read(key, _)] => RegisterCall::Read(key),
            _ => panic!("{txn:?} is more than a call"),
        },
        |_, txn| match txn[..] {
            [MicroOp::Read(_, value)] => RegisterResponse::Value(value),
            _ => RegisterResponse::Written,
        },
    )
}

fn judge(model: &str, drawing: &str, level: Level) -> Verdict {
    let meter = &mut Meter::default();
    match model {
        "register" => registers::check(&Register::default(), &draw(drawing), level, meter),
        "queue" if level == Level::Sequential => {
            check_sequential(&Pile::queue(), &queue(drawing), meter)
        }
        "queue" => check(&Pile::queue(), &queue(drawing), meter),
        "list-append" => {
            check_list_append(&transactions(drawing), &Ask::Level(level), meter).verdict
        }
        "rw-register" => {
            let (history, ask) = (transactions(drawing), Ask::Level(level));
            if level == Level::Sequential {
                return check_sequential(&Register::default(), &singles(&history), meter);
            }
            if sessions::is_own_level(&ask) {
                return sessions::check(&history, level, meter);
            }
            check_rw_register(&history, &ask, &VersionOrders::default(), meter).verdict
        }
        other => panic!("no model `{other}`"),
    }
}

#[test]
fn every_history_of_the_literature_has_its_known_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/literature");
    let entries = std::fs::read_dir(folder).expect("the literature is beside its test");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(files.len() >= 25, "{} histories", files.len());
    let mut wrong = Vec::new();
    let mut verdicts = 0;
    for file in &files {
        let text = read(file);
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let holding = text.holds.iter().map(|level| (*level, "holds".to_owned()));
        let violated = text.violated.iter();
        let violated = violated.map(|(level, names)| (*level, format!("violated: {names}")));
        for (level, expected) in holding.chain(violated) {
            verdicts += 1;
            let told = judge(&text.model, &text.drawing, level).to_string();
            if told != expected {
                wrong.push(format!("{name} at {level}: {told}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!(
        "{verdicts} verdicts on {} histories of the literature",
        files.len()
    );
}
