//! Histories as text: formats, models, levels, errors with their place; no input makes a panic.

use murphy_checkers::formats::{CheckOptions, CheckReport, InputFormat, Model, check_text};
use murphy_checkers::transactions::Level;
use murphy_checkers::{AnomalyName, Verdict};
use proptest::prelude::*;

fn judge(model: Model, text: &str) -> CheckReport {
    check_text(text.as_bytes(), &CheckOptions::new(model)).expect("well-formed")
}

#[test]
fn json_lines_and_edn_say_the_same() {
    let edn = "{:process 0, :type :invoke, :f :write, :value 1}
        {:process 0, :type :ok, :f :write, :value 1}
        {:process 1, :type :invoke, :f :read, :value nil}
        {:process 1, :type :ok, :f :read, :value nil}";
    let json = r#"{"process": 0, "type": "invoke", "f": "write", "value": 1}
        {"process": 0, "type": "ok", "f": "write", "value": 1}
        {"process": 1, "type": "invoke", "f": "read", "value": null}
        {"process": 1, "type": "ok", "f": "read", "value": null}"#;
    let array = format!("[{}]", json.replace("}\n", "},\n"));
    for (text, format) in [
        (edn, InputFormat::Edn),
        (json, InputFormat::Json),
        (array.as_str(), InputFormat::Json),
    ] {
        let report = judge(Model::Register, text);
        assert_eq!(report.format, format);
        assert_eq!(
            report.anomalies,
            [AnomalyName::StaleRead, AnomalyName::LostWrite]
        );
        assert_eq!(
            (report.operations, report.not),
            (2, vec![Level::Linearizable])
        );
    }
}

#[test]
fn a_level_below_linearizable_may_hold() {
    let text = "{:process 0, :type :invoke, :f :write, :value 1}
        {:process 0, :type :ok, :f :write, :value 1}
        {:process 1, :type :invoke, :f :read, :value nil}
        {:process 1, :type :ok, :f :read, :value nil}";
    let mut options = CheckOptions::new(Model::Register);
    for level in [
        Level::Sequential,
        Level::Causal,
        Level::Pram,
        Level::MonotonicReads,
        Level::MonotonicWrites,
        Level::ReadYourWrites,
        Level::WritesFollowReads,
    ] {
        options.level = Some(level);
        let report = check_text(text.as_bytes(), &options).expect("well-formed");
        assert_eq!(report.verdict, Verdict::Holds, "{level}");
        // The process that wrote reads the initial value: every level but three sees that.
        let own = text.replace(":process 1", ":process 0");
        let report = check_text(own.as_bytes(), &options).expect("well-formed");
        let is_blind = matches!(
            level,
            Level::MonotonicReads | Level::MonotonicWrites | Level::WritesFollowReads
        );
        assert_eq!(
            report.verdict.holds(),
            is_blind,
            "{level}: {}",
            report.verdict
        );
    }
}

#[test]
fn a_malformed_line_is_an_error_with_its_place_or_is_counted() {
    let text = "{:process 0, :type :invoke, :f :read, :value nil}
{:process 0, :type :ok, :f :read, :value ]}
{:process 0, :type :ok, :f :read, :value nil}
";
    let mut options = CheckOptions::new(Model::Register);
    let error = check_text(text.as_bytes(), &options).expect_err("a bracket closes nothing");
    assert_eq!((error.line, error.column), (2, 43));
    options.lenient = true;
    let report = check_text(text.as_bytes(), &options).expect("lenient");
    assert_eq!(report.verdict, Verdict::Holds);
    assert_eq!(report.warnings, ["1 malformed operations were skipped"]);
}

#[test]
fn keys_are_told_by_their_names() {
    let text = "{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :y 1]]}
        {:process 1, :type :invoke, :f :txn, :value [[:r :y nil] [:append :x 1]]}
        {:process 0, :type :ok, :f :txn, :value [[:r :x []] [:append :y 1]]}
        {:process 1, :type :ok, :f :txn, :value [[:r :y []] [:append :x 1]]}";
    let report = judge(Model::ListAppend, text);
    assert_eq!(report.anomalies, [AnomalyName::G2Item]);
    assert_eq!(report.not, [Level::RepeatableRead]);
    let told = report.verdict.anomalies()[0].to_string();
    assert!(told.contains("T0 = [r x [], append y 1]"), "{told}");
}

