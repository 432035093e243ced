//! Clients whose every question has an answer of its own, and the account of them.

use cucumber::{then, when};
use futures::future::join_all;
use harness::ledger::ask;

use crate::Turnstile;
use crate::surprise::{Step, Surprise};
use crate::words::{ClientName, Manner};

/// All at once; each client asks its next question when it has the answer to the last one.
#[when(
    expr = "{int} clients of {client} and {int} of {client} each ask for their own token {int} times"
)]
async fn clients_ask(
    world: &mut Turnstile,
    some: usize,
    one: ClientName,
    others: usize,
    other: ClientName,
    times: usize,
) -> Step {
    let mut asking = Vec::new();
    for (count, user) in [(some, one), (others, other)] {
        let login = world.scene()?.login(&user, &Manner::default())?;
        for number in 1..=count {
            let (ledger, login) = (world.ledger.clone(), login.clone());
            let name = format!("{user}#{number}");
            asking.push(tokio::spawn(async move {
                ask(&ledger, &name, &login, times).await;
            }));
        }
    }
    for end in join_all(asking).await {
        end.map_err(|error| Surprise::new(error.to_string()))?;
    }
    Ok(())
}

#[then(expr = "the ledger balances with {int} answers")]
fn balances(world: &mut Turnstile, wanted: usize) -> Step {
    let answers = world.ledger.balance();
    let answers = answers.map_err(|failure| Surprise::new(world.tidy(&failure.message)))?;
    crate::surprise::expect("the answers", &answers, &wanted)
}
