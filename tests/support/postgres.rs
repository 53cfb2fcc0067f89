//! A PostgreSQL of the tests' own, from the machine's binaries: on a socket in a folder of its own
//! (no port), never as root, and gone soon after the last test process is, however that ended.
//!
//! Several test processes (`cargo nextest` starts one a test) share one cluster. Each holds a shared
//! lock on `users`; the kernel drops it with the process. A watching shell that gets the lock
//! exclusively twice knows that nobody is left, stops the server and removes the folder.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tokio_postgres::NoTls;

/// Whom the server runs as where the tests run as root: (user, group).
type Owner = Option<(u32, u32)>;

const WATCH: &str = r#"
cd "$1" || exit 0
idle=0
while [ $idle -lt 2 ]; do
    sleep 5
    if flock -x -n users true; then idle=$((idle + 1)); else idle=0; fi
    if [ $idle -ge 2 ]; then
        exec 9>start
        flock -x 9
        if ! flock -x -n users true; then idle=0; exec 9>&-; fi
    fi
done
pid=$(head -n 1 data/postmaster.pid 2>/dev/null)
if [ -n "$pid" ]; then
    kill -INT "$pid" 2>/dev/null
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
fi
cd / && rm -rf "$1/data" "$1/socket" "$1/log"
"#;

struct Cluster {
    socket: PathBuf,
    /// Held until the process ends.
    _user: File,
}

/// Makes an empty database; gives its address.
pub async fn create_database() -> String {
    let cluster = cluster().await;
    let name = format!("test_{}", manyfin::model::PublicId::random());
    administer(cluster, &format!("CREATE DATABASE {name}")).await;
    url(cluster, &name)
}

/// Drops a database that [`create_database`] made.
pub async fn drop_database(url: &str) {
    let name = url.rsplit('/').next().expect("an address has a name");
    administer(
        cluster().await,
        &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
    )
    .await;
}

fn url(cluster: &Cluster, name: &str) -> String {
    let socket = cluster.socket.to_str().expect("a temporary path is text");
    format!("postgres://manyfin@{}/{name}", socket.replace('/', "%2F"))
}

async fn administer(cluster: &Cluster, statement: &str) {
    let (client, connection) = tokio_postgres::connect(&url(cluster, "postgres"), NoTls)
        .await
        .expect("the tests' PostgreSQL answers");
    let driver = tokio::spawn(connection);
    client
        .batch_execute(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    drop(client);
    let _ = driver.await;
}

async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    tokio::task::spawn_blocking(|| CLUSTER.get_or_init(start))
        .await
        .expect("the tests' PostgreSQL starts")
}

fn start() -> Cluster {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    let owner = owner();
    let folder = std::env::temp_dir().join(format!("manyfin-pg-{:08x}", hasher.finish() as u32));
    fs::create_dir_all(&folder).expect("a temporary folder can be made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("our own folder");

    let starting = lock_file(&folder, "start");
    starting.lock().expect("a lock can be waited for");
    let user = lock_file(&folder, "users");
    user.lock_shared().expect("a lock can be waited for");

    let socket = folder.join("socket");
    if std::os::unix::net::UnixStream::connect(socket.join(".s.PGSQL.5432")).is_err() {
        boot(&folder, owner);
    }
    Cluster {
        socket,
        _user: user,
    }
}

fn boot(folder: &Path, owner: Owner) {
    let (data, socket) = (folder.join("data"), folder.join("socket"));
    let _ = fs::remove_dir_all(&data);
    for path in [&data, &socket] {
        fs::create_dir_all(path).expect("a temporary folder can be made");
        if let Some((user, group)) = owner {
            chown(path, Some(user), Some(group)).expect("root may give a folder away");
        }
    }
    let log = lock_file(folder, "log");
    let output = || Stdio::from(log.try_clone().expect("a log can be shared"));
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(binaries().join(program));
        command.args(arguments).current_dir(&data);
        command
            .stdin(Stdio::null())
            .stdout(output())
            .stderr(output());
        if let Some((user, group)) = owner {
            command.uid(user).gid(group);
        }
        let done = command.status().expect("PostgreSQL's programs run");
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(done.success(), "{program} failed:\n{}", log());
    };
    let data_text = data.to_str().expect("a temporary path is text");
    let socket_text = socket.to_str().expect("a temporary path is text");
    run(
        "initdb",
        &[
            "-D",
            data_text,
            "-U",
            "manyfin",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ],
    );
    let options = format!(
        "-k {socket_text} -c listen_addresses='' -c fsync=off -c synchronous_commit=off \
         -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB"
    );
    run(
        "pg_ctl",
        &["-D", data_text, "-w", "-t", "60", "-o", &options, "start"],
    );

    let mut watch = Command::new("sh");
    watch.args(["-c", WATCH, "watch"]).arg(folder);
    watch
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A group of its own: what ends the tests must not end the one that cleans up after them.
    watch.process_group(0);
    #[expect(clippy::zombie_processes, reason = "it outlives this process")]
    watch.spawn().expect("a shell runs");
}

fn lock_file(folder: &Path, name: &str) -> File {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .read(true)
        .open(folder.join(name))
        .expect("a file in our own folder can be opened")
}

/// `MANYFIN_TEST_PG_BIN`, or the newest of Debian's.
fn binaries() -> PathBuf {
    if let Some(folder) = std::env::var_os("MANYFIN_TEST_PG_BIN") {
        return folder.into();
    }
    let installed = fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten();
    let newest = installed
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .expect("PostgreSQL is installed (apt install postgresql) or MANYFIN_TEST_PG_BIN is set");
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

/// PostgreSQL refuses to run as root: then it runs as `postgres`, or `nobody`.
fn owner() -> Owner {
    let own = fs::metadata("/proc/self").ok()?;
    if std::os::unix::fs::MetadataExt::uid(&own) != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        accounts.lines().find_map(|line| {
            let mut parts = line.split(':');
            (parts.next()? == name).then_some(())?;
            Some((parts.nth(1)?.parse().ok()?, parts.next()?.parse().ok()?))
        })
    };
    Some(
        find("postgres")
            .or_else(|| find("nobody"))
            .expect("a machine has an account that is not root"),
    )
}
