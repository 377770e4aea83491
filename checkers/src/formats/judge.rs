//! From a text to a verdict: what a command line needs, in one call.

use super::atom::{Atom, Names};
use super::convert::{
    self, KvModel, MultiRegister, Pairing, StringHistory, TextRegisterHistory, Transactions,
};
use super::event::{Event, Events};
use super::log::LogEvents;
use super::model::Model;
use super::objects::{bank_event, counter_event, id_event, lock_event, pile_event, set_event};
use super::reader::{Form, Forms};
use super::shown::{self, ShownOperation};
use super::{FormatError, InputFormat, awdit};
use crate::anomaly::AnomalyName;
use crate::bank::{self, Bank, BankCall, BankResponse};
use crate::budget::{Budget, Meter};
use crate::direct;
use crate::history::{History, Operation};
use crate::linearizable::{self, Counter, Lock, Pile, Register, Sequential, Set};
use crate::log::{self, LogPromise};
use crate::registers;
use crate::transactions::{
    self, Ask, Boundary, Level, Report, Tangle, Txn, TxnHistory, VersionOrders, boundary, sessions,
};
use crate::verdict::{Anomaly, Reason, Verdict, guard};
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

/// How to judge.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// What the history is about.
    pub model: Model,
    /// What must hold; the strongest level that the model knows, if none is given.
    pub level: Option<Level>,
    /// These anomalies instead of a level.
    pub anomalies: Option<Vec<AnomalyName>>,
    /// The initial value, as EDN: `0`, `{:x 0 :y 0}`; for a bank `{:accounts [0 1] :total 10}`.
    pub initial: Option<String>,
    /// The format; guessed, if none is given.
    pub format: Option<InputFormat>,
    /// Skip and count malformed operations instead of ending at the first.
    pub lenient: bool,
    /// How version orders of registers are inferred.
    pub orders: VersionOrders,
    /// How much may be spent.
    pub budget: Budget,
}

impl CheckOptions {
    /// The usual options for a model.
    pub fn new(model: Model) -> Self {
        Self {
            model,
            level: None,
            anomalies: None,
            initial: None,
            format: None,
            lenient: false,
            orders: VersionOrders::default(),
            budget: Budget::default(),
        }
    }
}

/// The answer.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Holds, violated, unknown.
    pub verdict: Verdict,
    /// The names of what was found, each once.
    pub anomalies: Vec<AnomalyName>,
    /// The weakest levels that are broken.
    pub not: Vec<Level>,
    /// The stronger ones, broken with them.
    pub also_not: Vec<Level>,
    /// How many operations were read.
    pub operations: usize,
    /// Malformed operations that were skipped, where that was allowed.
    pub skipped: u64,
    /// What a person should know beside the verdict.
    pub warnings: Vec<String>,
    /// The format that was read.
    pub format: InputFormat,
    /// The level that was judged; none where the model has its own checks, or anomalies were asked
    /// for by name.
    pub level: Option<Level>,
    /// The evidence's operations, and what went on beside them, in order of invocation.
    pub shown: Vec<ShownOperation>,
}

/// What a model's judge found out.
struct Judged {
    verdict: Verdict,
    boundary: Option<Boundary>,
    operations: usize,
    warnings: Vec<String>,
    level: Option<Level>,
    shown: Vec<ShownOperation>,
}

impl Judged {
    fn new(verdict: Verdict, operations: usize) -> Self {
        Self {
            verdict,
            boundary: None,
            operations,
            warnings: Vec::new(),
            level: None,
            shown: Vec::new(),
        }
    }

    /// The verdict about a history, with the operations that a person must see to follow it.
    fn of<C, R>(
        verdict: Verdict,
        history: &History<C, R>,
        tell: impl Fn(usize, &Operation<C, R>) -> String,
    ) -> Self {
        let shown = shown::around(history, &verdict, tell);
        Self {
            shown,
            ..Self::new(verdict, history.len())
        }
    }

    /// A violation breaks this level, and whatever implies it.
    fn at(mut self, level: Level) -> Self {
        self.boundary = self.verdict.is_violated().then(|| level.broken());
        self.level = Some(level);
        self
    }
}

