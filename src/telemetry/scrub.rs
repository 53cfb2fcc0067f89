//! Takes secrets out of a line of text.

use std::borrow::Cow;

/// What stands before a secret, lower case.
const MARKS: &[&str] = &[
    "api_key=",
    "apikey=",
    "token=",
    "password=",
    "bearer ",
    "x-emby-token: ",
    "x-mediabrowser-token: ",
];

/// Replaces what follows a mark (`api_key=`, `Token="`, `Bearer ` …) by `…`, and the user and password in a
/// URL by `…@`.
pub fn scrub(line: &str) -> Cow<'_, str> {
    // The marks are ASCII, so the places found in the lower-case text are those of the text.
    let lower = line.to_ascii_lowercase();
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for mark in MARKS {
        for (at, _) in lower.match_indices(mark) {
            let start = at + mark.len();
            // A quote may be escaped inside JSON.
            let start = start + line[start..].find(|c| c != '"' && c != '\\').unwrap_or(0);
            cuts.push((start, start + secret_len(&line[start..])));
        }
    }
    for (at, _) in lower.match_indices("://") {
        let start = at + 3;
        let authority = &line[start..];
        let end = authority
            .find(|c: char| c == '/' || c == '"' || c.is_whitespace())
            .unwrap_or(authority.len());
        if let Some(user) = authority[..end].rfind('@') {
            cuts.push((start, start + user));
        }
    }
    if cuts.is_empty() {
        return Cow::Borrowed(line);
    }
    cuts.sort_unstable();
    let mut scrubbed = String::with_capacity(line.len());
    let mut done = 0;
    for (start, end) in cuts {
        if start >= done && end > start {
            scrubbed.push_str(&line[done..start]);
            scrubbed.push('…');
            done = end;
        }
    }
    scrubbed.push_str(&line[done..]);
    Cow::Owned(scrubbed)
}

fn secret_len(text: &str) -> usize {
    text.find(|c: char| matches!(c, '&' | '"' | '\'' | ',' | ';' | ')' | '\\') || c.is_whitespace())
        .unwrap_or(text.len())
}
