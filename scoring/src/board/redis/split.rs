//! Cuts large changes into parts that are complete by themselves. Pure.

use crate::board::{Change, ChangedRow};

/// What changed after `from` up to `to`, as totals at `to`.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) rows: Vec<&'a ChangedRow>,
}

/// Cuts a change into parts of at most `limit` rows, or more where so many changed at one version.
///
/// A row whose last change is at or below the end of a part has its total there already, so each
/// part can be applied alone, and lost alone.
pub(super) fn split(change: &Change, limit: usize) -> Vec<Part<'_>> {
    let mut rows: Vec<_> = change.rows.iter().collect();
    if rows.len() > limit {
        rows.sort_by_key(|row| row.seq);
    }
    let mut parts = Vec::new();
    let (mut rows, mut from) = (&rows[..], change.from);
    while rows.len() > limit {
        // Never between rows of one version: their totals belong together.
        let cut = match rows.partition_point(|row| row.seq < rows[limit].seq) {
            0 => rows.partition_point(|row| row.seq == rows[0].seq),
            cut => cut,
        };
        let (part, rest) = rows.split_at(cut);
        if rest.is_empty() {
            break;
        }
        let to = part[cut - 1].seq;
        parts.push(Part { from, to, rows: part.to_vec() });
        (rows, from) = (rest, to);
    }
    parts.push(Part { from, to: change.to, rows: rows.to_vec() });
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::board::contract::{a_quiz, change};

    proptest! {
        #[test]
        fn parts_follow_each_other_and_hold_each_row_once_at_its_own_version(
            seqs in prop::collection::vec(11..60_u64, 0..80), limit in 1..20_usize,
        ) {
            let rows: Vec<_> = (0..seqs.len()).map(|number| (number, Some(1))).collect();
            let mut change = change(&a_quiz(), 10, &rows);
            change.rows.iter_mut().zip(&seqs).for_each(|(row, seq)| row.seq = *seq);
            change.to = 60;
            let parts = split(&change, limit);
            prop_assert_eq!((parts[0].from, parts[parts.len() - 1].to), (10, 60));
            prop_assert!(parts.windows(2).all(|pair| pair[0].to == pair[1].from));
            let mut count = 0;
            for part in &parts {
                prop_assert!(part.rows.iter().all(|row| part.from < row.seq && row.seq <= part.to));
                prop_assert!(part.rows.len() <= limit || part.rows.iter().all(|row| row.seq == part.rows[0].seq));
                count += part.rows.len();
            }
            prop_assert_eq!(count, seqs.len());
        }
    }
}
