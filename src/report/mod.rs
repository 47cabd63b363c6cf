//! Results as people look at them: the page of an archive ([`Page`]), a page of one call ([`call_page`]),
//! and its picture ([`picture`]).
//!
//! # Conventions
//!
//! * A page is one file: it asks nothing of a network, runs no script, and says so to the browser
//!   (Content-Security-Policy). It follows the reader's light or dark, a phone's width, and paper.
//! * What comes from data is text in it and never markup; no word of a transcript is in it.
//! * Everything is in English and in Russian, numbers as the language writes them.

mod call;
mod chart;
mod page;
pub mod picture;
mod style;
mod tables;
mod words;

pub use call::{call_fragment, call_page};
pub use page::Page;
pub use tables::write_tables;
