//! A role gets another password, or the same again with a new salt.

use harness::{Error, Result};

use super::place::Stage;
use crate::ground::User;
use crate::history::What;

/// Changes it, and only then tells the clients.
pub(super) async fn change(stage: &Stage, user: usize, new: bool) -> Result<()> {
    let user = find(stage, user)?;
    let password = if new {
        user.next_password()
    } else {
        user.password()
    };
    set(stage, user, &password).await?;
    user.learn(password);
    stage.recorder.note(What::PasswordChanged {
        user: user.name.clone(),
    });
    Ok(())
}

/// Sets the one that clients know, where the change failed and may have happened all the same.
pub(super) async fn put_back(stage: &Stage, user: usize) -> Result<()> {
    let user = find(stage, user)?;
    set(stage, user, &user.password()).await
}

async fn set(stage: &Stage, user: &User, password: &str) -> Result<()> {
    let instance = &stage.ground.instance;
    instance
        .set_password(&user.name, password, user.method)
        .await
}

fn find(stage: &Stage, user: usize) -> Result<&User> {
    let found = stage.ground.users.get(user);
    let found = found.ok_or_else(|| Error::told(format!("there is no user {user}")))?;
    Ok(found)
}
