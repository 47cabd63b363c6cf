//! Whether a customer came back.
//!
//! # Conventions
//!
//! * A contact is followed by the customer's next one. It is *repeated* within a time when that begins no
//!   later; of two that begin in the same second the one with the lower hash of its id is the first.
//! * Of the last days of the archive, whose future is not in it, nothing is known.
//! * A record of 64 bytes a contact is sorted outside of memory by customer and time, so memory does not grow
//!   with the archive. Customers are told apart by a 64-bit hash of their id, which is kept nowhere.

use super::row::Moment;
use super::sample::spread;
use crate::batch::{Record, Sorter};
use crate::error::Result;

/// Columns whose groups are followed.
pub(super) const FOLLOWED: usize = 8;
/// Contacts held in memory at a time: 17 MB.
const HELD: usize = 1 << 18;
const DAY_S: i64 = 86_400;

/// One contact of a customer, ordered by customer, time, id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Contact {
    customer: u64,
    time: i64,
    id: u64,
    /// Whether the IVR served it whole.
    pub served: bool,
    pub groups: [u32; FOLLOWED],
}

impl Contact {
    pub fn new(customer: &str, time: Moment, id: &str, served: bool, of: &[u32]) -> Contact {
        let mut groups = [0; FOLLOWED];
        groups
            .iter_mut()
            .zip(of)
            .for_each(|(slot, group)| *slot = *group);
        Contact {
            customer: spread(customer),
            time: time.0,
            id: spread(id),
            served,
            groups,
        }
    }

    pub fn day(&self) -> i64 {
        Moment(self.time).day()
    }
}

pub(super) struct Bytes([u8; 64]);

impl Default for Bytes {
    fn default() -> Bytes {
        Bytes([0; 64])
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for Bytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Record for Contact {
    type Bytes = Bytes;

    fn to_bytes(&self) -> Bytes {
        let mut bytes = Bytes::default();
        bytes.0[..8].copy_from_slice(&self.customer.to_le_bytes());
        bytes.0[8..16].copy_from_slice(&self.time.to_le_bytes());
        bytes.0[16..24].copy_from_slice(&self.id.to_le_bytes());
        bytes.0[24] = u8::from(self.served);
        for (slot, group) in bytes.0[32..].chunks_exact_mut(4).zip(self.groups) {
            slot.copy_from_slice(&group.to_le_bytes());
        }
        bytes
    }

    fn of_bytes(bytes: &Bytes) -> Contact {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes.0[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let mut groups = [0; FOLLOWED];
        for (slot, part) in groups.iter_mut().zip(bytes.0[32..].chunks_exact(4)) {
            let mut word = [0; 4];
            word.copy_from_slice(part);
            *slot = u32::from_le_bytes(word);
        }
        Contact {
            customer: word(0),
            time: word(8) as i64,
            id: word(16),
            served: bytes.0[24] == 1,
            groups,
        }
    }
}

/// The contacts of an archive.
#[derive(Debug)]
pub(super) struct Contacts {
    sorter: Sorter<Contact>,
    last: i64,
    pub count: u64,
}

/// What came after a contact; `None` where that is not in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct After {
    /// Whether the customer came back within the days asked for.
    pub again: Option<bool>,
    /// Whether within a day.
    pub again_in_a_day: Option<bool>,
}

impl Contacts {
    pub fn new() -> Contacts {
        Contacts::holding(HELD)
    }

    fn holding(held: usize) -> Contacts {
        Contacts {
            sorter: Sorter::new(held),
            last: i64::MIN,
            count: 0,
        }
    }

    pub fn add(&mut self, contact: Contact) -> Result<()> {
        self.last = self.last.max(contact.time);
        self.count += 1;
        self.sorter.add(contact)
    }

    /// Tells of every contact what came after it.
    pub fn follow(self, days: u32, mut tell: impl FnMut(&Contact, After)) -> Result<()> {
        let last = self.last;
        let mut sorted = self.sorter.finish()?;
        let mut current = sorted.next()?;
        while let Some(contact) = current {
            let next = sorted.next()?;
            let gap = next
                .filter(|next| next.customer == contact.customer)
                .map(|next| next.time - contact.time);
            let within = |days: i64| {
                let again = gap.is_some_and(|gap| gap <= days * DAY_S);
                let known = again || last - contact.time >= days * DAY_S;
                known.then_some(again)
            };
            tell(
                &contact,
                After {
                    again: within(i64::from(days)),
                    again_in_a_day: within(1),
                },
            );
            current = next;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The plain way: every contact against every other of the customer.
        #[test]
        fn what_came_after_is_what_every_pair_says(
            calls in prop::collection::vec((0..4_u8, 0..40_i64), 1..40),
            held in 1..20_usize,
        ) {
            let hour = 3_600 * 7;
            let mut contacts = Contacts::holding(held);
            for (i, (customer, time)) in calls.iter().enumerate() {
                let id = i.to_string();
                let groups = [i as u32, 7];
                let contact = Contact::new(&customer.to_string(), Moment(time * hour), &id, i % 2 == 0, &groups);
                contacts.add(contact).unwrap();
            }
            let mut found = vec![None; calls.len()];
            contacts.follow(3, |contact, after| {
                assert_eq!(contact.groups[1], 7);
                assert_eq!(contact.served, contact.groups[0] % 2 == 0);
                found[contact.groups[0] as usize] = Some(after);
            }).unwrap();
            let last = calls.iter().map(|call| call.1).max().unwrap();
            for (i, (customer, time)) in calls.iter().enumerate() {
                let within = |days: i64| {
                    let again = calls.iter().enumerate().any(|(j, (other, later))| {
                        let gap = (later - time) * hour;
                        let after = gap > 0 || (gap == 0 && spread(&j.to_string()) > spread(&i.to_string()));
                        other == customer && after && gap <= days * DAY_S
                    });
                    (again || (last - time) * hour >= days * DAY_S).then_some(again)
                };
                let wanted = After { again: within(3), again_in_a_day: within(1) };
                prop_assert_eq!(found[i], Some(wanted));
            }
        }
    }
}
