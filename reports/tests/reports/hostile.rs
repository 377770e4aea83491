//! Whatever a record holds, no report breaks: names that are programs, numbers without end, pictures
//! that point nowhere.

use std::collections::BTreeMap;

use murphy_reports::record::{
    AnomalyRecord, Arrow, CHECK_SCHEMA, CallCounts, CallSpan, CheckRecord, Converge,
    DependencyRecord, Diagram, FaultRecord, FindingRecord, FirstViolation, HistoryRecord, Lane,
    Latency, Mark, OperationRecord, RUN_SCHEMA, RunRecord, ScenarioRecord, SuiteOutcome,
    SuiteRecord, VerdictKind,
};
use murphy_reports::{html, json, terminal};
use proptest::prelude::*;

use crate::page::Page;
use crate::{junit, markdown};

/// Words that mean something to some format.
const WORDS: [&str; 16] = [
    "<script>alert(1)</script>",
    "a|b",
    "\u{0}",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\" onload=\"alert(1)",
    "--><!-- ]]>",
    "```\n# heading\n",
    "\u{202e}gnp.exe",
    "שלום العالم",
    "日本語 🦀 e\u{301}",
    "&amp;&#x41;&lt;",
    "\r\n\t\u{85}\u{2028}",
    "\u{feff}\u{ffff}\u{10ffff}",
    "</title></style></svg>",
    "../../../etc/passwd",
    "",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => proptest::sample::select(WORDS.to_vec()).prop_map(str::to_owned),
        2 => proptest::collection::vec(any::<char>(), 0..12).prop_map(|c| c.into_iter().collect()),
        1 => Just("x".repeat(10_000)),
        1 => Just("<b>|`\u{0} ".repeat(1_250)),
    ]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        0..10_000_000_000_u64
    ]
}

fn words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(word(), 24)
}

fn numbers() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(number(), 40)
}

/// Hands out words and numbers, again and again.
struct Source {
    words: Vec<String>,
    numbers: Vec<u64>,
    at: usize,
}

impl Source {
    fn word(&mut self) -> String {
        self.at += 1;
        self.words[self.at % self.words.len()].clone()
    }

    fn number(&mut self) -> u64 {
        self.at += 1;
        self.numbers[self.at % self.numbers.len()]
    }

    fn maybe(&mut self) -> Option<u64> {
        Some(self.number()).filter(|number| number % 3 != 0)
    }

    /// An index that is mostly in a list of four, and sometimes far outside.
    fn index(&mut self) -> usize {
        let number = self.number();
        if number == u64::MAX {
            usize::MAX
        } else {
            (number % 5) as usize
        }
    }

    fn verdict(&mut self) -> VerdictKind {
        match self.number() % 3 {
            0 => VerdictKind::Holds,
            1 => VerdictKind::Unknown,
            _ => VerdictKind::Violated,
        }
    }

    fn counts(&mut self) -> BTreeMap<String, u64> {
        (0..3).map(|_| (self.word(), self.number())).collect()
    }

    fn calls(&mut self) -> CallCounts {
        CallCounts {
            ok: self.number(),
            fail: self.number(),
            info: self.number(),
        }
    }

    fn diagram(&mut self) -> Diagram {
        Diagram {
            from: self.number(),
            until: self.number(),
            lanes: (0..4)
                .map(|lane| Lane {
                    name: self.word(),
                    client: lane > 2,
                    roles: (0..3).map(|_| (self.number(), self.word())).collect(),
                    down: (0..2).map(|_| (self.number(), self.number())).collect(),
                })
                .collect(),
            messages: (0..12)
                .map(|i| Arrow {
                    from: self.index(),
                    to: self.index(),
                    sent: self.number(),
                    arrived: self.number(),
                    kind: self.word(),
                    told: self.word(),
                    dropped: Some(self.word()).filter(|_| i % 3 == 0),
                })
                .collect(),
            calls: (0..6)
                .map(|i| CallSpan {
                    lane: self.index(),
                    invoked: self.number(),
                    ended: self.maybe(),
                    asked: self.word(),
                    answered: self.word(),
                    outcome: self.word(),
                    evidence: i % 2 == 0,
                })
                .collect(),
            marks: (0..6)
                .map(|_| Mark {
                    lane: self.index(),
                    at: self.number(),
                    kind: self.word(),
                    told: self.word(),
                })
                .collect(),
            left_out: self.number(),
        }
    }

