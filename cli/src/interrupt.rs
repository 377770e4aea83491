//! Ctrl-C: the first ends the command cleanly with what is done, the second ends it at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::terminal;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What a shell takes for "ended by Ctrl-C".
const KILLED: i32 = 130;

/// Listens for Ctrl-C from now on. Where the system has no such thing, nothing changes.
pub(crate) fn listen() {
    let heard = || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(KILLED);
        }
        terminal::note(
            "\ninterrupted: finishing the runs under way; Ctrl-C once more to end at once\n",
        );
    };
    let _ = ctrlc::set_handler(heard);
}

/// Whether Ctrl-C was pressed.
pub(crate) fn was_heard() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
