//! A client: makes its calls in order, follows redirects, times out, retries where it may, and says
//! what it saw. A state machine that both substrates drive.
//!
//! Requests and answers travel over sessions, as over TCP: they can be late or lost, never doubled.
//! So a client can count: a refusal is believed only when no other attempt of the call is still out.

use std::sync::Arc;

use crate::{
    call::{ClientModel, PlannedCall, Route, Start},
    history::Happened,
    id::{CallId, ClientId, NodeId},
    process::{Data, Reply},
    stream::Stream,
    time::{Span, Time},
};

/// What a client wants done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action<Q, R> {
    /// Send the call's request to this node.
    Send {
        to: NodeId,
        call: CallId,
        request: Q,
    },
    /// Wake me after so long.
    Wake { after: Span, why: Wake },
    /// This goes into the history.
    Tell {
        process: u32,
        call: CallId,
        what: Happened<Q, R>,
    },
}

/// Why a client is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wake {
    /// To make its next call.
    Next,
    /// Because this attempt has had its time.
    Attempt { call: u32, attempt: u32 },
    /// Because the wait after a redirect is over.
    Backoff { call: u32, attempt: u32 },
    /// Because this call has had its time.
    Deadline { call: u32 },
}

/// A client's calls, shared by all runs of one plan.
pub(crate) type Script<Q> = Arc<Vec<PlannedCall<Q>>>;

#[derive(Clone, Debug)]
pub(crate) struct Client<Q> {
    id: ClientId,
    clients: u32,
    /// Those that it knows of from the beginning.
    nodes: u32,
    /// Those that it can be sent to: spares too.
    servers: u32,
    process: u32,
    /// Indices into the plan of calls.
    mine: Vec<u32>,
    script: Script<Q>,
    /// How many calls it has begun.
    begun: u32,
    open: Option<Open>,
    last_answer: Option<NodeId>,
    stream: Stream,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    to: NodeId,
    attempt: u32,
    /// Attempts that nobody has answered.
    out: u32,
}

impl<Q: Data> Client<Q> {
    pub(crate) fn new(
        id: ClientId,
        clients: u32,
        (nodes, servers): (u32, u32),
        script: &Script<Q>,
        mine: Vec<u32>,
        seed: u64,
    ) -> Client<Q> {
        Client {
            id,
            clients,
            nodes,
            servers,
            process: id.0,
            mine,
            script: Arc::clone(script),
            begun: 0,
            open: None,
            last_answer: None,
            stream: Stream::numbered(seed, "client", u64::from(id.0)),
        }
    }

    pub(crate) const fn id(&self) -> ClientId {
        self.id
    }

    /// How long until its next call, seen from `now`; none when it has made them all. Passes over
    /// the calls of a closed loop whose time is over.
    pub(crate) fn next_in(&mut self, now: Time) -> Option<Span> {
        loop {
            let planned = &self.script[*self.mine.get(self.begun as usize)? as usize];
            match planned.start {
                Start::At(time) => return Some(time.since(now)),
                Start::After { think, until } if now + think < until => return Some(think),
                Start::After { .. } => self.begun += 1,
            }
        }
    }

    /// Whether it has a call open or calls to make.
    pub(crate) fn is_done(&self) -> bool {
        self.open.is_none() && self.begun as usize == self.mine.len()
    }

    fn call(&self) -> CallId {
        CallId {
            client: self.id,
            number: self.begun - 1,
        }
    }

    fn request(&self) -> &PlannedCall<Q> {
        &self.script[self.mine[self.begun as usize - 1] as usize]
    }

    pub(crate) fn wake<R>(
        &mut self,
        why: Wake,
        model: &ClientModel,
        now: Time,
        out: &mut Vec<Action<Q, R>>,
    ) {
        let current = self.begun.wrapping_sub(1);
        match (why, self.open) {
            (Wake::Next, None) => self.begin(model, out),
            (Wake::Next, Some(_)) => {
                unreachable!("a client is woken for its next call only when none is open")
            }
            (Wake::Deadline { call }, Some(_)) if call == current => {
                self.end(Happened::Info, now, out);
            }
            (Wake::Attempt { call, attempt }, Some(open))
                if call == current && attempt == open.attempt =>
            {
                let to = self.another(open.to);
                self.attempt(to, model, out);
            }
            (Wake::Backoff { call, attempt }, Some(open))
                if call == current && attempt == open.attempt =>
            {
                let to = self.another(open.to);
                self.attempt(to, model, out);
            }
            // Woken for a call or attempt that is over.
            (Wake::Deadline { .. } | Wake::Attempt { .. } | Wake::Backoff { .. }, _) => {}
        }
    }

