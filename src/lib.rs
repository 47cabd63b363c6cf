//! Measures contact-centre calls and estimates the CSI, the mark the customer would give.

pub mod audio;
pub mod batch;
pub mod call;
pub mod conversation;
pub mod error;
pub mod features;
pub mod model;
pub mod score;
pub mod settings;
pub mod simulate;
pub mod timeline;
pub mod transcript;
pub mod vad;

pub use error::{Error, ErrorKind, Result};
