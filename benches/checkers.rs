//! `cargo bench -p murphy-benches --bench checkers`: every kind of history that the checkers are to be
//! quick with, each figure beside its bar, and how figures grow with the size of the history.
//!
//! Times are CPU time of the one thread that judges, the best of all samples; memory is what the judge
//! asked the allocator for at once, beyond the history.
#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a bench target prints its table and exports nothing"
)]

use std::cell::OnceCell;
use std::fs::File;
use std::hint::black_box;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::{Criterion, SamplingMode};
use murphy_benches::bars::{Bar, Line, exponent, table};
use murphy_benches::histories::{hard_cas, lists, register, registers, tangled};
use murphy_checkers::formats::{
    CheckOptions, KvModel, Model, StringHistory, TextRegisterHistory, read_registers, read_strings,
};
use murphy_checkers::linearizable::{self, Register, RegisterHistory, check_registers};
use murphy_checkers::transactions::{Ask, Level, TxnHistory, check_list_append, sessions};
use murphy_checkers::{Budget, Meter, Verdict};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// More than any of the works needs that is to end.
fn meter() -> Meter<'static> {
    Meter::new(Budget {
        steps_max: 2_000_000_000,
        bytes_max: 4 << 30,
    })
}

/// What one work cost.
struct Cost {
    seconds: f64,
    bytes: f64,
}

/// Seconds of this thread that some work takes.
fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = ThreadTime::now();
    black_box(work());
    start.elapsed()
}

/// Bytes that some work has at once, at the most.
fn peak<T>(work: impl FnOnce() -> T) -> f64 {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    black_box(work());
    ALLOCATED.peak_usage().saturating_sub(before) as f64
}

/// The works, and what was measured of them.
struct Bench {
    criterion: Criterion,
    lines: Vec<Line>,
}

impl Bench {
    /// Measures a judge on a history, unless the command line leaves it out.
    fn work<H>(
        &mut self,
        name: &str,
        history: impl Fn() -> H,
        judge: impl Fn(&H) -> bool,
    ) -> Option<Cost> {
        let history = {
            let cell = OnceCell::new();
            move |work: &mut dyn FnMut(&H)| work(cell.get_or_init(&history))
        };
        let mut best = Duration::MAX;
        let mut group = self.criterion.benchmark_group("checkers");
        group
            .sample_size(10)
            .sampling_mode(SamplingMode::Flat)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(500));
        group.bench_function(name, |bench| {
            bench.iter_custom(|iterations| {
                let mut total = Duration::ZERO;
                history(&mut |history| {
                    for _ in 0..iterations {
                        let took = timed(|| judge(history));
                        best = best.min(took);
                        total += took;
                    }
                });
                total
            });
        });
        group.finish();
        if best == Duration::MAX {
            return None;
        }
        let mut bytes = 0.0;
        history(&mut |history| {
            bytes = peak(|| assert!(judge(history), "{name}: the verdict is the expected one"));
        });
        Some(Cost {
            seconds: best.as_secs_f64(),
            bytes,
        })
    }

    fn line(&mut self, work: &str, peer: &str, bar: Bar, ours: f64) {
        self.lines.push(Line {
            work: work.to_owned(),
            peer: peer.to_owned(),
            bar,
            ours,
        });
    }
}

fn search(history: &RegisterHistory<u32, u64>) -> Verdict {
    linearizable::check(&Register::default(), history, &mut meter())
}

fn zones(history: &RegisterHistory<u32, u64>) -> Verdict {
    check_registers(&Register::default(), history, &mut meter())
}

fn strict(history: &TxnHistory) -> Verdict {
    let ask = Ask::Level(Level::StrictSerializable);
    check_list_append(history, &ask, &mut meter()).verdict
}