/// Reads a history of registers to its end, for whoever judges it otherwise.
pub fn read_registers(
    mut input: impl BufRead,
    options: &CheckOptions,
) -> Result<TextRegisterHistory, FormatError> {
    let mut reading = Reading::new(&mut input, options)?;
    let mut events = Events::new(input, reading.format)?;
    reading.registers(&mut events)
}

/// Reads a history of a map of strings to its end, for whoever judges it otherwise.
pub fn read_strings(
    mut input: impl BufRead,
    options: &CheckOptions,
) -> Result<StringHistory, FormatError> {
    let mut reading = Reading::new(&mut input, options)?;
    let mut events = Events::new(input, reading.format)?;
    reading.pair(&mut events, convert::kv_event)
}

/// Reads a history to its end and judges it.
pub fn check_text(
    mut input: impl BufRead,
    options: &CheckOptions,
) -> Result<CheckReport, FormatError> {
    let mut reading = Reading::new(&mut input, options)?;
    let format = reading.format;
    let mut judged = reading.judge(input)?;
    if judged.operations == 0 {
        let words = "there is no operation in it: nothing was judged";
        judged.warnings.push(words.to_owned());
    }
    if reading.skipped > 0 {
        judged.warnings.push(format!(
            "{} malformed operations were skipped",
            reading.skipped
        ));
    }
    let found = judged.verdict.names();
    let limits = judged
        .boundary
        .unwrap_or_else(|| boundary(found.iter().copied()));
    Ok(CheckReport {
        anomalies: found,
        not: limits.not,
        also_not: limits.also_not,
        verdict: judged.verdict,
        operations: judged.operations,
        skipped: reading.skipped,
        warnings: judged.warnings,
        format,
        level: judged.level,
        shown: judged.shown,
    })
}

fn detect(input: &mut impl BufRead) -> Result<InputFormat, FormatError> {
    let error = |words: String| FormatError::new(1, 1, words);
    let beginning = input
        .fill_buf()
        .map_err(|error_| error(error_.to_string()))?;
    if beginning.is_empty() {
        return Err(error(
            "the input is empty: there is no history in it".to_owned(),
        ));
    }
    InputFormat::detect(beginning).ok_or_else(|| {
        let names: Vec<&str> = InputFormat::ALL
            .iter()
            .map(|format| format.as_str())
            .collect();
        error(format!(
            "the format is not one that is known ({}); name it",
            names.join(", ")
        ))
    })
}

struct Reading<'a> {
    options: &'a CheckOptions,
    format: InputFormat,
    skipped: u64,
}

impl<'a> Reading<'a> {
    fn new(input: &mut impl BufRead, options: &'a CheckOptions) -> Result<Self, FormatError> {
        let format = match options.format {
            Some(format) => format,
            None => detect(input)?,
        };
        Ok(Self {
            options,
            format,
            skipped: 0,
        })
    }

