//! two_phase_commit
