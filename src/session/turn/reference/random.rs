//! Conversations that are longer than all can be tried.

use proptest::prelude::*;

use super::conversation::Conversation;
use super::menu::Menu;
use super::said::{Fate, Request};
use super::{Say, Step};

/// Replies come more often than not, or nothing would ever be answered.
fn choose(conversation: &Conversation, menu: Menu, which: u16) -> Step {
    let (kind, which) = (which % 8, usize::from(which / 8));
    if kind < 3 && conversation.allows(Step::Deliver) {
        return Step::Deliver;
    }
    if kind < 5 && conversation.allows(Step::Probe) {
        return Step::Probe;
    }
    let mut offers = menu.offers(&conversation.server);
    if !which.is_multiple_of(50) {
        offers.retain(|&say| !ends_all(conversation, say));
    }
    Step::Say(offers[which % offers.len()])
}

/// Nothing can be said after it, so it has to be rare.
fn ends_all(conversation: &Conversation, say: Say) -> bool {
    match say {
        Say::Parameters(fate) => fate == Fate::Fails,
        Say::Client(
            Request::CopyData(_)
            | Request::CopyDone(_)
            | Request::CopyFail
            | Request::Sync
            | Request::Flush,
        ) => false,
        _ => conversation.server.is_copying(),
    }
}

/// Ends what is open, as a client would that wants to be done.
fn wind_up(conversation: &mut Conversation) -> Result<(), String> {
    settle(conversation)?;
    for request in [Request::CopyFail, Request::Sync] {
        let step = Step::Say(Say::Client(request));
        if conversation.allows(step) {
            conversation.take(step)?;
        }
        settle(conversation)?;
    }
    if conversation.ended || conversation.server.is_gone() || !conversation.turn.owes() {
        return Ok(());
    }
    Err(format!("replies are owed at the end: {conversation:#?}"))
}

fn settle(conversation: &mut Conversation) -> Result<(), String> {
    for step in [Step::Deliver, Step::Probe, Step::Deliver] {
        while conversation.allows(step) {
            conversation.take(step)?;
        }
    }
    Ok(())
}

fn talk(menu: Menu, choices: &[u16]) -> Result<(), String> {
    let mut conversation = Conversation::new();
    let mut steps = Vec::new();
    for &which in choices {
        let step = choose(&conversation, menu, which);
        if !conversation.allows(step) {
            continue;
        }
        steps.push(step.to_string());
        let taken = conversation.take(step);
        taken.map_err(|complaint| format!("{complaint}\n{}", steps.join("\n")))?;
    }
    wind_up(&mut conversation).map_err(|complaint| format!("{complaint}\n{}", steps.join("\n")))
}

/// They are cheap: eight times as many as usual.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases * 8,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn conversations_of_any_length(choices in proptest::collection::vec(any::<u16>(), 0..200)) {
        talk(Menu::Full, &choices).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn conversations_about_copy_of_any_length(
        choices in proptest::collection::vec(any::<u16>(), 0..200),
    ) {
        talk(Menu::Copy, &choices).map_err(TestCaseError::fail)?;
    }
}
