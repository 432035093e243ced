//! PostgreSQL for integration tests: real processes from a bin directory, one data directory each.
#![allow(dead_code, unreachable_pub)] // Each test binary uses a part of it.
#![allow(clippy::unwrap_used)] // A helper of tests: what fails here fails the test.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

/// How long a server may take to start, on a busy machine.
const START: Duration = Duration::from_secs(30);

/// A running PostgreSQL; dropping it stops it and removes its data.
pub struct Postgres {
    dir: tempfile::TempDir,
    bin: PathBuf,
    pub port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Starts a cluster whose superuser `postgres` comes in over the unix socket without a
    /// password; `hba` are the further lines of `pg_hba.conf`, `settings` those of
    /// `postgresql.conf`. With TLS it has the certificate `server.crt` of the CA `ca.crt`.
    pub async fn start(hba: &str, settings: &str) -> Self {
        let bin = bin_directory();
        let parent = if Path::new("/dev/shm").is_dir() {
            "/dev/shm"
        } else {
            "/tmp"
        };
        let dir = tempfile::Builder::new()
            .prefix("pgturnstile-test-")
            .tempdir_in(parent)
            .unwrap();
        let mut postgres = Self {
            dir,
            bin,
            port: 0,
            child: None,
        };
        postgres.initialise(hba, settings);
        for _ in 0..5 {
            postgres.port = free_port();
            if postgres.run().await {
                return postgres;
            }
        }
        panic!("PostgreSQL does not start:\n{}", postgres.log());
    }

    fn initialise(&self, hba: &str, settings: &str) {
        fs::set_permissions(self.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        give_to_postgres(self.dir.path());
        let data = self.data();
        let made = self
            .command("initdb")
            .arg("-D")
            .arg(&data)
            .args([
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ])
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb failed: {}", text(&made));
        let local = "local all postgres trust\n";
        fs::write(data.join("pg_hba.conf"), format!("{local}{hba}\n")).unwrap();
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .unwrap();
        let sockets = self.dir.path().display();
        write!(
            file,
            "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{sockets}'\n\
             fsync = off\nlog_connections = on\nlog_disconnections = on\n{settings}\n"
        )
        .unwrap();
        self.write_certificates();
    }

    fn write_certificates(&self) {
        use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
        let mut ca = CertificateParams::new([]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let leaf = CertificateParams::new(names).unwrap();
        let leaf = leaf.signed_by(&key, &ca).unwrap();
        for (name, pem) in [
            ("ca.crt", ca.pem()),
            ("server.crt", leaf.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            let path = self.data().join(name);
            fs::write(&path, pem).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            give_to_postgres(&path);
        }
        // What a client needs to read.
        fs::copy(self.data().join("ca.crt"), self.ca()).unwrap();
    }

    /// Starts the server process on its port; false when it went away again.
    pub async fn run(&mut self) -> bool {
        let log = fs::File::create(self.dir.path().join("log")).unwrap();
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if self.try_superuser().await.is_ok() {
                return true;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            if ended.is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("PostgreSQL is not ready in {START:?}:\n{}", self.log());
    }

    /// Ends the server; `signal` as `kill` calls it: INT ends its sessions, QUIT crashes it.
    pub fn stop(&mut self, signal: &str) {
        if let Some(mut child) = self.child.take() {
            send_signal(child.id(), signal);
            child.wait().unwrap();
        }
    }

    /// Halts or continues one backend or the postmaster, as if its machine stood still.
    pub fn signal_postmaster(&self, signal: &str) {
        send_signal(self.child.as_ref().unwrap().id(), signal);
    }

    /// Runs statements as the superuser and gives the first column of the rows.
    pub async fn sql(&self, sql: &str) -> Vec<String> {
        let client = self.try_superuser().await.unwrap();
        let messages = client.simple_query(sql).await.unwrap();
        messages
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect()
    }

    /// Waits until a query gives this first value.
    pub async fn eventually(&self, sql: &str, expected: &str) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let rows = self.sql(sql).await;
            if rows.first().is_some_and(|value| value == expected) {
                return;
            }
            assert!(Instant::now() < deadline, "{sql}: {rows:?}, not {expected}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn try_superuser(&self) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.dir.path()).port(self.port);
        config.user("postgres").dbname("postgres");
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join(format!(".s.PGSQL.{}", self.port))
    }

    pub fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A program of PostgreSQL, run as somebody it accepts: it refuses to serve as root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        // The server must not outlive a test that was killed.
        command.args(["--pdeathsig", "INT"]).arg(program);
        command.current_dir(self.dir.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop("INT");
    }
}

/// The directory with `initdb` and `postgres`: `PG_BIN`, else Debian's newest.
fn bin_directory() -> PathBuf {
    if let Some(given) = std::env::var_os("PG_BIN") {
        let given = PathBuf::from(given);
        let found = given.join("postgres").exists();
        assert!(
            found,
            "PG_BIN={}: there is no postgres in it",
            given.display()
        );
        return given;
    }
    let majors = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = majors
        .flatten()
        .map(|major| major.path().join("bin"))
        .filter(|bin| bin.join("postgres").exists())
        .collect();
    found.sort();
    found.pop().expect(
        "no PostgreSQL in /usr/lib/postgresql: install it (apt-get install postgresql), or let \
         PG_BIN name the directory with initdb and postgres",
    )
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn give_to_postgres(path: &Path) {
    if is_root() {
        let given = Command::new("chown")
            .arg("postgres:postgres")
            .arg(path)
            .output()
            .unwrap();
        assert!(given.status.success(), "chown failed: {}", text(&given));
    }
}

fn send_signal(pid: u32, signal: &str) {
    let sent = Command::new("kill")
        .args([format!("-{signal}"), pid.to_string()])
        .output()
        .unwrap();
    assert!(sent.status.success(), "kill failed: {}", text(&sent));
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