    pub(crate) fn answer<R>(
        &mut self,
        from: NodeId,
        call: CallId,
        reply: Reply<R>,
        model: &ClientModel,
        now: Time,
        out: &mut Vec<Action<Q, R>>,
    ) {
        let Some(open) = &mut self.open else { return };
        if call.number != self.begun - 1 {
            return;
        }
        open.out = open.out.saturating_sub(1);
        let (still_out, attempt) = (open.out > 0, open.attempt);
        match reply {
            Reply::Ok(response) => {
                self.last_answer = Some(from);
                self.end(Happened::Ok(response), now, out);
            }
            Reply::Unknown => self.end(Happened::Info, now, out),
            Reply::Fail => self.end(
                if still_out {
                    Happened::Info
                } else {
                    Happened::Fail
                },
                now,
                out,
            ),
            Reply::Redirect(Some(to)) if to != from && to.0 < self.servers => {
                self.attempt(to, model, out);
            }
            Reply::Redirect(_) => {
                out.push(Action::Wake {
                    after: model.backoff,
                    why: Wake::Backoff {
                        call: call.number,
                        attempt,
                    },
                });
            }
        }
    }

    fn begin<R>(&mut self, model: &ClientModel, out: &mut Vec<Action<Q, R>>) {
        self.begun += 1;
        let planned = self.request();
        let (route, request) = (planned.route, planned.request.clone());
        out.push(Action::Tell {
            process: self.process,
            call: self.call(),
            what: Happened::Invoke(request),
        });
        out.push(Action::Wake {
            after: model.timeout,
            why: Wake::Deadline {
                call: self.begun - 1,
            },
        });
        let any = NodeId(self.stream.below(u64::from(self.nodes)) as u32);
        let to = match route {
            Route::Any => any,
            Route::Sticky => self.last_answer.unwrap_or(any),
            Route::Node(node) => node,
            Route::Key(key) => NodeId((key % u64::from(self.nodes)) as u32),
        };
        self.open = Some(Open {
            to,
            attempt: 0,
            out: 0,
        });
        self.attempt(to, model, out);
    }

    fn attempt<R>(&mut self, to: NodeId, model: &ClientModel, out: &mut Vec<Action<Q, R>>) {
        let (call, request) = (self.call(), self.request().request.clone());
        let open = self
            .open
            .as_mut()
            .expect("an attempt belongs to an open call");
        *open = Open {
            to,
            attempt: open.attempt + 1,
            out: open.out + 1,
        };
        out.push(Action::Send { to, call, request });
        if let Some(after) = model.retry {
            let why = Wake::Attempt {
                call: call.number,
                attempt: open.attempt,
            };
            out.push(Action::Wake { after, why });
        }
    }

    fn end<R>(&mut self, what: Happened<Q, R>, now: Time, out: &mut Vec<Action<Q, R>>) {
        let unknown = matches!(what, Happened::Info);
        out.push(Action::Tell {
            process: self.process,
            call: self.call(),
            what,
        });
        self.open = None;
        if unknown {
            self.process += self.clients;
            self.last_answer = None;
        }
        if let Some(after) = self.next_in(now) {
            out.push(Action::Wake {
                after,
                why: Wake::Next,
            });
        }
    }

