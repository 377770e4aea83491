//! From events to the histories that checkers read, and the models that only files have.

use super::atom::{Atom, Names};
use super::event::{Event, EventKind};
use super::reader::Form;
use super::{FormatError, InputFormat};
use crate::history::{Builder, History, HistoryError, Moment, Operation, Outcome, Process};
use crate::linearizable::{RegisterCall, RegisterHistory, RegisterResponse, Sequential};
use crate::transactions::{MicroOp, Txn, TxnHistory};
use std::collections::BTreeMap;

/// Puts events together to operations, for models in which a process has one open call.
pub(super) struct Pairing<C, R> {
    builder: Builder<C, R>,
    open: BTreeMap<u32, C>,
}

/// What the end of an operation means.
pub(super) enum End<R> {
    Ok(R),
    Fail,
    Info,
}

impl<C: Clone, R> Pairing<C, R> {
    pub(super) fn new() -> Self {
        Self {
            builder: Builder::new(),
            open: BTreeMap::new(),
        }
    }

    /// Takes one event; `call` reads an invocation, `end` the end of a call.
    pub(super) fn take(
        &mut self,
        event: &Event,
        call: impl FnOnce(&Event) -> Result<C, FormatError>,
        end: impl FnOnce(&C, &Event) -> Result<End<R>, FormatError>,
    ) -> Result<(), FormatError> {
        let process = Process(event.process);
        let at =
            |error: HistoryError| FormatError::new(event.line, event.column, error.to_string());
        if event.kind == EventKind::Invoke {
            let call = call(event)?;
            self.builder
                .invoke(process, event.time, call.clone())
                .map_err(at)?;
            self.open.insert(event.process, call);
            return Ok(());
        }
        let Some(call) = self.open.remove(&event.process) else {
            return Err(at(HistoryError::NoOpenCall { process }));
        };
        match end(&call, event)? {
            End::Ok(response) => self.builder.ok(process, event.time, response).map_err(at)?,
            End::Fail => self.builder.fail(process, event.time).map_err(at)?,
            End::Info => self.builder.info(process, event.time).map_err(at)?,
        };
        Ok(())
    }

    pub(super) fn finish(self) -> History<C, R> {
        self.builder.finish()
    }
}

/// What `ok`, `fail` and `info` mean where the answer needs no thought.
pub(super) fn plain_end<R>(
    event: &Event,
    answer: impl FnOnce() -> Result<R, FormatError>,
) -> Result<End<R>, FormatError> {
    match event.kind {
        EventKind::Ok => Ok(End::Ok(answer()?)),
        EventKind::Fail => Ok(End::Fail),
        EventKind::Invoke | EventKind::Info => Ok(End::Info),
    }
}

pub(super) fn wrong(event: &Event, words: &str) -> FormatError {
    FormatError::new(event.line, event.column, format!("{}: {words}", event.f))
}

pub(super) fn atom(event: &Event, form: &Form) -> Result<Atom, FormatError> {
    Atom::of(form).ok_or_else(|| wrong(event, "a value is missing"))
}

/// The key and the rest of a value: `[k v]` of Jepsen's independent keys, or `:key` beside it.
fn keyed(event: &Event, is_pair: bool) -> (Atom, &Form) {
    let none = Atom::Text("".into());
    match (&event.key, event.value.items()) {
        (Some(key), _) => (Atom::of(key).unwrap_or(none), &event.value),
        (None, Some([key, value])) if !is_pair || matches!(value, Form::List(_)) => {
            (Atom::of(key).unwrap_or(none), value)
        }
        _ => (none, &event.value),
    }
}

pub(super) type Registers = Pairing<RegisterCall<Atom, Atom>, RegisterResponse<Atom>>;

