//! How a server describes a work: what it leaves out, gets wrong, translates and writes its own way.

use manyfin::merge::OwnedCopy;
use manyfin::model::{ItemKind, ServerKey, UpstreamId};
use uuid::Uuid;

use crate::random::Random;
use crate::words::{LAST_NAMES, NOUNS, TALK};
use crate::world::{Work, person};

/// The habits of one server.
#[derive(Debug, Clone, Copy)]
pub struct Habits {
    pub server: u128,
    /// How likely each field is there.
    pub day: f64,
    pub year: f64,
    pub number: f64,
    pub runtime: f64,
    pub people: f64,
    pub genres: f64,
    pub overview: f64,
    pub original: f64,
    /// How likely a title is the original one, of works that have one.
    pub in_original: f64,
    /// `Part 2`, `(2)` or `Part II`.
    pub parts: usize,
    pub roman: bool,
    /// How likely a series' name ends with a year or a country.
    pub tagged: f64,
    /// How likely an overview is the one that everybody copies.
    pub copied: f64,
}

/// The mark of a work for noise that all episodes of a series get alike.
fn of_series(work: &Work, habits: &Habits, salt: u64) -> Option<Random> {
    let series = work.series? as u64;
    Some(Random::new(
        series * 1_000_003 + habits.server as u64 * 101 + salt,
    ))
}

pub fn describe(work: &Work, at: usize, habits: &Habits, random: &mut Random) -> OwnedCopy {
    let mut copy = OwnedCopy::new(
        ServerKey(Uuid::from_u128(habits.server)),
        UpstreamId(Uuid::from_u128(at as u128)),
        work.kind,
        title(work, habits, random),
    );
    copy.library = Some(habits.server as u32);
    copy.artist = work.artist.clone();
    if let Some(original) = &work.original
        && random.chance(habits.original)
    {
        copy.original_title = Some(original.clone());
    }
    let mut day = work.day;
    let mut year = work.year;
    let is_episode = work.kind == ItemKind::Episode;
    match random.below(100) {
        0..9 => day += if random.chance(0.5) { 1 } else { -1 },
        9..11 => day += random.between(-45, 45),
        11..13 => day += random.between(-900, 900),
        13 => day = 365 * (year - 1970) + (year - 1969) / 4,
        _ => {}
    }
    if day != work.day && is_episode {
        year = 1970 + (f64::from(day) / 365.2425).floor() as i32;
    }
    if !is_episode && random.chance(0.05) {
        year += if random.chance(0.7) { 1 } else { -1 };
    }
    let has_day = random.chance(habits.day);
    copy.premiere_day = has_day.then_some(day);
    copy.year = (has_day && is_episode || random.chance(habits.year)).then_some(year);
    numbers(&mut copy, work, habits, random);
    if random.chance(habits.runtime) {
        let minutes = match random.below(20) {
            0 => work.runtime * 2,
            1 => work.runtime + random.between(-15, 15),
            2..9 => work.runtime + random.between(-3, 3),
            _ => work.runtime,
        };
        copy.runtime_ticks = Some(i64::from(minutes.max(1)) * 600_000_000);
    }
    if random.chance(habits.people) {
        let kept = 2 + random.below(work.people.len());
        copy.people = work.people.iter().take(kept).cloned().collect();
        if random.chance(0.04) {
            // The crew in place of the cast.
            copy.people = (0..1 + random.below(2)).map(|_| person(random)).collect();
        }
    }
    if random.chance(habits.genres) {
        copy.genres = work.genres.iter().map(|g| (*g).to_owned()).collect();
        if random.chance(0.3) {
            copy.genres.truncate(1);
        }
        if random.chance(0.15) {
            copy.genres = vec![(*random.of(crate::words::GENRES)).to_owned()];
        }
    }
    if random.chance(habits.overview) {
        copy.overview = Some(overview(work, habits, random));
    }
    copy
}

fn numbers(copy: &mut OwnedCopy, work: &Work, habits: &Habits, random: &mut Random) {
    if work.kind != ItemKind::Episode {
        return;
    }
    copy.season = Some(work.season);
    copy.episode = Some(work.episode);
    // Some series are counted in another order here.
    let mut moved = of_series(work, habits, 1).expect("an episode's");
    if moved.chance(0.06) {
        match moved.below(4) {
            0 => copy.episode = Some(work.episode + 1),
            1 => copy.season = Some(work.season + 1),
            2 if random.chance(0.5) => copy.episode = Some(work.episode + random.between(1, 3)),
            3 => copy.episode = Some(work.season * 13 + work.episode),
            _ => {}
        }
    }
    if !random.chance(habits.number) {
        copy.season = None;
        copy.episode = None;
    }
}

