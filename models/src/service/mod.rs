//! What clients can ask of a cluster. Every protocol of a service meets the same calls and is judged
//! by the same checkers.

pub mod events;
pub mod kv;
pub mod log;
pub mod membership;
pub mod objects;
pub mod txn;

/// The services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Service {
    /// Registers by key: [`kv`].
    Kv,
    /// Transactions over several keys: [`txn`].
    Txn,
    /// Counters, sets, maps and lists that many change at once: [`objects`].
    Objects,
    /// Events published and applied to views: [`events`].
    Events,
    /// Messages in partitions, polled by a consumer group: [`log`].
    Log,
    /// Who belongs to the group, and who has failed: [`membership`].
    Membership,
}
