//! Measures contact-centre calls and estimates the CSI, the mark the customer would give.

pub mod call;
pub mod error;
pub mod features;
pub mod settings;
pub mod simulate;
pub mod timeline;
pub mod transcript;

pub use error::{Error, ErrorKind, Result};
