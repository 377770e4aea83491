//! Histories of others, judged: verdicts, evidence, levels, formats, and what is wrong with a file.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use insta::{assert_snapshot, with_settings};
use murphy::checkers::formats::{Form, Forms};

use crate::{Desk, Told, masked, repository};

/// Two transactions that each read what the other was about to write: write skew.
const SKEW: &str = "\
{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :y 1]]}
{:process 1, :type :invoke, :f :txn, :value [[:r :y nil] [:append :x 2]]}
{:process 0, :type :ok, :f :txn, :value [[:r :x []] [:append :y 1]]}
{:process 1, :type :ok, :f :txn, :value [[:r :y []] [:append :x 2]]}
{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:r :y nil]]}
{:process 0, :type :ok, :f :txn, :value [[:r :x [2]] [:r :y [1]]]}
";

/// A read that goes back in time.
const STALE: &str = r#"[
  {"process": 0, "type": "invoke", "f": "write", "value": 1, "time": 10},
  {"process": 0, "type": "ok", "f": "write", "value": 1, "time": 20},
  {"process": 0, "type": "invoke", "f": "write", "value": 2, "time": 30},
  {"process": 1, "type": "invoke", "f": "read", "value": null, "time": 35},
  {"process": 0, "type": "ok", "f": "write", "value": 2, "time": 40},
  {"process": 1, "type": "ok", "f": "read", "value": 2, "time": 50},
  {"process": 1, "type": "invoke", "f": "read", "value": null, "time": 60},
  {"process": 1, "type": "ok", "f": "read", "value": 1, "time": 70}
]"#;

/// How long it took, and how wide the version is, are nobody's business.
fn shown(told: &Told, desk: &Desk) -> String {
    let text = format!("exit {:?}\n{}{}", told.code, told.out, told.err);
    masked(&text, desk)
}

fn check(desk: &Desk, arguments: &[&str]) -> Told {
    desk.murphy([&["check"], arguments].concat())
}

