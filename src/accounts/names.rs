//! Names that people give: how they are kept, and how they are compared.

use icu_properties::props::{DefaultIgnorableCodePoint, Emoji, GeneralCategory};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};
use unicode_normalization::UnicodeNormalization;

use crate::error::InvalidInput;

/// The longest name of a user or server, in characters.
pub const MAX_NAME: usize = 64;
/// The longest name of a library, in characters.
pub const MAX_LIBRARY_NAME: usize = 128;

/// Counts as a sign, and is none.
const BLANK_BRAILLE: char = '\u{2800}';

static CATEGORY_OF: CodePointMapDataBorrowed<'static, GeneralCategory> =
    CodePointMapData::<GeneralCategory>::new();
static IS_IGNORABLE: CodePointSetDataBorrowed<'static> =
    CodePointSetData::new::<DefaultIgnorableCodePoint>();
static IS_EMOJI: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<Emoji>();

/// A name as it is kept: trimmed.
///
/// # Errors
/// When it is empty, too long, or holds characters that nobody sees.
pub fn check(field: &str, name: &str, longest: usize) -> Result<String, InvalidInput> {
    let allowed = || format!("1 to {longest} characters that can be seen");
    let name = name.trim();
    if name.is_empty() {
        return Err(InvalidInput::new(field, "it is empty", allowed()));
    }
    if name.chars().count() > longest {
        return Err(InvalidInput::new(field, "it is too long", allowed()));
    }
    if holds_unseen(name) {
        let problem = "it holds control characters, or others that nobody sees";
        return Err(InvalidInput::new(field, problem, allowed()));
    }
    Ok(name.to_owned())
}

/// Whether two names can look alike and differ: by characters without a shape of their own.
fn holds_unseen(name: &str) -> bool {
    let mut before = '\0';
    name.chars().any(|c| {
        // It picks the colours of the picture before it.
        let is_of_picture = c == '\u{fe0f}' && !before.is_ascii() && IS_EMOJI.contains(before);
        before = c;
        is_unseen(c) && !is_of_picture
    })
}

fn is_unseen(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    matches!(
        CATEGORY_OF.get(c),
        Control | Format | LineSeparator | ParagraphSeparator
    ) || IS_IGNORABLE.contains(c)
        || c == BLANK_BRAILLE
}

/// The form in which names are compared: case, width and spaces do not matter.
pub fn key(name: &str) -> String {
    let folded: String = name.nfkc().flat_map(char::to_lowercase).collect();
    folded
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .nfkc()
        .collect()
}

/// Text that a client sends about itself: kept short and printable, never refused.
pub fn tame(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(256).collect();
    text.trim().to_owned()
}
