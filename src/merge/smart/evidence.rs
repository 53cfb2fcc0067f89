//! What speaks for and against two copies being one work, as a list of named statements.
//!
//! Each is true or not, so the model is a list of what each is worth, and a score can be read.

use super::facts::{Facts, share};
use super::title::{Nearness, Numbers};
use crate::merge::features::{Features, begins_a_year};

macro_rules! statements {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A statement about two copies.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Statement { $($(#[doc = $doc])* $name,)* }

        impl Statement {
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// As the model's file calls it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

statements! {
    /// The normalized titles are equal, or an original title is the other's title.
    SameTitle = "same_title",
    /// Equal but for articles, signs, numerals, `Part`, a country in brackets.
    LooseTitle = "loose_title",
    /// At most one letter in seven differs.
    CloseTitle = "close_title",
    /// The one begins or ends with the other.
    WithinTitle = "within_title",
    /// Half of the words are the same.
    AlikeTitle = "alike_title",
    /// Both have a title and an original title, and both agree.
    BothTitles = "both_titles",
    /// The numbers in the titles differ ("Rocky II", "Rocky III").
    OtherTitleNumber = "other_title_number",
    /// One title alone has a number ("Rocky", "Rocky II").
    OneTitleNumber = "one_title_number",
    /// Equal, but the title tells nothing ("Episode 4", "Pilot").
    GenericTitle = "generic_title",
    /// Equal, but one word only.
    ShortTitle = "short_title",
    /// Equal, and of four words or more.
    LongTitle = "long_title",
    SameYear = "same_year",
    NearYear = "near_year",
    OtherYear = "other_year",
    FarYear = "far_year",
    SameDay = "same_day",
    /// At most two days apart: time zones, previews.
    NearDay = "near_day",
    /// At most sixty days apart.
    OtherDay = "other_day",
    FarDay = "far_day",
    /// Season and episode (or range) are the same.
    SameNumber = "same_number",
    /// The same episode of another season.
    OtherSeason = "other_season",
    OtherNumber = "other_number",
    /// Both hold, which says more than each: they seldom agree by accident.
    SameNumberAndDay = "same_number_and_day",
    SameNumberAndYear = "same_number_and_year",
    GenericAndSameDay = "generic_and_same_day",
    GenericAndSameNumber = "generic_and_same_number",
    /// Within 3%, or a minute of short ones.
    SameRuntime = "same_runtime",
    /// More than 15% apart.
    OtherRuntime = "other_runtime",
    /// At least half of the shorter list.
    SamePeople = "same_people",
    SomePeople = "some_people",
    OtherPeople = "other_people",
    SameArtist = "same_artist",
    OtherArtist = "other_artist",
    SameGenres = "same_genres",
    OtherGenres = "other_genres",
    /// Nine of ten words of the shorter overview, and not just a few: the same text.
    EqualOverview = "equal_overview",
    /// At least half of them.
    SameOverview = "same_overview",
    LikeOverview = "like_overview",
    OtherOverview = "other_overview",
    /// Two copies on one server are seldom one work.
    SameServer = "same_server",
    /// Another copy on one of the two servers fits the other one at least as well.
    Rival = "rival",
}

/// The statements that hold, as bits in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct Evidence(u64);

impl Evidence {
    pub(super) fn put(&mut self, statement: Statement) {
        self.0 |= 1 << statement as u32;
    }

    pub fn holds(self, statement: Statement) -> bool {
        self.0 >> statement as u32 & 1 == 1
    }

    /// Whether the titles are equal but for articles, signs and the style of numerals.
    pub fn titles_agree(self) -> bool {
        self.holds(Statement::SameTitle) || self.holds(Statement::LooseTitle)
    }

    /// Sequels and parts share people, genres and half a year: where the numbers in the titles differ nothing
    /// joins, and where one title alone has a number only the same day lets it.
    pub(super) fn is_of_two(self) -> bool {
        use Statement as S;
        self.holds(S::OtherTitleNumber) || self.holds(S::OneTitleNumber) && !self.holds(S::SameDay)
    }

    /// How well two copies fit by title, then number, then date: only for finding rivals.
    pub(super) fn fit(self) -> [u8; 3] {
        use Statement as S;
        let grade = |best: &[S], unknown: u8, known: &[S]| {
            let at = best.iter().position(|s| self.holds(*s));
            match at {
                Some(at) => (best.len() - at) as u8 + unknown,
                None if known.iter().any(|s| self.holds(*s)) => 0,
                None => unknown,
            }
        };
        [
            grade(
                &[
                    S::SameTitle,
                    S::LooseTitle,
                    S::CloseTitle,
                    S::WithinTitle,
                    S::AlikeTitle,
                ],
                0,
                &[],
            ),
            grade(&[S::SameNumber, S::OtherSeason], 1, &[S::OtherNumber]),
            grade(
                &[S::SameDay, S::NearDay, S::SameYear, S::NearYear],
                1,
                &[S::OtherYear, S::FarYear],
            ),
        ]
    }

    pub fn statements(self) -> impl Iterator<Item = Statement> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let at = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            Statement::ALL.get(at).copied()
        })
    }
}

/// What speaks for and against a pair but for people, genres and overviews, which are dear to read;
/// `one_server`: both copies are on one.
pub(super) fn without_texts(
    (a, fa): (&Features, &Facts),
    (b, fb): (&Features, &Facts),
    one_server: bool,
) -> Evidence {
    use Statement as S;
    let mut evidence = Evidence::default();
    titles(&mut evidence, (a, fa), (b, fb));
    let generic = evidence.holds(S::GenericTitle);
    if let Some((a, b)) = a.year.zip(b.year) {
        evidence.put(match a.abs_diff(b) {
            0 => S::SameYear,
            1 => S::NearYear,
            2..=5 => S::OtherYear,
            _ => S::FarYear,
        });
    }
    if let Some((a, b)) = a.day.zip(b.day) {
        match a.abs_diff(b) {
            0 => evidence.put(S::SameDay),
            1..=2 => evidence.put(S::NearDay),
            // Who knows the year alone writes its first day.
            _ if begins_a_year(a) || begins_a_year(b) => {}
            3..=60 => evidence.put(S::OtherDay),
            _ => evidence.put(S::FarDay),
        }
    }
    numbers(&mut evidence, a, b);
    let same_day = evidence.holds(S::SameDay) || evidence.holds(S::NearDay);
    if evidence.holds(S::SameNumber) {
        if same_day {
            evidence.put(S::SameNumberAndDay);
        } else if evidence.holds(S::SameYear) {
            evidence.put(S::SameNumberAndYear);
        }
        if generic {
            evidence.put(S::GenericAndSameNumber);
        }
    }
    if generic && same_day {
        evidence.put(S::GenericAndSameDay);
    }
    if a.runtime > 0 && b.runtime > 0 {
        const MINUTE: u64 = 600_000_000;
        let apart = a.runtime.abs_diff(b.runtime);
        let longer = a.runtime.max(b.runtime) as u64;
        if apart <= (longer / 100 * 3).max(MINUTE.min(longer / 10)) {
            evidence.put(S::SameRuntime);
        } else if apart > longer / 100 * 15 {
            evidence.put(S::OtherRuntime);
        }
    }
    if a.artist != 0 && b.artist != 0 {
        evidence.put(if a.artist == b.artist {
            S::SameArtist
        } else {
            S::OtherArtist
        });
    }
    if one_server {
        evidence.put(S::SameServer);
    }
    evidence
}

fn titles(evidence: &mut Evidence, (a, fa): (&Features, &Facts), (b, fb): (&Features, &Facts)) {
    use Statement as S;
    let is_one_of = |key: u64, row: &Features| key != 0 && (key == row.name || key == row.original);
    let same = is_one_of(a.name, b) || is_one_of(a.original, b);
    let pairs = [
        (&fa.title, &fb.title),
        (&fa.title, &fb.original),
        (&fa.original, &fb.title),
        (&fa.original, &fb.original),
    ];
    let nearest = pairs
        .iter()
        .map(|(a, b)| (a.nearness(b), a.compare_numbers(b)))
        .max()
        .expect("four pairs");
    let nearness = if same { Nearness::Same } else { nearest.0 };
    match nearness {
        Nearness::Same => evidence.put(S::SameTitle),
        Nearness::Loose => evidence.put(S::LooseTitle),
        Nearness::Close => evidence.put(S::CloseTitle),
        Nearness::Within => evidence.put(S::WithinTitle),
        Nearness::Alike => evidence.put(S::AlikeTitle),
        Nearness::Other => {}
    }
    if nearness < Nearness::Loose && nearness > Nearness::Other {
        match nearest.1 {
            Numbers::Other => evidence.put(S::OtherTitleNumber),
            Numbers::OneSided => evidence.put(S::OneTitleNumber),
            Numbers::Same => {}
        }
    }
    if nearness >= Nearness::Loose {
        let words = fa.title.len().min(fb.title.len());
        if a.generic || b.generic {
            evidence.put(S::GenericTitle);
        } else if words <= 1 {
            evidence.put(S::ShortTitle);
        } else if words >= 4 {
            evidence.put(S::LongTitle);
        }
    }
    if a.name == b.name && a.original != 0 && a.original == b.original {
        evidence.put(S::BothTitles);
    }
}

fn numbers(evidence: &mut Evidence, a: &Features, b: &Features) {
    use Statement as S;
    let (Some(one), Some(other)) = (a.episode, b.episode) else {
        return;
    };
    if a.number != 0 && a.number == b.number {
        evidence.put(S::SameNumber);
    } else if one == other {
        evidence.put(if a.season == b.season {
            // One of them is a double episode.
            S::OtherNumber
        } else {
            S::OtherSeason
        });
    } else {
        evidence.put(S::OtherNumber);
    }
}

/// Two shorter lists may well be the cast here and the crew there.
const LEAST_PEOPLE: usize = 3;
const LEAST_WORDS: usize = 8;

/// Of each of these at most one holds: what people, genres and overviews can say.
pub(super) const OF_TEXTS: [&[Statement]; 3] = {
    use Statement as S;
    [
        &[S::SamePeople, S::SomePeople, S::OtherPeople],
        &[S::SameGenres, S::OtherGenres],
        &[
            S::EqualOverview,
            S::SameOverview,
            S::LikeOverview,
            S::OtherOverview,
        ],
    ]
};

/// What the rest says.
pub(super) fn add_texts(evidence: &mut Evidence, fa: &Facts, fb: &Facts) {
    use Statement as S;
    if let Some(share) = share(&fa.people, &fb.people, 1) {
        if share >= 0.5 {
            evidence.put(S::SamePeople);
        } else if share > 0.0 {
            evidence.put(S::SomePeople);
        } else if fa.people.len().min(fb.people.len()) >= LEAST_PEOPLE {
            evidence.put(S::OtherPeople);
        }
    }
    if let Some(share) = share(&fa.genres, &fb.genres, 1) {
        if share >= 0.5 {
            evidence.put(S::SameGenres);
        } else if share == 0.0 {
            evidence.put(S::OtherGenres);
        }
    }
    if let Some(share) = share(&fa.words, &fb.words, 6) {
        if share >= 0.9 && fa.words.len().min(fb.words.len()) >= LEAST_WORDS {
            evidence.put(S::EqualOverview);
        } else if share >= 0.5 {
            evidence.put(S::SameOverview);
        } else if share >= 0.25 {
            evidence.put(S::LikeOverview);
        } else if share < 0.12 {
            evidence.put(S::OtherOverview);
        }
    }
}
