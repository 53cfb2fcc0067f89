//! Sends recorded requests to a server and compares what comes back.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde_json::Value;

use super::allowed::Allowed;
use super::compare::{Difference, What, compare};
use super::ids::IdMap;
use super::mapping::learn;
use crate::support::recorded::{Exchange, Request, Response};

/// A server that is to answer as the recorded one did.
pub struct Replay {
    base: String,
    http: reqwest::Client,
    pub ids: IdMap,
    tokens: HashMap<String, String>,
}

/// What came back.
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    bytes: Vec<u8>,
}

/// An answer with the recorded ids.
pub struct Told {
    pub status: u16,
    pub body: Option<Value>,
}

/// The headers that clients act on, where bytes are sent.
const BYTE_HEADERS: [&str; 3] = ["accept-ranges", "content-range", "content-type"];

impl Replay {
    pub fn new(base: impl Into<String>, ids: IdMap) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            base: base.into(),
            http,
            ids,
            tokens: HashMap::new(),
        }
    }

    /// Signs a user in, on a device that is named as in the recording.
    pub async fn sign_in(&mut self, user: &str, password: &str) {
        let answer = self
            .http
            .post(format!("{}/Users/AuthenticateByName", self.base))
            .header("Authorization", device(user))
            .json(&serde_json::json!({ "Username": user, "Pw": password }))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200, "{user} signs in");
        let body: Value = answer.json().await.expect("JSON");
        let token = body["AccessToken"].as_str().expect("a token").to_owned();
        self.tokens.insert(user.to_owned(), token);
    }

    /// The token of a user who signed in.
    pub fn token(&self, user: &str) -> &str {
        &self.tokens[user]
    }

    /// Sends one request as recorded, ids mapped, and tells what differs in the answer.
    pub async fn exchange(&mut self, recorded: &Exchange) -> Vec<Difference> {
        let answer = self.send(&recorded.request, &recorded.caller).await;
        if let (Some(body), Ok(ours)) = (
            &recorded.response.body,
            serde_json::from_slice(&answer.bytes),
        ) {
            learn(body, &ours, &mut self.ids);
        }
        differences(&recorded.response, &answer, &recorded.family, &self.ids)
    }

    /// Sends a request with what headers it was recorded with, ids and tokens mapped, and learns from
    /// the answer what later requests will name.
    pub async fn send_as_is(&mut self, request: &Request, recorded: Option<&Value>) -> Told {
        let answer = self.send(request, "").await;
        let body: Option<Value> = serde_json::from_slice(&answer.bytes).ok();
        if let (Some(recorded), Some(ours)) = (recorded, &body) {
            learn(recorded, ours, &mut self.ids);
        }
        Told {
            status: answer.status,
            body: body.map(|body| self.ids.to_recorded(&body)),
        }
    }

    async fn send(&self, request: &Request, caller: &str) -> Answer {
        let method = request.method.parse().expect("a method");
        let url = format!("{}{}", self.base, self.ids.to_ours(&request.path));
        let mut builder = self.http.request(method, url);
        if let Some(token) = self.tokens.get(caller) {
            let header = format!("{}, Token=\"{token}\"", device(caller));
            builder = builder.header("Authorization", header);
        }
        for (name, value) in &request.headers {
            let value = value.as_str().expect("a header is a text");
            builder = builder.header(name, self.ids.to_ours(value));
        }
        if let Some(body) = &request.body {
            if !request.headers.contains_key("Content-Type") {
                builder = builder.header("Content-Type", "application/json");
            }
            let text = match body {
                Value::String(text) => text.clone(),
                body => body.to_string(),
            };
            builder = builder.body(self.ids.to_ours(&text));
        }
        let answer = builder.send().await.expect("an answer");
        Answer {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.to_string(), value)
                })
                .collect(),
            bytes: answer.bytes().await.unwrap_or_default().to_vec(),
        }
    }
}

