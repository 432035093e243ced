//! No pooler: clients talk to PostgreSQL itself, which shows what it does.

use std::path::Path;

use super::{Pooler, PoolerKind, PoolerSpec};
use crate::{Error, Result};

pub(super) fn start(spec: &PoolerSpec, folder: &Path) -> Result<Pooler> {
    let database = spec
        .databases
        .first()
        .ok_or_else(|| Error::told("POOLER=none needs a database to connect to"))?;
    Ok(Pooler {
        kind: PoolerKind::None,
        host: database.host.clone(),
        port: database.port,
        pid: None,
        folder: folder.to_owned(),
        config: folder.join("none"),
        child: None,
    })
}
