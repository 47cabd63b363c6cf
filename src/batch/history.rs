//! What a customer's earlier calls show, computed over the archive itself.
//!
//! # Conventions
//!
//! * Strictly earlier: a call counts for another of the same customer when it began before that one
//!   did. Of two that began in the same nanosecond neither counts for the other.
//! * A call that met the IVR is one whose `ivr_status` tells how that ended; `unknown` and `none` are
//!   no evidence. The customer asked for a person in it when the status is `operator_requested`: what was
//!   completed before would have been `completed`.
//! * One pass over the manifest gathers a record of 33 bytes a call, which is sorted outside of memory
//!   by customer and start, and what was counted again by line. A second pass, the run itself, takes it
//!   line by line. So it depends neither on threads nor on the order of the manifest, and a run that is
//!   gone on with finds the same.
//! * Customers are told apart by two 64-bit hashes of their id; the id itself is kept nowhere.

use super::manifest::Manifest;
use super::sort::{HELD, Record, Sorted, Sorter};
use crate::call::{CustomerHistory, IvrStatus, Metadata, WallTime};
use crate::error::Result;
use crate::settings::fnv1a;

/// The columns that a history is made of.
#[derive(Clone, Debug)]
pub struct HistoryColumns {
    /// Who the customer is. Defaults to `customer_id`.
    pub customer: String,
    /// When the call began (RFC 3339), where `recording_start` does not tell. Defaults to `call_start`.
    pub start: String,
    /// Calls held in memory at a time. Defaults to 1,048,576, in 42 MB.
    pub held: usize,
}

impl Default for HistoryColumns {
    fn default() -> HistoryColumns {
        HistoryColumns {
            customer: "customer_id".to_owned(),
            start: "call_start".to_owned(),
            held: HELD,
        }
    }
}

/// One call of a customer. Ordered by customer, then start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Contact {
    customer: (u64, u64),
    start: i64,
    line: u64,
    /// 0: tells nothing of the IVR; 1: the customer did not ask for a person; 2: did.
    ivr: u8,
}

impl Record for Contact {
    type Bytes = ContactBytes;

    fn to_bytes(&self) -> ContactBytes {
        let mut bytes = ContactBytes::default();
        bytes.0[..8].copy_from_slice(&self.customer.0.to_le_bytes());
        bytes.0[8..16].copy_from_slice(&self.customer.1.to_le_bytes());
        bytes.0[16..24].copy_from_slice(&self.start.to_le_bytes());
        bytes.0[24..32].copy_from_slice(&self.line.to_le_bytes());
        bytes.0[32] = self.ivr;
        bytes
    }

    fn of_bytes(bytes: &ContactBytes) -> Contact {
        Contact {
            customer: (word(&bytes.0, 0), word(&bytes.0, 8)),
            start: word(&bytes.0, 16) as i64,
            line: word(&bytes.0, 24),
            ivr: bytes.0[32],
        }
    }
}

/// The bytes of a [`Contact`].
struct ContactBytes([u8; 33]);

impl Default for ContactBytes {
    fn default() -> ContactBytes {
        ContactBytes([0; 33])
    }
}

impl AsRef<[u8]> for ContactBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for ContactBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// What the earlier calls of the customer of a line show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Earlier {
    line: u64,
    contacts: u32,
    requests: u32,
}

impl Record for Earlier {
    type Bytes = [u8; 16];

    fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.line.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.contacts.to_le_bytes());
        bytes[12..].copy_from_slice(&self.requests.to_le_bytes());
        bytes
    }

    fn of_bytes(bytes: &[u8; 16]) -> Earlier {
        let counts = word(bytes, 8);
        Earlier {
            line: word(bytes, 0),
            contacts: counts as u32,
            requests: (counts >> 32) as u32,
        }
    }
}

/// What the customers' earlier calls show, for each call of an archive.
///
/// A call counts for another of the same customer when it began strictly before it. It is a contact with
/// the IVR when its `ivr_status` tells how that ended (`unknown` and `none` are no evidence), and a request
/// for a person when that is `operator_requested`. Made of one pass over the manifest and a sort
/// outside of memory; the run takes it line by line.
#[derive(Debug)]
pub struct History {
    sorted: Sorted<Earlier>,
    next: Option<Earlier>,
    /// Calls whose customer and start are known.
    known: u64,
    /// Calls that lack one of them.
    unknown: u64,
}

