//! Work on many threads, results in order.
//!
//! # Conventions
//!
//! * Of the items taken and not begun the costliest is next: begun last, a call of two hours would
//!   leave the other processors idle at the end. Once most of the window waits for one item, that one
//!   is next, whatever it costs.
//! * What is held is bounded: so many items and results together ([`Limits::window`]), and so much
//!   estimated memory of the items at work ([`Limits::memory`]); an item over the whole of it runs alone.
//! * Items are taken from their iterator on a thread of its own, so a slow source holds up nothing that
//!   is done, and a reader that answers line by line gets its answers.

use crate::error::{Error, ErrorKind, Result};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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

    /// Returns how many calls are worked on at once.
    pub fn count(self) -> usize {
        match self {
            Threads::Inline => 1,
            Threads::Pool(count) => count.get(),
        }
    }
}

/// More threads than any machine has processors today; a slip of the finger shall not start a million.
pub const MOST_THREADS: usize = 1_024;

/// Items and results that may wait for an earlier, slower one, per thread: a call of two hours must
/// not hold up thousands of short ones.
pub(super) const WAITING_PER_THREAD: usize = 256;

/// From this share of the window on, the item that all others wait for is the next one.
const HEAD_FIRST: f64 = 0.75;

/// How much a run may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Items taken and results not yet emitted.
    pub window: usize,
    /// Bytes that the items at work are estimated to take.
    pub memory: u64,
}

impl Limits {
    pub(super) fn of(threads: Threads) -> Limits {
        Limits {
            window: threads.count() * WAITING_PER_THREAD,
            memory: u64::MAX,
        }
    }
}

/// An item with what working on it takes.
#[derive(Debug)]
pub(super) struct Job<T> {
    pub item: T,
    /// How long it takes, in any unit.
    pub cost: u64,
    /// Bytes held while it is worked on.
    pub memory: u64,
}

/// Runs `work` on every item and hands the results to `emit`, on this thread, in the order of the
/// items. Items are taken from the iterator only as room becomes free.
///
/// # Errors
///
/// The first error of `emit`, after which no item is begun; [`ErrorKind::Io`] when the threads
/// cannot be started.
pub fn in_order<T: Send, R: Send>(
    threads: Threads,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> R + Sync,
    mut emit: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let jobs = items.map(|item| Job {
        item,
        cost: 0,
        memory: 0,
    });
    scheduled(threads, Limits::of(threads), jobs, work, |result| {
        emit(result).map(ControlFlow::Continue)
    })
}

/// As [`in_order`], within limits and the costliest item first; `emit` may end it too.
pub(super) fn scheduled<T: Send, R: Send>(
    threads: Threads,
    limits: Limits,
    jobs: impl Iterator<Item = Job<T>> + Send,
    work: impl Fn(T) -> R + Sync,
    mut emit: impl FnMut(R) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let Threads::Pool(count) = threads else {
        for job in jobs {
            if emit(work(job.item))?.is_break() {
                break;
            }
        }
        return Ok(());
    };
    let unstarted = |e: &dyn std::fmt::Display| {
        let wanted = format!("{count} threads started");
        Error::new(ErrorKind::Io, "threads", e, wanted)
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count.get());
    let pool = pool.build().map_err(|e| unstarted(&e))?;
    let desk = Desk::new(limits);
    let (desk, work) = (&desk, &work);
    pool.in_place_scope(|scope| {
        for _ in 0..count.get() {
            scope.spawn(move |_| {
                // A panic of `work` ends the run and is passed on by the scope.
                let _over = OnDrop(|| desk.end(|state| state.over |= std::thread::panicking()));
                while let Some((index, job)) = desk.next_job() {
                    let memory = job.memory;
                    let result = work(job.item);
                    desk.put_result(index, result, memory);
                }
            });
        }
        // However this ends, the workers must be told.
        let _over = OnDrop(|| desk.end(|state| state.over = true));
        std::thread::scope(|extra| {
            let feeder = std::thread::Builder::new().name("manifest".to_owned());
            let feeder = feeder.spawn_scoped(extra, move || {
                let _ended = OnDrop(|| desk.end(|state| state.ended = true));
                let mut jobs = jobs.fuse();
                while desk.wait_for_room() {
                    let Some(job) = jobs.next() else { break };
                    desk.put_job(job);
                }
            });
            feeder.map_err(|e| unstarted(&e))?;
            let result = loop {
                match desk.next_result() {
                    Some(result) => {
                        match emit(result) {
                            Ok(ControlFlow::Continue(())) => {}
                            Ok(ControlFlow::Break(())) => break Ok(()),
                            Err(error) => break Err(error),
                        }
                        desk.emitted();
                    }
                    None => break Ok(()),
                }
            };
            desk.end(|state| state.over = true);
            result
        })
    })
}

