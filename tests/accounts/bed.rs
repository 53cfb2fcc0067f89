//! An installation with an administrator and what its tests ask of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use manyfin::accounts::{
    Accounts, AccountsError, Actor, AddServer, Credentials, Device, NewUser, Options, PasswordCost,
    SignIn, SignedIn, User,
};
use manyfin::clock::Clock;
use manyfin::db::Db;
use manyfin::db::audit::{AuditFilter, AuditPart, AuditRow};
use manyfin::demo::{DemoServer, DemoSpec};
use manyfin::jellyfin::{Limits, Registry, TlsTrust};
use manyfin::model::Secret;

pub struct Bed {
    pub accounts: Accounts,
    pub clock: Clock,
    /// Acts as the administrator.
    pub root: Actor,
    pub admin: User,
    folder: tempfile::TempDir,
    db: Db,
}

impl Bed {
    /// An installation whose sign-in servers are these.
    pub async fn new(db: Db, sign_in_servers: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed("2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let accounts = open(&db, &folder, &clock, sign_in_servers).await;
        let admin = NewUser {
            name: "admin".into(),
            password: Some(Secret::new("admin-here")),
            is_administrator: true,
            config_key: None,
        };
        let admin = accounts.create_user(&Actor::System, admin).await.unwrap();
        Self {
            root: Actor::User {
                id: admin.id,
                is_administrator: true,
            },
            accounts,
            clock,
            admin,
            folder,
            db,
        }
    }

    /// Another process on the same database and key.
    pub async fn another_process(&self) -> Accounts {
        open(&self.db, &self.folder, &self.clock, &[]).await
    }

    /// Who changed what, the latest first.
    pub async fn log(&self) -> Vec<AuditRow> {
        let part = AuditPart {
            limit: 100,
            ..AuditPart::default()
        };
        let all = AuditFilter::default();
        let log = self.accounts.audit_log(&self.root, &all, &part).await;
        log.unwrap()
    }

    /// A plain user.
    pub async fn user(&self, name: &str, password: Option<&str>) -> User {
        let user = NewUser {
            name: name.into(),
            password: password.map(Secret::new),
            ..NewUser::default()
        };
        self.accounts.create_user(&self.root, user).await.unwrap()
    }

    /// Adds a demo server crawled by its `crawler`; nobody is linked.
    pub async fn add(&self, server: &DemoServer, name: &str) -> i64 {
        let add = add(server, name);
        self.accounts.add_server(&self.root, add).await.unwrap().id
    }

    pub async fn sign_in(&self, name: &str, password: &str) -> Result<SignedIn, AccountsError> {
        self.sign_in_on(name, password, "tv").await
    }

    pub async fn sign_in_on(
        &self,
        name: &str,
        password: &str,
        device: &str,
    ) -> Result<SignedIn, AccountsError> {
        let wish = SignIn {
            username: name.into(),
            password: Secret::new(password),
            device: Device {
                id: device.into(),
                name: format!("The {device}"),
                client: "Test".into(),
                version: "1".into(),
            },
            address: Some("127.0.0.1".parse().unwrap()),
        };
        self.accounts.sign_in(wish).await
    }

    /// Whether a token opens anything.
    pub async fn opens(&self, token: &Secret) -> bool {
        self.accounts
            .viewer_by_token(token)
            .await
            .unwrap()
            .is_some()
    }
}

async fn open(db: &Db, folder: &tempfile::TempDir, clock: &Clock, sign_in: &[&str]) -> Accounts {
    let limits = Limits {
        total: Duration::from_secs(3),
        attempts: 1,
        ejection: Duration::from_millis(20),
        max_ejection: Duration::from_millis(50),
        probe_offline: Duration::from_millis(50),
        ..Limits::default()
    };
    let options = Options {
        secret_key_file: folder.path().join("secret.key"),
        sign_in_servers: sign_in.iter().map(ToString::to_string).collect(),
        password_cost: PasswordCost::Cheap,
        ..Options::default()
    };
    let registry = Registry::with_limits(clock.clone(), limits);
    Accounts::open(db.clone(), registry, clock.clone(), options)
        .await
        .unwrap()
}

/// A demo server with the accounts `crawler`, `alice` and `bob` (`<name>-pw`) and a few films.
pub async fn demo(name: &str) -> DemoServer {
    DemoServer::start(DemoSpec::films(name, 4, 0))
        .await
        .unwrap()
}

pub fn add(server: &DemoServer, name: &str) -> AddServer {
    AddServer {
        name: name.into(),
        url: server.url(),
        tls: TlsTrust::System,
        credentials: password("crawler"),
        link_me: false,
        force: false,
        take_key: None,
        config_key: None,
    }
}

/// The right credentials of a demo account.
pub fn password(name: &str) -> Credentials {
    Credentials::Password {
        username: name.into(),
        password: Secret::new(format!("{name}-pw")),
    }
}

/// Acts as a plain user.
pub fn acting(user: &User) -> Actor {
    Actor::User {
        id: user.id,
        is_administrator: user.is_administrator,
    }
}
