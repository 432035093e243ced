//! Draws a panel as SVG.

use std::error::Error;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::IntoDrawingArea as _;
use plotters::element::Rectangle;
use plotters::series::{AreaSeries, LineSeries};
use plotters::style::{Color as _, IntoFont as _, TextStyle};

use super::super::summary::Summary;
use super::super::timeline::{Bucket, Timeline};
use super::frame::{Axis, Frame, UNIT, number};
use super::ink::Ink;
use super::panel::{Count, Line, Panel, Shows};
use super::scale::Scale;
use super::ticked::Ticked;

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Ticked, Ticked>>;
type Drawn<T = ()> = Result<T, Box<dyn Error>>;

/// What plotters' size of a font is to that of the SVG which it writes.
const FONT: f64 = 1.24;
/// So much of the scale is shaded where anything failed at all, so that one in a thousand is seen.
const SEEN: f64 = 0.025;
/// A look at the pooler holds for so long; where it takes longer there is a gap, as nobody knows.
const HOLDS_MS: u64 = 1_500;

/// The SVG of a panel. The last one has the labels of the time.
pub(super) fn draw(panel: &Panel, frame: &Frame, summary: &Summary, last: bool) -> Drawn<String> {
    let mut svg = String::new();
    let axis = Axis::of(summary);
    let scale = scale(&panel.shows, &summary.timeline);
    // Below the others there is room for the lower half of their last label.
    let below = if last { 22 } else { 8 };
    let size = (frame.width * UNIT, (frame.height + below) * UNIT);
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let times = axis.ticks(frame.labels);
        let mut chart = ChartBuilder::on(&root)
            .margin_top(6 * UNIT)
            .margin_right(frame.right * UNIT)
            .y_label_area_size(frame.left * UNIT)
            .x_label_area_size(below * UNIT)
            .build_cartesian_2d(
                Ticked::new(0.0..axis.end, times),
                Ticked::new(scale.bottom..scale.top, scale.ticks.clone()),
            )?;
        bands(&mut chart, summary, &scale)?;
        mesh(&mut chart, frame, axis, &scale, last)?;
        match &panel.shows {
            Shows::Stack(parts) => stack(&mut chart, &summary.timeline, &scale, parts)?,
            Shows::Times(lines) => draw_lines(&mut chart, &summary.timeline, &scale, lines, 0)?,
            Shows::Looks(lines) => {
                draw_lines(&mut chart, &summary.timeline, &scale, lines, HOLDS_MS)?;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

fn scale(shows: &Shows, timeline: &Timeline) -> Scale {
    let buckets = || timeline.buckets.iter();
    match shows {
        Shows::Stack([(_, one), (_, two)]) => {
            let sums = buckets().map(|bucket| rate(one(bucket) + two(bucket), timeline));
            Scale::linear(sums.fold(0.0, f64::max))
        }
        Shows::Times(lines) => Scale::logarithmic(values(buckets(), lines)),
        Shows::Looks(lines) => Scale::linear(values(buckets(), lines).fold(0.0, f64::max)),
    }
}

fn values<'a>(
    buckets: impl Iterator<Item = &'a Bucket>,
    lines: &'a [Line],
) -> impl Iterator<Item = f64> {
    buckets.flat_map(|bucket| lines.iter().filter_map(|line| (line.of)(bucket)))
}

fn rate(count: u64, timeline: &Timeline) -> f64 {
    number(count) * 1e3 / number(timeline.bucket_ms)
}

/// Every other phase is shaded.
fn bands(chart: &mut Chart<'_, '_>, summary: &Summary, scale: &Scale) -> Drawn {
    let shaded = summary.phases.iter().skip(1).step_by(2);
    let bands = shaded.map(|span| {
        let corners = [(span.from_ms, scale.bottom), (span.to_ms, scale.top)];
        Rectangle::new(corners, Ink::Band.light().filled())
    });
    chart.draw_series(bands)?;
    Ok(())
}

fn mesh(chart: &mut Chart<'_, '_>, frame: &Frame, axis: Axis, scale: &Scale, last: bool) -> Drawn {
    let size = f64::from(frame.font * UNIT) * FONT;
    let font = ("sans-serif", size).into_font();
    let colour = Ink::Label.light();
    let style = TextStyle::from(font).color(&colour);
    // A label at the very end would be cut in the middle.
    let ends = 1.0 - f64::from(frame.font * 3 / 2) / f64::from(frame.inner());
    let time = |at: &f64| {
        if last && axis.share(*at) <= ends {
            axis.label(*at)
        } else {
            String::new()
        }
    };
    chart
        .configure_mesh()
        .bold_line_style(Ink::Grid.light().stroke_width(UNIT))
        .axis_style(Ink::Axis.light().stroke_width(UNIT))
        .label_style(style)
        .set_all_tick_mark_size(4 * UNIT)
        .x_label_formatter(&time)
        .y_label_formatter(&|tick| scale.label(*tick))
        .draw()?;
    Ok(())
}

/// The first part lies below, the second on top of it.
fn stack(
    chart: &mut Chart<'_, '_>,
    timeline: &Timeline,
    scale: &Scale,
    [(below, one), (above, two)]: &[Count; 2],
) -> Drawn {
    let least = scale.top * SEEN;
    let upper = |bucket: &Bucket| match rate(two(bucket), timeline) {
        0.0 => 0.0,
        some => some.max(least),
    };
    let both = |bucket: &Bucket| rate(one(bucket), timeline) + upper(bucket);
    let area = |of: &dyn Fn(&Bucket) -> f64, ink: Ink| {
        let points = timeline.buckets.iter().flat_map(|bucket| {
            let (from, to) = span(bucket, timeline);
            [(from, of(bucket)), (to, of(bucket))]
        });
        AreaSeries::new(points.collect::<Vec<_>>(), 0.0, ink.light())
    };
    chart.draw_series(area(&both, *above))?;
    chart.draw_series(area(&|bucket| rate(one(bucket), timeline), *below))?;
    Ok(())
}

fn draw_lines(
    chart: &mut Chart<'_, '_>,
    timeline: &Timeline,
    scale: &Scale,
    lines: &[Line],
    holds_ms: u64,
) -> Drawn {
    for line in lines {
        let style = line.ink.light().stroke_width(UNIT * 3 / 2);
        for run in runs(timeline, line, holds_ms) {
            let points = run.into_iter().map(|(at, value)| (at, scale.place(value)));
            chart.draw_series(LineSeries::new(points, style))?;
        }
    }
    Ok(())
}

/// The stretches without a gap, as steps.
fn runs(timeline: &Timeline, line: &Line, holds_ms: u64) -> Vec<Vec<(f64, f64)>> {
    let mut runs: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut known: Option<(u64, f64)> = None;
    for bucket in &timeline.buckets {
        let was = known;
        if let Some(value) = (line.of)(bucket) {
            known = Some((bucket.at_ms, value));
        } else {
            known = known.filter(|(at, _)| bucket.at_ms - at < holds_ms);
        }
        let Some((_, value)) = known else { continue };
        if was.is_none() {
            runs.push(Vec::new());
        }
        let (from, to) = span(bucket, timeline);
        if let Some(run) = runs.last_mut() {
            run.extend([(from, value), (to, value)]);
        }
    }
    runs
}

fn span(bucket: &Bucket, timeline: &Timeline) -> (f64, f64) {
    let from = number(bucket.at_ms);
    (from, from + number(timeline.bucket_ms))
}
