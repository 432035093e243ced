//! Every conversation up to a depth: all that may be sent, in every order with the replies.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::rc::Rc;

use super::Step;
use super::conversation::Conversation;
use super::menu::Menu;

/// How a conversation came about, last step first.
struct Path {
    step: Step,
    before: Option<Rc<Self>>,
}

type Place = (Conversation, Option<Rc<Path>>);

struct Explorer {
    menu: Menu,
    seen: HashSet<u64>,
    steps: u64,
}

impl Explorer {
    /// All that is reached with at most `depth` messages of the client's.
    fn explore(menu: Menu, depth: u32) -> Self {
        let mut explorer = Self {
            menu,
            seen: HashSet::new(),
            steps: 0,
        };
        let mut level: Vec<Place> = vec![(Conversation::new(), None)];
        for _ in 0..depth {
            level = explorer.say_all(&level);
            explorer.settle(&mut level);
        }
        explorer
    }

    /// One message more, whichever may be sent.
    fn say_all(&mut self, level: &[Place]) -> Vec<Place> {
        let mut next = Vec::new();
        for (conversation, path) in level {
            for say in self.menu.offers(&conversation.server) {
                let step = Step::Say(say);
                if conversation.allows(step) {
                    next.extend(self.step(conversation, path.as_ref(), step));
                }
            }
        }
        next
    }

    /// Replies come, and probes go, or not yet.
    fn settle(&mut self, level: &mut Vec<Place>) {
        let mut at = 0;
        while at < level.len() {
            for step in [Step::Deliver, Step::Probe] {
                let (conversation, path) = &level[at];
                if !conversation.allows(step) {
                    continue;
                }
                if let Some(place) = self.step(conversation, path.as_ref(), step) {
                    level.push(place);
                }
            }
            at += 1;
        }
    }

    /// `None` when somebody was there before.
    fn step(&mut self, from: &Conversation, path: Option<&Rc<Path>>, step: Step) -> Option<Place> {
        self.steps += 1;
        let mut conversation = from.clone();
        let path = Some(Rc::new(Path {
            step,
            before: path.cloned(),
        }));
        if let Err(complaint) = conversation.take(step) {
            panic!("{}", told(&complaint, path.as_ref(), &conversation));
        }
        self.seen
            .insert(conversation.key())
            .then_some((conversation, path))
    }
}

fn told(complaint: &str, mut path: Option<&Rc<Path>>, at: &Conversation) -> String {
    let mut steps = Vec::new();
    while let Some(here) = path {
        steps.push(here.step.to_string());
        path = here.before.as_ref();
    }
    steps.reverse();
    let mut text = format!("{complaint}\n{}\n", steps.join("\n"));
    write!(text, "{at:#?}").expect("a String takes all");
    text
}

/// Explores, says how far it came, and fails if that is less than it once was.
fn explore(what: &str, menu: Menu, depth: u32, at_least: usize) {
    let Explorer { seen, steps, .. } = Explorer::explore(menu, depth);
    let states = seen.len();
    println!("{what}: {depth} messages deep, {steps} steps, {states} different states");
    assert!(states >= at_least, "{states} states, not {at_least}");
}

#[test]
fn every_conversation_of_3_messages() {
    explore("all messages", Menu::Full, 3, 80_000);
}

#[test]
fn every_conversation_about_copy_of_5_messages() {
    explore("COPY", Menu::Copy, 5, 300_000);
}
