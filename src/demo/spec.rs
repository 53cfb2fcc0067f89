//! What a demo server is to be.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Secret;

/// What one demo server holds and who may enter.
#[derive(Debug, Clone)]
pub struct DemoSpec {
    pub name: String,
    /// Jellyfin's version that it tells, `12.0.0` by default. A recorded server tells its own.
    pub version: String,
    pub content: Content,
    pub users: Vec<DemoUser>,
    /// Wait before every answer.
    pub delay: Duration,
}

/// Where the items come from.
#[derive(Debug, Clone)]
pub enum Content {
    /// One of three curated shelves (0, 1, 2) that overlap; `films`: how many films in all over the
    /// three, the shelf's own ones first and generated ones after.
    Generated { shelf: usize, films: usize },
    /// `count` plain films, numbered from `offset`. Films of the same number on two servers are the
    /// same work: an offset of half a count shares half with the neighbour.
    Films { count: usize, offset: usize },
    /// A folder of recorded answers of a real server. Users, libraries and name are the recorded ones.
    Recorded(PathBuf),
}

/// An account on a demo server.
#[derive(Debug, Clone)]
pub struct DemoUser {
    pub name: String,
    pub password: Secret,
    pub administrator: bool,
    pub access: Access,
}

/// What an account may see.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Access {
    /// Names of libraries that stay hidden.
    pub hidden_libraries: Vec<String>,
    /// The highest official rating that is shown (`PG-13`); what has none is shown.
    pub max_rating: Option<String>,
    /// Items (and what lies in them) with one of these tags stay hidden.
    pub blocked_tags: Vec<String>,
    /// Signing in and every request is refused (the account is switched off).
    pub disabled: bool,
}

/// How a server goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every request answers 500.
    Status500,
    /// Every request answers 200 with a page of HTML, as a captive portal or a proxy does.
    Html,
    /// JSON answers break off in the middle.
    TruncatedJson,
    /// JSON answers have other types than they should.
    WrongTypes,
    /// JSON answers are `null`.
    Null,
    /// Every token is refused with 401.
    Unauthorized,
    /// The server is starting: the public info answers, everything else is 503.
    Starting,
    /// The public info answers, everything else never does, as when the server's database is locked.
    Stuck,
    /// The public info answers, everything else something that is not Jellyfin.
    Behind(Proxy),
    /// Streams and downloads answer this status, everything else is well.
    Files(u16),
    /// What is marked as watched or rated is answered with this status, everything else is well.
    Marks(u16),
    /// `PlaybackInfo` tells this JSON in place of its versions.
    Versions(&'static str),
    /// Ranges are ignored: the whole file comes.
    WholeFile,
    /// A part of a file has so many bytes more than were asked for.
    PartsLongerBy(i64),
}

/// What stands before a server and speaks in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    Status(u16),
    /// 200 with a page of HTML.
    Page,
    /// A redirect to another server.
    Elsewhere,
}

/// A request that a demo server got.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// As it came; `ApiKey` taken out.
    pub query: String,
    /// Whose token went along.
    pub user: Option<String>,
}

/// Why a demo server did not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] std::io::Error),
    #[error("cannot read {path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}, line {line}: {problem}")]
    Recording {
        path: PathBuf,
        line: usize,
        problem: String,
    },
}

impl DemoUser {
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: Secret::new(password),
            administrator: false,
            access: Access::default(),
        }
    }
    pub fn administrator(mut self) -> Self {
        self.administrator = true;
        self
    }
    pub fn with_access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }
}

impl DemoSpec {
    /// A server with the demo's accounts: `crawler` (an administrator), `alice`, and `bob`, who sees
    /// nothing above PG-13 and nothing tagged `late night`.
    pub fn new(name: &str, content: Content) -> Self {
        let bob = Access {
            max_rating: Some("PG-13".to_owned()),
            blocked_tags: vec!["late night".to_owned()],
            ..Access::default()
        };
        Self {
            name: name.to_owned(),
            version: "12.0.0".to_owned(),
            content,
            users: vec![
                DemoUser::new("crawler", "crawler-pw").administrator(),
                DemoUser::new("alice", "alice-pw"),
                DemoUser::new("bob", "bob-pw").with_access(bob),
            ],
            delay: Duration::ZERO,
        }
    }

    /// `count` films from number `offset` on.
    pub fn films(name: &str, count: usize, offset: usize) -> Self {
        Self::new(name, Content::Films { count, offset })
    }

    /// The server recorded in `folder`.
    pub fn recorded(folder: impl Into<PathBuf>) -> Self {
        let mut spec = Self::new("", Content::Recorded(folder.into()));
        spec.users.clear();
        spec
    }
}

/// The servers of `manyfin demo`: `servers` of them (three curated shelves, then plain films), with
/// `films` films in all. The second is slow.
pub fn demo_sources(servers: usize, films: usize) -> Vec<DemoSpec> {
    const NAMES: [&str; 6] = ["Attic", "Basement", "Cottage", "Den", "Eaves", "Foyer"];
    (0..servers)
        .map(|number| {
            let name = match NAMES.get(number) {
                Some(name) => (*name).to_owned(),
                None => format!("Room {}", number + 1),
            };
            let content = if number < 3 {
                Content::Generated {
                    shelf: number,
                    films,
                }
            } else {
                Content::Films {
                    count: films.min(200),
                    offset: number * 100,
                }
            };
            let mut spec = DemoSpec::new(&name, content);
            if number == 1 {
                spec.version = "10.11.11".to_owned();
                spec.delay = Duration::from_millis(250);
            }
            spec
        })
        .collect()
}
