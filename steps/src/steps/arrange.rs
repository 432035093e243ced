//! Given: PostgreSQL, its users, and a pooler before it.

use cucumber::gherkin::Step as GherkinStep;
use cucumber::given;
use harness::Method;

use crate::Turnstile;
use crate::surprise::Step;
use crate::table;
use crate::words::ClientName;

#[given(regex = r"^PostgreSQL with the users? ([a-z]+(?:(?:, | and )[a-z]+)*)$")]
async fn postgres(world: &mut Turnstile, users: String) -> Step {
    world.scene()?.set_up(&table::list(&users)).await
}

#[given(regex = r"^PostgreSQL of its own with the users? ([a-z]+(?:(?:, | and )[a-z]+)*)$")]
async fn postgres_of_its_own(world: &mut Turnstile, users: String) -> Step {
    let scene = world.scene()?;
    scene.take_own_instance().await?;
    scene.set_up(&table::list(&users)).await
}

#[given(expr = "the MD5 user {client}")]
async fn md5_user(world: &mut Turnstile, user: ClientName) -> Step {
    world.scene()?.add_user(user.user(), Method::Md5).await
}

#[given(expr = "no auth_query")]
fn no_auth_query(world: &mut Turnstile) -> Step {
    world.scene()?.database()?.auth_query = None;
    Ok(())
}

/// Heading: `name`, then keys of a static user; an empty cell leaves the key out.
#[given("the static users")]
fn static_users(world: &mut Turnstile, step: &GherkinStep) -> Step {
    let (heading, rows) = table::headed(step)?;
    for row in rows {
        let cells = heading.iter().zip(row).skip(1);
        let keys: Vec<(&str, &str)> = cells.map(|(key, cell)| (&**key, &**cell)).collect();
        world.scene()?.add_static_user(&row[0], &keys)?;
    }
    Ok(())
}

/// Before the pooler is started.
#[given("a unix socket before the pooler")]
fn unix_socket(world: &mut Turnstile) -> Step {
    world.scene()?.add_unix_socket();
    Ok(())
}

#[given("a pooler")]
async fn pooler(world: &mut Turnstile) -> Step {
    world.scene()?.start_pooler().await
}

/// Each row is a key and its value: `auth_query.x`, `pool.x`, `hba`, else one of `general`.
#[given("a pooler with")]
async fn pooler_with(world: &mut Turnstile, step: &GherkinStep) -> Step {
    for (key, value) in table::pairs(step)? {
        world.scene()?.configure_key(key, value)?;
    }
    world.scene()?.start_pooler().await
}

/// Servers and pools that the configuration keeps on purpose, for the audit.
#[given(expr = "the pooler may keep {int} server(s) in {int} pool(s)")]
fn may_keep(world: &mut Turnstile, servers: i64, pools: i64) -> Step {
    world.scene()?.kept = harness::audit::Kept { servers, pools };
    Ok(())
}
