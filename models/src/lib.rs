//! Replication, transaction and event protocols as state machines, and the bugs planted in them.
