//! The world: a seed and a plan in; a history, a trace and final states out.
