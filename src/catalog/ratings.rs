//! Parental ratings in one order, by the youngest age that they admit (Jellyfin's localization tables).

const AGES: &[(i32, &[&str])] = &[
    (
        0,
        &[
            "G", "TV-Y", "TV-G", "U", "E", "FSK-0", "DE-0", "AL", "APPROVED", "0", "0+", "L", "ALL",
        ],
    ),
    (6, &["FSK-6", "DE-6", "6", "6+"]),
    (7, &["TV-Y7", "TV-Y7-FV", "7", "7+"]),
    (8, &["8", "U/A 7+"]),
    (9, &["9", "9+"]),
    (10, &["PG", "TV-PG", "10", "10+", "E10+"]),
    (12, &["12", "12A", "12+", "FSK-12", "DE-12", "T"]),
    (13, &["PG-13", "13", "13+"]),
    (14, &["TV-14", "14", "14+", "14A"]),
    (15, &["15", "15+", "M", "MA15+"]),
    (16, &["16", "16+", "FSK-16", "DE-16"]),
    (17, &["R", "TV-MA", "NC-17", "17", "17+"]),
    (
        18,
        &[
            "18", "18+", "FSK-18", "DE-18", "R18", "R18+", "X", "XXX", "AO", "18A",
        ],
    ),
];

/// A number that grows with the age, or nothing for a rating of unknown rank. Within one age the rank
/// tells strictness (`NC-17` after `R`).
pub fn rank(rating: &str) -> Option<i32> {
    let rating = rating.trim();
    let local = rating.rsplit_once(':').map_or(rating, |(_, local)| local);
    AGES.iter()
        .find_map(|(age, names)| {
            let known = names.iter().any(|name| name.eq_ignore_ascii_case(local));
            known.then(|| age * 2 + i32::from(local.eq_ignore_ascii_case("NC-17")))
        })
        .or_else(|| local.parse::<i32>().ok().map(|age| age.saturating_mul(2)))
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn ratings_of_all_countries_stand_in_one_order() {
        let order = [
            "TV-Y", "DE-6", "TV-Y7", "U/A 7+", "9", "us:PG", "T", "PG-13", "15", "R", "NC-17", "ao",
        ];
        let ranks: Vec<Option<i32>> = order.iter().map(|rating| rank(rating)).collect();
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert!(rank("R") < rank("NC-17"));
        assert_eq!(rank(" de:16 "), rank("FSK-16"));
    }

    #[test]
    fn a_number_is_an_age_and_a_word_nobody_knows_is_none() {
        assert!(rank("11") > rank("PG") && rank("11") < rank("12A"));
        assert_eq!(rank("2147483647"), Some(i32::MAX));
        assert_eq!(rank("-2147483648"), Some(i32::MIN));
        assert_eq!(rank("99999999999"), None);
        for unknown in ["", "Banned", "PG 13", ":"] {
            assert_eq!(rank(unknown), None, "{unknown}");
        }
    }
}
