//! The repository's documents as pages: Markdown to HTML, links between them kept.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Path in the repository and content.
static DOCUMENTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// A Markdown file of the repository.
#[derive(Clone, Copy)]
pub(super) struct Document {
    path: &'static str,
    text: &'static str,
}

pub(super) enum Found {
    Page(Document),
    /// Content type and bytes.
    Picture(&'static str, &'static [u8]),
}

/// What stands at an address below `/docs/`; the empty one is the README.
pub(super) fn find(address: &str) -> Option<Found> {
    let address = address.trim_end_matches('/').to_ascii_lowercase();
    let address = if address.is_empty() {
        "readme"
    } else {
        &address
    };
    DOCUMENTS
        .iter()
        .filter(|(path, _)| self::address(path) == address)
        .find_map(|(path, bytes)| match path.rsplit('.').next() {
            Some("svg") => Some(Found::Picture("image/svg+xml", bytes)),
            Some("png") => Some(Found::Picture("image/png", bytes)),
            _ => std::str::from_utf8(bytes)
                .ok()
                .map(|text| Found::Page(Document { path, text })),
        })
}

/// The address below `/docs/` of a file: `docs/adr/0001-x.md` is at `adr/0001-x`.
fn address(path: &str) -> String {
    let path = path.to_ascii_lowercase();
    let path = path.strip_prefix("docs/").map_or_else(
        || path.clone(),
        // `docs/README.md` beside the README: the folder's own page.
        |inner| {
            if inner == "readme.md" {
                "contents".into()
            } else {
                inner.into()
            }
        },
    );
    path.strip_suffix(".md").unwrap_or(&path).to_owned()
}

/// The whole page for a document asked by `asked` (its depth decides what is relative to what).
pub(super) fn render(frame: &str, asked: &str, document: Document) -> String {
    let above = "../".repeat(asked.matches('/').count());
    let (title, body) = to_html(document, &above);
    frame
        .replace("=\"./", &format!("=\"{above}../"))
        .replace("__MANYFIN_TITLE__", &escape(&title))
        .replace("__MANYFIN_CONTENTS__", &contents(document, &above))
        .replace("__MANYFIN_TEXT__", &body)
}

fn contents(shown: Document, above: &str) -> String {
    let mut list = String::from("<ul>");
    for (path, bytes) in DOCUMENTS.iter().filter(|(path, _)| path.ends_with(".md")) {
        let title = std::str::from_utf8(bytes).ok().and_then(first_heading);
        let title = title.unwrap_or_else(|| (*path).to_owned());
        let current = if *path == shown.path {
            " aria-current=\"page\""
        } else {
            ""
        };
        list.push_str(&format!(
            "<li><a href=\"{above}{}\"{current}>{}</a></li>",
            escape(&address(path)),
            escape(&title)
        ));
    }
    list + "</ul>"
}

fn first_heading(text: &str) -> Option<String> {
    let mut heading = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => return heading,
            Event::Text(part) | Event::Code(part) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&part);
                }
            }
            _ => {}
        }
    }
    None
}

/// Title and body.
fn to_html(document: Document, above: &str) -> (String, String) {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut events: Vec<Event<'_>> = Parser::new_ext(document.text, options)
        .map(|event| match event {
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => Event::Start(Tag::Link {
                link_type,
                dest_url: link(document.path, &dest_url, above).into(),
                title,
                id,
            }),
            Event::Start(Tag::Image {
                link_type,
                dest_url,
                title,
                id,
            }) => Event::Start(Tag::Image {
                link_type,
                dest_url: link(document.path, &dest_url, above).into(),
                title,
                id,
            }),
            other => other,
        })
        .collect();
    name_headings(&mut events);
    let mut body = String::with_capacity(document.text.len() * 2);
    html::push_html(&mut body, events.into_iter());
    let title = first_heading(document.text).unwrap_or_else(|| document.path.to_owned());
    (title, body)
}

/// Gives each heading the id that links to it use elsewhere: lower case, dashes between words.
fn name_headings(events: &mut [Event<'_>]) {
    for at in 0..events.len() {
        if !matches!(events[at], Event::Start(Tag::Heading { .. })) {
            continue;
        }
        let mut name = String::new();
        for event in &events[at + 1..] {
            match event {
                Event::Text(part) | Event::Code(part) => name.push_str(part),
                Event::End(TagEnd::Heading(_)) => break,
                _ => {}
            }
        }
        let slug: String = name
            .to_lowercase()
            .chars()
            .filter_map(|letter| match letter {
                ' ' => Some('-'),
                letter if letter.is_alphanumeric() || letter == '-' || letter == '_' => {
                    Some(letter)
                }
                _ => None,
            })
            .collect();
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[at] {
            id.get_or_insert(CowStr::from(slug));
        }
    }
}

/// Where a link in the file `from` leads on the page; files that are no document have no address here.
fn link(from: &str, to: &str, above: &str) -> String {
    if to.starts_with('#') || to.contains("://") || to.starts_with("mailto:") {
        return to.to_owned();
    }
    let (file, anchor) = to.split_once('#').unwrap_or((to, ""));
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if !DOCUMENTS.iter().any(|(known, _)| *known == path) {
        return String::new();
    }
    let anchor = if anchor.is_empty() {
        String::new()
    } else {
        format!("#{anchor}")
    };
    format!("{above}{}{anchor}", address(&path))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
pub(super) fn sample(path: &'static str, text: &'static str) -> Document {
    Document { path, text }
}
