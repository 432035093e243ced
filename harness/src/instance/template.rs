//! The data directory that local servers are copied from: initdb once, `cp -a` for each server.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::process::Command;
use tokio::sync::OnceCell;

use super::SUPERUSER;
use crate::process::{give_to, unprivileged_user};
use crate::{Error, Result, scratch};

type Cell = Arc<OnceCell<PathBuf>>;

static TEMPLATES: Mutex<Option<HashMap<PathBuf, Cell>>> = Mutex::new(None);
static PASSWORD: OnceLock<String> = OnceLock::new();

/// The superuser's password, one for all servers of this process.
pub(super) fn password() -> Result<String> {
    if let Some(made) = PASSWORD.get() {
        return Ok(made.clone());
    }
    let mut bytes = [0u8; 12];
    let mut source = fs::File::open("/dev/urandom").map_err(Error::io("/dev/urandom"))?;
    std::io::Read::read_exact(&mut source, &mut bytes).map_err(Error::io("/dev/urandom"))?;
    let text = bytes.iter().fold(String::from("super_"), |text, byte| {
        format!("{text}{byte:02x}")
    });
    Ok(PASSWORD.get_or_init(|| text).clone())
}

/// A data directory at `target`, as `initdb` of this bin directory makes it.
pub(super) async fn copy_to(bin: &Path, target: &Path) -> Result<()> {
    let cell = {
        let mut all = TEMPLATES
            .lock()
            .map_err(|_| Error::told("the templates are poisoned"))?;
        let all = all.get_or_insert_with(HashMap::new);
        Arc::clone(all.entry(bin.to_owned()).or_default())
    };
    let template = cell.get_or_try_init(|| initdb(bin)).await?;
    run(Command::new("cp").arg("-a").arg(template).arg(target)).await
}

async fn initdb(bin: &Path) -> Result<PathBuf> {
    let folder = scratch::folder("template")?;
    let (data, secret) = (folder.join("data"), folder.join("password"));
    fs::write(&secret, password()?).map_err(Error::io(secret.display().to_string()))?;
    let user = unprivileged_user();
    give_to(&folder, user.as_deref())?;
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command
                .arg(format!("--reuid={user}"))
                .arg(format!("--regid={}", group(&user)));
            command
                .args(["--init-groups", "--"])
                .arg(bin.join("initdb"));
            command
        }
        None => Command::new(bin.join("initdb")),
    };
    command
        .arg("-D")
        .arg(&data)
        .arg(format!("--username={SUPERUSER}"))
        .arg(format!("--pwfile={}", secret.display()))
        .args([
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .args(["--no-instructions"])
        .current_dir(&folder);
    run(&mut command).await?;
    fs::remove_file(&secret).map_err(Error::io(secret.display().to_string()))?;
    Ok(data)
}

fn group(user: &str) -> String {
    match nix::unistd::User::from_name(user) {
        Ok(Some(found)) => found.gid.to_string(),
        _ => user.to_owned(),
    }
}

async fn run(command: &mut Command) -> Result<()> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let output = command
        .kill_on_drop(true)
        .output()
        .await
        .map_err(Error::io(name.clone()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::told(format!("{name} failed: {text}")))
}