    fn judge(&mut self, input: impl BufRead) -> Result<Judged, FormatError> {
        let model = self.options.model;
        if model == Model::RwRegister && self.format == InputFormat::Awdit {
            let history = awdit::read(input)?;
            return Ok(self.sessions(&history));
        }
        let mut events = Events::new(input, self.format)?;
        match model {
            Model::Register | Model::CasRegister => {
                let history = self.registers(&mut events)?;
                let initial = self.initial()?;
                Ok(self.judge_registers(&history, initial.as_ref().and_then(Atom::of)))
            }
            Model::MultiRegister => {
                let history = self.pair(&mut events, convert::multi_event)?;
                let model = MultiRegister {
                    initial: self.initial_registers()?,
                };
                Ok(self.linearizable(&model, &history))
            }
            Model::Kv => {
                let history = self.pair(&mut events, convert::kv_event)?;
                Ok(self.linearizable(&KvModel, &history))
            }
            Model::Set => {
                let history = self.pair(&mut events, set_event)?;
                Ok(self.linearizable(&Set::new(), &history))
            }
            Model::Counter => {
                let history = self.pair(&mut events, counter_event)?;
                let initial = self.initial()?.and_then(|form| form.integer()).unwrap_or(0);
                Ok(self.linearizable(&Counter { initial }, &history))
            }
            Model::Queue => {
                let history = self.pair(&mut events, pile_event)?;
                Ok(self.linearizable(&Pile::queue(), &history))
            }
            Model::Stack => {
                let history = self.pair(&mut events, pile_event)?;
                Ok(self.linearizable(&Pile::stack(), &history))
            }
            Model::Lock => {
                let history = self.pair(&mut events, lock_event)?;
                Ok(self.linearizable(&Lock, &history))
            }
            Model::SetFull => {
                let history = self.pair(&mut events, set_event)?;
                let verdict = guard(|| direct::set_full(&history).verdict);
                Ok(Judged::of(verdict, &history, shown::told_by(&Set::new())))
            }
            Model::UniqueIds => {
                let history = self.pair(&mut events, id_event)?;
                let verdict = guard(|| direct::unique_ids(&history));
                let tell = |_: usize, given: &Operation<(), Atom>| match given.response() {
                    Some(id) => format!("id {id:?}"),
                    None => "no id".to_owned(),
                };
                Ok(Judged::of(verdict, &history, tell))
            }
            Model::TotalQueue => {
                let history = self.pair(&mut events, pile_event)?;
                let verdict = guard(|| direct::total_queue(&history));
                Ok(Judged::of(
                    verdict,
                    &history,
                    shown::told_by(&Pile::queue()),
                ))
            }
            Model::Log => {
                let mut log = LogEvents::default();
                self.each(&mut events, |event| log.take(event))?;
                Ok(self.judge_log(log))
            }
            Model::Bank => {
                let history = self.pair(&mut events, bank_event)?;
                let bank = self.bank(&history)?;
                let verdict = guard(|| bank::check(&bank, &history));
                Ok(Judged::of(verdict, &history, tell_bank))
            }
            Model::ListAppend | Model::RwRegister | Model::LongFork => {
                let mut transactions = Transactions::new(model == Model::ListAppend);
                self.each(&mut events, |event| transactions.take(event))?;
                let orphans = transactions.orphans;
                let (history, names) = transactions.finish();
                let mut judged = self.judge_transactions(&history, &names);
                if orphans > 0 {
                    let words = format!("{orphans} operations end without having begun");
                    judged.warnings.push(words);
                }
                Ok(judged)
            }
        }
    }

    /// Hands on every event; malformed ones end it, or are skipped and counted.
    fn each<R: BufRead>(
        &mut self,
        events: &mut Events<R>,
        mut take: impl FnMut(&Event) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        loop {
            let result = match events.next_event() {
                Ok(None) => return Ok(()),
                Ok(Some(event)) => take(&event),
                Err(error) => match events.skip_malformed() {
                    Ok(()) => Err(error),
                    Err(_) => return Err(error),
                },
            };
            match result {
                Ok(()) => {}
                Err(_) if self.options.lenient => self.skipped += 1,
                Err(error) => return Err(error),
            }
        }
    }

    fn pair<R: BufRead, C: Clone, S>(
        &mut self,
        events: &mut Events<R>,
        take: impl Fn(&mut Pairing<C, S>, &Event) -> Result<(), FormatError>,
    ) -> Result<History<C, S>, FormatError> {
        let mut pairing = Pairing::new();
        self.each(events, |event| take(&mut pairing, event))?;
        Ok(pairing.finish())
    }

    fn registers<R: BufRead>(
        &mut self,
        events: &mut Events<R>,
    ) -> Result<TextRegisterHistory, FormatError> {
        let (format, has_initial) = (self.format, self.options.initial.is_some());
        self.pair(events, |pairing, event| {
            convert::register_event(pairing, event, format, has_initial)
        })
    }

    /// The initial value as a form.
    fn initial(&self) -> Result<Option<Form>, FormatError> {
        let Some(text) = &self.options.initial else {
            return Ok(None);
        };
        // One value: wrapped, so that a vector is not taken for a list of them.
        let wrapped = format!("[{text}]");
        let form = Forms::new(wrapped.as_bytes(), false)
            .next_form()
            .map_err(|error| {
                FormatError::new(
                    0,
                    error.column,
                    format!("initial value `{text}`: {}", error.words),
                )
            })?;
        Ok(form.map(|(_, form)| form))
    }