/// One event of a register; a read of nil says nothing where registers begin with a value.
pub(super) fn register_event(
    pairing: &mut Registers,
    event: &Event,
    format: InputFormat,
    has_initial: bool,
) -> Result<(), FormatError> {
    let call = |event: &Event| {
        let (key, value) = keyed(event, event.f == "cas");
        match event.f.as_str() {
            "read" | "r" => Ok(RegisterCall::Read(key)),
            "write" | "w" => Ok(RegisterCall::Write(key, atom(event, value)?)),
            "cas" => match value.items() {
                Some([from, to]) => Ok(RegisterCall::Cas {
                    key,
                    from: Atom::of(from),
                    to: atom(event, to)?,
                }),
                _ => Err(wrong(event, "the value of a cas is [from to]")),
            },
            _ => Err(wrong(event, "a register knows read, write and cas")),
        }
    };
    let end = |call: &RegisterCall<Atom, Atom>, event: &Event| {
        let is_log = format == InputFormat::EtcdLog;
        match (call, event.kind) {
            (RegisterCall::Read(_), EventKind::Ok) => {
                let value = Atom::of(keyed(event, false).1);
                let says_nothing = value.is_none() && has_initial;
                Ok(if says_nothing {
                    End::Info
                } else {
                    End::Ok(RegisterResponse::Value(value))
                })
            }
            (RegisterCall::Write(..), EventKind::Ok) => Ok(End::Ok(RegisterResponse::Written)),
            (RegisterCall::Cas { .. }, EventKind::Ok) => {
                Ok(End::Ok(RegisterResponse::Swapped(true)))
            }
            // In these logs a compare-and-set that failed was refused: it saw another value.
            (RegisterCall::Cas { .. }, EventKind::Fail) if is_log => {
                Ok(End::Ok(RegisterResponse::Swapped(false)))
            }
            (_, EventKind::Fail) => Ok(End::Fail),
            (_, EventKind::Info | EventKind::Invoke) => Ok(End::Info),
        }
    };
    pairing.take(event, call, end)
}

/// A map from keys to strings, each empty initially.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvModel;

/// A call to the map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KvCall {
    /// The whole string at a key.
    Get(Atom),
    /// Replaces it.
    Put(Atom, String),
    /// Appends to it.
    Append(Atom, String),
}

/// The history of a map of strings.
pub type StringHistory = History<KvCall, Option<String>>;

impl Sequential for KvModel {
    type Call = KvCall;
    /// What a get saw; nothing for the others.
    type Response = Option<String>;
    type Key = Atom;
    type State = String;

    fn initial(&self) -> String {
        String::new()
    }

    fn key(&self, call: &KvCall) -> Atom {
        match call {
            KvCall::Get(key) | KvCall::Put(key, _) | KvCall::Append(key, _) => key.clone(),
        }
    }

    fn step(
        &self,
        state: &String,
        call: &KvCall,
        response: Option<&Option<String>>,
    ) -> Option<String> {
        match (call, response) {
            (KvCall::Get(_), Some(Some(seen))) => (seen == state).then(|| state.clone()),
            (KvCall::Get(_), _) => Some(state.clone()),
            (KvCall::Put(_, value), _) => Some(value.clone()),
            (KvCall::Append(_, value), _) => Some(format!("{state}{value}")),
        }
    }

    fn only_observes(&self, call: &KvCall, _response: Option<&Option<String>>) -> bool {
        matches!(call, KvCall::Get(_))
    }

    fn is_same(&self, call: &KvCall, other: &KvCall) -> bool {
        call == other
    }

    fn may_drop(
        &self,
        call: &KvCall,
        _response: Option<&Option<String>>,
        _rest: &[(&KvCall, Option<&Option<String>>)],
    ) -> bool {
        matches!(call, KvCall::Get(_))
    }

    fn tell(&self, call: &KvCall, response: Option<&Option<String>>) -> String {
        let answer = if response.is_some() {
            ""
        } else {
            ", no answer"
        };
        match (call, response) {
            (KvCall::Get(key), Some(Some(seen))) => format!("get {key:?} = {seen:?}"),
            (KvCall::Get(key), _) => format!("get {key:?}, no answer"),
            (KvCall::Put(key, value), _) => format!("put {key:?} := {value:?}{answer}"),
            (KvCall::Append(key, value), _) => format!("append {key:?} {value:?}{answer}"),
        }
    }
}

