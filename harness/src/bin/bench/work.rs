//! Which file does the work of which case.

use std::time::Duration;

use super::cell::Outcome;
use super::contender::Contender;
use super::plan::{Case, Plan};
use super::stage::Stage;
use super::{copying, idle, pgbench};

pub(super) async fn run(case: Case, plan: &Plan, stage: &Stage, contender: &Contender) -> Outcome {
    let time = Duration::from_secs(plan.seconds);
    match case {
        Case::Query { mode, clients } => {
            pgbench::query(stage, contender, mode, clients, time).await
        }
        Case::Login { scram } => pgbench::login(stage, contender, scram, time).await,
        Case::CopyOut => copying::copy_out(stage, contender).await,
        Case::CopyIn => copying::copy_in(stage, contender).await,
        Case::Rows => copying::rows(stage, contender).await,
        Case::Idle => idle::measure(stage, contender).await,
    }
}
