//! What the proxies' faults did, message by message.

use std::collections::BTreeMap;

use harness::Result;
use serde::Deserialize;

use crate::faults::number_of;
use crate::ground::Ground;
use crate::history::{Recorder, What};
use crate::plan::Side;

/// How far each proxy's events have been read.
#[derive(Debug, Default)]
pub(super) struct Events(BTreeMap<Side, u64>);

#[derive(Deserialize)]
struct Line {
    number: u64,
    time: f64,
    connection: u64,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    toxics: Vec<String>,
}

impl Events {
    /// Notes what fired since the last look.
    pub(super) async fn look(&mut self, ground: &Ground, recorder: &Recorder) -> Result<()> {
        for side in [Side::Clients, Side::Servers] {
            let read = self.0.entry(side).or_default();
            let proxy = ground.proxy(side);
            let events = ground.proxies.client.fired_after(proxy, *read).await?;
            for line in events.lines().filter_map(line) {
                *read = line.number;
                note(recorder, side, &line);
            }
        }
        Ok(())
    }
}

fn line(text: &str) -> Option<Line> {
    serde_json::from_str(text).ok()
}

fn note(recorder: &Recorder, side: Side, line: &Line) {
    for number in line.toxics.iter().filter_map(|name| number_of(name)) {
        let fired = What::Fired {
            side,
            number,
            connection: line.connection,
            direction: line.direction.clone(),
            message: line.message.clone(),
        };
        recorder.note_past(recorder.moment(line.time), fired);
    }
}
