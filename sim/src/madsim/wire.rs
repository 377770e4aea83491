//! What is under way between two `Endpoint`s: encoded, checked on arrival, and put back in order on
//! links that keep it.

use std::{collections::BTreeMap, net::Ipv4Addr};

use crate::{
    digest::Digest,
    id::NodeId,
    process::Process,
    time::Time,
    world::{Packet, Parcel},
};

/// A link, by its ends.
pub(super) type Link = (NodeId, NodeId);

/// A parcel's place among those of its link: when it should arrive, and a number of its own.
pub(super) type Key = (Time, u64);

/// Every parcel that has been sent and has neither arrived nor been lost.
pub(super) struct Wire<P: Process> {
    links: BTreeMap<Link, BTreeMap<Key, Flight<P>>>,
    sent: u64,
}

struct Flight<P: Process> {
    parcel: Parcel<P>,
    /// Madsim has it, or it has arrived and waits for those before it.
    at_socket: bool,
    arrived: bool,
}

impl<P: Process> Default for Wire<P> {
    fn default() -> Wire<P> {
        Wire {
            links: BTreeMap::new(),
            sent: 0,
        }
    }
}

impl<P: Process> Wire<P> {
    /// Takes charge of a parcel that should arrive at `at`.
    pub(super) fn send(&mut self, at: Time, parcel: Parcel<P>) -> (Link, Key) {
        let (link, key) = ((parcel.from, parcel.to), (at, self.sent));
        self.sent += 1;
        let flight = Flight {
            parcel,
            at_socket: false,
            arrived: false,
        };
        self.links.entry(link).or_default().insert(key, flight);
        (link, key)
    }

    /// The bytes of a parcel, damaged if it is its fate. None if it has been lost meanwhile.
    pub(super) fn pack(&self, link: Link, key: Key) -> Option<Vec<u8>> {
        let parcel = &self.links.get(&link)?.get(&key)?.parcel;
        let content = postcard::to_stdvec(&parcel.packet).unwrap_or_else(|error| {
            panic!("{:?} cannot be encoded: {error}", parcel.packet);
        });
        let mut bytes = Vec::with_capacity(HEADER + content.len());
        for word in [key.0.0, key.1, checksum(&content)] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&content);
        if parcel.corrupt {
            let place = HEADER + key.1 as usize % content.len();
            bytes[place] ^= 1 << (key.1 % 8);
        }
        Some(bytes)
    }

    /// Madsim has taken a parcel to its socket.
    pub(super) fn hand_over(&mut self, link: Link, key: Key) {
        if let Some(flight) = self.flight(link, key) {
            flight.at_socket = true;
        }
    }

    /// A parcel will not arrive. Gives it back, and those that have waited for it alone.
    pub(super) fn lose(&mut self, link: Link, key: Key) -> Vec<Parcel<P>> {
        let flights = self.links.get_mut(&link);
        let lost = flights.and_then(|flights| flights.remove(&key));
        let mut given: Vec<Parcel<P>> = lost.into_iter().map(|flight| flight.parcel).collect();
        given.extend(self.in_order(link));
        given
    }

    /// What madsim had taken to this node's socket is lost: gives it back.
    pub(super) fn lose_all_at(&mut self, node: NodeId) -> Vec<Parcel<P>> {
        let mut lost = Vec::new();
        let to_node = self.links.iter_mut().filter(|((_, to), _)| *to == node);
        for flights in to_node.map(|(_, flights)| flights) {
            let all = std::mem::take(flights).into_iter();
            let (at_socket, on) =
                all.partition::<BTreeMap<_, _>, _>(|(_, flight)| flight.at_socket);
            *flights = on;
            lost.extend(at_socket.into_values().map(|flight| flight.parcel));
        }
        lost
    }

    /// Bytes have come. Gives what is to be delivered now: the parcel as decoded and, on a link that
    /// keeps its order, those that have waited for it; nothing if it has to wait itself.
    pub(super) fn arrive(&mut self, link: Link, bytes: &[u8], ordered: bool) -> Vec<Parcel<P>> {
        let (key, packet) = open(bytes);
        let Some(flight) = self.flight(link, key) else {
            return Vec::new();
        };
        flight.arrived = true;
        flight.parcel.corrupt = packet.is_none();
        if let Some(packet) = packet {
            flight.parcel.packet = packet;
        }
        if ordered {
            return self.in_order(link);
        }
        let flights = self.links.get_mut(&link);
        let arrived = flights.and_then(|flights| flights.remove(&key));
        arrived.into_iter().map(|flight| flight.parcel).collect()
    }

    /// Those that have arrived with nothing before them.
    fn in_order(&mut self, link: Link) -> Vec<Parcel<P>> {
        let mut ready = Vec::new();
        while let Some(flights) = self.links.get_mut(&link)
            && let Some(first) = flights.first_entry()
            && first.get().arrived
        {
            ready.push(first.remove().parcel);
        }
        ready
    }

    fn flight(&mut self, link: Link, key: Key) -> Option<&mut Flight<P>> {
        self.links.get_mut(&link)?.get_mut(&key)
    }
}

/// Arrival, number and checksum, before the content.
const HEADER: usize = 24;

fn checksum(content: &[u8]) -> u64 {
    let mut digest = Digest::default();
    digest.fold_bytes(content);
    digest.low()
}

/// Which parcel this is, and what it holds; nothing when it was damaged.
fn open<P: Process>(bytes: &[u8]) -> (Key, Option<Packet<P>>) {
    let word = |place: usize| {
        let bytes = bytes[place * 8..][..8].try_into();
        u64::from_le_bytes(bytes.expect("eight bytes are eight bytes"))
    };
    let (key, content) = ((Time(word(0)), word(1)), &bytes[HEADER..]);
    if checksum(content) != word(2) {
        return (key, None);
    }
    let packet = postcard::from_bytes(content).unwrap_or_else(|error| {
        panic!(
            "a message of {} bytes was encoded but cannot be decoded, so its type does not do for \
             a network: {error}",
            content.len()
        )
    });
    (key, Some(packet))
}

/// The address of a server or client.
pub(super) fn address(place: NodeId) -> Ipv4Addr {
    let [high, a, b, c] = (place.0 + 1).to_be_bytes();
    assert!(
        high == 0,
        "there are 16 million addresses, and {place} is beyond"
    );
    Ipv4Addr::new(10, a, b, c)
}

/// Whose address this is.
pub(super) fn place(address: Ipv4Addr) -> NodeId {
    let [_, a, b, c] = address.octets();
    NodeId(u32::from_be_bytes([0, a, b, c]) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_an_address_of_its_own() {
        assert_eq!(address(NodeId(0)), Ipv4Addr::new(10, 0, 0, 1));
        for id in [0, 1, 254, 255, 256, 65_535, 70_000] {
            assert_eq!(place(address(NodeId(id))), NodeId(id));
        }
    }
}