fn one_register(bench: &mut Bench) {
    const COUNT: u64 = 100_000;
    for clients in [10, 50] {
        let name = format!("register, unique values, 100,000 on one key, {clients} clients");
        let made = || register(COUNT, clients, None);
        if let Some(cost) = bench.work(&name, made, |history| zones(history).holds()) {
            let rate = COUNT as f64 / cost.seconds;
            bench.line(&name, "porcupine: out of memory", Bar::PerSecond(5e6), rate);
            bench.line(
                "  its memory",
                "24 GB and more",
                Bar::Bytes(24e9),
                cost.bytes,
            );
        }
    }
    for (values, words) in [(Some(5), "five values"), (None, "unique values")] {
        let name = format!("register, {words}, 10,000 on one key, 10 clients, search");
        let made = || register(10_000, 10, values);
        if let Some(cost) = bench.work(&name, made, |history| search(history).holds()) {
            bench.line(&name, "porcupine: 297 ms", Bar::Seconds(0.2), cost.seconds);
            bench.line("  its memory", "0.28 GB", Bar::Bytes(50e6), cost.bytes);
        }
    }
}

/// The public histories beside the repository, with the microseconds that porcupine needs for each.
fn shared(prefix: &str) -> Vec<(PathBuf, f64)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let Ok(verdicts) = std::fs::read_to_string(data.join("VERDICTS.tsv")) else {
        return Vec::new();
    };
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let file = fields.first().filter(|file| file.starts_with(prefix))?;
        Some((data.join(file), fields.last()?.trim().parse().ok()?))
    };
    verdicts.lines().filter_map(row).collect()
}

fn open(path: &Path) -> BufReader<File> {
    BufReader::new(File::open(path).expect("a file of the table is there"))
}

fn public_logs(bench: &mut Bench) {
    let logs = shared("porcupine/etcd/");
    let maps = shared("porcupine/kv/c10");
    if logs.is_empty() || maps.is_empty() {
        println!("the shared histories are not beside the repository: not measured");
        return;
    }
    let options = CheckOptions::new(Model::CasRegister);
    let read = |(path, _): &(PathBuf, f64)| {
        read_registers(open(path), &options).expect("a file of the table is well-formed")
    };
    let made = || logs.iter().map(read).collect::<Vec<TextRegisterHistory>>();
    let judge = |histories: &Vec<TextRegisterHistory>| {
        let model = Register::default();
        let verdict = |history| check_registers(&model, history, &mut meter());
        histories
            .iter()
            .map(verdict)
            .all(|verdict| !verdict.is_unknown())
    };
    let sum: f64 = logs.iter().map(|(_, micros)| micros / 1e6).sum();
    let name = format!("etcd logs, {} files in sum", logs.len());
    if let Some(cost) = bench.work(&name, made, judge) {
        let peer = format!("porcupine: {:.1} ms", sum * 1e3);
        bench.line(&name, &peer, Bar::Seconds(sum / 10.0), cost.seconds);
    }
    for (path, micros) in &maps {
        let file = path
            .file_name()
            .expect("a file has a name")
            .to_string_lossy();
        let name = format!("string map, {file}");
        let options = CheckOptions::new(Model::Kv);
        let made = || read_strings(open(path), &options).expect("it is well-formed");
        let judge = |history: &StringHistory| {
            let verdict = linearizable::check(&KvModel, history, &mut meter());
            verdict.holds() == file.contains("ok") && !verdict.is_unknown()
        };
        if let Some(cost) = bench.work(&name, made, judge) {
            let peer = format!("porcupine: {:.2} ms", micros / 1e3);
            bench.line(&name, &peer, Bar::Seconds(micros / 1e6), cost.seconds);
        }
    }
}

