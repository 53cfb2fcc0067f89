//! The table of all routes.

use super::route::Route;
use super::{
    connect, dashboard, displayprefs, items, livetv, localization, login, lookups, names, playback,
    playlists, recommendations, scan, sessions, shows, socket, userdata, users, views,
};

/// Every route, by family: method, path, who may call it.
pub static ROUTES: &[&[Route]] = &[
    connect::ROUTES,
    dashboard::ROUTES,
    displayprefs::ROUTES,
    items::ROUTES,
    livetv::ROUTES,
    localization::ROUTES,
    login::ROUTES,
    lookups::ROUTES,
    names::ROUTES,
    playback::ROUTES,
    playlists::ROUTES,
    recommendations::ROUTES,
    scan::ROUTES,
    sessions::ROUTES,
    shows::ROUTES,
    socket::ROUTES,
    userdata::ROUTES,
    users::ROUTES,
    views::ROUTES,
];
