//! The bank: transfers move money, so that every full read of the accounts adds up to one total.
//!
//! Judges reads only; whether the transfers between them are serializable is for another checker.

use crate::anomaly::AnomalyName;
use crate::history::History;
use crate::verdict::{Anomaly, Reason, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A call to the bank.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BankCall {
    /// Moves money from one account to another.
    Transfer {
        /// Where it is taken.
        from: u64,
        /// Where it goes.
        to: u64,
        /// How much.
        amount: i64,
    },
    /// Reads every account at once.
    Read,
}

/// The bank's answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BankResponse {
    /// The transfer was done.
    Transferred,
    /// What is on each account; an account without a balance is absent.
    Balances(BTreeMap<u64, i64>),
}

/// What is known of the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bank {
    /// The accounts that there are.
    pub accounts: BTreeSet<u64>,
    /// All the money that there is.
    pub total: i64,
    /// May an account go below zero?
    pub negative_allowed: bool,
}

/// Does every full read add up? Without a single read nothing is known.
pub fn check(bank: &Bank, history: &History<BankCall, BankResponse>) -> Verdict {
    let mut found = Vec::new();
    let mut reads = 0;
    for (id, operation) in history.operations().iter().enumerate() {
        if let Some(BankResponse::Balances(balances)) = operation.response() {
            reads += 1;
            found.extend(judge(bank, id, balances));
        }
    }
    if reads == 0 {
        let words = "no read of the accounts ended ok; give the clients time to read them";
        return Verdict::Unknown(Reason::NotEnoughKnown(words.to_owned()));
    }
    Verdict::from_anomalies(found)
}

fn judge(bank: &Bank, id: usize, balances: &BTreeMap<u64, i64>) -> Vec<Anomaly> {
    let mut found = Vec::new();
    let told = || {
        let lines: Vec<String> = balances
            .iter()
            .map(|(account, balance)| format!("{account}: {balance}"))
            .collect();
        format!("read #{id} = {{{}}}", lines.join(", "))
    };
    let seen: BTreeSet<u64> = balances.keys().copied().collect();
    if seen != bank.accounts {
        let missing: Vec<&u64> = bank.accounts.difference(&seen).collect();
        let strange: Vec<&u64> = seen.difference(&bank.accounts).collect();
        let explanation = format!("read #{id} lacks accounts {missing:?} and has {strange:?} more");
        found.push(Anomaly::new(AnomalyName::MissingAccount, explanation));
    }
    let sum: i128 = balances.values().map(|&balance| i128::from(balance)).sum();
    if seen == bank.accounts && sum != i128::from(bank.total) {
        let explanation = format!("read #{id} adds up to {sum}, not to {}", bank.total);
        found.push(Anomaly::new(AnomalyName::WrongTotal, explanation));
    }
    let negative = balances.iter().find(|(_, balance)| **balance < 0);
    if let Some((account, balance)) = negative.filter(|_| !bank.negative_allowed) {
        let explanation = format!("read #{id} finds {balance} on account {account}");
        found.push(Anomaly::new(AnomalyName::NegativeBalance, explanation));
    }
    found
        .into_iter()
        .map(|anomaly| anomaly.with_operations([id]).with_step(told()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Process;

    fn read(balances: &[(u64, i64)]) -> Verdict {
        let mut builder = History::builder();
        builder
            .invoke(Process(0), 0, BankCall::Read)
            .expect("nothing is open");
        let balances = BankResponse::Balances(balances.iter().copied().collect());
        builder.ok(Process(0), 1, balances).expect("a read is open");
        let bank = Bank {
            accounts: [1, 2].into(),
            total: 10,
            negative_allowed: false,
        };
        check(&bank, &builder.finish())
    }

    #[test]
    fn money_is_neither_made_nor_lost() {
        assert_eq!(read(&[(1, 4), (2, 6)]), Verdict::Holds);
        assert_eq!(read(&[(1, 4), (2, 7)]).names(), [AnomalyName::WrongTotal]);
    }

    #[test]
    fn an_account_may_not_go_below_zero_unless_allowed() {
        assert_eq!(
            read(&[(1, -1), (2, 11)]).names(),
            [AnomalyName::NegativeBalance]
        );
    }

    #[test]
    fn a_full_read_has_every_account() {
        assert_eq!(read(&[(1, 10)]).names(), [AnomalyName::MissingAccount]);
    }

    #[test]
    fn without_a_read_nothing_is_known() {
        let bank = Bank {
            accounts: [1].into(),
            total: 1,
            negative_allowed: false,
        };
        assert!(check(&bank, &History::default()).is_unknown());
    }
}