    fn run(&mut self) -> RunRecord {
        RunRecord {
            seed: self.number(),
            digest: self.word(),
            verdict: self.verdict(),
            checks: (0..2)
                .map(|_| CheckRecord {
                    check: self.word(),
                    verdict: self.verdict(),
                    reason: Some(self.word()),
                    anomalies: vec![AnomalyRecord {
                        name: self.word(),
                        explanation: self.word(),
                        evidence: (0..3).map(|_| self.word()).collect(),
                        calls: (0..3).map(|_| self.index()).collect(),
                    }],
                })
                .collect(),
            events: self.number(),
            ended: self.number(),
            faults: (0..4)
                .map(|_| FaultRecord {
                    kind: self.word(),
                    told: self.word(),
                    from: self.maybe(),
                    until: self.maybe(),
                    lanes: vec![self.index(), self.index()],
                    hits: self.number(),
                })
                .collect(),
            calls: self.calls(),
            repeat: self.word(),
            diagram: Some(self.diagram()),
        }
    }

    fn scenario(&mut self) -> ScenarioRecord {
        ScenarioRecord {
            name: self.word(),
            file: self.word(),
            story: self.word(),
            protocol: self.word(),
            mutant: Some(self.word()),
            expect: self.word(),
            seeds: self.number(),
            held: self.number(),
            violated: self.number(),
            unknown: self.number(),
            as_expected: false,
            why: Some(self.word()),
            anomalies: self.counts(),
            first: Some(FirstViolation {
                seed: self.number(),
                anomaly: self.word(),
                digest: self.word(),
                repeat: self.word(),
            }),
            digest: self.word(),
            calls: self.calls(),
            latency_us: Latency {
                p50: self.number(),
                p99: self.number(),
            },
            messages_per_call: f64::from_bits(self.number()),
            converge_us: Converge {
                p50: self.number(),
                max: self.number(),
            },
            faults: self.counts(),
            reached: vec![self.word()],
            events: self.number(),
            shown: vec![self.run()],
        }
    }

    fn operation(&mut self) -> OperationRecord {
        OperationRecord {
            operation: self.number() as usize % 4,
            label: self.word(),
            process: self.number() as u32,
            invoked: self.number(),
            ended: Some(self.number()).filter(|ended| ended % 3 > 0),
            outcome: self.word(),
            told: self.word(),
            evidence: self.number().is_multiple_of(2),
        }
    }

    fn finding(&mut self) -> FindingRecord {
        let mut edge = || DependencyRecord {
            from: self.number() as usize % 4,
            to: self.number() as usize % 4,
            kind: self.word(),
            because: self.word(),
        };
        let cycle = vec![edge(), edge(), edge()];
        FindingRecord {
            anomaly: self.word(),
            explanation: self.word(),
            steps: vec![self.word(), self.word()],
            operations: vec![self.number() as usize],
            cycle,
        }
    }

    fn history(&mut self) -> HistoryRecord {
        HistoryRecord {
            schema: CHECK_SCHEMA.to_owned(),
            file: self.word(),
            input: self.word(),
            model: self.word(),
            level: Some(self.word()),
            verdict: VerdictKind::Violated,
            reason: Some(self.word()),
            anomalies: vec![self.word()],
            not: vec![self.word()],
            also_not: vec![self.word()],
            operations: self.number(),
            skipped: self.number(),
            seconds: f64::from_bits(self.number()),
            warnings: vec![self.word()],
            evidence: vec![self.finding(), self.finding()],
            shown: vec![self.operation(), self.operation(), self.operation()],
        }
    }

    fn suite(&mut self) -> SuiteRecord {
        SuiteRecord {
            schema: RUN_SCHEMA.to_owned(),
            version: self.word(),
            outcome: SuiteOutcome::Violated,
            runs: self.number(),
            events: self.number(),
            wall_seconds: f64::from_bits(self.number()),
            interrupted: true,
            scenarios: vec![self.scenario(), self.scenario()],
        }
    }
}

