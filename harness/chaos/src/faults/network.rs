//! Faults of the network and at points of the protocol: toxics on the proxies, or a proxy that is down.

use harness::Result;

use super::place::Stage;
use super::toxic::{number_of, toxics};
use crate::plan::{Fault, Side};

pub(super) const SIDES: [Side; 2] = [Side::Clients, Side::Servers];

/// Puts all toxics of a fault in place.
pub(super) async fn add(stage: &Stage, number: usize, fault: &Fault) -> Result<()> {
    for (side, toxic) in toxics(number, fault) {
        let proxy = stage.ground.proxy(side);
        stage.ground.proxies.client.add(proxy, &toxic).await?;
    }
    Ok(())
}

/// Takes them away; how often they have acted.
pub(super) async fn remove(stage: &Stage, number: usize) -> Result<u64> {
    let client = &stage.ground.proxies.client;
    let mut hits = 0;
    for side in SIDES {
        let proxy = stage.ground.proxy(side);
        let all = client.toxics(proxy).await?;
        let own = |name: &str| number_of(name) == Some(number);
        for toxic in all.into_iter().filter(|toxic| own(&toxic.name)) {
            hits += toxic.hits.unwrap_or(0);
            client.remove(proxy, &toxic.name).await?;
        }
    }
    Ok(hits)
}

/// Takes a proxy down. Two such faults may lie over each other.
pub(super) async fn go_down(stage: &Stage, side: Side) -> Result<()> {
    let mut downs = stage.downs.lock().await;
    *downs.entry(side).or_default() += 1;
    let client = &stage.ground.proxies.client;
    client.enable(stage.ground.proxy(side), false).await
}

/// Lets it up again, when no other fault wants it down.
pub(super) async fn come_up(stage: &Stage, side: Side) -> Result<()> {
    let mut downs = stage.downs.lock().await;
    let left = downs.entry(side).or_default();
    *left = left.saturating_sub(1);
    if *left > 0 {
        return Ok(());
    }
    let client = &stage.ground.proxies.client;
    client.enable(stage.ground.proxy(side), true).await
}