impl History {
    /// Gathers the histories of all calls of a manifest, which is read whole, row by row. Rows that
    /// cannot be read have none; the run says why.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when a temporary file cannot be written.
    pub fn gather(manifest: Manifest, columns: &HistoryColumns) -> Result<History> {
        let mut contacts = Sorter::new(columns.held);
        let (mut known, mut unknown) = (0, 0);
        for entry in manifest {
            let Ok(call) = &entry.row else { continue };
            match contact(entry.line, &call.metadata, columns) {
                Some(contact) => {
                    known += 1;
                    contacts.add(contact)?;
                }
                None => unknown += 1,
            }
        }
        let mut contacts = contacts.finish()?;
        let mut earlier = Sorter::new(columns.held);
        let mut counted = Counted::default();
        while let Some(contact) = contacts.next()? {
            earlier.add(counted.add(contact))?;
        }
        let mut sorted = earlier.finish()?;
        Ok(History {
            next: sorted.next()?,
            sorted,
            known,
            unknown,
        })
    }

    /// Returns the number of calls whose customer and start are known.
    pub fn known(&self) -> u64 {
        self.known
    }

    /// Returns the number of calls that lack a customer or a start, and so a history.
    pub fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Adds what is known of a line's customer, unless the row tells it. Lines come in growing order.
    pub(super) fn add_to(&mut self, line: u64, metadata: &mut Metadata) -> Result<()> {
        while let Some(earlier) = self.next
            && earlier.line < line
        {
            self.next = self.sorted.next()?;
        }
        let Some(earlier) = self.next.filter(|earlier| earlier.line == line) else {
            return Ok(());
        };
        if metadata.customer.is_none() {
            let share = f64::from(earlier.requests) / f64::from(earlier.contacts);
            metadata.customer = Some(CustomerHistory {
                always_requests_operator: None,
                ivr_history_count: Some(earlier.contacts),
                operator_request_share: (earlier.contacts > 0).then_some(share),
            });
        }
        Ok(())
    }
}

fn contact(line: u64, metadata: &Metadata, columns: &HistoryColumns) -> Option<Contact> {
    let customer = metadata.extra.get(&columns.customer)?;
    let told = metadata.extra.get(&columns.start);
    let told = told.and_then(|text| text.parse::<WallTime>().ok());
    let start = told.or(metadata.recording_start)?;
    let ivr = match metadata.ivr.as_ref().and_then(|ivr| ivr.status) {
        None | Some(IvrStatus::Unknown | IvrStatus::None) => 0,
        Some(IvrStatus::OperatorRequested) => 2,
        Some(_) => 1,
    };
    Some(Contact {
        customer: (fnv1a(customer.bytes()), fnv1a(customer.bytes().rev())),
        start: start.nanos(),
        line,
        ivr,
    })
}

/// Counts the contacts of one customer after another, in order of time.
#[derive(Default)]
struct Counted {
    customer: Option<(u64, u64)>,
    start: i64,
    /// Of the contacts before `start`.
    before: (u32, u32),
    /// Of those at `start` as well.
    so_far: (u32, u32),
}

impl Counted {
    fn add(&mut self, contact: Contact) -> Earlier {
        if self.customer != Some(contact.customer) {
            *self = Counted {
                customer: Some(contact.customer),
                start: contact.start,
                ..Counted::default()
            };
        }
        if contact.start > self.start {
            self.start = contact.start;
            self.before = self.so_far;
        }
        self.so_far.0 += u32::from(contact.ivr > 0);
        self.so_far.1 += u32::from(contact.ivr == 2);
        Earlier {
            line: contact.line,
            contacts: self.before.0,
            requests: self.before.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_counted_by_looking_at_every_pair(
            calls in prop::collection::vec((0u64..4, 0i64..6, 0u8..3), 0..60),
            held in 1usize..80,
        ) {
            let contacts: Vec<Contact> = (1..).zip(&calls).map(|(line, &(customer, start, ivr))| Contact {
                customer: (customer, 0), start, line, ivr,
            }).collect();
            let mut sorter = Sorter::new(held);
            contacts.iter().try_for_each(|&c| sorter.add(c)).unwrap();
            let mut sorted = sorter.finish().unwrap();
            let mut counted = Counted::default();
            let mut found = Vec::new();
            while let Some(contact) = sorted.next().unwrap() {
                found.push(counted.add(contact));
            }
            found.sort_unstable();
            let wanted: Vec<Earlier> = contacts.iter().map(|this| {
                let earlier = || contacts.iter().filter(|c| c.customer == this.customer && c.start < this.start);
                Earlier {
                    line: this.line,
                    contacts: earlier().filter(|c| c.ivr > 0).count() as u32,
                    requests: earlier().filter(|c| c.ivr == 2).count() as u32,
                }
            }).collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn records_survive_their_bytes(a in any::<(u64, u64)>(), start in any::<i64>(), line in any::<u64>(), n in any::<(u32, u32)>()) {
            let contact = Contact { customer: a, start, line, ivr: 2 };
            prop_assert_eq!(Contact::of_bytes(&contact.to_bytes()), contact);
            let earlier = Earlier { line, contacts: n.0, requests: n.1 };
            prop_assert_eq!(Earlier::of_bytes(&earlier.to_bytes()), earlier);
        }
    }
}