pub(super) fn kv_event(
    pairing: &mut Pairing<KvCall, Option<String>>,
    event: &Event,
) -> Result<(), FormatError> {
    let text = |event: &Event, form: &Form| match form {
        Form::Text(text) => Ok(text.clone()),
        other => atom(event, other).map(|atom| format!("{atom:?}")),
    };
    let call = |event: &Event| {
        let (key, value) = keyed(event, false);
        match event.f.as_str() {
            "get" | "read" | "r" => Ok(KvCall::Get(key)),
            "put" | "write" | "w" => Ok(KvCall::Put(key, text(event, value)?)),
            "append" => Ok(KvCall::Append(key, text(event, value)?)),
            _ => Err(wrong(event, "this map knows get, put and append")),
        }
    };
    pairing.take(event, call, |call, event| {
        plain_end(event, || match call {
            KvCall::Get(_) => Ok(Some(match keyed(event, false).1 {
                Form::Nil => String::new(),
                value => text(event, value)?,
            })),
            KvCall::Put(..) | KvCall::Append(..) => Ok(None),
        })
    })
}

/// Registers that are read and written several at once.
#[derive(Clone, Debug, Default)]
pub struct MultiRegister {
    /// What is in each register initially; the others hold nothing.
    pub initial: BTreeMap<Atom, Atom>,
}

/// Reads (`None`) and writes of registers, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MultiCall(pub Vec<(Atom, Option<Atom>)>);

impl Sequential for MultiRegister {
    type Call = MultiCall;
    /// What each step saw, where it read and that is known.
    type Response = Vec<Option<Atom>>;
    type Key = ();
    type State = BTreeMap<Atom, Atom>;

    fn initial(&self) -> BTreeMap<Atom, Atom> {
        self.initial.clone()
    }

    fn key(&self, _call: &MultiCall) {}

    fn step(
        &self,
        state: &BTreeMap<Atom, Atom>,
        call: &MultiCall,
        response: Option<&Vec<Option<Atom>>>,
    ) -> Option<BTreeMap<Atom, Atom>> {
        let mut after = state.clone();
        for (place, (register, write)) in call.0.iter().enumerate() {
            match write {
                Some(value) => {
                    after.insert(register.clone(), value.clone());
                }
                None => {
                    let seen = response.and_then(|seen| seen.get(place)?.as_ref());
                    if seen.is_some_and(|seen| after.get(register) != Some(seen)) {
                        return None;
                    }
                }
            }
        }
        Some(after)
    }

    fn only_observes(&self, call: &MultiCall, _response: Option<&Vec<Option<Atom>>>) -> bool {
        call.0.iter().all(|(_, write)| write.is_none())
    }

    fn is_same(&self, call: &MultiCall, other: &MultiCall) -> bool {
        call == other
    }
}

pub(super) fn multi_event(
    pairing: &mut Pairing<MultiCall, Vec<Option<Atom>>>,
    event: &Event,
) -> Result<(), FormatError> {
    let steps = |event: &Event| {
        let items = event
            .value
            .items()
            .ok_or_else(|| wrong(event, "the value is a list"))?;
        let step = |form: &Form| match form.items() {
            Some([verb, key, rest @ ..]) => {
                let key = atom(event, key)?;
                let value = rest.first().and_then(Atom::of);
                match verb.name() {
                    Some("read" | "r") => Ok((key, None, value)),
                    Some("write" | "w") if value.is_some() => Ok((key, value, None)),
                    _ => Err(wrong(event, "a step is [:read k v] or [:write k v]")),
                }
            }
            _ => Err(wrong(event, "a step is [:read k v] or [:write k v]")),
        };
        items
            .iter()
            .map(step)
            .collect::<Result<Vec<_>, FormatError>>()
    };
    let call = |event: &Event| {
        Ok(MultiCall(
            steps(event)?
                .into_iter()
                .map(|(key, write, _)| (key, write))
                .collect(),
        ))
    };
    pairing.take(event, call, |_, event| {
        plain_end(event, || {
            Ok(steps(event)?.into_iter().map(|(_, _, seen)| seen).collect())
        })
    })
}

/// Transactions from events: published ones have ends without beginnings, and processes that
/// overlap with themselves.
pub(super) struct Transactions {
    lists: bool,
    pub(super) names: Names,
    operations: Vec<Operation<Txn, Txn>>,
    open: BTreeMap<u32, Vec<usize>>,
    events: u64,
    /// Ends whose beginning is not in the history.
    pub(super) orphans: u64,
}

