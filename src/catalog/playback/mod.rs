//! Playing: which copy, on which server, told how.

mod choice;
mod images;
mod info;
mod name_pictures;
mod shown;
mod stalled;
mod twins;
pub(super) mod urls;

pub use choice::{Asked, Choice, device_key};
pub use images::{ImageChoice, image};
pub use name_pictures::NamePictures;
pub use shown::{Shown, TOLD_MS};
pub use stalled::{LEFT_ALONE, Stalled};
pub use twins::Sampling;
