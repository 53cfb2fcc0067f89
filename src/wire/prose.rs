//! Long texts in words of some language: a library of a million items holds them all in memory, so they lie
//! there squeezed, to about half.

use std::ops::Deref;
use std::sync::{Mutex, OnceLock};

use fsst::Compressor;
use serde::{Deserialize, Serialize};

/// A text that people read, long enough that squeezing it pays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prose(String);

impl Deref for Prose {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl From<String> for Prose {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// So many bytes are looked at to learn what often stands together: about a thousand overviews, in the
/// languages of this installation. Fewer stay as they are; they take little.
const SAMPLE: usize = 256 * 1024;

/// What is squeezed here is read here: it lies in memory alone, as what is learned does.
pub(super) static PROSE: Squeezer = Squeezer::new(SAMPLE);

/// Learns from the first texts, and squeezes all that follow.
pub(super) struct Squeezer {
    enough: usize,
    seen: Mutex<Seen>,
    learned: OnceLock<Compressor>,
}

struct Seen {
    texts: Vec<String>,
    bytes: usize,
}

impl Squeezer {
    const fn new(enough: usize) -> Self {
        Self {
            enough,
            seen: Mutex::new(Seen {
                texts: Vec::new(),
                bytes: 0,
            }),
            learned: OnceLock::new(),
        }
    }

    /// None where it stays as it is.
    pub(super) fn squeeze(&self, text: &str) -> Option<Vec<u8>> {
        let Some(learned) = self.learned.get() else {
            self.learn(text);
            return None;
        };
        let squeezed = learned.compress(text.as_bytes());
        (squeezed.len() < text.len()).then_some(squeezed)
    }

    /// The text that [`Squeezer::squeeze`] made this of.
    pub(super) fn read(&self, squeezed: &[u8]) -> String {
        let learned = self.learned.get().expect("it squeezed this");
        let text = learned.decompressor().decompress(squeezed);
        String::from_utf8(text).expect("what was squeezed as text")
    }

    fn learn(&self, text: &str) {
        let mut seen = self.seen.lock().expect("no panic while locked");
        seen.bytes += text.len();
        seen.texts.push(text.to_owned());
        if seen.bytes >= self.enough {
            let texts = std::mem::take(&mut seen.texts);
            let texts = texts.iter().map(String::as_bytes).collect();
            self.learned.get_or_init(|| Compressor::train(&texts));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// It has seen some texts of this kind.
    fn learned() -> Squeezer {
        let squeezer = Squeezer::new(20_000);
        for number in 0..400 {
            let text = format!("In chapter {number} the captain loses the ship, and the sea wins.");
            assert_eq!(squeezer.squeeze(&text).is_some(), number > 335, "{number}");
        }
        squeezer
    }

    #[test]
    fn once_it_has_learned_texts_take_less() {
        let squeezer = learned();
        let text = "In the last chapter the captain wins the ship, and loses the sea.";
        let squeezed = squeezer.squeeze(text).expect("smaller");
        assert!(squeezed.len() * 4 < text.len() * 3, "{}", squeezed.len());
        assert_eq!(squeezer.read(&squeezed), text);
        assert_eq!(squeezer.squeeze("千と千尋の神隠し"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_squeezed_is_read_back(texts in prop::collection::vec("\\PC{0,80}", 1..20)) {
            let squeezer = learned();
            for text in &texts {
                let told = format!("the sea {text} the captain \u{0} the ship");
                if let Some(squeezed) = squeezer.squeeze(&told) {
                    prop_assert!(squeezed.len() < told.len());
                    prop_assert_eq!(squeezer.read(&squeezed), told);
                }
            }
        }
    }
}
