//! Leases measured on two monotonic clocks: how long one must wait for the other. Gray and Cheriton,
//! "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File Cache Consistency" (1989),
//! section 5. Knows nothing of who grants what to whom.

use murphy_sim::Span;

/// How long whoever grants a lease waits on its clock, from the grant, so that a lease that began no
/// later has run out on a clock that drifts from it at most twice the bound: (1 + d) / (1 - d)
/// leases. `drift_ppm` is in millionths, and less than a million.
pub const fn wait_for_lease(lease: Span, drift_ppm: u64) -> Span {
    let million = 1_000_000;
    let wait = lease.0 as u128 * (million + drift_ppm as u128);
    Span((wait / (million - drift_ppm as u128)) as u64 + 1)
}

/// Refuses a bound on drift under which a clock may stand still.
pub(crate) fn check_drift(drift_ppm: u64) -> Result<(), String> {
    if drift_ppm < 1_000_000 {
        return Ok(());
    }
    Err(format!(
        "a clock that drifts by {drift_ppm} millionths may stand still: set `drift-ppm` below \
         1000000"
    ))
}