    /// A node that is not this one, drawn; this one when there is no other.
    fn another(&mut self, than: NodeId) -> NodeId {
        if than.0 >= self.nodes {
            // A spare, which it was sent to.
            return NodeId(self.stream.below(u64::from(self.nodes)) as u32);
        }
        if self.nodes <= 1 {
            return than;
        }
        let drawn = self.stream.below(u64::from(self.nodes) - 1) as u32;
        NodeId(if drawn >= than.0 { drawn + 1 } else { drawn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Out = Vec<Action<u8, u8>>;

    fn client() -> Client<u8> {
        let call = |start, request| PlannedCall {
            client: ClientId(1),
            start,
            route: Route::Node(NodeId(2)),
            request,
        };
        let script = Arc::new(vec![
            call(Start::At(Time(5)), 10),
            call(
                Start::After {
                    think: Span(7),
                    until: Time(500),
                },
                11,
            ),
        ]);
        Client::new(ClientId(1), 4, (3, 4), &script, vec![0, 1], 1)
    }

    fn wake(client: &mut Client<u8>, why: Wake, model: &ClientModel) -> Out {
        let mut out = Out::new();
        client.wake(why, model, Time(100), &mut out);
        out
    }

    fn answer(client: &mut Client<u8>, from: u32, reply: Reply<u8>, model: &ClientModel) -> Out {
        let mut out = Out::new();
        let call = CallId {
            client: ClientId(1),
            number: client.begun - 1,
        };
        client.answer(NodeId(from), call, reply, model, Time(100), &mut out);
        out
    }

    fn ending(out: &Out) -> &Happened<u8, u8> {
        out.iter()
            .find_map(|a| {
                if let Action::Tell { what, .. } = a {
                    Some(what)
                } else {
                    None
                }
            })
            .expect("it ends")
    }

    #[test]
    fn a_call_is_sent_answered_and_followed_by_the_next() {
        let (mut client, model) = (client(), ClientModel::default());
        assert_eq!(client.next_in(Time(2)), Some(Span(3)));
        let out = wake(&mut client, Wake::Next, &model);
        assert!(out.contains(&Action::Send {
            to: NodeId(2),
            call: client.call(),
            request: 10
        }));
        let out = answer(&mut client, 2, Reply::Ok(1), &model);
        assert_eq!(*ending(&out), Happened::Ok(1));
        assert!(out.contains(&Action::Wake {
            after: Span(7),
            why: Wake::Next
        }));
    }

    #[test]
    fn a_timeout_ends_unknown_and_the_client_goes_on_as_a_new_process() {
        let (mut client, model) = (client(), ClientModel::default());
        wake(&mut client, Wake::Next, &model);
        let out = wake(&mut client, Wake::Deadline { call: 0 }, &model);
        assert_eq!(*ending(&out), Happened::Info);
        let out = wake(&mut client, Wake::Next, &model);
        assert!(matches!(
            out[0],
            Action::Tell {
                process: 5,
                what: Happened::Invoke(11),
                ..
            }
        ));
    }

    #[test]
    fn a_redirect_is_followed_and_one_that_names_nobody_asks_around() {
        let (mut client, model) = (client(), ClientModel::default());
        wake(&mut client, Wake::Next, &model);
        let out = answer(&mut client, 2, Reply::Redirect(Some(NodeId(0))), &model);
        assert!(matches!(out[0], Action::Send { to: NodeId(0), .. }));
        let out = answer(&mut client, 0, Reply::Redirect(None), &model);
        assert_eq!(
            out,
            [Action::Wake {
                after: model.backoff,
                why: Wake::Backoff {
                    call: 0,
                    attempt: 2
                }
            }]
        );
        let out = wake(
            &mut client,
            Wake::Backoff {
                call: 0,
                attempt: 2,
            },
            &model,
        );
        assert!(matches!(out[0], Action::Send { to, .. } if to != NodeId(0)));
    }

    #[test]
    fn a_redirect_to_a_spare_is_followed_and_back() {
        let (mut client, model) = (client(), ClientModel::default());
        wake(&mut client, Wake::Next, &model);
        let spare = NodeId(3);
        let out = answer(&mut client, 2, Reply::Redirect(Some(spare)), &model);
        assert!(matches!(out[0], Action::Send { to: NodeId(3), .. }));
        let asked_around: std::collections::BTreeSet<NodeId> =
            (0..100).map(|_| client.another(spare)).collect();
        assert_eq!(asked_around, [0, 1, 2].map(NodeId).into());
        let beyond = Reply::Redirect(Some(NodeId(4)));
        let out = answer(&mut client, 3, beyond, &model);
        assert!(
            matches!(out[0], Action::Wake { .. }),
            "there is no such node"
        );
    }

    #[test]
    fn a_refusal_is_believed_only_when_no_other_attempt_is_out() {
        let model = ClientModel {
            retry: Some(Span(50)),
            ..ClientModel::default()
        };
        let mut certain = client();
        wake(&mut certain, Wake::Next, &model);
        assert_eq!(
            *ending(&answer(&mut certain, 2, Reply::Fail, &model)),
            Happened::Fail
        );
        let mut doubtful = client();
        wake(&mut doubtful, Wake::Next, &model);
        wake(
            &mut doubtful,
            Wake::Attempt {
                call: 0,
                attempt: 1,
            },
            &model,
        );
        assert_eq!(
            *ending(&answer(&mut doubtful, 0, Reply::Fail, &model)),
            Happened::Info
        );
    }
}