macro_rules! assert_told {
    ($name:literal, $told:expr, $desk:expr) => {
        with_settings!({ filters => vec![
            (r" in \d+(\.\d+)?(ns|µs|ms|s)\n", " in [TIME]\n"),
            (r#""seconds": [0-9.e-]+"#, r#""seconds": "[TIME]""#),
        ] }, {
            assert_snapshot!($name, shown(&$told, $desk) + "\n");
        });
    };
}

#[test]
fn a_history_that_breaks_a_level_and_keeps_a_weaker_one() {
    let desk = Desk::new();
    desk.write("skew.edn", SKEW);
    let model = ["skew.edn", "--model", "list-append"];
    let of = |level: &str| check(&desk, &[&model[..], &["--level", level]].concat());
    let (broken, kept) = (of("serializable"), of("snapshot-isolation"));
    assert_eq!((broken.code, kept.code), (Some(1), Some(0)));
    assert_told!("check_violated", broken, &desk);
    assert_told!("check_holds", kept, &desk);
    let json = check(&desk, &[&model[..], &["--format", "json"]].concat());
    assert_eq!(json.code, Some(1));
    assert_told!("check_json", json, &desk);
}

#[test]
fn a_read_that_goes_back_in_time_is_sequential_and_not_linearizable() {
    let desk = Desk::new();
    desk.write("stale.json", STALE);
    let of = |more: &[&str]| {
        check(
            &desk,
            &[&["stale.json", "--model", "register"], more].concat(),
        )
    };
    assert_told!("check_stale", of(&[]), &desk);
    // Process 1 sees the writes of process 0 in the wrong order. That breaks what is promised of
    // both together, and not yet what is promised of reads alone.
    assert_eq!(of(&["--level", "pram"]).code, Some(1));
    assert_eq!(of(&["--level", "monotonic-reads"]).code, Some(0));
    assert_eq!(of(&["--level", "read-your-writes"]).code, Some(0));
    assert_eq!(of(&["--level", "writes-follow-reads"]).code, Some(0));
}

#[test]
fn standard_input_is_a_history_too() {
    let desk = Desk::new();
    let mut command = desk.command();
    command.args([
        "check",
        "-",
        "--model",
        "list-append",
        "--level",
        "serializable",
    ]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command can be run");
    let mut input = child.stdin.take().expect("it is piped");
    input
        .write_all(SKEW.as_bytes())
        .expect("the command reads it");
    drop(input);
    let told = Told::from(child.wait_with_output().expect("the command ends"));
    assert_eq!(told.code, Some(1), "{}", told.err);
    assert!(told.out.contains("G2-item"), "{}", told.out);
}

#[test]
fn what_is_wrong_is_pointed_at_and_skipped_where_that_is_allowed() {
    let desk = Desk::new();
    desk.write("skew.edn", SKEW);
    desk.write("bad.edn", SKEW.replacen(":type :ok", ":type :okay", 1));
    desk.write(
        "torn.edn",
        SKEW.replacen("[:append :y 1]]}", "[:append :y 1}", 1),
    );
    desk.write("empty.edn", "");
    desk.write("stale.json", STALE);
    let one_line = STALE.replace('\n', " ");
    let okay = |text: String| text.replacen("\"type\": \"ok\"", "\"type\": \"okay\"", 1);
    desk.write("okay.json", okay(one_line));
    desk.write("words.txt", "this is no history\n");
    desk.write(
        "number.edn",
        SKEW.replacen(":append :y 1", ":append :y one", 1),
    );
    let list = |file: &'static str| [file, "--model", "list-append"];
    let mut all = String::new();
    let mut refuse = |arguments: &[&str]| {
        let told = check(&desk, arguments);
        assert_eq!(
            (told.code, told.out.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        all += &format!(
            "$ murphy check {}\n{}\n",
            arguments.join(" "),
            masked(&told.err, &desk)
        );
    };
    for file in [
        "bad.edn",
        "torn.edn",
        "number.edn",
        "empty.edn",
        "words.txt",
        "none.edn",
    ] {
        refuse(&list(file));
    }
    refuse(&["okay.json", "--model", "register"]);
    refuse(&["skew.edn", "--model", "lists"]);
    refuse(&["skew.edn", "--model", "list-append", "--level", "perfect"]);
    refuse(&["skew.edn", "--model", "bank", "--level", "serializable"]);
    refuse(&["skew.edn", "--model", "queue", "--level", "causal"]);
    refuse(&["skew.edn", "--model", "list-append", "--anomaly", "G7"]);
    refuse(&[
        "skew.edn",
        "--model",
        "list-append",
        "--input-format",
        "csv",
    ]);
    refuse(&["stale.json", "--model", "register", "--initial", "{:x"]);
    refuse(&[
        "skew.edn",
        "--model",
        "list-append",
        "--html",
        "no/such/folder.html",
    ]);
    assert_snapshot!("check_errors", all);

    // A skipped answer leaves its transaction unknown; it is counted, and said.
    let lenient = check(
        &desk,
        &[&list("bad.edn")[..], &["--lenient", "--format", "json"]].concat(),
    );
    let document: serde_json::Value = serde_json::from_str(&lenient.out).expect("a document");
    assert_eq!(document["skipped"], 1, "{document}");
    assert_eq!(document["operations"], 3, "{document}");
}

#[test]
fn a_history_that_says_nothing_is_unknown_and_not_a_pass() {
    let desk = Desk::new();
    let alone = "{:process 0, :type :ok, :f :txn, :value [[:append :x 1]]}\n";
    desk.write("alone.edn", alone);
    let told = check(&desk, &["alone.edn", "--model", "list-append"]);
    assert_eq!(told.code, Some(3), "{}{}", told.out, told.err);
    assert!(told.out.contains("nothing to judge"), "{}", told.out);
}

#[test]
fn the_evidence_is_drawn() {
    let desk = Desk::new();
    desk.write("skew.edn", SKEW);
    desk.write("stale.json", STALE);
    check(
        &desk,
        &["skew.edn", "--model", "list-append", "--html", "skew.html"],
    );
    check(
        &desk,
        &["stale.json", "--model", "register", "--html", "stale.html"],
    );
    let (skew, stale) = (desk.read("skew.html"), desk.read("stale.html"));
    // The graph of the cycle has its two transactions and the two edges between them.
    let graph = &skew[skew.find("aria-label=\"the cycle\"").expect("a graph")..];
    let graph = &graph[..graph.find("</svg>").expect("its end")];
    assert_eq!(graph.matches("class=\"node\"").count(), 2);
    assert_eq!(graph.matches("class=\"edge\"").count(), 2);
    // The timeline frames what cannot be placed, and shows what was beside it.
    assert!(!stale.contains("the cycle"));
    let timeline = &stale[stale.find("aria-label=\"timeline\"").expect("a timeline")..];
    assert!(
        timeline.matches("class=\"call proof\"").count() >= 2,
        "{timeline}"
    );
}

/// The parts of a page between fences of a language.
fn fenced(page: &str, language: &str) -> Vec<String> {
    let opens = format!("```{language}\n");
    let parts = page.split(&opens).skip(1);
    let parts = parts.map(|part| part.split("```").next().unwrap_or_default().to_owned());
    parts.collect()
}

#[test]
fn the_example_of_the_documentation_is_what_the_command_says() {
    let page = fs::read_to_string(repository().join("docs/check.md")).expect("the page is there");
    let desk = Desk::new();
    desk.write("skew.edn", &fenced(&page, "edn")[0]);
    let examples = fenced(&page, "console");
    assert_eq!(examples.len(), 2);
    for example in examples {
        let (command, output) = example.split_once('\n').expect("a command and its output");
        let arguments = command
            .strip_prefix("$ murphy ")
            .expect("a command of murphy's");
        let told = desk.murphy(arguments.split(' '));
        // How long it took is another number each time.
        let lines = |text: &str| -> Vec<String> {
            let cut = |line: &str| {
                line.split(" read as ")
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            };
            text.lines().map(cut).collect()
        };
        assert_eq!(lines(&told.out), lines(output), "{command}\n{}", told.out);
    }
}

/// Where the public histories are, if they are beside the repository.
fn shared() -> Option<PathBuf> {
    let folder = repository().join("../shared/data");
    folder.join("VERDICTS.tsv").is_file().then_some(folder)
}

#[test]
fn every_shared_history_is_judged_as_its_table_says() {
    let Some(data) = shared() else {
        println!("the shared histories are not beside the repository: nothing is judged");
        return;
    };
    let table = fs::read_to_string(data.join("VERDICTS.tsv")).expect("the table is text");
    let (mut judged, mut complaints) = (0, Vec::new());
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [file, model, asked, verdict, anomalies, ..] = fields[..] else {
            panic!("a row of the table has five fields: {line}");
        };
        let Some(options) = options(asked) else {
            println!("{file}: a known order of transactions has no option on the command line");
            continue;
        };
        let complaint = complaint(&data, (file, model, &options), (verdict, anomalies));
        judged += 1;
        complaints.extend(complaint.map(|words| format!("{file} {model} {asked}: {words}")));
    }
    assert!(judged > 0, "the table has rows");
    assert!(
        complaints.is_empty(),
        "of {judged}:\n{}",
        complaints.join("\n")
    );
    println!("{judged} shared histories have the verdict of the table");
}

/// What a row asks for, as options of the command; none where the command has no word for it.
fn options(asked: &str) -> Option<Vec<String>> {
    let mut options: Vec<String> = Vec::new();
    let mut add = |name: &str, value: &str| options.extend([name.to_owned(), value.to_owned()]);
    if asked.starts_with('{') {
        let mut forms = Forms::new(asked.as_bytes(), false);
        let (_, form) = forms.next_form().expect("well-formed").expect("a map");
        let names = |key: &str| -> Vec<String> {
            let items = form.get(key).and_then(Form::items).unwrap_or_default();
            items
                .iter()
                .filter_map(|item| Some(item.name()?.to_owned()))
                .collect()
        };
        let is = |key: &str| form.get(key) == Some(&Form::Boolean(true));
        if form.get("transaction-order").is_some() {
            return None;
        }
        match (names("consistency-models").first(), names("anomalies")) {
            (Some(level), _) => add("--level", level),
            (None, anomalies) if !anomalies.is_empty() => add("--anomaly", &anomalies.join(",")),
            (None, _) => {}
        }
        for (key, word) in [
            ("wfr-keys?", "writes-follow-reads"),
            ("sequential-keys?", "sequential-keys"),
            ("linearizable-keys?", "linearizable-keys"),
        ] {
            if is(key) {
                add("--assume", word);
            }
        }
    } else if let Some((_, initial)) = asked.split_once(" init ") {
        add("--initial", initial);
    } else {
        add("--level", asked);
    }
    Some(options)
}

/// What is wrong with what the command says of a row.
fn complaint(
    data: &Path,
    (file, model, options): (&str, &str, &[String]),
    (verdict, anomalies): (&str, &str),
) -> Option<String> {
    let desk = Desk::new();
    let model = model
        .split('(')
        .next()
        .unwrap_or_default()
        .replace("kv-map", "kv");
    let path = data.join(file).display().to_string();
    let mut arguments = vec!["check".to_owned(), path, "--model".to_owned(), model];
    arguments.extend(["--format".to_owned(), "json".to_owned()]);
    arguments.extend_from_slice(options);
    let told = desk.murphy(&arguments);
    let document: serde_json::Value = match serde_json::from_str(&told.out) {
        Ok(document) => document,
        Err(error) => return Some(format!("{error}: {}", told.err)),
    };
    let code = match verdict {
        "holds" => 0,
        "violated" => 1,
        _ => 3,
    };
    if document["verdict"] != verdict || told.code != Some(code) {
        return Some(format!("exit {:?}, {document}", told.code));
    }
    let (found, not) = anomalies.split_once('|').unwrap_or((anomalies, ""));
    let words = |text: &str| -> Vec<String> {
        let words = text
            .trim()
            .trim_start_matches("not:")
            .split(',')
            .map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let of = |key: &str| -> Vec<String> {
        serde_json::from_value(document[key].clone()).expect("a list of names")
    };
    let ours = of("anomalies");
    // That nothing could be inferred is the reason of an unknown here, and no anomaly.
    let is_missing = |name: &String| name != "empty-transaction-graph" && !ours.contains(name);
    let missing: Vec<String> = words(found).into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        return Some(format!("{missing:?} missing among {ours:?}"));
    }
    let (theirs, ours) = (words(not), of("not"));
    (!theirs.is_empty() && theirs != ours).then(|| format!("not {ours:?} instead of {theirs:?}"))
}