impl Transactions {
    pub(super) fn new(lists: bool) -> Self {
        Self {
            lists,
            names: Names::default(),
            operations: Vec::new(),
            open: BTreeMap::new(),
            events: 0,
            orphans: 0,
        }
    }

    pub(super) fn take(&mut self, event: &Event) -> Result<(), FormatError> {
        let txn = self.txn(event)?;
        let begin = self.events * 2;
        self.events += 1;
        if event.kind == EventKind::Invoke {
            self.open
                .entry(event.process)
                .or_default()
                .push(self.operations.len());
            self.push(event, begin, txn);
            return Ok(());
        }
        let open = self.open.entry(event.process).or_default();
        let shape = |operation: &usize| same_shape(&self.operations[*operation].call, &txn);
        let place = open.iter().rposition(shape).or(open.len().checked_sub(1));
        let id = if let Some(place) = place {
            open.remove(place)
        } else {
            self.orphans += 1;
            self.push(event, begin, txn.clone());
            self.operations.len() - 1
        };
        let at = Moment::new(begin + 1, event.time);
        self.operations[id].outcome = match event.kind {
            EventKind::Ok => Outcome::Ok { at, response: txn },
            EventKind::Fail => Outcome::Fail { at },
            EventKind::Invoke | EventKind::Info => Outcome::Info,
        };
        Ok(())
    }

    fn push(&mut self, event: &Event, begin: u64, call: Txn) {
        self.operations.push(Operation {
            process: Process(event.process),
            call,
            invoked: Moment::new(begin, event.time),
            outcome: Outcome::Info,
        });
    }

    pub(super) fn finish(self) -> (TxnHistory, Names) {
        let history = History::from_operations(self.operations)
            .expect("every event has an index of its own, and ends come after beginnings");
        (history, self.names)
    }

    fn txn(&mut self, event: &Event) -> Result<Txn, FormatError> {
        let items = match &event.value {
            Form::List(items) => items.as_slice(),
            Form::Nil => &[],
            _ => {
                return Err(wrong(
                    event,
                    "the value of a transaction is a list of steps",
                ));
            }
        };
        items.iter().map(|step| self.step(event, step)).collect()
    }

    fn step(&mut self, event: &Event, step: &Form) -> Result<MicroOp, FormatError> {
        let shape = "a step is [:append k v], [:w k v] or [:r k v]";
        let Some([verb, key, rest @ ..]) = step.items() else {
            return Err(wrong(event, shape));
        };
        let key = self.names.key(key);
        let value = rest.first().unwrap_or(&Form::Nil);
        let number = |form: &Form| {
            form.integer()
                .ok_or_else(|| wrong(event, "values are whole numbers"))
        };
        match (verb.name(), value) {
            (Some("append"), value) => Ok(MicroOp::Append(key, number(value)?)),
            (Some("w" | "write"), value) => Ok(MicroOp::Write(key, number(value)?)),
            (Some("r" | "read"), Form::List(values)) => {
                let values: Result<Vec<i64>, FormatError> = values.iter().map(number).collect();
                Ok(MicroOp::ReadList(key, values?))
            }
            (Some("r" | "read"), Form::Nil) if self.lists => Ok(MicroOp::ReadList(key, vec![])),
            (Some("r" | "read"), Form::Nil) => Ok(MicroOp::Read(key, None)),
            (Some("r" | "read"), value) => Ok(MicroOp::Read(key, Some(number(value)?))),
            _ => Err(wrong(event, shape)),
        }
    }
}

/// Could one be the beginning and the other the end of one transaction?
fn same_shape(call: &Txn, end: &Txn) -> bool {
    let is_same =
        |(one, other): (&MicroOp, &MicroOp)| match (one, other) {
            (MicroOp::Append(..), MicroOp::Append(..))
            | (MicroOp::Write(..), MicroOp::Write(..)) => one == other,
            (MicroOp::ReadList(..), MicroOp::ReadList(..))
            | (MicroOp::Read(..), MicroOp::Read(..)) => one.key() == other.key(),
            _ => false,
        };
    call.len() == end.len() && call.iter().zip(end).all(is_same)
}

/// The history of registers that events tell.
pub type TextRegisterHistory = RegisterHistory<Atom, Atom>;
