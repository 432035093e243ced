//! What stays of a run: JSON for programs, one HTML page for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cell::{Cell, Results};
use super::plan::Plan;
use super::stage::Stage;
use super::table::{list_goals, render};

pub(super) fn json(results: &Results, plan: &Plan, stage: &Stage) -> String {
    let names = ["direct", "haproxy", "pgbouncer", "pgturnstile"];
    let mut cells = Vec::new();
    for (at, case) in results.cases.iter().enumerate() {
        for name in names {
            if let Some(cell) = results.cell(at, name) {
                cells.push(json!({
                    "case": case.name(), "unit": case.unit(), "through": name, "result": value(&cell),
                }));
            }
        }
    }
    let goals: Vec<_> = list_goals(results)
        .iter()
        .map(|goal| {
            json!({
                "goal": goal.text, "wanted": goal.wanted, "found": goal.found,
                "reached": goal.is_reached(),
            })
        })
        .collect();
    let versions: serde_json::Map<_, _> = stage
        .versions
        .iter()
        .map(|(name, version)| (name.clone(), Value::from(version.as_str())))
        .collect();
    let all = json!({
        "rounds": plan.rounds, "seconds": plan.seconds, "versions": versions,
        "cells": cells, "goals": goals,
    });
    format!("{all:#}\n")
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Unsupported(why) => json!({ "unsupported": why }),
        Cell::Failed(why) => json!({ "failed": why }),
        Cell::Figures(f) => json!({
            "per_second": f.rate, "p50_ms": f.p50, "p99_ms": f.p99,
            "cpu_us_per_unit": f.cpu, "bytes_per_client": f.bytes,
            "bytes_per_tls_client": f.tls_bytes,
        }),
    }
}

const COLOURS: [&str; 4] = ["#9aa0a6", "#4285a4", "#c58b3b", "#3b8f5a"];
const WIDTH: f64 = 420.0;

/// Bars of throughput and of CPU, and the table below.
pub(super) fn html(results: &Results, contenders: &[&'static str]) -> String {
    let mut body = String::new();
    for (at, case) in results.cases.iter().enumerate() {
        let figures: Vec<_> = contenders
            .iter()
            .map(|name| (*name, results.figures(at, name)))
            .collect();
        let _ = write!(body, "<h2>{}</h2>", case.name());
        let rate: Vec<_> = figures
            .iter()
            .map(|(n, f)| (*n, f.and_then(|f| f.rate.or(f.bytes))))
            .collect();
        let what = if figures
            .iter()
            .any(|(_, f)| f.is_some_and(|f| f.bytes.is_some()))
        {
            "bytes a client"
        } else {
            "a second"
        };
        body.push_str(&bars(what, &rate));
        let cpu: Vec<_> = figures
            .iter()
            .map(|(n, f)| (*n, f.and_then(|f| f.cpu)))
            .collect();
        body.push_str(&bars(&format!("µs of CPU a {}", case.unit()), &cpu));
    }
    format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>pgturnstile: benchmark</title><style>body{{font:15px sans-serif;max-width:60em;\
         margin:1em auto;padding:0 1em}}svg{{width:100%;max-width:600px;display:block}}\
         pre{{overflow-x:auto}}</style><h1>Benchmark</h1>{body}<h2>All figures</h2><pre>{}</pre>\n",
        escaped(&render(results, contenders))
    )
}

fn bars(what: &str, values: &[(&str, Option<f64>)]) -> String {
    let longest = values
        .iter()
        .filter_map(|(_, value)| *value)
        .fold(0.0, f64::max);
    if longest <= 0.0 {
        return String::new();
    }
    let height = 24 * values.len() + 20;
    let mut out = format!("<svg viewBox=\"0 0 600 {height}\"><text x=\"0\" y=\"13\">{what}</text>");
    for (at, (name, value)) in values.iter().enumerate() {
        let y = 20 + 24 * at;
        let length = value.unwrap_or(0.0) / longest * WIDTH;
        let shown = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        let colour = COLOURS[at % COLOURS.len()];
        let _ = write!(
            out,
            "<text x=\"0\" y=\"{}\" font-size=\"13\">{name}</text><rect x=\"90\" y=\"{y}\" \
             width=\"{length:.1}\" height=\"18\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{}\" \
             font-size=\"12\">{shown}</text>",
            y + 14,
            95.0 + length,
            y + 14
        );
    }
    out + "</svg>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
