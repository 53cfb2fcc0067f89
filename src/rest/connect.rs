//! First contact: who this server is, before and after login.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderValue, StatusCode, header};
use rand::RngCore;
use serde_json::json;

use super::RestSettings;
use super::error::RestError;
use super::present;
use super::route::{Answer, Ask, Route, routes};
use crate::wire::time::Stamp;
use crate::wire::{EndpointInfo, PublicSystemInfo, SystemInfo, UtcTime};

pub(super) const ROUTES: &[Route] = routes! {
    Get "/system/info/public" Nobody public_info;
    Get "/system/info" User info;
    Get "/system/endpoint" User endpoint;
    Get "/system/ping" Nobody ping;
    Post "/system/ping" Nobody ping;
    Get "/getutctime" Nobody utc_time;
    Get "/branding/configuration" Nobody branding;
    Get "/branding/css" Nobody css;
    Get "/branding/css.css" Nobody css;
    Get "/branding/splashscreen" Nobody absent;
    Get "/quickconnect/enabled" Nobody quick_connect;
    Post "/quickconnect/initiate" Nobody no_quick_connect;
    Get "/quickconnect/initiate" Nobody no_quick_connect;
    Get "/quickconnect/connect" Nobody no_quick_connect;
    Post "/quickconnect/authorize" User refuse_quick_connect;
    Post "/users/authenticatewithquickconnect" Nobody no_quick_connect;
    Get "/playback/bitratetest" User bitrate_test;
    Get "/fallbackfont/fonts" User no_fonts;
    Get "/syncplay/list" User no_groups;
    Post "/clientlog/document" User client_log;
};

/// Where the caller reaches us: as it is configured, else as the caller asked.
fn address(ask: &Ask) -> String {
    let settings = &ask.state.settings;
    if let Some(url) = &settings.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let header = |name: &str| ask.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = match header("x-forwarded-proto") {
        Some(told) if told.eq_ignore_ascii_case("https") => "https",
        _ => "http",
    };
    // It comes back to who sent it, but only where it is a name and a port.
    let asked = header("host").map(|host| format!("{scheme}://{host}"));
    let asked = asked.and_then(|url| url::Url::parse(&url).ok());
    match asked.filter(|url| url.path() == "/" && url.query().is_none() && url.username() == "") {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", settings.bind),
    }
}

fn public(settings: &RestSettings, address: String) -> PublicSystemInfo {
    PublicSystemInfo {
        local_address: Some(address),
        server_name: settings.server_name.clone(),
        version: settings.version.clone(),
        product_name: PublicSystemInfo::PRODUCT.to_owned(),
        operating_system: String::new(),
        id: settings.server_id.clone(),
        startup_wizard_completed: true,
    }
}

async fn public_info(ask: Ask) -> Answer {
    present::json(&public(&ask.state.settings, address(&ask)))
}

async fn info(ask: Ask) -> Answer {
    let (settings, address) = (&ask.state.settings, address(&ask));
    let port = url::Url::parse(&address)
        .ok()
        .and_then(|url| url.port_or_known_default())
        .unwrap_or(8096);
    present::json(&SystemInfo::of(public(settings, address), port))
}

/// Local and private addresses are the home network: there web does not save bandwidth.
async fn endpoint(ask: Ask) -> Answer {
    let address = ask.client_addr().map(|address| address.to_canonical());
    let is_local = address.is_some_and(|address| address.is_loopback());
    let is_in_network = is_local
        || address.is_some_and(|address| match address {
            std::net::IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
            std::net::IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        });
    present::json(&EndpointInfo {
        is_local,
        is_in_network,
    })
}

async fn ping(_: Ask) -> Answer {
    present::json(&PublicSystemInfo::PRODUCT)
}

async fn utc_time(ask: Ask) -> Answer {
    let now = ask.state.clock.now();
    present::json(&UtcTime {
        request_reception_time: Stamp(now),
        response_transmission_time: Stamp(now),
    })
}

async fn branding(_: Ask) -> Answer {
    present::json(&json!({"SplashscreenEnabled": false}))
}

async fn css(_: Ask) -> Answer {
    Ok((
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        )],
        "",
    )
        .into_response())
}

async fn absent(_: Ask) -> Answer {
    Err(RestError::NotFound)
}

async fn quick_connect(_: Ask) -> Answer {
    present::json(&false)
}

/// Jellyfin's answer where it is switched off.
async fn no_quick_connect(_: Ask) -> Answer {
    Err(RestError::WrongLogin)
}

async fn refuse_quick_connect(_: Ask) -> Answer {
    Err(RestError::Refused)
}

async fn no_fonts(_: Ask) -> Answer {
    present::json(&json!([]))
}

async fn no_groups(_: Ask) -> Answer {
    present::json(&json!([]))
}

/// Crash reports of clients are taken and not kept.
async fn client_log(_: Ask) -> Answer {
    present::json(&json!({"FileName": ""}))
}

/// Bytes that do not compress, by which clients measure the way to us.
async fn bitrate_test(ask: Ask) -> Answer {
    const CHUNK: usize = 64 * 1024;
    let size = ask.params.integer("size")?.unwrap_or(102_400);
    let size = usize::try_from(size)
        .ok()
        .filter(|size| (1..=100_000_000).contains(size))
        .ok_or_else(|| RestError::Invalid {
            field: "size".to_owned(),
            problem: "The requested size must be greater than or equal to 1 and less than or \
                      equal to 100000000"
                .to_owned(),
        })?;
    let mut chunk = vec![0; CHUNK.min(size)];
    rand::rng().fill_bytes(&mut chunk);
    let chunk = Bytes::from(chunk);
    let parts =
        (0..size.div_ceil(CHUNK)).map(move |at| chunk.slice(..CHUNK.min(size - at * CHUNK)));
    let body =
        Body::from_stream(futures::stream::iter(parts).map(Ok::<Bytes, std::convert::Infallible>));
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, size)
        .body(body)
        .map_err(|error| RestError::Internal(error.to_string()))
}