/// A model, the calls of one process (function, value asked, value said), and whether they hold.
type Case = (
    Model,
    &'static [(&'static str, &'static str, &'static str)],
    bool,
);

#[test]
fn every_model_reads_its_calls() {
    let serial = |steps: &[(&str, &str, &str)]| {
        let event = |kind: &str, f: &str, value: &str| {
            format!("{{:process 0, :type {kind}, :f {f}, :value {value}}}\n")
        };
        let both = |(f, asked, said): &(&str, &str, &str)| {
            event(":invoke", f, asked) + &event(":ok", f, said)
        };
        steps.iter().map(both).collect::<String>()
    };
    let cases: &[Case] = &[
        (
            Model::CasRegister,
            &[(":write", "1", "1"), (":cas", "[1 2]", "[1 2]")],
            true,
        ),
        (
            Model::CasRegister,
            &[(":write", "1", "1"), (":cas", "[3 2]", "[3 2]")],
            false,
        ),
        (
            Model::Register,
            &[(":write", "[5 1]", "[5 1]"), (":read", "[5 nil]", "[5 1]")],
            true,
        ),
        (
            Model::Register,
            &[(":write", "[5 1]", "[5 1]"), (":read", "[6 nil]", "[6 1]")],
            false,
        ),
        (
            Model::Kv,
            &[
                (":put", "[1 \"a\"]", "[1 \"a\"]"),
                (":get", "[1 nil]", "[1 \"a\"]"),
            ],
            true,
        ),
        (
            Model::Set,
            &[(":add", "1", "1"), (":read", "nil", "#{1}")],
            true,
        ),
        (
            Model::Set,
            &[(":add", "1", "1"), (":read", "nil", "#{}")],
            false,
        ),
        (
            Model::SetFull,
            &[(":add", "1", "1"), (":read", "nil", "#{}")],
            false,
        ),
        (
            Model::Counter,
            &[(":add", "2", "2"), (":read", "nil", "2")],
            true,
        ),
        (
            Model::Counter,
            &[(":add", "2", "2"), (":read", "nil", "3")],
            false,
        ),
        (
            Model::Queue,
            &[(":enqueue", "1", "1"), (":dequeue", "nil", "1")],
            true,
        ),
        (
            Model::Stack,
            &[
                (":push", "1", "1"),
                (":push", "2", "2"),
                (":pop", "nil", "1"),
            ],
            false,
        ),
        (Model::TotalQueue, &[(":enqueue", "1", "1")], false),
        (
            Model::Lock,
            &[(":acquire", "nil", "nil"), (":acquire", "nil", "nil")],
            false,
        ),
        (
            Model::UniqueIds,
            &[(":generate", "nil", "1"), (":generate", "nil", "1")],
            false,
        ),
        (
            Model::Bank,
            &[(":read", "nil", "{0 5 1 5}"), (":read", "nil", "{0 5 1 6}")],
            false,
        ),
        (
            Model::MultiRegister,
            &[
                (":txn", "[[:write :x 1]]", "[[:write :x 1]]"),
                (":txn", "[[:read :x nil]]", "[[:read :x 1]]"),
            ],
            true,
        ),
        (
            Model::RwRegister,
            &[
                (":txn", "[[:w :x 1]]", "[[:w :x 1]]"),
                (":txn", "[[:r :x nil]]", "[[:r :x 1]]"),
            ],
            true,
        ),
        (
            Model::LongFork,
            &[(":txn", "[[:w 1 1]]", "[[:w 1 1]]")],
            true,
        ),
    ];
    for (model, steps, holds) in cases {
        let report = judge(*model, &serial(steps));
        assert_eq!(
            report.verdict.holds(),
            *holds,
            "{}: {}",
            model.as_str(),
            report.verdict
        );
        assert_eq!(report.operations, steps.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for model in Model::ALL {
            for format in InputFormat::ALL {
                let mut options = CheckOptions::new(*model);
                options.format = Some(*format);
                options.lenient = bytes.len().is_multiple_of(2);
                let _ = check_text(bytes.as_slice(), &options);
            }
        }
    }

    #[test]
    fn no_near_history_makes_a_panic(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "{:process 0,", ":type :invoke", ":type :ok", ":type :info", ":f :read", ":f :write",
            ":f :txn", ":f :cas", ":value [[:append 1 1] [:r 1 [1]]]", ":value [1 2]", ":value 1",
            ":value nil", "}", "\n", "[", "]", "#{", "\"", "1", "nil", ":value [[:w 1 1] [:r 1 1]]",
            "{:process 0, :type :invoke, :f :txn, :value [[:w 1 1]]}\n",
            "{:process 0, :type :ok, :f :txn, :value [[:w 1 1] [:r 2 nil]]}\n",
        ]), 0..30),
    ) {
        let text = words.join(" ");
        for model in Model::ALL {
            let mut options = CheckOptions::new(*model);
            options.format = Some(InputFormat::Edn);
            options.lenient = true;
            let _ = check_text(text.as_bytes(), &options);
        }
    }
}

