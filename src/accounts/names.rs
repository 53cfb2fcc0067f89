//! Names that people give: how they are kept, and how they are compared.

use unicode_normalization::UnicodeNormalization;

use crate::error::InvalidInput;

/// The longest name of a user or server, in characters.
pub const MAX_NAME: usize = 64;
/// The longest name of a library, in characters.
pub const MAX_LIBRARY_NAME: usize = 128;

/// A name as it is kept: trimmed.
///
/// # Errors
/// When it is empty, too long, or holds control characters.
pub fn check(field: &str, name: &str, longest: usize) -> Result<String, InvalidInput> {
    let allowed = || format!("1 to {longest} characters, none of them control characters");
    let name = name.trim();
    if name.is_empty() {
        return Err(InvalidInput::new(field, "it is empty", allowed()));
    }
    if name.chars().count() > longest {
        return Err(InvalidInput::new(field, "it is too long", allowed()));
    }
    if name.chars().any(is_unprintable) {
        return Err(InvalidInput::new(
            field,
            "it holds control characters",
            allowed(),
        ));
    }
    Ok(name.to_owned())
}

/// Control characters, and those that only turn text around or hide in it.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
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