fn transactions(bench: &mut Bench) {
    let name = "list-append, 1 M transactions, strict serializable";
    let made = || lists(1_000_000, 20);
    if let Some(cost) = bench.work(name, made, |history| strict(history).holds()) {
        bench.line(name, "Elle: 41.7 s", Bar::Seconds(1.0), cost.seconds);
    }
    let name = "list-append, 100,000 in ten knots, each one named";
    let made = || tangled(100_000, 20, 10_000);
    let judge = |history: &TxnHistory| {
        let ask = Ask::Level(Level::StrictSerializable);
        check_list_append(history, &ask, &mut meter()).tangles.len() == 10
    };
    if let Some(cost) = bench.work(name, made, judge) {
        bench.line(name, "Elle: times out", Bar::Seconds(1.0), cost.seconds);
    }
    let weak = [
        (Level::Causal, 3.6),
        (Level::ReadAtomic, 2.1),
        (Level::ReadCommitted, 1.3),
    ];
    for (level, awdit) in weak {
        let name = format!("registers, 1 M transactions, {level}");
        let made = || registers(1_000_000, 20);
        let judge = |history: &TxnHistory| sessions::check(history, level, &mut meter()).holds();
        if let Some(cost) = bench.work(&name, made, judge) {
            let peer = format!("AWDIT: {awdit} s, 2 GB stack");
            bench.line(&name, &peer, Bar::Seconds(awdit), cost.seconds);
        }
    }
}

fn hard(bench: &mut Bench) {
    let name = "cas, 2,000 on one key, 30 clients: unknown at its budget";
    let made = || hard_cas(2_000, 30);
    let judge = |history: &RegisterHistory<u32, u64>| {
        check_registers(&Register::default(), history, &mut Meter::default()).is_unknown()
    };
    if let Some(cost) = bench.work(name, made, judge) {
        bench.line(name, "", Bar::Seconds(60.0), cost.seconds);
        let budget = Budget::default().bytes_max as f64;
        bench.line("  its memory", "", Bar::Bytes(budget), cost.bytes);
    }
}

/// Sizes at which growth is measured.
const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// The best of three at each size, and the power with which time and memory grow.
fn growth<H>(
    lines: &mut Vec<Line>,
    work: &str,
    history: impl Fn(u64) -> H,
    judge: impl Fn(&H) -> Verdict,
) {
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for size in SIZES {
        let history = history(size);
        let best = (0..3).map(|_| timed(|| judge(&history))).min();
        times.push((
            size as f64,
            best.expect("measured three times").as_secs_f64(),
        ));
        memory.push((size as f64, peak(|| judge(&history))));
        let (size, seconds) = times[times.len() - 1];
        let bytes = memory[memory.len() - 1].1 / size;
        println!(
            "  {work:<40} {size:>9} {:>8.0} ns and {bytes:>5.0} bytes each",
            seconds * 1e9 / size
        );
    }
    let mut add = |what: &str, figures: &[(f64, f64)]| {
        lines.push(Line {
            work: format!("growth of {what}, {work}"),
            peer: String::new(),
            bar: Bar::Power(1.25),
            ours: exponent(figures),
        });
    };
    add("time", &times);
    add("memory", &memory);
}

fn all_growth() -> Vec<Line> {
    let mut lines = Vec::new();
    println!("\ngrowth");
    growth(
        &mut lines,
        "register, unique values",
        |size| register(size, 10, None),
        zones,
    );
    growth(
        &mut lines,
        "register, search",
        |size| register(size, 10, Some(5)),
        search,
    );
    growth(&mut lines, "list-append", |size| lists(size, 20), strict);
    growth(
        &mut lines,
        "list-append in knots",
        |size| tangled(size, 20, 10_000),
        strict,
    );
    for level in [Level::Causal, Level::ReadAtomic, Level::ReadCommitted] {
        let judge = |history: &TxnHistory| sessions::check(history, level, &mut meter());
        growth(
            &mut lines,
            &format!("registers, {level}"),
            |size| registers(size, 20),
            judge,
        );
    }
    lines
}

fn main() {
    let mut bench = Bench {
        criterion: Criterion::default().configure_from_args(),
        lines: Vec::new(),
    };
    one_register(&mut bench);
    public_logs(&mut bench);
    transactions(&mut bench);
    hard(&mut bench);
    bench.criterion.final_summary();
    let is_whole = bench.lines.len() > 10;
    if is_whole {
        let growth = all_growth();
        bench.lines.extend(growth);
    }
    println!("\n{}", table(&bench.lines));
}
