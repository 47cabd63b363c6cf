//! Several trainings at once, on threads of their own.
//!
//! A library that starts work on a pool of the process hangs in a forked child; so threads are made for
//! the work and end with it. A training takes a second or an hour, and its threads nothing beside.

use crate::error::Result;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns what `work` makes of `0..count`, in order, or its first error; on up to `threads` threads.
pub(super) fn each<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<Result<T>>>> = Mutex::new((0..count).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let made = work(index);
                    // A poisoned lock means that a thread panicked, which the scope passes on.
                    if let Ok(mut done) = done.lock()
                        && let Some(place) = done.get_mut(index)
                    {
                        *place = Some(made);
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_default();
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn order_and_the_first_error_do_not_depend_on_the_threads() {
        for threads in [1, 2, 7, 100] {
            let squares = each(threads, 20, |i| Ok(i * i)).unwrap();
            assert_eq!(squares, (0..20).map(|i| i * i).collect::<Vec<_>>());
            let work = |i: usize| match i {
                0..5 => Ok(i),
                _ => Err(Error::new(ErrorKind::Invalid, i.to_string(), "", "")),
            };
            assert_eq!(each(threads, 20, work).unwrap_err().place(), "5");
            assert!(each(threads, 0, work).unwrap().is_empty());
        }
    }
}
