//! Did you mean ...? The nearest of the names that would have been right.

use std::fmt::Display;

/// The nearest of `known` to `name`, if it is near enough to be a slip of the pen.
pub(crate) fn nearest<S: AsRef<str>>(name: &str, known: impl IntoIterator<Item = S>) -> Option<S> {
    let longest = name.chars().count();
    if longest > 64 {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate.as_ref()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (longest.max(candidate.as_ref().chars().count()) / 3).max(1)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// What to write instead of `name`.
pub(crate) fn instead<S: AsRef<str> + Clone + Display>(name: &str, known: &[S]) -> String {
    match nearest(name, known.iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => one_of(known),
    }
}

/// `write one of a, b, c`, or that there is nothing to write.
pub(crate) fn one_of<S: Display>(known: &[S]) -> String {
    match known {
        [] => "leave it out: there is nothing to choose from".to_owned(),
        [only] => format!("the only one is `{only}`"),
        _ => {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("write one of {}", names.join(", "))
        }
    }
}

/// How many letters must be put in, taken out, changed or swapped with their neighbour to get from
/// one to the other (the optimal string alignment distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_set_right() {
        let known = ["partition", "loss", "latency", "crash"];
        for (slip, meant) in [
            ("partiton", "partition"),
            ("latnecy", "latency"),
            ("crahs", "crash"),
            ("los", "loss"),
        ] {
            assert_eq!(nearest(slip, known), Some(meant));
        }
    }

    #[test]
    fn another_word_altogether_is_told_all_there_is() {
        assert_eq!(
            instead("earthquake", &["loss", "crash"]),
            "write one of `loss`, `crash`"
        );
        assert_eq!(nearest(&"x".repeat(1 << 20), ["loss"]), None);
    }

    #[test]
    fn distances_are_those_of_the_definition() {
        for (a, b, exact) in [("", "abc", 3), ("ab", "ba", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(a, b), exact);
        }
    }
}
