//! Bulk: COPY out of and into a table, and a million small rows.

use std::fs;
use std::time::Instant;

use super::cell::{Figures, Outcome};
use super::contender::Contender;
use super::process::Meter;
use super::stage::{DATABASE, Stage, TRUSTED, run};

/// The wide table as COPY writes it: 400,000 rows of 66 bytes beside their number.
const WIDE_MB: f64 = 28.7;
/// Of a million rows of one number on the wire: 11 bytes of frame and length, 6 of digits.
const ROWS_MB: f64 = 16.9;

pub(super) async fn copy_out(stage: &Stage, contender: &Contender) -> Outcome {
    let sql = "copy wide to stdout";
    measure(stage, contender, sql, "/dev/null", WIDE_MB).await
}

pub(super) async fn rows(stage: &Stage, contender: &Contender) -> Outcome {
    let sql = "select i from generate_series(1, 1000000) i";
    measure(stage, contender, sql, "/dev/null", ROWS_MB).await
}

pub(super) async fn copy_in(stage: &Stage, contender: &Contender) -> Outcome {
    let file = stage.logs.join("wide.copy");
    if !file.exists() {
        let path = file.display().to_string();
        let mut psql = match stage.tool("psql", stage.instance.port(), TRUSTED) {
            Ok(psql) => psql,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        psql.args([
            "-q",
            "-X",
            "-d",
            DATABASE,
            "-o",
            &path,
            "-c",
            "copy wide to stdout",
        ]);
        if let Err(error) = run(psql).await {
            return Outcome::Failed(error.to_string());
        }
    }
    let truncate = stage
        .instance
        .execute_sql(DATABASE, "truncate target")
        .await;
    if let Err(error) = truncate {
        return Outcome::Failed(error.to_string());
    }
    let sql = format!("\\copy target from '{}'", file.display());
    let size = fs::metadata(&file).map_or(WIDE_MB, |meta| meta.len() as f64 / 1e6);
    measure(stage, contender, &sql, "/dev/null", size).await
}

async fn measure(
    stage: &Stage,
    contender: &Contender,
    sql: &str,
    output: &str,
    megabytes: f64,
) -> Outcome {
    let mut psql = match stage.tool("psql", contender.port, TRUSTED) {
        Ok(psql) => psql,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    psql.args([
        "-q",
        "-X",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        DATABASE,
    ]);
    // Several times in one session: the CPU is told in ticks of 10 ms.
    psql.args(["-o", output]);
    for _ in 0..TIMES {
        psql.args(["-c", sql]);
    }
    let (meter, start) = (Meter::start(contender.pid), Instant::now());
    match run(psql).await {
        Ok(_) => {
            let all = megabytes * f64::from(TIMES);
            Outcome::Measured(Figures {
                rate: Some(all / start.elapsed().as_secs_f64()),
                cpu: meter.per(all),
                ..Figures::default()
            })
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

const TIMES: u32 = 4;
