//! A console session: messages in, replies out.

use std::sync::Arc;

use super::command::{Command, Wrong};
use super::portal::Objects;
use super::reply::{self, Reply};
use super::run::{refused, run};
use super::show;
use crate::client::farewell;
use crate::client::login::ConsoleGuest;
use crate::client::roster::ClientInfo;
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::net::pg::{Frame, PgStream};
use crate::wire::encode::{self, Severity};
use crate::wire::frontend::{self, Bind, Execute, Kind, Parse, Target, tags};
use crate::wire::{SqlState, TxStatus};

/// Replies are sent at the end of a batch, or when there are so many bytes of them.
const MAX_OUT: usize = 64 * 1024;

/// The longest message that the console reads: its statements are short.
const MAX_MESSAGE: usize = 16 * 1024;

/// Serves a console client until it leaves or has to.
///
/// # Cancel safety
/// A dropped call closes the client.
pub async fn serve(control: Control, guest: ConsoleGuest) {
    let mut session = Session {
        info: Arc::clone(&guest.present.info),
        pg: guest.pg,
        admin: guest.admin,
        objects: Objects::default(),
        skipping: false,
        out: Vec::new(),
        control,
    };
    let error = session.converse().await;
    if error.kind != ErrorKind::ClientGone {
        let world = session.control.around().world.clone();
        farewell::fatal(&mut session.pg, &world, &error).await;
    }
    // Last, so that a drain waits until it has been told.
    drop(guest.present);
}

struct Session {
    control: Control,
    pg: PgStream,
    info: Arc<ClientInfo>,
    admin: bool,
    objects: Objects,
    /// Everything up to the next Sync is thrown away.
    skipping: bool,
    /// Replies of a batch, sent at its end.
    out: Vec<u8>,
}

impl Session {
    /// Why it ended.
    async fn converse(&mut self) -> Error {
        loop {
            match self.one_message().await {
                Ok(true) => {}
                Ok(false) => return Error::client_gone(),
                Err(error) => return error,
            }
        }
    }

    /// False when the client has said goodbye.
    async fn one_message(&mut self) -> Result<bool> {
        let Some(frame) = self.next_frame().await? else {
            return Ok(false);
        };
        self.info.note_request(self.control.around().world.now());
        if self.skipping && !matches!(frame.tag, tags::SYNC | tags::TERMINATE) {
            return Ok(true);
        }
        match frame.tag {
            tags::TERMINATE => return Ok(false),
            tags::QUERY => {
                if let Err(error) = self.query(&frame.body).await {
                    self.tell(error)?;
                }
                encode::ready_for_query(&mut self.out, TxStatus::Idle);
                self.flush().await?;
            }
            tags::SYNC => {
                self.skipping = false;
                self.objects.end_batch();
                encode::ready_for_query(&mut self.out, TxStatus::Idle);
                self.flush().await?;
            }
            tags::FLUSH => self.flush().await?,
            tags::FUNCTION_CALL => {
                self.tell(refused("function calls are not supported by the console"))?;
                encode::ready_for_query(&mut self.out, TxStatus::Idle);
                self.flush().await?;
            }
            _ => {
                if let Err(error) = self.extended(&frame).await {
                    self.tell(error)?;
                    self.skipping = true;
                    // PostgreSQL sends each error at once (`send_message_to_frontend` in
                    // src/backend/utils/error/elog.c). A client that sent Flush, and waits for its
                    // answer before it sends Sync, would wait for ever: the Flush is skipped.
                    self.flush().await?;
                }
            }
        }
        if self.out.len() > MAX_OUT {
            self.flush().await?;
        }
        Ok(true)
    }

    /// The next message; between two of them the client can be sent away.
    async fn next_frame(&mut self) -> Result<Option<Frame>> {
        let (info, pg) = (&self.info, &mut self.pg);
        tokio::select! {
            biased;
            error = must_go(info) => Err(error),
            frame = pg.read_frame(MAX_MESSAGE) => frame,
        }
    }

    async fn query(&mut self, body: &[u8]) -> Result<()> {
        let text = text(frontend::query(body)?)?;
        let command = parse(text)?;
        let reply = self.run(&command).await?;
        if !reply.columns.is_empty() {
            reply::describe(&reply.columns, &[], &mut self.out);
        }
        reply.body(&[], &mut self.out);
        Ok(())
    }

