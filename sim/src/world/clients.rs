//! What clients do, and what they see.

use super::{Event, Kind, Packet, World, notes::told_call};
use crate::{
    client::{Action, Wake},
    history::{Happened, HistoryEvent},
    id::{CallId, ClientId, NodeId},
    process::{Process, Reply},
};

impl<P: Process> World<P> {
    pub(super) fn wake_client(&mut self, id: ClientId, why: Wake) -> Option<NodeId> {
        let mut actions = std::mem::take(&mut self.actions);
        let model = &self.setup.cluster.settings().client;
        self.clients[id.index()].wake(why, model, self.now, &mut actions);
        if !actions.is_empty() {
            self.happens(Kind::Client, id.0);
        }
        self.do_for_client(id, &mut actions);
        self.actions = actions;
        None
    }

    pub(super) fn answer(&mut self, from: NodeId, call: CallId, reply: Reply<P::Response>) {
        let mut actions = std::mem::take(&mut self.actions);
        let model = &self.setup.cluster.settings().client;
        self.clients[call.client.index()].answer(from, call, reply, model, self.now, &mut actions);
        self.do_for_client(call.client, &mut actions);
        self.actions = actions;
    }

    pub(super) fn do_for_client(
        &mut self,
        id: ClientId,
        actions: &mut Vec<Action<P::Request, P::Response>>,
    ) {
        let endpoint = NodeId(self.setup.cluster.servers() + id.0);
        for action in actions.drain(..) {
            match action {
                Action::Send { to, call, request } => {
                    let request = self.carried_over(id, request);
                    self.post(endpoint, to, self.now, Packet::Request { call, request });
                }
                Action::Wake { after, why } => self
                    .queue
                    .push(self.now + after, Event::Client { client: id, why }),
                Action::Tell {
                    process,
                    call,
                    what,
                } => {
                    let what = match what {
                        Happened::Invoke(request) => {
                            Happened::Invoke(self.carried_over(id, request))
                        }
                        ended => self.remembered(id, ended),
                    };
                    self.note_if_loud(|| told_call(id, call, &what));
                    self.history.push(HistoryEvent {
                        time: self.now,
                        process,
                        client: id,
                        call,
                        what,
                    });
                }
            }
        }
    }

    fn carried_over(&self, client: ClientId, planned: P::Request) -> P::Request {
        if P::CARRIES {
            P::carry(planned, self.answers[client.index()].as_ref())
        } else {
            planned
        }
    }

    fn remembered(
        &mut self,
        client: ClientId,
        ended: Happened<P::Request, P::Response>,
    ) -> Happened<P::Request, P::Response> {
        if P::CARRIES {
            match &ended {
                Happened::Ok(answer) => self.answers[client.index()] = Some(answer.clone()),
                Happened::Info => self.answers[client.index()] = None,
                // A refusal changes nothing for the client.
                Happened::Fail | Happened::Invoke(_) => {}
            }
        }
        ended
    }
}
