//! One scenario in this process. A violation ends the process at once: nothing is unwound under a
//! checker that has lost its hold of the threads.

use std::io::Write;
use std::panic;

use crate::property;
use crate::scenario::{How, Scenario};
use crate::{under_loom, under_shuttle};

pub fn run(scenario: Scenario, seed: u64, schedule: Option<&str>) {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let owned = payload.downcast_ref::<String>().map(String::as_str);
        let what = owned
            .or_else(|| payload.downcast_ref().copied())
            .unwrap_or("a panic");
        if what.contains("deadlock") {
            let property = property::of_deadlock().words();
            println!("violated {property}: a login sleeps and nobody is left to wake it");
        } else if property::ALL.iter().any(|p| what.starts_with(p.words())) {
            println!("violated {what}");
        } else {
            println!("violated nothing that has a name: {info}");
        }
        println!("after {} executions", property::executions());
        let _ = std::io::stdout().flush();
        std::process::exit(1);
    }));
    // Once per process: the checkers want what they run to live for ever.
    let parts: &'static [_] = scenario.parts.leak();
    match (scenario.how, schedule) {
        (_, Some(schedule)) => under_shuttle::replay(parts, schedule),
        (How::Exhaustive, _) => under_loom::check(parts, None),
        (How::Bounded(preemptions), _) => under_loom::check(parts, Some(preemptions)),
        (How::Pct(schedules), _) => under_shuttle::check_pct(parts, seed, schedules),
        (How::Random(schedules), _) => under_shuttle::check_random(parts, seed, schedules),
    }
    let judged: Vec<_> = property::judged().iter().map(u64::to_string).collect();
    println!("ok {} {}", property::executions(), judged.join(" "));
}