/// Runs something when it goes out of scope, however that comes.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What lies between the threads.
struct Desk<T, R> {
    state: Mutex<State<T, R>>,
    /// What the workers wait for: a job that may be begun.
    work: Condvar,
    /// What the feeder waits for.
    room: Condvar,
    /// What the caller waits for: the next result in order.
    result: Condvar,
    limits: Limits,
}

struct State<T, R> {
    /// Jobs not begun, the next one first.
    pending: BTreeMap<(Reverse<u64>, u64), Job<T>>,
    /// Their costs, by index.
    costs: BTreeMap<u64, u64>,
    done: BTreeMap<u64, R>,
    taken: u64,
    emitted: u64,
    at_work: usize,
    /// Estimated bytes of the jobs at work.
    memory: u64,
    /// No job will be added.
    ended: bool,
    /// No job shall be begun.
    over: bool,
}

impl<T, R> Desk<T, R> {
    fn new(limits: Limits) -> Desk<T, R> {
        Desk {
            state: Mutex::new(State {
                pending: BTreeMap::new(),
                costs: BTreeMap::new(),
                done: BTreeMap::new(),
                taken: 0,
                emitted: 0,
                at_work: 0,
                memory: 0,
                ended: false,
                over: false,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            result: Condvar::new(),
            limits,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        // Nothing panics while it holds the lock, so the state is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job.
    fn put_job(&self, job: Job<T>) {
        let mut state = self.lock();
        let index = state.taken;
        state.costs.insert(index, job.cost);
        state.pending.insert((Reverse(job.cost), index), job);
        state.taken += 1;
        drop(state);
        self.work.notify_one();
    }

    /// Adds the result of a job, which held `memory`.
    fn put_result(&self, index: u64, result: R, memory: u64) {
        let mut state = self.lock();
        state.at_work -= 1;
        state.memory -= memory;
        state.done.insert(index, result);
        let awaited = index == state.emitted;
        drop(state);
        if awaited {
            self.result.notify_one();
        }
        self.may_fit();
    }

    /// Counts a result that was emitted.
    fn emitted(&self) {
        self.lock().emitted += 1;
        self.room.notify_one();
        self.may_fit();
    }

    /// Wakes workers that wait for memory; without a limit none does.
    fn may_fit(&self) {
        if self.limits.memory < u64::MAX {
            self.work.notify_all();
        }
    }

    /// Makes a change after which nothing may be waited for.
    fn end(&self, change: impl FnOnce(&mut State<T, R>)) {
        change(&mut self.lock());
        self.work.notify_all();
        self.room.notify_all();
        self.result.notify_all();
    }

    /// Waits until `look` sees something; what it looks for is told of by `changed`.
    fn wait<X>(&self, changed: &Condvar, mut look: impl FnMut(&mut State<T, R>) -> Option<X>) -> X {
        let mut state = self.lock();
        loop {
            if let Some(seen) = look(&mut state) {
                return seen;
            }
            let waited = changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for room in the window; `false` when nothing more is wanted.
    fn wait_for_room(&self) -> bool {
        self.wait(&self.room, |state| {
            let room = state.taken - state.emitted < self.limits.window as u64;
            (room || state.over).then_some(!state.over)
        })
    }

    /// Waits for a job to work on; `None` when there will be none.
    fn next_job(&self) -> Option<(u64, Job<T>)> {
        self.wait(&self.work, |state| {
            if state.over || state.ended && state.pending.is_empty() {
                return Some(None);
            }
            let key = state.choose(&self.limits)?;
            let job = state.pending.remove(&key)?;
            state.costs.remove(&key.1);
            state.at_work += 1;
            state.memory += job.memory;
            Some(Some((key.1, job)))
        })
    }

    /// Waits for the next result in order; `None` when all are out.
    fn next_result(&self) -> Option<R> {
        self.wait(&self.result, |state| {
            if let Some(result) = state.done.remove(&state.emitted) {
                return Some(Some(result));
            }
            // `over` is set here only by a panic, which the scope passes on.
            let all = state.ended && state.emitted == state.taken;
            (all || state.over).then_some(None)
        })
    }
}

impl<T, R> State<T, R> {
    /// Returns the key of the job that is next, if one may be begun now.
    fn choose(&self, limits: &Limits) -> Option<(Reverse<u64>, u64)> {
        let fits = |job: &Job<T>| {
            self.at_work == 0 || self.memory.saturating_add(job.memory) <= limits.memory
        };
        let held = (self.taken - self.emitted) as f64;
        if held >= HEAD_FIRST * limits.window as f64
            && let Some(&cost) = self.costs.get(&self.emitted)
        {
            let key = (Reverse(cost), self.emitted);
            return fits(self.pending.get(&key)?).then_some(key);
        }
        let mut keys = self.pending.iter();
        keys.find(|(_, job)| fits(job)).map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicU32, Ordering};
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn order_holds_under_any_costs_and_limits(
            items in prop::collection::vec((0u64..5, 0u64..100), 0..300),
            threads in 2usize..4,
            window in 1usize..20,
            memory in 0u64..150,
        ) {
            let at_work = std::sync::atomic::AtomicU64::new(0);
            let limits = Limits { window, memory };
            let jobs = items.iter().enumerate().map(|(item, &(cost, memory))| Job { item, cost, memory });
            let mut out = Vec::new();
            let work = |i: usize| {
                let mine = items[i].1;
                let before = at_work.fetch_add(mine, Ordering::SeqCst);
                std::thread::sleep(Duration::from_micros(50));
                at_work.fetch_sub(mine, Ordering::SeqCst);
                // More than the limit only where one item is, alone.
                assert!(before + mine <= memory || before == 0, "{before} + {mine} > {memory}");
                i
            };
            scheduled(Threads::of(threads), limits, jobs, work, |i| {
                out.push(i);
                Ok(ControlFlow::Continue(()))
            }).unwrap();
            prop_assert_eq!(out, (0..items.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn costliest_item_is_begun_first_and_the_awaited_one_when_the_window_fills() {
        let begun = |costs: &[u64], window: usize| {
            let limits = Limits {
                window,
                memory: u64::MAX,
            };
            let desk: Desk<(), ()> = Desk::new(limits);
            for &cost in costs {
                desk.put_job(Job {
                    item: (),
                    cost,
                    memory: 0,
                });
            }
            desk.end(|state| state.ended = true);
            std::iter::from_fn(|| desk.next_job().map(|(index, _)| index)).collect::<Vec<_>>()
        };
        assert_eq!(begun(&[1, 9, 5, 9], 100), [1, 3, 2, 0]);
        // Four of five places are taken, and all wait for the first item.
        assert_eq!(begun(&[1, 9, 5, 9], 5), [0, 1, 3, 2]);
    }

    #[test]
    fn a_slow_source_holds_up_no_result() {
        // The source gives its second item only when the first result is out.
        let (sender, receiver) = std::sync::mpsc::channel();
        let items = (0..3u32).inspect(move |&i| {
            if i > 0 {
                assert_eq!(receiver.recv_timeout(Duration::from_secs(60)), Ok(i - 1));
            }
        });
        let mut out = Vec::new();
        in_order(
            Threads::of(2),
            items,
            |x| x,
            |x| {
                out.push(x);
                let _ = sender.send(x);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(out, [0, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panic_of_the_work_is_passed_on() {
        let work = |x: u32| assert!(x != 7, "on purpose");
        let _ = in_order(Threads::of(2), 0..100, work, |()| Ok(()));
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
