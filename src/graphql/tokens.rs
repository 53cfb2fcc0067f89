//! Counts a document's tokens without parsing it, so that the parser only meets what it can bear.

use super::error::GraphError;
use super::limits::too_complex;

/// Refuses a document with more than `most` tokens or brackets nested deeper than `deepest`.
///
/// # Errors
/// `TOO_COMPLEX`.
pub fn check(query: &str, most: usize, deepest: usize) -> Result<(), GraphError> {
    let bytes = query.as_bytes();
    let (mut at, mut count, mut open) = (0, 0usize, 0usize);
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at = end_of_line(bytes, at);
                continue;
            }
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' | b'(' => {
                open += 1;
                at += 1;
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                at += 1;
            }
            b'.' => {
                at += bytes[at..]
                    .iter()
                    .take(3)
                    .take_while(|b| **b == b'.')
                    .count()
            }
            byte if is_word(byte) => {
                at += bytes[at..].iter().take_while(|b| is_word(**b)).count();
            }
            _ => at += 1,
        }
        count += 1;
        if count > most {
            return Err(too_complex("tokens", most as u64));
        }
        if open > deepest {
            return Err(too_complex("nested brackets", deepest as u64));
        }
    }
    Ok(())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    bytes[from..]
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
        .map_or(bytes.len(), |length| from + length)
}

/// Just behind the string (or block string) that starts at `from`; an open one ends with the text.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let block = bytes[from..].starts_with(b"\"\"\"");
    let mut at = from + if block { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if block && bytes[at + 1..].starts_with(b"\"\"\"") => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block => return at + 1,
            b'"' if bytes[at..].starts_with(b"\"\"\"") => return at + 3,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn words_strings_and_marks_are_one_each() {
        let query = "query Q($a: Int = 12) { item(id: \"x } # \\\" y\", b: \"\"\"{ \\\"\"\" \"\"\") { ...on Item { id } } } # end {";
        let tokens = 29;
        assert!(check(query, tokens, 3).is_ok());
        assert!(check(query, tokens - 1, 3).is_err());
        assert!(check(query, tokens, 2).is_err());
    }

    #[test]
    fn an_open_string_ends_with_the_text() {
        for query in [
            "\"",
            "\"\\",
            "\"\"\"",
            "\"\"\"\\\"\"\"",
            "\"a",
            "..",
            "é\u{0}",
        ] {
            assert!(check(query, 10, 10).is_ok(), "{query}");
        }
    }
}
