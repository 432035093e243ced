//! COPY through either client, for amounts that a feature's table can't spell.

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _, pin_mut};

use super::driver::patiently;
use super::{Driver, Failure, Session, Wire, compose};

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
        let taken = patiently(self.stream_in(sql, rows, line)).await;
        let taken = self.explain(taken).await?;
        self.settle().await?;
        Ok(taken)
    }

    /// Waits for what comes behind a COPY. The driver is content with CommandComplete, but only with
    /// ReadyForQuery is anything committed, and an error in between it tells to nobody.
    async fn settle(&self) -> Result<(), Failure> {
        let told = patiently(self.client().batch_execute("")).await;
        self.explain(told).await
    }

    async fn stream_in(
        &self,
        sql: &str,
        rows: u64,
        line: impl Fn(u64) -> String,
    ) -> Result<u64, Failure> {
        let statement = self.prepare_for_good(sql).await?;
        let sink = self.client().copy_in::<_, Bytes>(&statement).await?;
        pin_mut!(sink);
        for piece in pieces(rows, line) {
            sink.send(Bytes::from(piece)).await?;
        }
        Ok(sink.finish().await?)
    }

    /// Reads a `COPY … TO STDOUT` to its end; the number of lines.
    pub async fn copy_out(&self, sql: &str) -> Result<usize, Failure> {
        let mut lines = 0;
        self.copy_out_into(sql, |piece| {
            lines = piece
                .iter()
                .fold(lines, |lines, &byte| lines + usize::from(byte == b'\n'));
        })
        .await?;
        Ok(lines)
    }

    /// Reads a `COPY … TO STDOUT` to its end, and shows each piece as it comes.
    async fn copy_out_into(&self, sql: &str, show: impl FnMut(&[u8])) -> Result<(), Failure> {
        let read = patiently(self.stream_out(sql, show)).await;
        self.explain(read).await?;
        self.settle().await
    }

    async fn stream_out(&self, sql: &str, mut show: impl FnMut(&[u8])) -> Result<(), Failure> {
        let statement = self.prepare_for_good(sql).await?;
        let stream = self.client().copy_out(&statement).await?;
        pin_mut!(stream);
        while let Some(piece) = stream.next().await {
            show(&piece?);
        }
        Ok(())
    }
}

impl Wire {
    /// As [`Driver::copy_in`].
    pub async fn copy_in(
        &mut self,
        sql: &str,
        rows: u64,
        line: impl Fn(u64) -> String,
    ) -> Result<u64, Failure> {
        self.query(sql).await?;
        self.may_copy().await?;
        for piece in pieces(rows, line) {
            if self
                .send(&compose::message(b'd', piece.as_bytes()))
                .await
                .is_err()
            {
                // Why it takes no more is in what it said before.
                return Err(self.answer().await.err().unwrap_or_else(|| {
                    Failure::local("COPY was answered before all data had been sent")
                }));
            }
        }
        self.send(&compose::message(b'c', b"")).await?;
        let answer = self.answer().await?;
        let count = answer
            .commands
            .first()
            .and_then(|tag| tag.strip_prefix("COPY "));
        let count = count.and_then(|count| count.parse().ok());
        count.ok_or_else(|| Failure::local(format!("COPY was answered with {:?}", answer.commands)))
    }

    /// Waits until the server takes data.
    async fn may_copy(&mut self) -> Result<(), Failure> {
        while let Some(message) = self.receive().await? {
            match message.tag {
                b'G' => return Ok(()),
                b'E' => {
                    let failure = message.failure();
                    // Behind a FATAL error no ReadyForQuery comes, and the failure says it all.
                    let _ = self.until_ready().await;
                    return Err(failure);
                }
                b'Z' => return Err(Failure::local("COPY was not answered with CopyInResponse")),
                _ => {}
            }
        }
        Err(Failure::local("closed before CopyInResponse"))
    }

    async fn copy_out_into(
        &mut self,
        sql: &str,
        mut show: impl FnMut(&[u8]),
    ) -> Result<(), Failure> {
        self.query(sql).await?;
        let mut told = Ok(());
        while let Some(message) = self.receive().await? {
            match message.tag {
                b'd' => show(&message.body),
                b'E' => told = Err(message.failure()),
                b'Z' => return told,
                _ => {}
            }
        }
        told.and(Err(Failure::local("closed before ReadyForQuery")))
    }
}

impl Session {
    /// Streams lines into a `COPY … FROM STDIN`; the rows PostgreSQL took.
    pub async fn copy_in(
        &mut self,
        sql: &str,
        rows: u64,
        line: impl Fn(u64) -> String,
    ) -> Result<u64, Failure> {
        match self {
            Self::Driver(driver) => driver.copy_in(sql, rows, line).await,
            Self::Wire(wire) => wire.copy_in(sql, rows, line).await,
        }
    }

    /// The lines of a `COPY … TO STDOUT`.
    pub async fn copied(&mut self, sql: &str) -> Result<Vec<String>, Failure> {
        let mut bytes = Vec::new();
        let show = |piece: &[u8]| bytes.extend_from_slice(piece);
        match self {
            Self::Driver(driver) => driver.copy_out_into(sql, show).await?,
            Self::Wire(wire) => wire.copy_out_into(sql, show).await?,
        }
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// Lines in pieces of [`BATCH`].
fn pieces(rows: u64, line: impl Fn(u64) -> String) -> impl Iterator<Item = String> {
    (0..rows.div_ceil(BATCH)).map(move |piece| {
        let begin = piece * BATCH;
        (begin..rows.min(begin + BATCH)).map(&line).collect()
    })
}
