use uuid::Uuid;

use super::*;
use crate::model::{ItemKind, ServerKey, UpstreamId};

/// Copies of film `Heat (1995)` on server 1, 2 … each with the ids given.
fn films(ids: &[&[(&str, &str)]]) -> OwnedCopies {
    let rows = ids.iter().enumerate().map(|(at, ids)| {
        let at = at as u128 + 1;
        let mut row = OwnedCopy::new(
            ServerKey(Uuid::from_u128(at)),
            UpstreamId(Uuid::from_u128(at)),
            ItemKind::Movie,
            "Heat",
        );
        row.year = Some(1995);
        row.library = Some(at as u32);
        row.provider_ids = ids
            .iter()
            .map(|(p, v)| ((*p).to_owned(), (*v).to_owned()))
            .collect();
        row
    });
    OwnedCopies {
        rows: rows.collect(),
        unknown_is_video: false,
    }
}

fn scope(strategy: Strategy) -> Vec<Scope> {
    vec![Scope {
        strategy,
        libraries: (1..=9).collect(),
    }]
}

fn grouped(copies: &OwnedCopies, strategy: Strategy) -> (Vec<Vec<u32>>, Grouping) {
    let grouping = group(copies, &scope(strategy), &Decisions::default());
    (grouping.groups().map(<[u32]>::to_vec).collect(), grouping)
}

#[test]
fn a_third_copy_bridges_two_providers() {
    let copies = films(&[
        &[("Tmdb", "949")],
        &[("Imdb", "tt0113277")],
        &[
            ("tmdb", "949"),
            ("IMDB", "https://www.imdb.com/title/tt0113277/"),
        ],
    ]);
    let (groups, grouping) = grouped(&copies, Strategy::ProviderIds);
    assert_eq!(groups, [[0, 1, 2]]);
    let keys: Vec<_> = grouping
        .joins(0)
        .iter()
        .map(|j| grouping.describe(j, &copies))
        .collect();
    assert_eq!(keys, ["Tmdb 949", "Imdb tt0113277"]);
}

#[test]
fn one_order_decides_who_joins_whom() {
    // Tmdb 603 is on A (tt1), B (tt2) and C (no Imdb).
    let copies = films(&[
        &[("Tmdb", "603"), ("Imdb", "tt1")],
        &[("Tmdb", "603"), ("Imdb", "tt2")],
        &[("Tmdb", "603")],
    ]);
    let (groups, grouping) = grouped(&copies, Strategy::ProviderIds);
    assert_eq!(groups, [vec![0, 2], vec![1]]);
    let [conflict] = grouping.conflicts() else {
        panic!("{:?}", grouping.conflicts())
    };
    let ids = conflict.ids.as_ref().expect("ids");
    assert_eq!(
        (ids.provider.as_str(), ids.left.as_str(), ids.right.as_str()),
        ("Imdb", "tt0000001", "tt0000002")
    );
    assert!(!conflict.joined);
}

#[test]
fn a_key_that_everything_shares_neither_joins_nor_stalls() {
    for kind in [
        ItemKind::Movie,
        ItemKind::Unknown,
        ItemKind::MusicArtist,
        ItemKind::Series,
    ] {
        let mut copies = films(&[&[("Imdb", "tt7"), ("Tmdb", "1")]]);
        copies.unknown_is_video = true;
        copies.rows[0].kind = kind;
        for at in 2..20_000u32 {
            let mut row = copies.rows[0].clone();
            row.id = UpstreamId(Uuid::from_u128(at.into()));
            row.provider_ids = match at % 3 {
                0 => Vec::new(),
                _ => vec![
                    ("Imdb".to_owned(), "tt7".to_owned()),
                    ("Tmdb".to_owned(), at.to_string()),
                ],
            };
            copies.rows.push(row);
        }
        for strategy in Strategy::ALL {
            let (groups, grouping) = grouped(&copies, strategy);
            assert!(!groups.is_empty());
            assert!(
                grouping.conflicts().len() < 100_000,
                "{}",
                grouping.conflicts().len()
            );
        }
    }
}

mod names {
    use proptest::prelude::{prop, prop_assert_eq, proptest};

    use super::super::{edition, name};

