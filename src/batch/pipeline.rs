//! Work on many threads, results in order.

use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

/// Where work runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Threads {
    /// On the caller's thread.
    Inline,
    /// On a pool of so many threads, made for this work and ended with it.
    Pool(NonZeroUsize),
}

impl Threads {
    /// Returns a pool with a thread for each processor the process may use, or `Inline` when that
    /// is one.
    pub fn available() -> Threads {
        Threads::of(std::thread::available_parallelism().map_or(1, NonZeroUsize::get))
    }

    /// Returns `Inline` for 0 or 1, else a pool; of more than [`MOST_THREADS`], that many.
    pub fn of(count: usize) -> Threads {
        match NonZeroUsize::new(count.min(MOST_THREADS)) {
            Some(count) if count.get() > 1 => Threads::Pool(count),
            _ => Threads::Inline,
        }
    }
}

/// More threads than any machine has processors today; a slip of the finger shall not start a million.
pub const MOST_THREADS: usize = 1_024;

/// Results that may wait for an earlier, slower one, per thread: a result is some kilobytes, and a
/// call of two hours must not hold up thousands of short ones.
const WAITING_PER_THREAD: usize = 256;

/// Runs `work` on every item and hands the results to `emit`, on this thread, in the order of the
/// items. Items are taken from the iterator only as room becomes free.
///
/// # Errors
///
/// The first error of `emit`, after which no item is taken; [`ErrorKind::Io`] when the threads
/// cannot be started.
pub fn in_order<T: Send, R: Send>(
    threads: Threads,
    items: impl Iterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
    mut emit: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let Threads::Pool(count) = threads else {
        return items.map(work).try_for_each(emit);
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(count.get())
        .build()
        .map_err(|e| {
            Error::new(
                ErrorKind::Io,
                "threads",
                e,
                format!("{count} threads started"),
            )
        })?;
    let room = count.get() * WAITING_PER_THREAD;
    // Set when `emit` failed: what is taken and not begun is then left undone.
    let over = AtomicBool::new(false);
    let (work, over) = (&work, &over);
    pool.in_place_scope(|scope| {
        let (sender, receiver) = mpsc::channel::<(u64, R)>();
        let mut waiting: BTreeMap<u64, R> = BTreeMap::new();
        let (mut taken, mut emitted) = (0u64, 0u64);
        let mut items = items.fuse();
        loop {
            // Fill the room, …
            while (taken - emitted) < room as u64 {
                let Some(item) = items.next() else { break };
                let (sender, index) = (sender.clone(), taken);
                scope.spawn(move |_| {
                    if !over.load(Ordering::Relaxed) {
                        // The receiver is gone only when `emit` failed: then nobody wants it.
                        let _ = sender.send((index, work(item)));
                    }
                });
                taken += 1;
            }
            if taken == emitted {
                return Ok(());
            }
            // … wait for a result, and emit what is next in order.
            let Ok((index, result)) = receiver.recv() else {
                return Ok(());
            };
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&emitted) {
                emit(result).inspect_err(|_| over.store(true, Ordering::Relaxed))?;
                emitted += 1;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn results_come_in_order(items in prop::collection::vec(0u64..300, 0..400), threads in 0usize..4) {
            let mut out = Vec::new();
            let slow = |x: u64| {
                // The first items are the slowest: results arrive out of order.
                std::thread::sleep(Duration::from_micros(300 - x));
                x * 2
            };
            in_order(Threads::of(threads), items.iter().copied(), slow, |y| {
                out.push(y);
                Ok(())
            }).unwrap();
            prop_assert_eq!(out, items.iter().map(|x| x * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_slip_of_the_finger_starts_no_million_threads() {
        assert_eq!(Threads::of(usize::MAX), Threads::of(MOST_THREADS));
        assert_eq!(
            (Threads::of(0), Threads::of(1)),
            (Threads::Inline, Threads::Inline)
        );
    }

    #[test]
    fn first_error_of_emit_ends_the_work() {
        let (mut taken, done) = (0, AtomicU32::new(0));
        let items = (0..1_000_000u32).inspect(|_| taken += 1);
        let result = in_order(
            Threads::of(2),
            items,
            |x| {
                std::thread::sleep(Duration::from_millis(1));
                done.fetch_add(1, Ordering::Relaxed);
                x
            },
            |x| {
                if x == 10 {
                    Err(Error::new(ErrorKind::Io, "disk", "no room", "room"))
                } else {
                    Ok(())
                }
            },
        );
        assert!(result.is_err());
        assert!(taken < 2_000, "{taken} items were taken");
        // 512 wait when the eleventh cannot be written; they would hold the caller up.
        let done = done.into_inner();
        assert!(done < 300, "{done} items were done");
    }
}
