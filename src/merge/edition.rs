//! Edition words: "Director's Cut" does not part an item, it labels the version.

/// Words that end an edition, so that most names are let through after one look.
const LAST_WORDS: &[&str] = &[
    "cut",
    "edition",
    "version",
    "extended",
    "unrated",
    "uncut",
    "uncensored",
    "remastered",
    "remaster",
    "restored",
    "restoration",
    "redux",
    "imax",
    "matte",
    "theatrical",
    "3d",
];
/// Phrases that are an edition wherever a name ends with them.
const PHRASES: &[(&str, &str)] = &[
    ("director cut", "Director's Cut"),
    ("directors cut", "Director's Cut"),
    ("directors edition", "Director's Cut"),
    ("final cut", "Final Cut"),
    ("extended cut", "Extended"),
    ("extended edition", "Extended"),
    ("extended version", "Extended"),
    ("extended directors cut", "Extended Director's Cut"),
    ("special extended edition", "Extended"),
    ("theatrical cut", "Theatrical"),
    ("theatrical version", "Theatrical"),
    ("theatrical edition", "Theatrical"),
    ("special edition", "Special Edition"),
    ("collectors edition", "Collector's Edition"),
    ("limited edition", "Limited Edition"),
    ("ultimate edition", "Ultimate Edition"),
    ("ultimate cut", "Ultimate Edition"),
    ("definitive edition", "Definitive Edition"),
    ("anniversary edition", "Anniversary Edition"),
    ("deluxe edition", "Deluxe Edition"),
    ("criterion edition", "Criterion"),
    ("imax edition", "IMAX"),
    ("imax version", "IMAX"),
    ("unrated cut", "Unrated"),
    ("unrated edition", "Unrated"),
    ("unrated version", "Unrated"),
    ("uncut version", "Uncut"),
    ("uncut edition", "Uncut"),
    ("international cut", "International Cut"),
    ("remastered edition", "Remastered"),
    ("remastered version", "Remastered"),
    ("restored version", "Restored"),
    ("4k remaster", "Remastered"),
    ("4k remastered", "Remastered"),
    ("4k restoration", "Restored"),
    ("open matte", "Open Matte"),
];
/// Single words that are an edition only where a sign sets them apart ("Alien - Extended").
const SET_APART: &[(&str, &str)] = &[
    ("extended", "Extended"),
    ("unrated", "Unrated"),
    ("uncut", "Uncut"),
    ("uncensored", "Uncensored"),
    ("remastered", "Remastered"),
    ("remaster", "Remastered"),
    ("restored", "Restored"),
    ("redux", "Redux"),
    ("imax", "IMAX"),
    ("theatrical", "Theatrical"),
    ("3d", "3D"),
];

/// The name without its edition, and the edition's label: `("Alien", Some("Director's Cut"))`.
/// A name that would be nothing but its edition ("The Final Cut") is left whole.
pub fn split(name: &str) -> (&str, Option<&'static str>) {
    let last = name
        .rsplit(|c: char| !c.is_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or("");
    if !LAST_WORDS
        .iter()
        .any(|word| word.eq_ignore_ascii_case(last))
    {
        return (name, None);
    }
    split_carefully(name)
}

fn split_carefully(name: &str) -> (&str, Option<&'static str>) {
    let words = words(name);
    for take in (1..=4.min(words.len().saturating_sub(1))).rev() {
        let tail = &words[words.len() - take..];
        let phrase = tail
            .iter()
            .map(|w| w.2.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        let start = tail[0].0;
        let base =
            name[..start].trim_end_matches(|c: char| !c.is_alphanumeric() && c != '!' && c != '?');
        let apart = name[base.len()..start].chars().any(|c| !c.is_whitespace());
        let label = PHRASES
            .iter()
            .find(|(p, _)| *p == phrase)
            .or_else(|| SET_APART.iter().find(|(p, _)| apart && *p == phrase));
        let Some((_, label)) = label else { continue };
        let base = without_the(without_ordinal(base));
        let base = base.trim_end_matches(|c: char| c.is_whitespace() || ":-–—([".contains(c));
        let says_something = self::words(base).iter().any(|w| w.2 != "the" && w.2 != "a");
        if says_something {
            return (base, Some(label));
        }
    }
    (name, None)
}

/// "Blade Runner (The" before "Final Cut".
fn without_the(base: &str) -> &str {
    let rest = base
        .strip_suffix("The")
        .or_else(|| base.strip_suffix("the"));
    rest.filter(|rest| !rest.ends_with(char::is_alphanumeric))
        .unwrap_or(base)
}

/// "Alien 40th" before "Anniversary Edition".
fn without_ordinal(base: &str) -> &str {
    let last = base
        .rsplit(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("");
    let ordinal = ["st", "nd", "rd", "th"].iter().any(|suffix| {
        last.strip_suffix(suffix)
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    });
    if ordinal {
        &base[..base.len() - last.len()]
    } else {
        base
    }
}

/// (start, end, lower case without apostrophes) of each word.
fn words(name: &str) -> Vec<(usize, usize, String)> {
    let mut found: Vec<(usize, usize, String)> = Vec::new();
    let mut open = false;
    for (at, symbol) in name.char_indices() {
        let end = at + symbol.len_utf8();
        match found.last_mut().filter(|_| open) {
            Some(word) if symbol.is_alphanumeric() => {
                word.1 = end;
                word.2.extend(symbol.to_lowercase());
            }
            Some(_) if matches!(symbol, '\'' | '’') => {}
            _ if symbol.is_alphanumeric() => {
                found.push((at, end, symbol.to_lowercase().collect()));
                open = true;
            }
            _ => open = false,
        }
    }
    found
}