fn check_html(suite: &SuiteRecord) {
    check_page(&html::render(suite));
}

fn check_page(source: &str) {
    let page = Page::read(source);
    assert_eq!(
        (
            page.count("script"),
            page.count("style"),
            page.count("title") > 0
        ),
        (1, 1, true)
    );
    for (tag, attributes) in &page.tags {
        assert!(
            attributes.iter().all(|(name, _)| !name.starts_with("on")),
            "a handler on {tag}"
        );
    }
    for number in ["NaN", "inf"] {
        for attribute in ["x", "y", "width", "height", "d", "cx", "x1", "y2", "style"] {
            assert!(
                page.values(attribute).iter().all(|v| !v.contains(number)),
                "{attribute}"
            );
        }
    }
}

fn check_terminal(suite: &SuiteRecord) {
    for width in [0, 1, 40, 120] {
        let options = terminal::Options {
            width,
            ..terminal::Options::default()
        };
        let mut out = Vec::new();
        terminal::render(suite, &options, &mut out).expect("a vector takes everything");
        terminal::replay(&suite.scenarios[0].shown[0], &options, &mut out)
            .expect("a vector takes everything");
        let text = String::from_utf8(out).expect("the summary is text");
        let hidden = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(hidden, None);
    }
}

fn check_markdown(suite: &SuiteRecord) {
    let text = markdown::summary(suite);
    let rows = text.lines().filter(|line| line.starts_with("| ")).count();
    assert!(rows >= suite.scenarios.len());
    for line in text.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.matches('|').count(), 11, "{line:.200}");
    }
    let mut fence: Option<String> = None;
    for line in text.lines() {
        match &fence {
            Some(end) if line == end => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.replace("sh", "")),
            None => {
                let own = ["<details>", "<summary>", "</summary>", "</details>"];
                let left = own
                    .iter()
                    .fold(line.to_owned(), |line, tag| line.replace(tag, ""));
                assert!(!left.contains('<') && !left.contains('`'), "{line:.200}");
            }
        }
    }
    assert_eq!(fence, None, "a block of code never ends");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_breaks_a_report(words in words(), numbers in numbers()) {
        let history = Source { words, numbers, at: 0 }.history();
        check_page(&html::history(&history));
        let mut out = Vec::new();
        let options = terminal::Options::default();
        terminal::history(&history, &options, &mut out).expect("a vector takes everything");
        let text = String::from_utf8(out).expect("the verdict is text");
let hidden = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        prop_assert_eq!(hidden, None);
        let mut document = Vec::new();
        json::history(&history, &mut document).expect("a vector takes it");
        let read: HistoryRecord = serde_json::from_slice(&document).expect("it is a record");
        prop_assert_eq!(read.evidence, history.evidence);
    }

    #[test]
    fn no_record_breaks_a_report(words in words(), numbers in numbers()) {
        let suite = Source { words, numbers, at: 0 }.suite();
        check_html(&suite);
        check_terminal(&suite);
        check_markdown(&suite);
        let text = junit::document(&suite);
        quick_junit::Report::deserialize_from_str(&text).expect("the document is JUnit");
        let mut document = Vec::new();
        json::write(&suite, json::Shown::Included, &mut document).expect("a vector takes it");
        let read: SuiteRecord = serde_json::from_slice(&document).expect("the document is a record");
        prop_assert_eq!(read.scenarios[0].shown.len(), 1);
        prop_assert_eq!(&read.scenarios[0].name, &suite.scenarios[0].name);
    }
}

#[test]
fn a_suite_of_nothing_is_told_in_every_format() {
    let mut suite = Source {
        words: vec![String::new()],
        numbers: vec![0],
        at: 0,
    }
    .suite();
    check_html(&suite);
    check_terminal(&suite);
    suite.scenarios.clear();
    Page::read(&html::render(&suite));
    assert!(junit::document(&suite).contains("no scenario was run"));
    assert!(markdown::summary(&suite).contains("no scenario was run"));
}
