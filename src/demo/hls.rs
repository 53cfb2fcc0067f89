//! HLS: playlists that echo the query, and segments of the clip.

use axum::body::Body as HttpBody;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::calls::Call;
use super::media::{Clip, FRAGMENT_SECONDS, LAST_MODIFIED, QUALITIES, Quality, clip};
use super::reply::{Refusal, Reply, text};
use super::state::State;
use super::streams::{quality_of, source_of};

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const TICKS: i64 = 10_000_000;

/// The film that is asked for: its length in ticks, and the quality to send.
fn film(state: &State, call: &Call, id: Uuid) -> Result<(i64, Quality), Refusal> {
    call.session(state)?;
    let item = {
        let library = state.library();
        library.owner(id).cloned()
    };
    let item = item.ok_or_else(|| Refusal::processing(StatusCode::NOT_FOUND))?;
    let source = source_of(&item, call.params.get("mediasourceid"));
    let source = source.ok_or_else(|| Refusal::processing(StatusCode::NOT_FOUND))?;
    let ticks = source["RunTimeTicks"]
        .as_i64()
        .or(item.runtime)
        .unwrap_or(0);
    let mut quality = quality_of(&source);
    // A narrow line gets a smaller picture.
    if let Some(bitrate) = call.params.int("videobitrate")? {
        let most = match bitrate {
            ..1_000_000 => 480,
            1_000_000..3_000_000 => 720,
            _ => 1080,
        };
        let fitting = QUALITIES.iter().rev().find(|known| known.height <= most);
        if let Some(fitting) = fitting.filter(|fitting| fitting.height < quality.height) {
            quality = *fitting;
        }
    }
    Ok((ticks, quality))
}

/// `GET /videos/{id}/master.m3u8`.
pub(super) fn master(state: &State, call: &Call, id: Uuid) -> Reply {
    let (_, quality) = film(state, call, id)?;
    let body = format!(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1022528,AVERAGE-BANDWIDTH=1022528,VIDEO-RANGE=SDR,\
         CODECS=\"avc1.6400{:02X},mp4a.40.2\",RESOLUTION={}x{},FRAME-RATE=24\nmain.m3u8?{}\n",
        quality.level, quality.width, quality.height, call.query
    );
    Ok(text(StatusCode::OK, PLAYLIST, body))
}

/// `GET /videos/{id}/main.m3u8`.
pub(super) fn main(state: &State, call: &Call, id: Uuid) -> Reply {
    use std::fmt::Write as _;
    let (ticks, _) = film(state, call, id)?;
    let query = &call.query;
    let mut out = format!(
        "#EXTM3U\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-VERSION:7\n\
         #EXT-X-TARGETDURATION:{FRAGMENT_SECONDS}\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-MAP:URI=\"hls1/main/-1.mp4?{query}&runtimeTicks=0&actualSegmentLengthTicks=0\"\n"
    );
    let full = FRAGMENT_SECONDS * TICKS;
    let mut start = 0;
    for number in 0..Clip::count(ticks) {
        let length = full.min((ticks - start).max(TICKS / 10));
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "#EXTINF:{}.{:06}, nodesc\nhls1/main/{number}.mp4?{query}&runtimeTicks={start}\
             &actualSegmentLengthTicks={length}\n",
            length / TICKS,
            length % TICKS / 10
        );
        start += full;
    }
    out.push_str("#EXT-X-ENDLIST\n");
    Ok(text(StatusCode::OK, PLAYLIST, out))
}

/// `GET /videos/{id}/hls1/main/{number}.mp4`; number -1 is the head.
pub(super) fn segment(state: &State, call: &Call, id: Uuid, name: &str) -> Reply {
    let (ticks, quality) = film(state, call, id)?;
    let number = name
        .split('.')
        .next()
        .and_then(|number| number.parse::<i64>().ok());
    let number = number.ok_or_else(Refusal::not_found)?;
    let clip = clip(quality);
    let bytes = match usize::try_from(number) {
        Ok(number) if number < Clip::count(ticks) => clip.fragment(number),
        Err(_) if number == -1 => clip.init.to_vec(),
        _ => return Err(Refusal::not_found()),
    };
    let mut response = Response::new(HttpBody::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        header::LAST_MODIFIED,
        HeaderValue::from_static(LAST_MODIFIED),
    );
    Ok(response)
}

/// `GET /Videos/{id}/{source}/Subtitles/{index}/subtitles.m3u8`.
pub(super) fn subtitle_playlist(state: &State, call: &Call, id: Uuid) -> Reply {
    let session = call.session(state)?;
    let (ticks, _) = film(state, call, id)?;
    let length = call.params.int("segmentlength")?.unwrap_or(30).max(1);
    let mut out = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:{length}\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:0\n\
         #EXT-X-PLAYLIST-TYPE:VOD\n"
    );
    let mut start = 0;
    while start < ticks {
        let end = (start + length * TICKS).min(ticks);
        let seconds = format!(
            "{}.{:03}",
            (end - start) / TICKS,
            (end - start) % TICKS / 10_000
        );
        let seconds = seconds
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned();
        out.push_str(&format!(
            "#EXTINF:{seconds},\nstream.vtt?CopyTimestamps=true&AddVttTimeMap=true\
             &StartPositionTicks={start}&EndPositionTicks={end}&ApiKey={}\n",
            session.token
        ));
        start = end;
    }
    out.push_str("#EXT-X-ENDLIST\n");
    Ok(text(StatusCode::OK, PLAYLIST, out))
}
