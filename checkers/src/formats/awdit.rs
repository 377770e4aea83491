//! AWDIT's sessions: `w K V` and `r K V`, `-----` ends a transaction, `=====` a session.

use super::FormatError;
use crate::history::{History, Moment, Operation, Outcome, Process};
use crate::transactions::{MicroOp, Txn, TxnHistory};
use std::io::BufRead;

/// Reads sessions as a history; only the order inside a session means anything.
pub(super) fn read(mut input: impl BufRead) -> Result<TxnHistory, FormatError> {
    let mut operations = Vec::new();
    let mut txn: Txn = Vec::new();
    let mut session = 0;
    let mut number = 0;
    let mut text = Vec::new();
    loop {
        text.clear();
        number += 1;
        let read = input
            .read_until(b'\n', &mut text)
            .map_err(|error| FormatError::new(number, 1, error.to_string()))?;
        let line = String::from_utf8_lossy(&text);
        let line = line.trim();
        let ends_session = read == 0 || line.starts_with("==");
        if (ends_session || line.starts_with("--")) && !txn.is_empty() {
            push(&mut operations, session, std::mem::take(&mut txn));
        }
        if read == 0 {
            break;
        }
        if ends_session {
            session += 1;
        } else if !line.is_empty() && !line.starts_with("--") {
            txn.push(step(number, line)?);
        }
    }
    History::from_operations(operations)
        .map_err(|error| FormatError::new(number, 1, error.to_string()))
}

fn push(operations: &mut Vec<Operation<Txn, Txn>>, session: u32, txn: Txn) {
    let index = operations.len() as u64 * 2;
    operations.push(Operation {
        process: Process(session),
        call: txn.clone(),
        invoked: Moment::new(index, 0),
        outcome: Outcome::Ok {
            at: Moment::new(index + 1, 0),
            response: txn,
        },
    });
}

fn step(number: u64, line: &str) -> Result<MicroOp, FormatError> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let error = |column: usize, what: &str| {
        let words = format!("`{line}`: {what}; write `w KEY VALUE` or `r KEY VALUE`");
        FormatError::new(number, column as u64, words)
    };
    let [verb, key, value] = words[..] else {
        return Err(error(1, "not three words"));
    };
    let key = key
        .parse()
        .map_err(|_| error(3, "the key is not a number"))?;
    let value = value
        .parse()
        .map_err(|_| error(5, "the value is not a number"))?;
    match verb {
        "w" => Ok(MicroOp::Write(key, value)),
        "r" => Ok(MicroOp::Read(key, Some(value))),
        _ => Err(error(1, "neither a read nor a write")),
    }
}
