//! What a copy is searched and sorted by, in one piece of memory: the one mostly ends with the other.

use std::fmt;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Texts {
    text: Box<str>,
    /// Where what is searched ends.
    searched: u32,
    /// Where the sort name begins; it ends where the text does.
    sorted: u32,
}

impl Texts {
    pub fn new(searched: &[&str], sort_name: &str) -> Self {
        let mut text = searched.join("\n");
        let searched = text.len();
        if !text.ends_with(sort_name) {
            text.push_str(sort_name);
        }
        let place = |at: usize| u32::try_from(at).expect("names are far shorter than 4 GB");
        Self {
            searched: place(searched),
            sorted: place(text.len() - sort_name.len()),
            text: text.into(),
        }
    }

    /// A line for each name.
    pub fn searched(&self) -> &str {
        &self.text[..self.searched as usize]
    }

    pub fn sort_name(&self) -> &str {
        &self.text[self.sorted as usize..]
    }
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = (self.searched(), self.sort_name());
        texts.fmt(f)
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
            let texts = Texts::new(&searched, sort_name);
            assert_eq!(texts.searched(), searched.join("\n"));
            assert_eq!(texts.sort_name(), sort_name);
        }
        assert_eq!(&*Texts::new(&["the matrix"], "matrix").text, "the matrix");
    }
}
