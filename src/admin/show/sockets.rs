//! The 21 columns that SHOW CLIENTS and SHOW SERVERS share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::admin::reply::Cell;
use crate::wire::encode::Column;
use crate::world::Endpoint;

pub(super) const COLUMNS: [Column<'static>; 21] = [
    Column::text("type"),
    Column::text("user"),
    Column::text("database"),
    Column::text("replication"),
    Column::text("state"),
    Column::text("addr"),
    Column::int4("port"),
    Column::text("local_addr"),
    Column::int4("local_port"),
    Column::text("connect_time"),
    Column::text("request_time"),
    Column::int4("wait"),
    Column::int4("wait_us"),
    Column::int4("close_needed"),
    Column::text("ptr"),
    Column::text("link"),
    Column::int4("remote_pid"),
    Column::text("tls"),
    Column::text("application_name"),
    Column::int4("prepared_statements"),
    Column::int4("id"),
];

/// One connection.
pub(super) struct Socket<'a> {
    pub(super) kind: &'static str,
    pub(super) user: &'a str,
    pub(super) database: &'a str,
    pub(super) state: &'static str,
    pub(super) peer: Option<&'a Endpoint>,
    pub(super) local: Option<&'a Endpoint>,
    pub(super) connected: SystemTime,
    pub(super) requested: SystemTime,
    pub(super) waiting: Duration,
    pub(super) close_needed: bool,
    pub(super) link: String,
    pub(super) remote_pid: i32,
    pub(super) tls: &'a str,
    pub(super) application_name: &'a str,
    pub(super) prepared_statements: u32,
    pub(super) id: u64,
}

impl Socket<'_> {
    pub(super) fn row(self) -> Vec<Cell> {
        let (addr, port) = address(self.peer);
        let (local_addr, local_port) = address(self.local);
        vec![
            self.kind.into(),
            self.user.into(),
            self.database.into(),
            "none".into(),
            self.state.into(),
            addr,
            port,
            local_addr,
            local_port,
            time(self.connected).into(),
            time(self.requested).into(),
            self.waiting.as_secs().into(),
            u64::from(self.waiting.subsec_micros()).into(),
            i32::from(self.close_needed).into(),
            format!("{}-{}", self.kind, self.id).into(),
            self.link.into(),
            self.remote_pid.into(),
            self.tls.into(),
            self.application_name.into(),
            u64::from(self.prepared_statements).into(),
            self.id.into(),
        ]
    }
}

fn address(endpoint: Option<&Endpoint>) -> (Cell, Cell) {
    match endpoint {
        Some(Endpoint::Tcp(address)) => (
            address.ip().to_string().into(),
            i32::from(address.port()).into(),
        ),
        Some(Endpoint::Unix) => ("unix".into(), 0.into()),
        None => ("".into(), 0.into()),
    }
}

/// `2026-03-01 12:00:00 UTC`, as PgBouncer writes it.
fn time(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date of a day since 1970, counted in years that begin in March, so that the leap day is the
/// last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_pgbouncer_does() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_772_366_400, "2026-03-01 12:00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