    #[test]
    fn fold_keeps_letters_and_drops_ornaments() {
        for (text, folded) in [
            ("  Amélie—à Paris!  ", "amelie a paris"),
            ("Fast & Furious", "fast and furious"),
            ("Ocean's", "oceans"),
            ("ÆØÅ ß ﬁ Ⅱ", "aeoa ss fi ii"),
            ("ガンダム", "ガンダム"),
            ("Ёлки", "елки"),
            ("שָׁלוֹם", "שלום"),
            ("", ""),
        ] {
            // Text is compared as it is composed by the same rule.
            assert_eq!(name::fold(text), name::fold(folded), "{text}");
        }
        assert_eq!(name::fold("Amélie"), "amelie");
        // Marks on both sides of what vanishes.
        for text in [
            "\u{f71}`\u{a4d}",
            "\u{10a0d}'\u{ec8}",
            "\u{f71}\u{200d}\u{a4d}",
        ] {
            let folded = name::fold(text);
            assert_eq!(name::fold(&folded), folded, "{text:?}");
        }
    }

    #[test]
    fn editions_become_labels() {
        for (name, base, label) in [
            ("Alien: Director's Cut", "Alien", Some("Director's Cut")),
            ("Alien Director’s Cut", "Alien", Some("Director's Cut")),
            (
                "Blade Runner: The Final Cut",
                "Blade Runner",
                Some("Final Cut"),
            ),
            ("Dune [IMAX]", "Dune", Some("IMAX")),
            ("Oldboy - Uncut", "Oldboy", Some("Uncut")),
            (
                "Alien 40th Anniversary Edition",
                "Alien",
                Some("Anniversary Edition"),
            ),
            ("The Final Cut", "The Final Cut", None),
            ("Uncut", "Uncut", None),
            ("Life Uncut", "Life Uncut", None),
            ("Paper Cut", "Paper Cut", None),
            ("", "", None),
        ] {
            assert_eq!(edition::split(name), (base, label), "{name}");
        }
    }

    proptest! {
        /// Most are hashed as they are read; that must not show.
        #[test]
        fn a_key_is_of_the_normalized_name(
            name in r"(the |l'|der )?[A-Za-z0-9 &!:'.,-]{0,20}( uncut| \(1999\)|, the)?|\PC{0,20}"
        ) {
            let whole = name::normalized(&name);
            let expected = (!whole.is_empty()).then(|| name::hash(whole.as_bytes()));
            prop_assert_eq!(name::key(&name, &mut String::new()), expected);
        }

        /// The words of a title are looked at one by one; nothing but the words must count.
        #[test]
        fn a_title_tells_as_much_as_its_words(
            words in prop::collection::vec(r"episode|part|pilot|[0-9]{1,3}|s01e04|iv|[a-z]{1,6}|\PC{0,4}", 0..5)
        ) {
            let is_generic = |name: &str| name::is_generic(name, &mut String::new());
            let each = words.iter().all(|word| is_generic(word));
            prop_assert_eq!(is_generic(&words.join(" ")), each);
        }
    }

    #[test]
    fn generic_titles_are_known() {
        for title in ["Episode 4", "Pilot", "Part Two", "第3話", "12", ""] {
            assert!(name::is_generic(title, &mut String::new()), "{title}");
        }
        for title in ["Windfall", "The Episode", "Day of the Dead", "千と千尋"] {
            assert_eq!(
                name::is_generic(title, &mut String::new()),
                title == "The Episode",
                "{title}"
            );
        }
    }
}

mod versions {
    use super::super::SourcePolicy;
    use super::super::order::{Candidate, compare};
    use super::super::quality::{label, quality, size_text};
    use super::*;
    use crate::wire::LightSource;

    fn source(width: i32, height: i32, codec: &str, range: &str, bits: i64) -> LightSource {
        serde_json::from_value(serde_json::json!({
            "Size": 4_100_000_000i64,
            "MediaStreams": [
                {"Type": "Video", "Codec": codec, "Width": width, "Height": height,
                 "VideoRangeType": range, "BitRate": bits},
                {"Type": "Audio", "Codec": "ac3", "Channels": 6},
            ],
        }))
        .expect("a source")
    }

