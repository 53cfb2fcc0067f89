use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use crate::model::{PublicId, UpstreamId};
use crate::stream::hls::{Mapping, rewrite};

const TOKEN: &str = "054a56d5a5bfe212ccd2da6163efe230";
const ITEM: &str = "aeececf56199007eaa4009c41e3aa7aa";
const COPY: &str = "11112222333344445555666677778888";

fn mapping() -> Mapping<'static> {
    Mapping {
        upstream_item: ITEM.parse().unwrap(),
        upstream_source: ITEM,
        upstream_token: TOKEN,
        copy: COPY.parse().unwrap(),
        user: "99990000999900009999000099990000".parse().unwrap(),
        device_id: Some("phone of ann"),
        tag: Some("ourtag"),
        key: "mf1.key",
    }
}

fn lines(playlist: &str) -> Vec<String> {
    rewrite(playlist.as_bytes(), &mapping())
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_master_playlist_loses_the_sources_token_and_ids() {
    let out = lines(concat!(
        "#EXTM3U\r\n",
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"German, forced\",LANGUAGE=\"deu\",",
        "URI=\"aeececf56199007eaa4009c41e3aa7aa/Subtitles/2/subtitles.m3u8?SegmentLength=30&",
        "ApiKey=054a56d5a5bfe212ccd2da6163efe230\"\r\n",
        "#EXT-X-STREAM-INF:BANDWIDTH=1022528,CODECS=\"avc1.42401F,mp4a.40.2\",SUBTITLES=\"subs\"\r\n",
        "main.m3u8?DeviceId=theirs&MediaSourceId=AEECECF56199007EAA4009C41E3AA7AA&AudioCodec=aac,opus",
        "&PlaySessionId=9b4b&ItemId=aeececf5-6199-007e-aa40-09c41e3aa7aa&ApiKey=054a56d5a5bfe212ccd2da6163efe230&Tag=1fcf&h264-level=31\r\n",
        "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI=\"Trickplay/320/tiles.m3u8?",
        "MediaSourceId=aeececf5-6199-007e-aa40-09c41e3aa7aa&api_key=054a56d5a5bfe212ccd2da6163efe230\"\r\n",
    ));
    assert_eq!(
        out,
        [
            "#EXTM3U",
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subs\",NAME=\"German, forced\",LANGUAGE=\"deu\",\
             URI=\"11112222333344445555666677778888/Subtitles/2/subtitles.m3u8?SegmentLength=30&ApiKey=mf1.key\"",
            "#EXT-X-STREAM-INF:BANDWIDTH=1022528,CODECS=\"avc1.42401F,mp4a.40.2\",SUBTITLES=\"subs\"",
            "main.m3u8?DeviceId=phone%20of%20ann&MediaSourceId=11112222333344445555666677778888\
             &AudioCodec=aac,opus&PlaySessionId=9b4b&ItemId=11112222-3333-4444-5555-666677778888&Tag=ourtag&h264-level=31&ApiKey=mf1.key",
            "#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI=\"Trickplay/320/tiles.m3u8?\
             MediaSourceId=11112222333344445555666677778888&ApiKey=mf1.key\"",
        ]
    );
}

#[test]
fn an_absolute_address_is_made_relative_or_leads_nowhere() {
    let out = lines(concat!(
        "https://attic.example.org/jf/videos/aeececf5-6199-007e-aa40-09c41e3aa7aa/hls1/main/0.ts?a=1\n",
        "/jf/Videos/aeececf56199007eaa4009c41e3aa7aa/main.m3u8\n",
        "https://attic.example.org/secret.ts\n",
        "//attic.example.org/x.ts\n",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"https://keys.example.org/k?token=1\",IV=0x1\n",
    ));
    assert_eq!(
        out,
        [
            "../../videos/11112222-3333-4444-5555-666677778888/hls1/main/0.ts?a=1&ApiKey=mf1.key",
            "../../Videos/11112222333344445555666677778888/main.m3u8?ApiKey=mf1.key",
            "gone",
            "gone",
            "#EXT-X-KEY:METHOD=AES-128,URI=\"gone\",IV=0x1",
        ]
    );
}

#[test]
fn a_version_with_an_id_of_its_own_becomes_the_copy() {
    let mapping = Mapping {
        upstream_source: "bd2cba3f0722ba077f803d3aac40136f",
        device_id: None,
        tag: None,
        ..mapping()
    };
    let text = "main.m3u8?mediaSourceId=bd2cba3f0722ba077f803d3aac40136f&DeviceId=x&Tag=y&UserId=z";
    assert_eq!(
        rewrite(text.as_bytes(), &mapping),
        "main.m3u8?mediaSourceId=11112222333344445555666677778888\
         &UserId=99990000999900009999000099990000&ApiKey=mf1.key"
    );
}

/// Every playlist that the three recorded servers gave: (name, item, token, text).
fn recorded() -> Vec<(String, String, String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recorded");
    let mut found = Vec::new();
    for server in 0..3 {
        let file = folder.join(format!("server-{server}/playback.jsonl.zst"));
        let text = zstd::decode_all(std::fs::File::open(file).unwrap()).unwrap();
        let exchanges: Vec<Value> = serde_json::Deserializer::from_slice(&text)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        // The token that went along is only to be seen where the server wrote it down.
        let token = exchanges
            .iter()
            .filter_map(|exchange| exchange["request"]["path"].as_str())
            .find_map(|path| path.split("ApiKey=").nth(1))
            .map(|rest| rest.split('&').next().unwrap().to_owned())
            .unwrap();
        for exchange in &exchanges {
            let path = exchange["request"]["path"].as_str().unwrap();
            if !path.contains(".m3u8") {
                continue;
            }
            let item: UpstreamId = path.split('/').nth(2).unwrap().parse().unwrap();
            found.push((
                format!("server {server}: {}", exchange["name"].as_str().unwrap()),
                item.to_string(),
                token.clone(),
                exchange["response"]["text"].as_str().unwrap().to_owned(),
            ));
        }
    }
    found
}

#[test]
fn no_recorded_playlist_tells_anything_of_its_source() {
    let playlists = recorded();
    assert!(playlists.len() >= 9, "master, main and subtitles of each");
    for (name, item, token, text) in playlists {
        let item_id: UpstreamId = item.parse().unwrap();
        assert!(text.contains(&token), "{name}: recorded with its token");
        let out = rewrite(
            text.as_bytes(),
            &Mapping {
                upstream_item: item_id,
                upstream_source: &item,
                upstream_token: &token,
                ..mapping()
            },
        );
        assert_eq!(out.lines().count(), text.lines().count(), "{name}");
        for (ours, theirs) in out.lines().zip(text.lines()) {
            assert!(
                !ours.contains(&token) && !ours.contains(&item),
                "{name}: {ours}"
            );
            assert!(!ours.contains(&item_id.dashed()), "{name}: {ours}");
            let has_uri = !theirs.starts_with('#') || theirs.contains("URI=\"");
            assert_eq!(
                ours.contains("ApiKey=mf1.key"),
                has_uri && !theirs.is_empty(),
                "{name}: {ours}"
            );
            let path = |line: &str| line.split('?').next().unwrap().to_owned();
            assert_eq!(path(ours), path(theirs), "{name}: relative stays relative");
            if theirs.contains("PlaySessionId=") {
                let session = |line: &str| {
                    line.split("PlaySessionId=")
                        .nth(1)
                        .map(|s| s[..32].to_owned())
                };
                assert_eq!(session(ours), session(theirs), "{name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_have_an_answer_without_the_token(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        parts in proptest::collection::vec(
            prop_oneof![
                Just(TOKEN.to_owned()), Just(ITEM.to_owned()), Just("URI=\"".to_owned()),
                Just("ApiKey=".to_owned()), Just("\n".to_owned()), Just("#".to_owned()),
                Just("?".to_owned()), Just("&".to_owned()), Just("%30".to_owned()),
                Just("https://".to_owned()), Just("/videos/".to_owned()), ".{0,6}",
            ],
            0..40,
        ),
    ) {
        let _ = rewrite(&bytes, &mapping());
        let text = parts.concat();
        let out = rewrite(text.as_bytes(), &mapping());
        prop_assert!(!out.contains(TOKEN), "{out}");
        prop_assert_eq!(out.matches('\n').count(), text.matches('\n').count());
    }
}

#[test]
fn a_token_within_a_token_is_found_too() {
    let (head, tail) = TOKEN.split_at(9);
    let out = rewrite(format!("# {head}{TOKEN}{tail}").as_bytes(), &mapping());
    assert_eq!(out, "# ");
}

#[test]
fn ids_of_others_stay_what_they_are() {
    let other = PublicId::random();
    let text = format!("{other}/x.ts?LiveStreamId={other}");
    assert_eq!(
        lines(&text),
        [format!("{other}/x.ts?LiveStreamId={other}&ApiKey=mf1.key")]
    );
}

#[test]
fn what_players_trim_makes_no_address_relative() {
    let out = lines(concat!(
        "#EXT-X-MAP:URI=\" https://attic.example.org/x.ts\"\n",
        "#EXT-X-MAP:URI=\"\u{1} //attic.example.org/x.ts\"\n",
        "#EXT-X-MAP:URI=\"\t/jf/videos/aeececf56199007eaa4009c41e3aa7aa/x.ts\"\n",
        "\u{1}\u{feff}//attic.example.org/x.ts\n",
    ));
    assert_eq!(
        out,
        [
            "#EXT-X-MAP:URI=\"gone\"",
            "#EXT-X-MAP:URI=\"gone\"",
            "#EXT-X-MAP:URI=\"../../videos/11112222333344445555666677778888/x.ts?ApiKey=mf1.key\"",
            "gone",
        ]
    );
}

#[test]
fn a_token_that_is_cut_out_leaves_no_address_behind() {
    let out = lines(&format!(
        "{TOKEN}//attic.example.org/x.ts\n#EXT-X-MAP:U{TOKEN}RI=\"https://attic.example.org/y.ts\"\n"
    ));
    assert_eq!(out, ["gone", "#EXT-X-MAP:URI=\"gone\""]);
}