fn title(work: &Work, habits: &Habits, random: &mut Random) -> String {
    let mut text = work.title.clone();
    if let Some(original) = &work.original
        && random.chance(habits.in_original)
    {
        text.clone_from(original);
    } else if random.chance(0.012) {
        // Another translation of the same thing.
        text = match random.below(2) {
            0 => crate::world::phrase(random),
            _ => crate::world::foreign(random),
        };
    }
    if let Some(base) = text.strip_suffix(")").and_then(|t| t.rsplit_once(" (")) {
        let number = base.1.parse::<usize>().unwrap_or(1);
        let roman = ["I", "II", "III"][(number - 1).min(2)];
        text = match habits.parts {
            0 => format!("{} ({number})", base.0),
            1 => format!("{}: Part {number}", base.0),
            2 => format!("{} (Part {roman})", base.0),
            _ => format!(
                "{} - Part {}",
                base.0,
                ["One", "Two", "Three"][(number - 1).min(2)]
            ),
        };
    }
    if habits.roman {
        for (digit, roman) in [(" 2", " II"), (" 3", " III"), (" 4", " IV")] {
            if let Some(base) = text.strip_suffix(digit) {
                text = format!("{base}{roman}");
            }
        }
    }
    if let Some(mut series) = of_series(work, habits, 2) {
        if series.chance(0.02) {
            text = format!("Episode {} - {text}", work.episode);
        } else if series.chance(0.03) {
            // A series of which this server knows no titles.
            text = format!("Episode {}", work.episode);
        }
    } else if random.chance(habits.tagged) {
        text = match random.below(2) {
            0 => format!("{text} ({})", work.year),
            _ => format!("{text} ({})", random.of(&["US", "UK", "KR", "SE"])),
        };
    }
    for _ in 0..2 {
        if random.chance(0.1) {
            text = rewritten(&text, random);
        }
    }
    text
}

/// One change as people and programs make them.
fn rewritten(text: &str, random: &mut Random) -> String {
    match random.below(12) {
        0 | 1 => text.replace(" and ", " & "),
        2 => text.replace(" & ", " and "),
        3 => text.replace([',', '\''], ""),
        4 => text.strip_prefix("The ").unwrap_or(text).to_owned(),
        5 => match text.strip_prefix("The ") {
            Some(rest) => format!("{rest}, The"),
            None => format!("The {text}"),
        },
        6 => match text.split_once(": ") {
            Some((_, subtitle)) => subtitle.to_owned(),
            None => format!("{}'s {text}", random.of(LAST_NAMES)),
        },
        7 => format!("{text}!"),
        8 => match text.rsplit_once(' ') {
            Some((first, _)) if first.len() > 8 => first.to_owned(),
            _ => format!("{text} {}", random.of(NOUNS)),
        },
        9 => text.to_uppercase(),
        _ => with_a_slip(text, random),
    }
}

/// One letter left out, doubled, exchanged or lost to a wrong encoding.
fn with_a_slip(text: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 4 {
        return text.to_owned();
    }
    let at = 1 + random.below(letters.len() - 2);
    match random.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters.swap(at, at - 1),
        _ => letters[at] = '?',
    }
    letters.into_iter().collect()
}

fn overview(work: &Work, habits: &Habits, random: &mut Random) -> String {
    // The text that everybody copies is made of the work alone.
    let mut common = Random::new(
        work.plot
            .iter()
            .map(|w| w.len() as u64 * 31 + u64::from(w.as_bytes()[0]))
            .fold(
                u64::from(work.day.unsigned_abs()) + work.episode as u64,
                |sum, part| sum.wrapping_mul(131).wrapping_add(part),
            ),
    );
    let copied = random.chance(habits.copied);
    let words = 12
        + if copied {
            common.below(30)
        } else {
            random.below(30)
        };
    let mut told: Vec<String> = Vec::new();
    for _ in 0..words {
        let source = if copied { &mut common } else { &mut *random };
        let word = match source.below(10) {
            0..6 => (*source.early(TALK)).to_owned(),
            6 => source.of(NOUNS).to_lowercase(),
            _ => source.of(&work.plot).clone(),
        };
        if !copied || !random.chance(0.03) {
            told.push(word);
        }
    }
    told.join(" ")
}
