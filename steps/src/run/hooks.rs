//! Before and after every scenario: its scene, the audit, and what a red one leaves.

use std::sync::Arc;

use cucumber::event::ScenarioFinished;
use cucumber::gherkin::{Feature, Scenario};

use crate::scene::Scene;
use crate::stage::Stage;
use crate::surprise::Surprise;
use crate::world::Turnstile;

/// Sets an empty scene. A panic here is cucumber's way to fail a hook.
pub(super) fn before(world: &mut Turnstile, stage: Arc<Stage>) {
    match Scene::new(stage) {
        Ok(scene) => world.set(scene),
        Err(surprise) => panic!("{surprise}"),
    }
}

/// Sends the clients home, audits, keeps the evidence of a red scenario, and clears up.
pub(super) async fn after(
    feature: &Feature,
    scenario: &Scenario,
    finished: &ScenarioFinished,
    world: Option<&mut Turnstile>,
) {
    let Some(world) = world else { return };
    let mut complaints: Vec<Surprise> = Vec::new();
    world.empty().await;
    let Some(mut scene) = world.take_scene() else {
        return;
    };
    let passed = matches!(finished, ScenarioFinished::StepPassed);
    if passed {
        complaints.extend(scene.end_faults().await.err());
        complaints.extend(scene.audit().await.err());
    }
    if !passed || !complaints.is_empty() {
        match scene
            .keep(&feature.name, &scenario.name, &world.trace.text())
            .await
        {
            Ok(folder) => println!("     evidence: {}", folder.display()),
            Err(surprise) => complaints.push(surprise),
        }
    }
    complaints.extend(scene.strike().await.err());
    if !complaints.is_empty() {
        let list: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        panic!("{}", list.join("\n"));
    }
}