    #[test]
    fn a_label_says_what_people_choose_by() {
        let film = source(1920, 804, "hevc", "HDR10", 8_000_000);
        assert_eq!(label(&film), "1080p HEVC HDR10 · 4.1 GB");
        assert_eq!(size_text(830_400_000), "830 MB");
        assert_eq!(size_text(999_600_000), "1.0 GB");
        let nothing: LightSource = serde_json::from_str("{}").expect("empty");
        assert_eq!(
            (label(&nothing).as_str(), quality(&nothing, None).score),
            ("", 0)
        );
    }

    #[test]
    fn resolution_beats_bitrate_and_the_parts_are_the_score() {
        let ladder = [
            source(854, 480, "h264", "SDR", 50_000_000),
            source(1280, 720, "h264", "SDR", 60_000_000),
            source(1920, 1080, "h264", "SDR", 4_000_000),
            source(1920, 1080, "hevc", "SDR", 4_000_000),
            source(1920, 1080, "hevc", "HDR10", 4_000_000),
            source(3840, 1600, "hevc", "SDR", 1_000_000),
        ];
        let rated: Vec<_> = ladder
            .iter()
            .map(|version| quality(version, None))
            .collect();
        assert!(rated.is_sorted_by(|a, b| a.score < b.score), "{rated:#?}");
        for quality in rated {
            assert_eq!(
                quality.score,
                quality.parts.iter().map(|p| p.points).sum::<i32>()
            );
        }
    }

    #[test]
    fn sound_that_is_understood_is_worth_more_than_a_better_picture() {
        let film = |width: i32, languages: &[(&str, i32)]| -> LightSource {
            let mut streams = vec![serde_json::json!(
                {"Type": "Video", "Codec": "hevc", "Width": width, "Height": width * 9 / 16,
                 "BitRate": 60_000_000, "VideoRangeType": "DOVIWithHDR10"})];
            streams.extend(languages.iter().map(|(language, channels)| {
                serde_json::json!(
                    {"Type": "Audio", "Codec": "ac3", "Channels": channels, "Language": language})
            }));
            serde_json::from_value(serde_json::json!({ "MediaStreams": streams }))
                .expect("a source")
        };
        let (english, both) = (
            film(3840, &[("eng", 8)]),
            film(1920, &[("eng", 8), ("deu", 2)]),
        );
        assert!(quality(&english, None).score > quality(&both, None).score);
        for german in ["ger", "deu", "de", "de-AT", " GER "] {
            let (one, other) = (
                quality(&english, Some(german)),
                quality(&both, Some(german)),
            );
            assert!(one.score < other.score, "{german}");
            let part = other.parts.last().expect("parts");
            assert_eq!((part.name, part.value.as_str()), ("language", "deu"));
            let audio = &other.parts[other.parts.len() - 2];
            assert_eq!(
                audio.value, "2.0 AC-3",
                "the sound that will be listened to"
            );
            assert_eq!(one, quality(&english, None), "nothing is taken away");
        }
        let understood = film(640, &[("ger", 2)]);
        assert!(
            quality(&understood, Some("de")).score < quality(&english, Some("de")).score,
            "but a postage stamp is no match for a much better picture"
        );
        assert!(!super::super::language::same("und", "und"));
    }

    #[test]
    fn each_policy_has_its_order() {
        let copy = |at: u128, priority, quality, speed| Candidate {
            server: ServerKey(Uuid::from_u128(at)),
            id: UpstreamId(Uuid::from_u128(at)),
            priority,
            quality,
            speed,
        };
        let copies = [
            copy(3, 1, 10, 1),
            copy(2, 5, 10, 5),
            copy(1, 5, 30, 9),
            copy(0, 1, 10, 1),
        ];
        let order = |policy| {
            let mut places: Vec<usize> = (0..copies.len()).collect();
            places.sort_by(|a, b| compare(policy, &copies[*a], &copies[*b]));
            places
        };
        assert_eq!(order(SourcePolicy::Priority), [2, 1, 3, 0]);
        assert_eq!(order(SourcePolicy::Quality), [2, 3, 0, 1]);
        assert_eq!(order(SourcePolicy::Fastest), [3, 0, 1, 2]);
    }
}

mod learned {
    use super::super::smart::{Statement, model};

    /// What is kept between two groupings counts on it.
    #[test]
    fn a_rival_never_speaks_for_a_pair() {
        for section in [&model().works, &model().episodes, &model().albums] {
            assert!(section.weights["rival"] < 0.0);
        }
    }

