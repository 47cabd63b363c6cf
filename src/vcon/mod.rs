//! vCon, a conversation as JSON: a call out of one, an estimate of the CSI into one.
//!
//! The format is that of draft-ietf-vcon-vcon-core-04 with the contact-centre extension
//! (draft-ietf-vcon-cc-extension-02); what earlier drafts called otherwise (`mimetype`, `must_support`,
//! `alg` with `signature`, `meta.role`, an attachment's `type`) is read too.
//!
//! # Conventions
//!
//! * A vCon is one call: its id is the `uuid`, its sound the one dialog of type `recording`, or two of
//!   them, one of each side. Any other number is an error, unless the dialog is named.
//! * Sides follow from the roles of the parties, never from their names or their order.
//! * A vCon with inline sound is opened again when the sound is wanted, so that a call that waits its
//!   turn holds none. A hash of the content (SHA-512) is checked then.
//! * Nothing is fetched: there is no network. A recording beside the vCon is found by its file name,
//!   in the vCon's folder or below it.
//! * What a vCon leaves unknown is told with its reason ([`VconCall::unfilled`]); what is odd in it, as
//!   a warning.
//! * What is written changes one item of `analysis` and no other byte of a value: numbers, the order of
//!   keys and unknown members stand as they stood.
//! * Signed and encrypted vCons are refused: their content could be read with keys only, and a changed
//!   one would break its signature.

mod document;
mod encoding;
mod history;
mod read;
mod write;

pub use read::{ReadOptions, Unfilled, VconCall, read, read_file};
pub use write::{BodyShape, PRODUCT, SCHEMA, VENDOR, attach, new_vcon};

pub(crate) use encoding::{hex, read_text, sha512};
pub(crate) use read::{FILE_ENDINGS, uuid_of};