#[test]
fn a_log_is_read_as_jepsens_kafka_workload_writes_it() {
    let text = "{:process 0, :type :invoke, :f :send, :value [[:send x 10] [:send x 11]]}
        {:process 0, :type :ok, :f :send, :value [[:send x [0 10]] [:send x [1 11]]]}
        {:process 1, :type :invoke, :f :assign, :value [x]}
        {:process 1, :type :ok, :f :assign, :value [x]}
        {:process 1, :type :invoke, :f :poll, :value [[:poll]]}
        {:process 1, :type :ok, :f :poll, :value [[:poll {x [[0 10]]}]]}
        {:process 1, :type :invoke, :f :txn, :value [[:poll] [:send y 1]]}
        {:process 1, :type :ok, :f :txn, :value [[:poll {x [[1 11]]}] [:send y [nil 1]]]}
        {:process 1, :type :invoke, :f :poll, :value [[:poll]]}
        {:process 1, :type :ok, :f :poll, :value [[:poll {y [[0 1]]}]]}";
    let report = judge(Model::Log, text);
    assert_eq!(report.verdict, Verdict::Holds, "{:#?}", report.verdict);
    assert_eq!(report.operations, 5);
    let skipping = text.replace("[[1 11]]", "[[2 12]]");
    let report = judge(Model::Log, &skipping);
    assert_eq!(
        report.anomalies,
        [
            AnomalyName::LostWrite,
            AnomalyName::PhantomMessage,
            AnomalyName::ExtPollSkip
        ]
    );
    let told = report.verdict.anomalies()[0].to_string();
    assert!(told.contains("partition x"), "names are put back: {told}");
    // A rebalance in between, or a subscription, and the consumer may begin anywhere.
    let first = ":f :txn, :value [[:poll {x";
    let rebalanced = skipping.replace(first, &format!(":rebalance-log [{{:keys [x]}}], {first}"));
    assert!(
        !judge(Model::Log, &rebalanced)
            .verdict
            .has(AnomalyName::ExtPollSkip)
    );
    let subscribed = skipping.replace(":assign", ":subscribe");
    assert!(
        !judge(Model::Log, &subscribed)
            .verdict
            .has(AnomalyName::ExtPollSkip)
    );
    let mut options = CheckOptions::new(Model::Log);
    options.anomalies = Some(vec![AnomalyName::ExtPollSkip]);
    let report = check_text(skipping.as_bytes(), &options).expect("well-formed");
    assert_eq!(
        report.anomalies,
        [AnomalyName::PhantomMessage, AnomalyName::ExtPollSkip]
    );
}

#[test]
fn a_log_in_json_has_strings_for_keys() {
    let text = r#"{"process": 0, "type": "invoke", "f": "send", "value": [["send", 3, 10]]}
        {"process": 0, "type": "ok", "f": "send", "value": [["send", 3, [0, 10]]]}
        {"process": 0, "type": "invoke", "f": "poll", "value": [["poll"]]}
        {"process": 0, "type": "ok", "f": "poll", "value": [["poll", {"3": [[0, 10]]}]]}"#;
    assert_eq!(judge(Model::Log, text).verdict, Verdict::Holds);
    let lost = text.replace("[[0, 10]]}]]", "[[1, 10]]}]]");
    assert_eq!(
        judge(Model::Log, &lost).anomalies,
        [AnomalyName::DuplicateMessage]
    );
}