    #[test]
    fn the_model_names_only_what_is_known() {
        for section in [&model().works, &model().episodes, &model().albums] {
            assert!((0.5..1.0).contains(&section.threshold));
            assert!(section.threshold_of_unlike >= section.threshold);
            for name in section.weights.keys() {
                let known = Statement::ALL.iter().any(|s| s.name() == name);
                assert!(known, "no statement `{name}`");
            }
        }
    }

    #[test]
    fn what_agrees_speaks_for_and_what_differs_against() {
        for section in [&model().works, &model().episodes, &model().albums] {
            for (name, weight) in &section.weights {
                if name == "rival" || name.starts_with("other_") && name != "other_season" {
                    assert!(*weight < 0.0, "{name} is worth {weight}");
                } else if name.starts_with("same_")
                    && !name.contains("and")
                    && name != "same_server"
                {
                    assert!(*weight > 0.0, "{name} is worth {weight}");
                }
            }
        }
    }
}

mod records {
    use super::super::records::{group_records, parse};
    use super::*;

    #[test]
    fn records_group_and_explain_themselves() {
        let text = r#"
            {"id": "b", "kind": "Movie", "title": "Heat", "year": 1995, "provider_ids": {"Tmdb": 949}}
            {"id": "a", "kind": "movie", "title": "Heat", "provider_ids": {"Tmdb": "949"}, "more": 1}

            {"id": "c", "server": "x", "kind": "Movie", "title": "Ran", "year": null}
        "#;
        let records = parse("attic", text).expect("records");
        let groups = group_records(records, Strategy::ProviderIds).expect("groups");
        let lines: Vec<_> = groups.iter().map(|g| g.line(false)).collect();
        assert_eq!(lines, [r#"["a","b"]"#, r#"["c"]"#]);
        assert_eq!(
            groups[0].line(true),
            r#"{"ids":["a","b"],"keys":["Tmdb 949"],"score":1.0}"#
        );
    }

    #[test]
    fn a_date_that_is_not_known_and_a_byte_order_mark_say_nothing() {
        let text = "\u{FEFF}{\"id\": \"a\", \"kind\": \"Movie\", \"title\": \"x\", \"premiere_date\": \"\"}
            {\"id\": \"b\", \"kind\": \"Movie\", \"title\": \"x\", \"premiere_date\": \"0000-00-00\"}";
        let records = parse("f.jsonl", text).expect("records");
        let days: Vec<_> = records.iter().map(|record| record.premiere_day).collect();
        assert_eq!(days, [None, None]);
    }

    #[test]
    fn what_is_wrong_names_file_line_and_field() {
        for (line, problem) in [
            (
                r#"{"kind": "Movie", "title": "x"}"#,
                "f.jsonl:2: id: is missing",
            ),
            (
                r#"{"id": "1", "kind": "Film", "title": "x"}"#,
                "f.jsonl:2: kind: `Film` is no kind of Jellyfin's",
            ),
            (
                r#"{"id": "1", "kind": "Movie", "title": 5}"#,
                "f.jsonl:2: title: must be a text",
            ),
            (
                r#"{"id": "1", "kind": "Movie", "title": "x", "year": "1995"}"#,
                "f.jsonl:2: year: must be a whole number",
            ),
            (
                r#"{"id": "1", "kind": "Movie", "title": "x", "premiere_date": "May"}"#,
                "f.jsonl:2: premiere_date: must be a date (YYYY-MM-DD)",
            ),
        ] {
            let error = parse("f.jsonl", &format!("\n{line}")).expect_err(line);
            assert_eq!(error.to_string(), problem);
        }
        let error = parse("f.jsonl", "[1]").expect_err("no object");
        assert!(
            error.to_string().starts_with("f.jsonl:1: no JSON object"),
            "{error}"
        );
        let twice = r#"{"id": "1", "kind": "Movie", "title": "x"}"#;
        let records = parse("f.jsonl", &format!("{twice}\n{twice}")).expect("records");
        let error = group_records(records, Strategy::None).expect_err("twice");
        assert_eq!(
            error.to_string(),
            "f.jsonl:2: id: `1` stands in f.jsonl:1 too"
        );
    }
}
