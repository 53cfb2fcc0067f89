//! Merged libraries: made, or brought to what the file says.

use super::users::user_called;
use super::{ACTOR, Action, Kind, Run, same, server_called};
use crate::accounts::{
    AccountsError, LibraryUpdate, NewLibrary, OnServer, Owner, SourceInput, User,
};
use crate::config::{DeclaredLibrary, DeclaredSource, LibraryOwner};
use crate::db::merged_libraries::MergedLibrary;
use crate::db::servers::ServerRow;
use crate::db::source_libraries::SourceLibraryRow;
use crate::model::PublicId;

/// What sources are chosen from.
struct Known {
    servers: Vec<ServerRow>,
    libraries: Vec<SourceLibraryRow>,
}

/// A source as the file means it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Found {
        server_id: i64,
        library_id: String,
        priority: i32,
    },
    /// Its server has never told its libraries.
    Pending {
        server_id: i64,
        library: String,
        priority: i32,
    },
}

/// The key of a library: names are unique for an owner only. No name holds a line's end.
pub(super) fn config_key(library: &DeclaredLibrary) -> String {
    match &library.owner {
        LibraryOwner::Everyone => library.name.clone(),
        LibraryOwner::User(owner) => format!("{owner}\n{}", library.name),
    }
}

impl Run<'_> {
    pub(super) async fn libraries(
        &mut self,
        declared: &[DeclaredLibrary],
    ) -> Result<(), AccountsError> {
        if declared.is_empty() {
            return Ok(());
        }
        let users = self.accounts.users().await?;
        let known = Known {
            servers: self.accounts.servers().await?,
            libraries: self.accounts.source_libraries().await?,
        };
        for library in declared {
            let there = self.accounts.merged_libraries().await?;
            if let Err(error) = self.put_library(library, &there, &users, &known).await {
                self.problem(subject(library), error);
            }
        }
        Ok(())
    }

    async fn put_library(
        &mut self,
        declared: &DeclaredLibrary,
        there: &[MergedLibrary],
        users: &[User],
        known: &Known,
    ) -> Result<(), AccountsError> {
        let owner = match &declared.owner {
            LibraryOwner::Everyone => Owner::Everybody,
            LibraryOwner::User(name) => match user_called(users, name) {
                Some(user) => Owner::User(user.id),
                None => return Err(AccountsError::NotFound("owner")),
            },
        };
        let key = config_key(declared);
        let before = library_called(there, &key, &declared.name, owner);
        let targets = self.targets(declared, before, known);
        let sources = inputs(&targets);
        let name = &declared.name;
        let Some(before) = before else {
            let library = NewLibrary {
                name: name.clone(),
                collection_type: declared.collection_type,
                dedup_strategy: declared.dedup_strategy,
                source_policy: declared.source_policy,
                owner,
                sources,
                config_key: Some(key),
            };
            self.accounts.create_library(&ACTOR, library).await?;
            let waiting = waiting(&targets, known);
            let text = format!("added {}{waiting}", subject(declared));
            self.changed(Action::Added, Kind::MergedLibrary, name, text);
            return Ok(());
        };
        let (update, what) = difference(declared, before, &targets, sources, known);
        if what.is_empty() {
            return Ok(());
        }
        let id: PublicId = (before.row.virtual_id.parse())
            .map_err(|_| AccountsError::Internal("a library's id cannot be read".into()))?;
        self.accounts.update_library(&ACTOR, id, update).await?;
        let text = format!("changed {}: {}", subject(declared), what.join(", "));
        self.changed(Action::Changed, Kind::MergedLibrary, name, text);
        Ok(())
    }

    /// The sources that can be; the others are problems.
    fn targets(
        &mut self,
        declared: &DeclaredLibrary,
        before: Option<&MergedLibrary>,
        known: &Known,
    ) -> Vec<Target> {
        let mut targets = Vec::with_capacity(declared.sources.len());
        for source in &declared.sources {
            match target(source, before, known) {
                Ok(target) => targets.push(target),
                Err(text) => self.problem(subject(declared), text),
            }
        }
        targets
    }
}

fn subject(library: &DeclaredLibrary) -> String {
    match &library.owner {
        LibraryOwner::Everyone => format!("merged library {}", library.name),
        LibraryOwner::User(owner) => format!("merged library {} of {owner}", library.name),
    }
}

fn library_called<'a>(
    there: &'a [MergedLibrary],
    key: &str,
    name: &str,
    owner: Owner,
) -> Option<&'a MergedLibrary> {
    let made = |library: &&MergedLibrary| library.row.config_key.as_deref() == Some(key);
    let named = |library: &&MergedLibrary| {
        let row = &library.row;
        let same_owner = match owner {
            Owner::Everybody => row.is_global,
            Owner::User(user) => {
                !row.is_global && row.created_by.as_deref() == Some(user.to_string().as_str())
            }
        };
        row.config_key.is_none() && same_owner && same(&row.name, name)
    };
    there.iter().find(made).or_else(|| there.iter().find(named))
}

