//! What a copy is searched and sorted by, in one piece of memory: the one mostly ends with the other.

/// Tells the two apart in the text that holds both: twice where the sort name begins, which ends where the
/// text does; one more where what is searched ends there too, and not with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parting(u32);

/// The text that holds both. `searched`: the names, a line each.
pub(super) fn in_one(searched: &[&str], sort_name: &str) -> (Box<str>, Parting) {
    let mut text = searched.join("\n");
    let is_apart = !text.ends_with(sort_name);
    if is_apart {
        text.push_str(sort_name);
    }
    let parting = (text.len() - sort_name.len()) * 2 + usize::from(is_apart);
    let parting = u32::try_from(parting).expect("names are far shorter than 2 GB");
    (text.into(), Parting(parting))
}

impl Parting {
    pub(super) fn searched(self, text: &str) -> &str {
        match self.0 % 2 {
            0 => text,
            _ => &text[..self.0 as usize / 2],
        }
    }

    pub(super) fn sort_name(self, text: &str) -> &str {
        &text[self.0 as usize / 2..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_read_back_however_they_overlap() {
        for (searched, sort_name) in [
            (vec!["the matrix"], "matrix"),
            (vec!["matrix"], "matrix"),
            (vec!["la jetée", "the pier"], "pier"),
            (vec!["pier"], "the pier"),
            (vec!["amelie"], "amélie"),
            (vec!["千と千尋"], "尋"),
            (vec!["a", "b"], "a\nb"),
            (vec!["a"], ""),
            (vec![""], "a"),
            (vec![""], ""),
        ] {
            let (text, parting) = in_one(&searched, sort_name);
            assert_eq!(parting.searched(&text), searched.join("\n"));
            assert_eq!(parting.sort_name(&text), sort_name);
        }
        assert_eq!(&*in_one(&["the matrix"], "matrix").0, "the matrix");
    }
}
