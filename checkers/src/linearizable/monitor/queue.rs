//! Queues: of two values, the one that is put first is not taken last.

use super::Life;

/// Two values that were put one after the other and taken the other way round.
pub(super) fn illegal(lives: &[Life]) -> Option<Vec<usize>> {
    let mut by_put: Vec<&Life> = lives.iter().collect();
    by_put.sort_unstable_by_key(|life| life.put.0);
    let mut by_put_end = by_put.clone();
    by_put_end.sort_unstable_by_key(|life| life.put.1);
    // Of the values whose put had ended before, the one whose take began last.
    let mut latest: Option<&Life> = None;
    let mut ended = by_put_end.into_iter().peekable();
    for life in by_put {
        while let Some(before) = ended.next_if(|before| before.put.1 < life.put.0) {
            if latest.is_none_or(|latest| latest.take.0 < before.take.0) {
                latest = Some(before);
            }
        }
        if let Some(first) = latest.filter(|first| life.take.1 < first.take.0) {
            return Some(first.places().chain(life.places()).collect());
        }
    }
    None
}
