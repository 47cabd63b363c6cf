//! A stable share of a manifest.

use crate::error::{Error, ErrorKind, Result};
use crate::settings::fnv1a;
use std::fmt;
use std::str::FromStr;

/// One of `count` shares of a manifest: the calls whose id, hashed by 64-bit FNV-1a, leaves `index`
/// when divided by `count`. A call's share depends on its id alone, so it is the same whatever else
/// the manifest holds, and the shares together are the manifest.
///
/// ```
/// use callcsi::batch::Shard;
/// let shard: Shard = "0/4".parse()?;
/// assert_eq!(shard.to_string(), "0/4");
/// let shares = (0..4).map(|index| Shard::new(index, 4).unwrap());
/// assert_eq!(shares.filter(|s| s.holds("звонок-17")).count(), 1);
/// # Ok::<(), callcsi::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// Makes a share, counted from 0; `None` when there is none of that number.
    pub fn new(index: u32, count: u32) -> Option<Shard> {
        (index < count).then_some(Shard { index, count })
    }

    /// Returns how many shares there are.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Tells whether the call of this id belongs to the share.
    pub fn holds(self, call_id: &str) -> bool {
        fnv1a(call_id.bytes()) % u64::from(self.count) == u64::from(self.index)
    }

    /// Tells whether a row belongs to the share; one without an id belongs where its line does.
    pub(super) fn holds_row(self, call_id: Option<&str>, line: u64) -> bool {
        match call_id {
            Some(id) => self.holds(id),
            None => line % u64::from(self.count) == u64::from(self.index),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = Error;

    /// Parses `i/n`, where `i` is from 0 to `n` − 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for anything else.
    fn from_str(text: &str) -> Result<Shard> {
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let shard = numbers.and_then(|(index, count)| Shard::new(index, count));
        shard.ok_or_else(|| {
            let found = format!("{text:?}");
            let wanted = "i/n, with i from 0 to n − 1";
            let error = Error::new(ErrorKind::Invalid, "shard", found, wanted);
            match numbers {
                Some((i, n)) if i == n && n > 0 => error.hint("shards are counted from 0"),
                _ => error,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_the_published_one() {
        // The test vectors of FNV-1a, 64 bits: "a" is af63dc4c8601ec8c, "foobar" 85944171f73967e8.
        assert_eq!(fnv1a(*b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(*b"foobar"), 0x8594_4171_f739_67e8);
        // 0x8594 4171 f739 67e8 mod 10 = 9625390261332436968 mod 10 = 8.
        assert!(Shard::new(8, 10).is_some_and(|shard| shard.holds("foobar")));
    }

    #[test]
    fn shards_are_counted_from_0() {
        let error = "4/4".parse::<Shard>().unwrap_err();
        assert_eq!(error.hint_text(), Some("shards are counted from 0"));
        for odd in ["", "1", "-1/4", "1/0", "a/b", "1/2/3"] {
            assert!(odd.parse::<Shard>().is_err(), "{odd}");
        }
    }
}
