//! A sorted list that stays fast at a million items. Knows nothing of boards.
//!
//! Items lie in chunks of some hundreds, so a change moves some hundreds at most, and a position
//! is found by adding up the lengths of the chunks before it.

/// Chunks split at twice this length; neighbours that fit into it together are joined.
const CHUNK: usize = 512;

/// Different items in ascending order.
#[derive(Debug)]
pub(super) struct SortedList<T> {
    /// None of them empty, each item less than all of later chunks.
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T: Ord> SortedList<T> {
    /// Takes items in any order.
    pub(super) fn new(mut items: Vec<T>) -> Self {
        items.sort_unstable();
        items.dedup();
        let len = items.len();
        let mut chunks = Vec::with_capacity(len.div_ceil(CHUNK));
        let mut items = items.into_iter();
        while items.len() > 0 {
            chunks.push(items.by_ref().take(CHUNK).collect());
        }
        Self { chunks, len }
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds an item, unless it is there.
    pub(super) fn insert(&mut self, item: T) {
        if self.chunks.is_empty() {
            self.chunks.push(Vec::new());
        }
        let at = self.chunk_of(&item).min(self.chunks.len() - 1);
        let chunk = &mut self.chunks[at];
        let Err(place) = chunk.binary_search(&item) else { return };
        chunk.insert(place, item);
        self.len += 1;
        if chunk.len() >= 2 * CHUNK {
            let upper = chunk.split_off(CHUNK);
            self.chunks.insert(at + 1, upper);
        }
    }

    /// Removes an item, if it is there.
    pub(super) fn remove(&mut self, item: &T) {
        let at = self.chunk_of(item);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        let Ok(place) = chunk.binary_search(item) else { return };
        chunk.remove(place);
        self.len -= 1;
        if self.chunks[at].is_empty() {
            self.chunks.remove(at);
        } else if self.chunks.get(at + 1).is_some_and(|next| self.chunks[at].len() + next.len() <= CHUNK) {
            let mut next = self.chunks.remove(at + 1);
            self.chunks[at].append(&mut next);
        }
    }

    /// Counts the items before the first that is not `before`; `before` must hold for none after it.
    pub(super) fn count_while(&self, before: impl Fn(&T) -> bool) -> usize {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(&before));
        let whole: usize = self.chunks[..at].iter().map(Vec::len).sum();
        whole + self.chunks.get(at).map_or(0, |chunk| chunk.partition_point(before))
    }

    /// The items from a position on.
    pub(super) fn iter_from(&self, position: usize) -> impl Iterator<Item = &T> {
        let (mut at, mut skip) = (0, position);
        while let Some(chunk) = self.chunks.get(at)
            && chunk.len() <= skip
        {
            skip -= chunk.len();
            at += 1;
        }
        self.chunks[at..].iter().flatten().skip(skip)
    }

    /// The chunk that has the item or would have it; one too far for an item above all.
    fn chunk_of(&self, item: &T) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last < item))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs of neighbours grow chunks until they split and empty them until they join.
    fn steps() -> impl Strategy<Value = Vec<(u32, u32, Step)>> {
        let step = prop_oneof![Just(Step::Insert), Just(Step::Remove)];
        prop::collection::vec((0..6000_u32, 0..1500_u32, step), 0..12)
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Insert,
        Remove,
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_does_what_a_sorted_vec_does(
            start in prop::collection::vec(0..6000_u32, 0..3000), steps in steps(), probe in 0..6000_u32,
        ) {
            let mut plain: std::collections::BTreeSet<_> = start.iter().copied().collect();
            let mut list = SortedList::new(start);
            for (first, count, step) in steps {
                for item in first..first + count {
                    match step {
                        Step::Insert => { list.insert(item); plain.insert(item); }
                        Step::Remove => { list.remove(&item); plain.remove(&item); }
                    }
                }
                let plain: Vec<_> = plain.iter().copied().collect();
                prop_assert_eq!(list.len(), plain.len());
                prop_assert_eq!(list.iter_from(0).copied().collect::<Vec<_>>(), &plain[..]);
                let position = list.count_while(|item| *item < probe);
                prop_assert_eq!(position, plain.partition_point(|item| *item < probe));
                prop_assert_eq!(list.iter_from(position).copied().collect::<Vec<_>>(), &plain[position..]);
                prop_assert!(list.chunks.iter().all(|chunk| (1..2 * CHUNK).contains(&chunk.len())));
            }
        }
    }

    #[test]
    fn emptying_it_leaves_no_chunk() {
        let mut list = SortedList::new((0..5000).collect());
        (0..5000).rev().for_each(|item| list.remove(&item));
        assert_eq!((list.len(), list.chunks.len(), list.iter_from(3).count()), (0, 0, 0));
    }
}
