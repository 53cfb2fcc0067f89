//! URLs that a server writes into a media source, as clients are told them: the copy's own id, the
//! viewer's right to stream it in place of the server's token.

use serde_json::Value;
use url::form_urlencoded;

use crate::model::PublicId;
use crate::wire::Body;

/// Rewrites `TranscodingUrl`, `DirectStreamUrl`, `DeliveryUrl` and remote paths of one media source.
pub fn rewrite(source: &mut Body, copy: PublicId, tag: String) {
    for field in ["TranscodingUrl", "DirectStreamUrl"] {
        if let Some(Value::String(url)) = source.get_mut(field) {
            *url = relative(url, copy, &tag);
        }
    }
    // A player opens such a path by itself: it gets ours, never the server's.
    let remote = source
        .get("IsRemote")
        .and_then(Value::as_bool)
        .unwrap_or(false)
        || source
            .get("Protocol")
            .and_then(Value::as_str)
            .is_some_and(|protocol| protocol != "File");
    if remote {
        source.insert("Protocol".into(), "File".into());
        source.insert("IsRemote".into(), false.into());
        source.insert("Path".into(), format!("/Videos/{copy}/stream").into());
    }
    for list in ["MediaStreams", "MediaAttachments"] {
        let Some(Value::Array(parts)) = source.get_mut(list) else {
            continue;
        };
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            let external = part
                .get("IsExternalUrl")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            match part.get_mut("DeliveryUrl") {
                Some(Value::String(url)) if !external => *url = relative(url, copy, &tag),
                _ => {}
            }
        }
    }
}

/// `/videos/{id}/…?query`: ids of the path and of `MediaSourceId` become the copy's; every form of a
/// token goes, the tag takes its place.
fn relative(url: &str, copy: PublicId, tag: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // A server below a sub-path may write it; what we serve starts at the media route.
    let lower = path.to_ascii_lowercase();
    let start = ["/videos/", "/audio/", "/items/"]
        .iter()
        .filter_map(|route| lower.find(route))
        .min();
    let path = &path[start.unwrap_or(0)..];
    let parts: Vec<String> = path
        .split('/')
        .map(|part| match part.parse::<PublicId>() {
            // The first id is spelled with dashes, the version's without, as Jellyfin does.
            Ok(_) if part.contains('-') => copy.dashed(),
            Ok(_) => copy.to_string(),
            Err(_) => part.to_owned(),
        })
        .collect();
    let mut out = form_urlencoded::Serializer::new(String::new());
    let mut tagged = false;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match key.to_ascii_lowercase().as_str() {
            "apikey" | "api_key" | "userid" => {}
            "mediasourceid" => drop(out.append_pair(&key, &copy.to_string())),
            "tag" => {
                tagged = true;
                out.append_pair(&key, tag);
            }
            _ => drop(out.append_pair(&key, &value)),
        }
    }
    if !tagged {
        out.append_pair("Tag", tag);
    }
    format!("{}?{}", parts.join("/"), out.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rewritten(source: Value, copy: PublicId) -> Value {
        let Value::Object(mut source) = source else {
            unreachable!("the tests tell objects")
        };
        rewrite(&mut source, copy, "sealed".to_owned());
        Value::Object(source)
    }

    #[test]
    fn a_path_that_players_would_open_by_themselves_is_ours() {
        let copy = PublicId::random();
        let ours = json!({
            "Protocol": "File",
            "IsRemote": false,
            "Path": format!("/Videos/{copy}/stream"),
        });
        for remote in [
            json!({"Protocol": "Http", "IsRemote": true, "Path": "http://attic:8096/films/1.mkv?ApiKey=x"}),
            json!({"Protocol": "Rtsp", "Path": "rtsp://attic/1"}),
            json!({"Protocol": "File", "IsRemote": true, "Path": "smb://user:password@attic/1.mkv"}),
        ] {
            assert_eq!(rewritten(remote, copy), ours);
        }
        let file = json!({"Protocol": "File", "Path": "/films/1.mkv"});
        assert_eq!(rewritten(file.clone(), copy), file);
    }

    #[test]
    fn a_transcoding_url_names_the_copy_and_holds_no_token() {
        let copy = PublicId::random();
        let url = relative(
            "/videos/aeececf5-6199-007e-aa40-09c41e3aa7aa/master.m3u8?DeviceId=lab&MediaSourceId=aeececf56199007eaa4009c41e3aa7aa&PlaySessionId=9b4b&ApiKey=054a56d5&Tag=1fcf",
            copy,
            "sealed",
        );
        assert_eq!(
            url,
            format!(
                "/videos/{}/master.m3u8?DeviceId=lab&MediaSourceId={copy}&PlaySessionId=9b4b&Tag=sealed",
                copy.dashed()
            )
        );
    }

    #[test]
    fn a_subtitle_url_below_a_sub_path_is_ours() {
        let copy = PublicId::random();
        let url = relative(
            "/jellyfin/Videos/a52c8e7b-53c8-ff63-147e-d1ea69b7f9f4/a52c8e7b53c8ff63147ed1ea69b7f9f4/Subtitles/0/0/Stream.vtt?api_key=x",
            copy,
            "sealed",
        );
        assert_eq!(
            url,
            format!(
                "/Videos/{}/{copy}/Subtitles/0/0/Stream.vtt?Tag=sealed",
                copy.dashed()
            )
        );
    }
}
