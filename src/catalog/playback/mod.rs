//! Playing: which copy, on which server, told how.

mod choice;
mod images;
mod info;
mod urls;

pub use choice::{Asked, Choice, device_key};
pub use images::{ImageChoice, image};
