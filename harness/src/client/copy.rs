//! COPY through the driver, for amounts that a feature's table can't spell.

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _, pin_mut};

use super::driver::patiently;
use super::{Driver, Failure};

/// Rows that travel in one piece.
const BATCH: u64 = 100;

impl Driver {
    /// Streams `rows` lines, `line(0)` first, into a `COPY … FROM STDIN`; the rows PostgreSQL took.
    pub async fn copy_in(
        &self,
        sql: &str,
        rows: u64,
        line: impl Fn(u64) -> String,
    ) -> Result<u64, Failure> {
        patiently(self.stream_in(sql, rows, line)).await
    }

    async fn stream_in(
        &self,
        sql: &str,
        rows: u64,
        line: impl Fn(u64) -> String,
    ) -> Result<u64, Failure> {
        let sink = self.client().copy_in::<_, Bytes>(sql).await?;
        pin_mut!(sink);
        let mut next = 0;
        while next < rows {
            let end = rows.min(next + BATCH);
            let piece: String = (next..end).map(&line).collect();
            sink.send(Bytes::from(piece)).await?;
            next = end;
        }
        Ok(sink.finish().await?)
    }

    /// Reads a `COPY … TO STDOUT` to its end; the number of lines.
    pub async fn copy_out(&self, sql: &str) -> Result<usize, Failure> {
        patiently(self.stream_out(sql)).await
    }

    async fn stream_out(&self, sql: &str) -> Result<usize, Failure> {
        let stream = self.client().copy_out(sql).await?;
        pin_mut!(stream);
        let mut lines = 0;
        while let Some(piece) = stream.next().await {
            lines += piece?
                .iter()
                .fold(0, |lines, &byte| lines + usize::from(byte == b'\n'));
        }
        Ok(lines)
    }
}
