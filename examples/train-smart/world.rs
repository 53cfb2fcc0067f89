//! A made-up world of works: what there is, before any server describes it.
//!
//! It holds what makes telling works apart hard: remakes under one name, sequels, series named as
//! in other countries, films and double episodes in two parts, episodes called "Pilot", "Episode 4" or as
//! episodes of other series.

use manyfin::model::ItemKind;

use crate::random::Random;
use crate::words::*;

#[derive(Debug, Clone)]
pub struct Work {
    pub kind: ItemKind,
    pub title: String,
    /// The title in the work's own language, where that is another.
    pub original: Option<String>,
    pub year: i32,
    /// Days since 1970.
    pub day: i32,
    pub season: i32,
    pub episode: i32,
    /// Minutes.
    pub runtime: i32,
    pub people: Vec<String>,
    pub genres: Vec<&'static str>,
    /// What its overview must tell: names and nouns.
    pub plot: Vec<String>,
    pub artist: Option<String>,
    /// Episodes of one series share it; their servers treat them alike.
    pub series: Option<usize>,
}

pub fn phrase(random: &mut Random) -> String {
    let noun = random.early(NOUNS);
    let other = random.of(NOUNS);
    let adjective = random.of(ADJECTIVES);
    let (first, last) = (random.of(FIRST_NAMES), random.of(LAST_NAMES));
    match random.below(16) {
        0 => (*noun).to_owned(),
        1 | 2 => format!("The {other}"),
        3 | 4 => format!("The {adjective} {noun}"),
        5 => format!("{adjective} {noun}"),
        6 => format!("{noun} and {other}"),
        7 => format!("The {noun} of the {adjective} {other}"),
        8 => format!("{} the {noun}", random.of(VERBS)),
        9 => format!("{first}'s {noun}"),
        10 => format!("{first} {last}"),
        11 => format!("The {noun} Who Was {adjective}"),
        12 => format!("{adjective} {noun}, {} {other}", random.of(ADJECTIVES)),
        13 => format!("A {noun} in {last}"),
        14 => format!("{} {} & {last}", random.of(VERBS), first),
        _ => format!("{other} of {noun}"),
    }
}

/// A title in another language.
pub fn foreign(random: &mut Random) -> String {
    let words = 1 + random.below(4);
    let word = |random: &mut Random| -> String {
        let syllables = 1 + random.below(3);
        (0..syllables).map(|_| *random.of(SYLLABLES)).collect()
    };
    let words: Vec<String> = (0..words).map(|_| word(random)).collect();
    words.join(" ")
}

pub fn person(random: &mut Random) -> String {
    format!("{} {}", random.of(FIRST_NAMES), random.of(LAST_NAMES))
}

fn plot(random: &mut Random) -> Vec<String> {
    let words = 5 + random.below(12);
    let mut told: Vec<String> = (0..words)
        .map(|_| random.of(NOUNS).to_lowercase())
        .collect();
    told.extend((0..1 + random.below(3)).map(|_| (*random.of(LAST_NAMES)).to_owned()));
    told
}

fn work(kind: ItemKind, title: String, random: &mut Random) -> Work {
    let year = 2022 - (random.below(30) * random.below(75) / 30) as i32;
    Work {
        kind,
        original: random.chance(0.2).then(|| foreign(random)),
        title,
        year,
        day: (year - 1970) * 365 + (year - 1969) / 4 + random.between(0, 364),
        season: 0,
        episode: 0,
        runtime: random.between(70, 150),
        people: (0..3 + random.below(6)).map(|_| person(random)).collect(),
        genres: (0..1 + random.below(3))
            .map(|_| *random.early(GENRES))
            .collect(),
        plot: plot(random),
        artist: None,
        series: None,
    }
}

fn again(work: &Work, title: String, later: i32, random: &mut Random) -> Work {
    Work {
        title,
        original: None,
        year: work.year + later,
        day: work.day + later * 365 + random.between(-60, 60),
        runtime: random.between(70, 150),
        people: if random.chance(0.5) {
            work.people
                .iter()
                .take(2)
                .cloned()
                .chain([person(random)])
                .collect()
        } else {
            (0..4).map(|_| person(random)).collect()
        },
        plot: plot(random),
        ..work.clone()
    }
}