    fn initial_registers(&self) -> Result<BTreeMap<Atom, Atom>, FormatError> {
        match self.initial()? {
            Some(Form::Map(entries)) => Ok(entries
                .iter()
                .filter_map(|(key, value)| Some((Atom::of(key)?, Atom::of(value)?)))
                .collect()),
            None | Some(Form::Nil) => Ok(BTreeMap::new()),
            Some(_) => Err(FormatError::new(
                0,
                1,
                "the initial value is a map: {:x 0 :y 0}",
            )),
        }
    }

    fn bank(&self, history: &History<BankCall, BankResponse>) -> Result<Bank, FormatError> {
        let initial = self.initial()?;
        let get = |key: &str| initial.as_ref().and_then(|form| form.get(key));
        let first = history
            .operations()
            .iter()
            .find_map(|operation| match operation.response() {
                Some(BankResponse::Balances(balances)) => Some(balances),
                _ => None,
            });
        let accounts: BTreeSet<u64> = match get("accounts").and_then(Form::items) {
            Some(items) => items
                .iter()
                .filter_map(Form::integer)
                .filter_map(|account| u64::try_from(account).ok())
                .collect(),
            None => first
                .map(|balances| balances.keys().copied().collect())
                .unwrap_or_default(),
        };
        let total = get("total").and_then(Form::integer);
        let total = total
            .or_else(|| first.map(|balances| balances.values().sum()))
            .unwrap_or(0);
        let negative_allowed = get("negative-allowed") == Some(&Form::Boolean(true));
        Ok(Bank {
            accounts,
            total,
            negative_allowed,
        })
    }

    fn meter(&self) -> Meter<'static> {
        Meter::new(self.options.budget)
    }

    fn linearizable<M: Sequential>(
        &self,
        model: &M,
        history: &History<M::Call, M::Response>,
    ) -> Judged {
        let level = self.options.level.unwrap_or(Level::Linearizable);
        let verdict = match level {
            Level::Linearizable | Level::StrictSerializable => {
                guard(|| linearizable::check(model, history, &mut self.meter()))
            }
            Level::Sequential => {
                guard(|| linearizable::check_sequential(model, history, &mut self.meter()))
            }
            level => unsupported(self.options.model, level),
        };
        Judged::of(verdict, history, shown::told_by(model)).at(level)
    }

    fn judge_registers(&self, history: &TextRegisterHistory, initial: Option<Atom>) -> Judged {
        let level = self.options.level.unwrap_or(Level::Linearizable);
        let model = Register::new(initial);
        let verdict = guard(|| registers::check(&model, history, level, &mut self.meter()));
        Judged::of(verdict, history, shown::told_by(&model)).at(level)
    }

    fn ask(&self) -> Ask {
        match &self.options.anomalies {
            Some(anomalies) => Ask::Anomalies(anomalies.clone()),
            None => Ask::Level(self.options.level.unwrap_or(Level::StrictSerializable)),
        }
    }

    /// Everything that the workload forbids, or the anomalies that were asked for.
    fn judge_log(&self, log: LogEvents) -> Judged {
        let (operations, usual, names) = log.finish();
        let promise = match &self.options.anomalies {
            None => usual,
            Some(asked) => {
                let others = log::LOG_ANOMALIES.iter().copied();
                LogPromise::strict().allowing(others.filter(|name| !asked.contains(name)))
            }
        };
        let verdict = guard(|| log::check(&operations, &promise));
        Judged::new(named(verdict, &names), operations.len())
    }

    fn judge_transactions(&self, history: &TxnHistory, names: &Names) -> Judged {
        if self.options.model == Model::LongFork {
            let verdict = named(guard(|| direct::long_fork(history)), names);
            return Judged::of(verdict, history, tell_transaction(history, names));
        }
        let (ask, orders) = (self.ask(), &self.options.orders);
        let report = guarded(|| transactions::check(history, &ask, orders, &mut self.meter()));
        let verdict = match report.verdict {
            Verdict::Holds if report.is_vacuous => {
                let words =
                    "no dependency between transactions could be inferred: nothing to judge";
                Verdict::Unknown(Reason::NotEnoughKnown(words.to_owned()))
            }
            verdict => named(verdict, names),
        };
        let mut judged = Judged::of(verdict, history, tell_transaction(history, names));
        judged.boundary = Some(report.boundary);
        judged.level = match ask {
            Ask::Level(level) => Some(level),
            Ask::Anomalies(_) => None,
        };
        judged.warnings.extend(tangled(&report.tangles));
        if !report.also_found.is_empty() {
            let also: Vec<&str> = report.also_found.iter().map(|name| name.as_str()).collect();
            judged.warnings.push(format!(
                "found, and allowed by what was asked: {}",
                also.join(", ")
            ));
        }
        judged
    }

    /// Sessions without times: what needs an order across sessions cannot be told of them.
    fn sessions(&self, history: &TxnHistory) -> Judged {
        let level = self.options.level.unwrap_or(Level::Causal);
        let names = Names::default();
        let needs_time = |name: &AnomalyName| name.as_str().ends_with("-realtime");
        if level.forbidden().iter().any(needs_time) {
            let words =
                format!("level {level} is about real time, which this format does not tell");
            let verdict = Verdict::Unknown(Reason::NotEnoughKnown(words));
            return Judged::new(verdict, history.len()).at(level);
        }
        if level != Level::ReadCommitted && !sessions::is_own_level(&Ask::Level(level)) {
            return self.judge_transactions(history, &names);
        }
        let verdict = guard(|| sessions::check(history, level, &mut self.meter()));
        Judged::of(verdict, history, tell_transaction(history, &names)).at(level)
    }
}