fn target(
    source: &DeclaredSource,
    before: Option<&MergedLibrary>,
    known: &Known,
) -> Result<Target, String> {
    let Some(server) = server_called(&known.servers, &source.server) else {
        return Err(format!("there is no server {}", source.server));
    };
    let server_id = server.id;
    let priority = source.priority;
    let id = source.library.parse::<PublicId>().ok();
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    let of_server = || {
        known
            .libraries
            .iter()
            .filter(|row| row.server_id == server_id)
    };
    let present = || of_server().filter(|row| row.is_present);
    let by_id = present().find(|row| row.library_id == id || row.virtual_id == id);
    let row = by_id.or_else(|| present().find(|row| same(&row.name, &source.library)));
    // A library that was renamed or hidden upstream is still the one that was meant.
    let kept = before.into_iter().flat_map(|library| &library.sources);
    let kept = kept
        .filter(|kept| kept.server_id == server_id)
        .find(|kept| kept.library_id == id || same(&kept.library_name, &source.library));
    let library_id = row
        .map(|row| &row.library_id)
        .or(kept.map(|kept| &kept.library_id));
    match library_id {
        Some(library_id) => Ok(Target::Found {
            server_id,
            library_id: library_id.clone(),
            priority,
        }),
        None if of_server().next().is_none() => Ok(Target::Pending {
            server_id,
            library: source.library.clone(),
            priority,
        }),
        None => {
            let names: Vec<_> = present().map(|row| row.name.as_str()).collect();
            let (server, library) = (&source.server, &source.library);
            let names = names.join(", ");
            Err(format!(
                "{server} has no library {library}; it has: {names}"
            ))
        }
    }
}

fn inputs(targets: &[Target]) -> Vec<SourceInput> {
    let input = |target: &Target| {
        let (Target::Found {
            server_id,
            library_id: library,
            priority,
        }
        | Target::Pending {
            server_id,
            library,
            priority,
        }) = target;
        SourceInput {
            server: OnServer::Id(*server_id),
            library: library.clone(),
            priority: *priority,
        }
    };
    targets.iter().map(input).collect()
}

/// The present sources in the file's terms. Pending ones of servers that have told their libraries
/// since are not looked at: they are told as problems, and found should they ever appear.
fn present(library: &MergedLibrary, known: &Known) -> Vec<Target> {
    let found = library.sources.iter().map(|source| Target::Found {
        server_id: source.server_id,
        library_id: source.library_id.clone(),
        priority: source.priority,
    });
    let pending = library.pending.iter().filter_map(|source| {
        let mut servers = known.servers.iter();
        let server = servers.find(|server| {
            server.config_key.as_deref() == Some(&source.server_name)
                || same(&server.name, &source.server_name)
        })?;
        let answered = known.libraries.iter().any(|row| row.server_id == server.id);
        (!answered).then(|| Target::Pending {
            server_id: server.id,
            library: source.library_name.clone(),
            priority: source.priority,
        })
    });
    found.chain(pending).collect()
}

fn difference(
    declared: &DeclaredLibrary,
    before: &MergedLibrary,
    targets: &[Target],
    sources: Vec<SourceInput>,
    known: &Known,
) -> (LibraryUpdate, Vec<String>) {
    let row = &before.row;
    let mut update = LibraryUpdate::default();
    let mut what = Vec::new();
    if row.collection_type != declared.collection_type.as_str() {
        update.collection_type = Some(declared.collection_type);
        what.push(format!("it holds {}", declared.collection_type));
    }
    if row.dedup_strategy != declared.dedup_strategy.as_str() {
        update.dedup_strategy = Some(declared.dedup_strategy);
        what.push(format!("its strategy is {}", declared.dedup_strategy));
    }
    if row.source_policy != declared.source_policy.as_str() {
        update.source_policy = Some(declared.source_policy);
        what.push(format!("its source policy is {}", declared.source_policy));
    }
    let mut now = present(before, known);
    let mut wanted: Vec<_> = targets.iter().collect();
    now.sort_unstable();
    wanted.sort_unstable();
    if !now.iter().eq(wanted) {
        update.sources = Some(sources);
        let waiting = waiting(targets, known);
        what.push(format!("its sources are those of the file{waiting}"));
    }
    (update, what)
}

/// What is said of sources that are not found yet.
fn waiting(targets: &[Target], known: &Known) -> String {
    let mut names: Vec<_> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Pending { server_id, .. } => known
                .servers
                .iter()
                .find(|server| server.id == *server_id)
                .map(|server| server.name.as_str()),
            Target::Found { .. } => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        String::new()
    } else {
        format!(", pending until these answer: {}", names.join(", "))
    }
}