fn device(user: &str) -> String {
    format!(
        "MediaBrowser Client=\"Recorder\", Device=\"Lab {user}\", DeviceId=\"lab-{user}\", \
         Version=\"1.0.0\""
    )
}

fn differences(recorded: &Response, ours: &Answer, family: &str, ids: &IdMap) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |at: String, what| found.push(Difference { at, what });
    if recorded.status != ours.status {
        let (recorded, ours) = (recorded.status, ours.status);
        add("status".to_owned(), What::Status { recorded, ours });
        return found;
    }
    if recorded.bytes.is_some() || family == "images" {
        for name in BYTE_HEADERS {
            let Some(Value::String(wanted)) = recorded.headers.get(name) else {
                continue;
            };
            let given = ours.headers.get(name);
            if !given.is_some_and(|given| same_header(name, wanted, given)) {
                add(
                    format!("header {name}"),
                    What::Header {
                        recorded: wanted.clone(),
                        ours: given.cloned(),
                    },
                );
            }
        }
    }
    if let Some(body) = recorded.body.as_ref().filter(|_| recorded.status < 400) {
        match serde_json::from_slice::<Value>(&ours.bytes) {
            Ok(value) => found.extend(compare(body, &ids.to_recorded(&value))),
            Err(_) => add(
                "body".to_owned(),
                What::Type {
                    recorded: body.clone(),
                    ours: Value::String(String::from_utf8_lossy(&ours.bytes).into_owned()),
                },
            ),
        }
    }
    found
}

/// Lengths are those of other bytes; the kind and the range asked for are not.
fn same_header(name: &str, recorded: &str, ours: &str) -> bool {
    match name {
        "content-range" => {
            recorded.split('/').next().map(range_start) == ours.split('/').next().map(range_start)
        }
        _ => recorded.split(';').next() == ours.split(';').next(),
    }
}

fn range_start(range: &str) -> &str {
    range.split('-').next().unwrap_or_default()
}

/// What differs, by request; says which entries of the list of allowed differences were needed.
#[derive(Default)]
pub struct Report {
    families: BTreeMap<String, Family>,
    used: Vec<bool>,
}

#[derive(Default)]
struct Family {
    requests: usize,
    equal: usize,
    /// By place and kind: how often, and where first.
    differing: BTreeMap<String, (usize, String)>,
}

impl Report {
    pub fn add(&mut self, exchange: &Exchange, found: Vec<Difference>, allowed: &[Allowed]) {
        self.used.resize(allowed.len(), false);
        let request = format!("{}/{}", exchange.family, exchange.name);
        let family = self.families.entry(exchange.family.clone()).or_default();
        family.requests += 1;
        let mut equal = true;
        for difference in found {
            let excuse = allowed
                .iter()
                .position(|entry| entry.covers(&request, &difference));
            if let Some(entry) = excuse {
                self.used[entry] = true;
                continue;
            }
            equal = false;
            let line = format!("{} {}", difference.at, difference.what);
            let key = format!("{} {}", difference.at, difference.what.kind());
            let entry = family.differing.entry(key).or_insert_with(|| {
                (
                    0,
                    format!("{} (as {}): {line}", exchange.name, exchange.caller),
                )
            });
            entry.0 += 1;
        }
        family.equal += usize::from(equal);
    }

    /// Which entries of the list of allowed differences were needed, by position.
    pub fn used(&self) -> impl Iterator<Item = usize> {
        let used = self.used.iter().enumerate();
        used.filter(|(_, used)| **used).map(|(entry, _)| entry)
    }

    /// How many requests got another answer.
    pub fn failed(&self) -> usize {
        self.families
            .values()
            .map(|family| family.requests - family.equal)
            .sum()
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, family) in &self.families {
            let Family {
                requests, equal, ..
            } = family;
            writeln!(text, "{name}: {equal} of {requests} requests as recorded").unwrap();
            let mut lines: Vec<_> = family.differing.values().collect();
            lines.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
            for (count, first) in lines {
                writeln!(text, "  {count:4}× {first}").unwrap();
            }
        }
        text
    }
}
