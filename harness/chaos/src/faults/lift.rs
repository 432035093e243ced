//! Bringing everything back, whatever was there: after a schedule, and after one that was cut short.

use std::time::Duration;

use harness::Result;

use super::act::within;
use super::network::SIDES;
use super::toxic::number_of;
use super::{pooler, server};
use crate::ground::Ground;

const STEP_WITHIN: Duration = Duration::from_secs(40);

/// Proxies up and without toxics of a schedule, PostgreSQL running as it was configured, the pooler running with
/// its own file and not paused. A pooler that ended by itself stays dead: that is a finding. All is
/// tried, also behind what fails; the first failure is returned.
pub async fn lift_all(ground: &Ground) -> Result<()> {
    let proxies = within(STEP_WITHIN, lift_proxies(ground)).await;
    let instance = within(STEP_WITHIN, lift_server(ground)).await;
    let pooler = within(STEP_WITHIN, lift_pooler(ground)).await;
    proxies.and(instance).and(pooler)
}

async fn lift_proxies(ground: &Ground) -> Result<()> {
    let client = &ground.proxies.client;
    for side in SIDES {
        let proxy = ground.proxy(side);
        let all = client.toxics(proxy).await?;
        // Others than the schedule's belong to whoever added them.
        let ours = all
            .into_iter()
            .filter(|toxic| number_of(&toxic.name).is_some());
        for toxic in ours {
            client.remove(proxy, &toxic.name).await?;
        }
        client.enable(proxy, true).await?;
    }
    Ok(())
}

async fn lift_server(ground: &Ground) -> Result<()> {
    server::revive(&ground.instance).await?;
    server::forget_settings(&ground.instance).await
}

async fn lift_pooler(ground: &Ground) -> Result<()> {
    ground.start_pooler().await?;
    if has_ended(ground).await {
        return Ok(());
    }
    pooler::repair(ground).await?;
    pooler::resume(ground).await
}

async fn has_ended(ground: &Ground) -> bool {
    let pooler = ground.pooler().await;
    pooler
        .as_ref()
        .is_some_and(|known| known.exited().is_some())
}