/// Runs the check of transactions; if it panics the answer is unknown, with the panic told.
fn guarded(check: impl FnOnce() -> Report) -> Report {
    let mut report = None;
    let verdict = guard(|| {
        let checked = check();
        let verdict = checked.verdict.clone();
        report = Some(checked);
        verdict
    });
    report.unwrap_or_else(|| Report {
        verdict,
        boundary: Boundary::default(),
        also_found: Vec::new(),
        is_vacuous: false,
        tangles: Vec::new(),
    })
}

fn tell_transaction<'a>(
    history: &'a TxnHistory,
    names: &'a Names,
) -> impl Fn(usize, &Operation<Txn, Txn>) -> String + 'a {
    |id, _| names.put_back(&transactions::tell_steps(history, id))
}

fn tell_bank(_: usize, operation: &Operation<BankCall, BankResponse>) -> String {
    match (&operation.call, operation.response()) {
        (BankCall::Transfer { from, to, amount }, _) => {
            format!("transfer {amount} from {from} to {to}")
        }
        (BankCall::Read, Some(BankResponse::Balances(balances))) => format!("read {balances:?}"),
        (BankCall::Read, _) => "read".to_owned(),
    }
}

/// How many sets of transactions have which worst anomaly, where there are several sets.
fn tangled(tangles: &[Tangle]) -> Option<String> {
    let mut counts: BTreeMap<AnomalyName, (usize, usize)> = BTreeMap::new();
    for tangle in tangles {
        let (count, largest) = counts.entry(tangle.worst).or_default();
        *count += 1;
        *largest = (*largest).max(tangle.transactions);
    }
    let words: Vec<String> = counts
        .iter()
        .map(|(name, (count, largest))| format!("{name} in {count} (up to {largest} transactions)"))
        .collect();
    (tangles.len() > 1).then(|| {
        format!(
            "{} sets of transactions contradict themselves; the worst is {}",
            tangles.len(),
            words.join(", ")
        )
    })
}

fn unsupported(model: Model, level: Level) -> Verdict {
    let words = format!(
        "the model {} is not judged at level {level}",
        model.as_str()
    );
    Verdict::Unknown(Reason::NotEnoughKnown(words))
}

/// The verdict with the names of keys put back.
fn named(verdict: Verdict, names: &Names) -> Verdict {
    let Verdict::Violated(anomalies) = verdict else {
        return verdict;
    };
    let put_back = |anomaly: Anomaly| {
        let mut anomaly = anomaly;
        anomaly.explanation = names.put_back(&anomaly.explanation);
        for step in &mut anomaly.steps {
            *step = names.put_back(step);
        }
        for edge in &mut anomaly.edges {
            edge.because = names.put_back(&edge.because);
        }
        anomaly
    };
    Verdict::Violated(anomalies.into_iter().map(put_back).collect())
}
