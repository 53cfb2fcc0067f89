//! What a copy is searched and sorted by, in one piece of memory: the one mostly ends with the other.

use std::fmt;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Texts {
    text: Box<str>,
    /// Twice where the sort name begins, which ends where the text does; one more where what is searched
    /// ends there too, and not with the text.
    sorted: u32,
}

impl Texts {
    pub fn new(searched: &[&str], sort_name: &str) -> Self {
        let mut text = searched.join("\n");
        let is_apart = !text.ends_with(sort_name);
        if is_apart {
            text.push_str(sort_name);
        }
        let sorted = (text.len() - sort_name.len()) * 2 + usize::from(is_apart);
        Self {
            sorted: u32::try_from(sorted).expect("names are far shorter than 2 GB"),
            text: text.into(),
        }
    }

    /// A line for each name.
    pub fn searched(&self) -> &str {
        match self.sorted % 2 {
            0 => &self.text,
            _ => &self.text[..self.sorted as usize / 2],
        }
    }

    pub fn sort_name(&self) -> &str {
        &self.text[self.sorted as usize / 2..]
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
