//! From events to operations of the objects that only need a line or two: sets, counters, queues,
//! stacks, locks, ids, banks. What an event does not say in the model's words is an error.

use super::FormatError;
use super::atom::Atom;
use super::convert::{End, Pairing, atom, plain_end, wrong};
use super::event::Event;
use super::reader::Form;
use crate::bank::{BankCall, BankResponse};
use crate::linearizable::{
    CounterCall, CounterResponse, LockCall, PileCall, PileResponse, SetCall, SetResponse,
};
use std::collections::BTreeMap;

pub(super) fn set_event(
    pairing: &mut Pairing<SetCall<Atom>, SetResponse<Atom>>,
    event: &Event,
) -> Result<(), FormatError> {
    let call = |event: &Event| match event.f.as_str() {
        "add" => Ok(SetCall::Add(atom(event, &event.value)?)),
        "remove" | "del" => Ok(SetCall::Remove(atom(event, &event.value)?)),
        "read" => Ok(SetCall::Read),
        _ => Err(wrong(event, "a set knows add, remove and read")),
    };
    pairing.take(event, call, |call, event| {
        plain_end(event, || match (call, event.value.items()) {
            (SetCall::Read, Some(items)) => Ok(SetResponse::Elements(
                items.iter().filter_map(Atom::of).collect(),
            )),
            (SetCall::Read, None) => Err(wrong(event, "a read of a set gives a list")),
            (SetCall::Add(_) | SetCall::Remove(_), _) => Ok(SetResponse::Done),
        })
    })
}

pub(super) fn counter_event(
    pairing: &mut Pairing<CounterCall, CounterResponse>,
    event: &Event,
) -> Result<(), FormatError> {
    let number = |event: &Event| {
        event
            .value
            .integer()
            .ok_or_else(|| wrong(event, "the value is a whole number"))
    };
    let call = |event: &Event| match event.f.as_str() {
        "add" | "inc" | "increment" => {
            let more = if event.value == Form::Nil {
                1
            } else {
                number(event)?
            };
            Ok(CounterCall::Add(more))
        }
        "dec" | "decrement" => {
            let less = if event.value == Form::Nil {
                1
            } else {
                number(event)?
            };
            Ok(CounterCall::Add(-less))
        }
        "read" => Ok(CounterCall::Read),
        _ => Err(wrong(event, "a counter knows add and read")),
    };
    pairing.take(event, call, |call, event| {
        plain_end(event, || match call {
            CounterCall::Read => Ok(CounterResponse::Sum(number(event)?)),
            CounterCall::Add(_) => Ok(CounterResponse::Added),
        })
    })
}

pub(super) fn pile_event(
    pairing: &mut Pairing<PileCall<Atom>, PileResponse<Atom>>,
    event: &Event,
) -> Result<(), FormatError> {
    let call = |event: &Event| match event.f.as_str() {
        "enqueue" | "push" | "put" | "send" => Ok(PileCall::Put(atom(event, &event.value)?)),
        "dequeue" | "pop" | "take" => Ok(PileCall::Take),
        _ => Err(wrong(
            event,
            "a queue knows enqueue and dequeue, a stack push and pop",
        )),
    };
    pairing.take(event, call, |call, event| {
        plain_end(event, || match call {
            PileCall::Put(_) => Ok(PileResponse::Put),
            PileCall::Take => Ok(PileResponse::Taken(Atom::of(&event.value))),
        })
    })
}

pub(super) fn lock_event(
    pairing: &mut Pairing<LockCall, bool>,
    event: &Event,
) -> Result<(), FormatError> {
    let call = |event: &Event| match event.f.as_str() {
        "acquire" | "lock" => Ok(LockCall::Acquire(event.process)),
        "release" | "unlock" => Ok(LockCall::Release(event.process)),
        _ => Err(wrong(event, "a lock knows acquire and release")),
    };
    pairing.take(event, call, |_, event| plain_end(event, || Ok(true)))
}

pub(super) fn id_event(pairing: &mut Pairing<(), Atom>, event: &Event) -> Result<(), FormatError> {
    pairing.take(
        event,
        |_| Ok(()),
        |(), event| match plain_end(event, || atom(event, &event.value))? {
            End::Ok(id) => Ok(End::Ok(id)),
            other => Ok(other),
        },
    )
}

pub(super) fn bank_event(
    pairing: &mut Pairing<BankCall, BankResponse>,
    event: &Event,
) -> Result<(), FormatError> {
    let call = |event: &Event| match event.f.as_str() {
        "transfer" => {
            let part = |key: &str| {
                let value = event.value.get(key).and_then(Form::integer);
                value.ok_or_else(|| wrong(event, "a transfer is {:from a :to b :amount n}"))
            };
            let account = |key: &str| {
                u64::try_from(part(key)?).map_err(|_| wrong(event, "accounts are numbers from 0"))
            };
            Ok(BankCall::Transfer {
                from: account("from")?,
                to: account("to")?,
                amount: part("amount")?,
            })
        }
        "read" => Ok(BankCall::Read),
        _ => Err(wrong(event, "a bank knows transfer and read")),
    };
    pairing.take(event, call, |call, event| {
        plain_end(event, || match (call, &event.value) {
            (BankCall::Transfer { .. }, _) => Ok(BankResponse::Transferred),
            (BankCall::Read, Form::Map(entries)) => {
                let balance = |(account, balance): &(Form, Form)| {
                    let account = account.integer().or_else(|| account.name()?.parse().ok());
                    Some((u64::try_from(account?).ok()?, balance.integer()?))
                };
                let balances: Option<BTreeMap<u64, i64>> = entries.iter().map(balance).collect();
                let error = || wrong(event, "a read of a bank gives {account balance}");
                Ok(BankResponse::Balances(balances.ok_or_else(error)?))
            }
            (BankCall::Read, _) => Err(wrong(event, "a read of a bank gives {account balance}")),
        })
    })
}