/// Films, some of them remakes and sequels of others.
pub fn films(count: usize, random: &mut Random) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    while works.len() < count {
        let film = work(ItemKind::Movie, phrase(random), random);
        if random.chance(0.05) {
            let later = random.between(1, 30);
            works.push(again(&film, film.title.clone(), later, random));
        }
        if random.chance(0.1) {
            let subtitle = phrase(random);
            for part in 2..=2 + random.below(3) {
                let title = match random.below(3) {
                    0 => format!("{}: {subtitle}", film.title),
                    _ => format!("{} {part}", film.title),
                };
                works.push(again(&film, title, 2 * part as i32, random));
            }
        }
        if random.chance(0.03) {
            works.extend(in_two_parts(&film, random));
        } else {
            works.push(film);
        }
    }
    works
}

/// One story with one cast in two films.
fn in_two_parts(film: &Work, random: &mut Random) -> [Work; 2] {
    let later = random.below(2) as i32;
    let part = |number: i32, random: &mut Random| Work {
        title: format!("{} ({number})", film.title),
        original: None,
        year: film.year + (number - 1) * later,
        day: film.day + (number - 1) * (later * 365 + random.between(0, 60)),
        runtime: film.runtime + random.between(-8, 8),
        plot: plot(random),
        ..film.clone()
    };
    [part(1, random), part(2, random)]
}

pub fn books(count: usize, random: &mut Random) -> Vec<Work> {
    let author = person(random);
    (0..count)
        .map(|_| {
            let mut book = work(ItemKind::Book, phrase(random), random);
            book.artist = Some(if random.chance(0.3) {
                author.clone()
            } else {
                person(random)
            });
            book
        })
        .collect()
}

pub fn albums(count: usize, random: &mut Random) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    while works.len() < count {
        let artist = format!("The {} {}s", random.of(ADJECTIVES), random.of(NOUNS));
        for _ in 0..1 + random.below(6) {
            let title = match random.below(12) {
                0 => artist.clone(),
                1 => "Greatest Hits".to_owned(),
                2 => "Live".to_owned(),
                _ => phrase(random),
            };
            let mut album = work(ItemKind::MusicAlbum, title, random);
            album.artist = Some(artist.clone());
            album.original = None;
            album.runtime = random.between(25, 80);
            if random.chance(0.06) {
                let title = format!("{} {}", album.title, random.of(&["II", "Live", "Remixes"]));
                works.push(again(&album, title, random.between(0, 4), random));
            }
            works.push(album);
        }
    }
    works
}

/// Series and their episodes; the episodes do not tell their series.
pub fn series(episodes: usize, random: &mut Random) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    let mut number = 0;
    let mut made = 0;
    while made < episodes {
        let title = phrase(random);
        let show = work(ItemKind::Series, title, random);
        if random.chance(0.06) {
            let later = random.between(1, 20);
            works.push(again(&show, show.title.clone(), later, random));
        }
        number += 1;
        made += season_by_season(&show, number, random, &mut works);
        works.push(show);
    }
    works
}

fn season_by_season(
    show: &Work,
    number: usize,
    random: &mut Random,
    works: &mut Vec<Work>,
) -> usize {
    let counted = random.chance(0.12);
    let runtime = *random.of(&[22, 25, 42, 45, 52, 60]);
    let seasons = 1 + random.below(5) as i32;
    let weekly = *random.of(&[7, 7, 7, 1, 0]);
    let mut made = 0;
    for season in 1..=seasons {
        let length = random.between(4, 22);
        let mut two_parts: Option<String> = None;
        for episode in 1..=length {
            let day = show.day + (season - 1) * 365 + (episode - 1) * weekly;
            let title = if let Some(first) = two_parts.take() {
                format!("{first} (2)")
            } else if counted {
                format!(
                    "{} {episode}",
                    random.of(&["Episode", "Episode", "Chapter", "Part", "Week"])
                )
            } else if (season, episode) == (1, 1) && random.chance(0.3) {
                "Pilot".to_owned()
            } else if random.chance(0.07) {
                (*random.of(STOCK)).to_owned()
            } else if episode < length && random.chance(0.04) {
                let title = phrase(random);
                two_parts = Some(title.clone());
                format!("{title} (1)")
            } else {
                phrase(random)
            };
            let mut one = work(ItemKind::Episode, title, random);
            one.original = random.chance(0.08).then(|| foreign(random));
            one.day = day;
            one.year = 1970 + (f64::from(day) / 365.2425).floor() as i32;
            one.season = season;
            one.episode = episode;
            one.runtime = runtime + random.between(-1, 1);
            one.genres.clone_from(&show.genres);
            one.people = show.people.iter().take(3).cloned().collect();
            one.people
                .extend((0..random.below(3)).map(|_| person(random)));
            one.series = Some(number);
            works.push(one);
            made += 1;
        }
    }
    made
}
