//! Results as people look at them: a page of one call ([`call_page`]), and its picture ([`picture`]).
//! What comes from a call is text in them and never markup; no word of the transcript is in them.

mod call;
pub mod picture;

pub use call::call_page;
