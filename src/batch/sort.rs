//! Sorting more records than memory holds.
//!
//! # Conventions
//!
//! * Records have one size and an order in which no two are equal, so the result does not depend on
//!   how many are held at a time.
//! * What does not fit is spilled to files without a name in the system's folder for temporary files,
//!   which are gone with the process, however that ends.

use crate::error::{Error, Result};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;

/// Records held at a time unless told otherwise: of 40 bytes, 40 MB.
pub(crate) const HELD: usize = 1 << 20;

/// A record of `SIZE` bytes.
pub(crate) trait Record: Ord + Sized {
    /// Its bytes.
    type Bytes: AsRef<[u8]> + AsMut<[u8]> + Default;
    fn to_bytes(&self) -> Self::Bytes;
    fn of_bytes(bytes: &Self::Bytes) -> Self;
}

/// Takes records in any order and gives them back sorted.
#[derive(Debug)]
pub(crate) struct Sorter<R> {
    held: Vec<R>,
    most: usize,
    spilled: Vec<File>,
}

fn io(error: std::io::Error) -> Error {
    Error::io("a temporary file", &error)
}

impl<R: Record> Sorter<R> {
    pub(crate) fn new(most: usize) -> Sorter<R> {
        Sorter {
            held: Vec::new(),
            most: most.max(1),
            spilled: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, record: R) -> Result<()> {
        self.held.push(record);
        match self.held.len() >= self.most {
            true => self.spill(),
            false => Ok(()),
        }
    }

    fn spill(&mut self) -> Result<()> {
        self.held.sort_unstable();
        let mut writer = BufWriter::new(tempfile::tempfile().map_err(io)?);
        for record in self.held.drain(..) {
            writer.write_all(record.to_bytes().as_ref()).map_err(io)?;
        }
        let file = writer.into_inner().map_err(|e| io(e.into_error()))?;
        self.spilled.push(file);
        Ok(())
    }

    /// Returns the records in order.
    pub(crate) fn finish(mut self) -> Result<Sorted<R>> {
        self.held.sort_unstable();
        let held = std::mem::take(&mut self.held);
        let mut runs = vec![Run::Held(held.into_iter())];
        for mut file in self.spilled {
            file.seek(SeekFrom::Start(0)).map_err(io)?;
            runs.push(Run::Spilled(BufReader::new(file), PhantomData));
        }
        let mut next = BinaryHeap::new();
        for (i, run) in runs.iter_mut().enumerate() {
            if let Some(record) = run.next()? {
                next.push(Reverse((record, i)));
            }
        }
        Ok(Sorted { runs, next })
    }
}

#[derive(Debug)]
enum Run<R> {
    Held(std::vec::IntoIter<R>),
    Spilled(BufReader<File>, PhantomData<R>),
}

impl<R: Record> Run<R> {
    fn next(&mut self) -> Result<Option<R>> {
        match self {
            Run::Held(records) => Ok(records.next()),
            Run::Spilled(reader, _) => {
                let mut bytes = R::Bytes::default();
                match reader.read_exact(bytes.as_mut()) {
                    Ok(()) => Ok(Some(R::of_bytes(&bytes))),
                    Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
                    Err(e) => Err(io(e)),
                }
            }
        }
    }
}

/// Sorted records, merged as they are asked for.
#[derive(Debug)]
pub(crate) struct Sorted<R> {
    runs: Vec<Run<R>>,
    next: BinaryHeap<Reverse<(R, usize)>>,
}

impl<R: Record> Sorted<R> {
    pub(crate) fn next(&mut self) -> Result<Option<R>> {
        let Some(Reverse((record, i))) = self.next.pop() else {
            return Ok(None);
        };
        if let Some(following) = self.runs[i].next()? {
            self.next.push(Reverse((following, i)));
        }
        Ok(Some(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Record for u64 {
        type Bytes = [u8; 8];
        fn to_bytes(&self) -> [u8; 8] {
            self.to_le_bytes()
        }
        fn of_bytes(bytes: &[u8; 8]) -> u64 {
            u64::from_le_bytes(*bytes)
        }
    }

    proptest! {
        #[test]
        fn as_sorted_in_memory_however_few_are_held(
            mut given in prop::collection::vec(any::<u64>(), 0..200),
            most in 0usize..250,
        ) {
            let mut sorter = Sorter::new(most);
            given.iter().try_for_each(|&x| sorter.add(x)).unwrap();
            let mut sorted = sorter.finish().unwrap();
            let found: Vec<u64> = std::iter::from_fn(|| sorted.next().unwrap()).collect();
            given.sort_unstable();
            prop_assert_eq!(found, given);
        }
    }
}