    async fn extended(&mut self, frame: &Frame) -> Result<()> {
        match frame.tag {
            tags::PARSE => {
                let message = Parse::parse(&frame.body)?;
                let command = parse(text(message.query)?)?;
                self.objects.parse(&message, command)?;
                encode::parse_complete(&mut self.out);
            }
            tags::BIND => {
                self.objects.bind(&Bind::parse(&frame.body)?)?;
                encode::bind_complete(&mut self.out);
            }
            tags::DESCRIBE => self.describe(&Target::parse(&frame.body)?)?,
            tags::EXECUTE => self.execute(&Execute::parse(&frame.body)?).await?,
            tags::CLOSE => {
                let target = Target::parse(&frame.body)?;
                match target.kind {
                    Kind::Statement => self.objects.close_statement(target.name),
                    Kind::Portal => self.objects.close_portal(target.name),
                }
                encode::close_complete(&mut self.out);
            }
            tag => {
                return Err(Error::protocol(format!(
                    "invalid frontend message type {tag}"
                )));
            }
        }
        Ok(())
    }

    /// Nothing is run for it: who only describes PAUSE shall not pause.
    fn describe(&mut self, target: &Target<'_>) -> Result<()> {
        match target.kind {
            Kind::Statement => {
                let columns = show::columns(self.objects.statement(target.name)?);
                encode::parameter_description(&mut self.out, &[]);
                reply::describe(&columns, &[], &mut self.out);
            }
            Kind::Portal => {
                let portal = self.objects.portal(target.name)?;
                let columns = show::columns(&portal.command);
                reply::describe(&columns, &portal.formats, &mut self.out);
            }
        }
        Ok(())
    }

    async fn execute(&mut self, execute: &Execute<'_>) -> Result<()> {
        let portal = self.objects.portal(execute.portal)?;
        let (command, formats, sent) =
            (portal.command.clone(), portal.formats.clone(), portal.sent);
        let reply = match portal.reply.take() {
            Some(reply) => reply,
            None => self.run(&command).await?,
        };
        if reply.rows.len() > sent {
            reply::check_formats(&formats)?;
        }
        let limit = usize::try_from(execute.max_rows).unwrap_or(0);
        let left = reply.rows.len() - sent.min(reply.rows.len());
        if limit > 0 && left > limit {
            for row in &reply.rows[sent..sent + limit] {
                reply::push_row(&reply.columns, row, &formats, &mut self.out);
            }
            encode::portal_suspended(&mut self.out);
            let portal = self.objects.portal(execute.portal)?;
            portal.sent = sent + limit;
            portal.reply = Some(reply);
            return Ok(());
        }
        let rest = Reply {
            rows: reply.rows[sent.min(reply.rows.len())..].to_vec(),
            ..reply
        };
        rest.body(&formats, &mut self.out);
        // Executed again it has nothing left, and does nothing again.
        let portal = self.objects.portal(execute.portal)?;
        portal.sent = 0;
        portal.reply = Some(Reply {
            rows: Vec::new(),
            notice: None,
            ..rest
        });
        Ok(())
    }

    async fn run(&mut self, command: &Command) -> Result<Reply> {
        let (control, info) = (self.control.clone(), Arc::clone(&self.info));
        run(command, &control, self.admin, &info, &mut self.pg).await
    }

    /// An error that the session survives is told; the others end it.
    fn tell(&mut self, error: Error) -> Result<()> {
        if matches!(error.kind, ErrorKind::ClientGone | ErrorKind::Shutdown) {
            return Err(error);
        }
        encode::error(&mut self.out, &error, Severity::Error);
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let out = std::mem::take(&mut self.out);
        let sent = self.pg.send(&out).await;
        sent.map_err(|error| Error::client_gone().with_source(error))
    }
}

async fn must_go(info: &ClientInfo) -> Error {
    loop {
        if let Some(error) = info.farewell() {
            return error;
        }
        info.woken().await;
    }
}

fn parse(text: &str) -> Result<Command> {
    Command::parse(text).map_err(|wrong| match wrong {
        Wrong::Invalid(text) => refused(format!("invalid command '{text}', use SHOW HELP;")),
        Wrong::BadArguments => refused("bad arguments"),
    })
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| {
        let code = SqlState::PROTOCOL_VIOLATION;
        Error::new(
            ErrorKind::Unsupported,
            code,
            "the statement is not valid UTF-8",
        )
    })
}
