//! At most once: the last call of each client, and what is remembered about it.
//!
//! A client makes its calls one after the other, so one call each is enough to tell a retry from a
//! new call, and an attempt that the network held back from both.

use std::collections::BTreeMap;

use murphy_sim::{CallId, ClientId};
use serde::{Deserialize, Serialize};

/// The last call of each client.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sessions<T> {
    last: BTreeMap<ClientId, (u32, T)>,
}

/// What a call is to those that came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<T> {
    /// Its client never made a later call, nor this one.
    New,
    /// It is the client's last call: this is remembered about it.
    Again(T),
    /// The client has gone on to a later call and no longer waits for this one.
    Late,
}

impl<T> Default for Sessions<T> {
    fn default() -> Sessions<T> {
        Sessions {
            last: BTreeMap::new(),
        }
    }
}

impl<T> Sessions<T> {
    /// What this call is to the client's calls before it.
    pub fn look(&self, call: CallId) -> Asked<&T> {
        match self.last.get(&call.client) {
            Some((number, remembered)) if *number == call.number => Asked::Again(remembered),
            Some((number, _)) if *number > call.number => Asked::Late,
            Some(_) | None => Asked::New,
        }
    }

    /// Remembers this about a call, instead of what was remembered about the client's call before.
    pub fn remember(&mut self, call: CallId, what: T) {
        self.last.insert(call.client, (call.number, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u32) -> CallId {
        CallId {
            client: ClientId(3),
            number,
        }
    }

    #[test]
    fn a_retry_is_told_from_a_new_call_and_from_one_that_was_held_back() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.look(call(4)), Asked::New);
        sessions.remember(call(4), "answer");
        assert_eq!(sessions.look(call(4)), Asked::Again(&"answer"));
        assert_eq!(sessions.look(call(5)), Asked::New);
        assert_eq!(sessions.look(call(3)), Asked::Late);
    }
}
