//! Judges of histories: linearizability, isolation, delivery, atomic commit, convergence.
