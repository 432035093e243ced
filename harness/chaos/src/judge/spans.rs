//! The faults of a run, found by when they were there.

use crate::history::{FaultSpan, History, Micros};
use crate::plan::Fault;

/// One second, as histories count.
pub(super) const SECOND: Micros = 1_000_000;
/// What a fault has broken shows for so long after its end: buffers empty, and a pooler starts.
pub(super) const AFTERMATH: Micros = 2 * SECOND;

/// Sorted once, so that a question costs what is found and not what there is.
pub(super) struct Spans<'h> {
    /// By their beginning.
    spans: Vec<&'h FaultSpan>,
    /// The latest end of this one and all before it.
    latest: Vec<Micros>,
}

impl<'h> Spans<'h> {
    pub(super) fn of(history: &'h History) -> Self {
        let mut spans: Vec<_> = history.faults.iter().collect();
        spans.sort_by_key(|span| span.from);
        let mut end = 0;
        let mut latest = Vec::with_capacity(spans.len());
        for span in &spans {
            end = end.max(span.to);
            latest.push(end);
        }
        Self { spans, latest }
    }

    /// Those that were there at any moment between, or had ended up to `after` before that, the last
    /// to begin first.
    pub(super) fn meeting(
        &self,
        from: Micros,
        to: Micros,
        after: Micros,
    ) -> impl Iterator<Item = &'h FaultSpan> {
        let until = self.spans.partition_point(|span| span.from <= to);
        let reaches = move |end: Micros| end.saturating_add(after) >= from;
        let past = self.latest[..until].iter().zip(&self.spans[..until]).rev();
        past.take_while(move |(latest, _)| reaches(**latest))
            .map(|(_, span)| *span)
            .filter(move |span| reaches(span.to))
    }

    /// Whether one of them fits. A fault at a point of the protocol that never acted explains nothing.
    pub(super) fn met(
        &self,
        from: Micros,
        to: Micros,
        after: Micros,
        fits: impl Fn(&Fault) -> bool,
    ) -> bool {
        let mut spans = self.meeting(from, to, after);
        spans.any(|span| has_acted(span) && fits(&span.fault))
    }
}

fn has_acted(span: &FaultSpan) -> bool {
    !(matches!(span.fault, Fault::AtPoint { .. }) && span.hits == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(number: usize, from: Micros, to: Micros, hits: Option<u64>) -> FaultSpan {
        FaultSpan {
            number,
            fault: "clients: close before Query".parse().expect("a fault"),
            from,
            to,
            hits,
            trouble: None,
        }
    }

    #[test]
    fn a_long_fault_is_found_behind_short_ones() {
        let history = History {
            faults: vec![
                span(1, 0, 100, None),
                span(2, 10, 20, None),
                span(3, 30, 40, None),
            ],
            ..History::default()
        };
        let spans = Spans::of(&history);
        let found = |from, to, after| -> Vec<usize> {
            let found = spans.meeting(from, to, after);
            found.map(|span| span.number).collect()
        };
        assert_eq!(found(50, 60, 0), [1]);
        assert_eq!(found(50, 60, 10), [3, 1]);
        assert_eq!(found(5, 9, 0), [1]);
        assert_eq!(found(101, 200, 0), [0; 0]);
    }

    #[test]
    fn what_never_acted_explains_nothing() {
        let met = |hits| {
            let faults = vec![span(1, 0, 100, hits)];
            let history = History {
                faults,
                ..History::default()
            };
            Spans::of(&history).met(50, 60, 0, |_| true)
        };
        assert!(met(None) && met(Some(1)) && !met(Some(0)));
    }
}
