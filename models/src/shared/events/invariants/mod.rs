//! What must hold wherever events are spread, after every event of the run. Each looks at the node
//! that was touched.

mod knowledge_grows;
mod nothing_invented;

pub use self::{knowledge_grows::KnowledgeGrows, nothing_invented::NothingInvented};

#[cfg(test)]
mod tests {
    use murphy_sim::{Invariant, NodeId, Time, testing::React};

    use super::*;
    use crate::{
        protocol::{Parameters, Protocol},
        rumour_mongering::RumourMongering,
        shared::{events::Item, version_vector::Dot},
    };

    fn item(node: u32, counter: u32, event: u64) -> Item {
        let node = NodeId(node);
        Item {
            dot: Dot { node, counter },
            key: 7,
            event,
        }
    }

    /// What an invariant says of a node that holds this after it was a node that held that.
    fn judged(
        mut invariant: impl Invariant<RumourMongering>,
        lives: [(u32, &[Item]); 2],
    ) -> Option<&'static str> {
        let parameters = Parameters {
            nodes: 2,
            ..Parameters::default()
        };
        let config = RumourMongering::configure(&parameters).expect("valid");
        lives.into_iter().find_map(|(node, disk)| {
            let mut processes = [None, None];
            let mut react = React::new(NodeId(node), 2);
            processes[node as usize] = Some(react.start::<RumourMongering>(&config, disk).0);
            let judged = invariant.check(Time::ZERO, NodeId(node), &processes);
            judged.err().map(|breach| breach.anomaly)
        })
    }

    #[test]
    fn what_is_held_is_not_given_back_and_not_held_twice() {
        let judged = |before: &[Item], after: &[Item]| {
            judged(KnowledgeGrows::default(), [(0, before), (0, after)])
        };
        let (first, second) = (item(0, 1, 1), item(0, 2, 2));
        assert_eq!(judged(&[first], &[first, second]), None);
        assert_eq!(judged(&[first, second], &[first]), Some("forgotten-event"));
        assert_eq!(judged(&[first], &[second, first]), Some("forgotten-event"));
        assert_eq!(judged(&[first], &[first, first]), Some("event-held-twice"));
    }

    #[test]
    fn what_is_held_was_published_and_is_the_same_everywhere() {
        let judged = |at_its_origin: &[Item], elsewhere: &[Item]| {
            judged(
                NothingInvented::default(),
                [(0, at_its_origin), (1, elsewhere)],
            )
        };
        let (first, other) = (item(0, 1, 1), item(0, 1, 2));
        assert_eq!(judged(&[first], &[first]), None);
        assert_eq!(judged(&[], &[first]), Some("phantom-event"));
        assert_eq!(judged(&[first], &[other]), Some("identity-reused"));
    }
}
