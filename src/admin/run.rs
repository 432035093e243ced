//! Doing what a statement asks.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use super::command::{Command, List};
use super::reply::{Notice, Reply};
use super::show;
use crate::client::roster::{Asked, ClientInfo};
use crate::control::Control;
use crate::error::{Error, ErrorKind, Result};
use crate::net::pg::PgStream;
use crate::wire::SqlState;
use crate::wire::encode::Column;

/// Runs a statement for somebody who may do everything (`admin`) or only look.
///
/// # Errors
/// What the client is to be told; the session goes on, unless the error's kind says that it is gone
/// or has to go.
pub(super) async fn run(
    command: &Command,
    control: &Control,
    admin: bool,
    info: &ClientInfo,
    pg: &mut PgStream,
) -> Result<Reply> {
    if !admin && !command.only_looks() {
        return Err(refused("admin access needed"));
    }
    match command {
        Command::Empty => Ok(Reply::default()),
        Command::Nothing(tag) => Ok(Reply::done(tag)),
        Command::SetIgnored => Ok(noticed("SET", "SET ignored")),
        Command::Parameter { name, value } => {
            let rows = vec![vec![(*value).into()]];
            Ok(Reply::table(&[Column::text(name)], rows))
        }
        Command::Show(list) => Ok(show_list(*list, control)),
        Command::Reload => control.reload().await.map(|()| Reply::done("RELOAD")),
        Command::Pause(database) => {
            not_the_console("pause", database.as_deref())?;
            let pause = control.pause(database.as_deref());
            let paused = unless_interrupted(pause, info, pg).await;
            if paused
                .as_ref()
                .is_err_and(|error| error.kind == ErrorKind::Cancelled)
            {
                // As PgBouncer does: a PAUSE that is given up leaves nothing paused.
                control.resume(database.as_deref())?;
            }
            paused.map(|()| Reply::done("PAUSE"))
        }
        Command::Resume(database) => {
            not_the_console("resume", database.as_deref())?;
            if control.resume(database.as_deref())? {
                return Ok(Reply::done("RESUME"));
            }
            Ok(noticed("RESUME", "nothing was paused"))
        }
    }
}

fn show_list(list: List, control: &Control) -> Reply {
    let around = control.around();
    match list {
        List::Pools => show::pools::show(around),
        List::Clients => show::clients::show(around),
        List::Servers => show::servers::show(around),
        List::AuthQuery => show::auth_query::show(around),
        List::Internals => show::internals::show(around),
        List::Version => show::version(),
        List::Help => show::help(),
    }
}

/// Waits for `work`, but not longer than the client: until it cancels, hangs up or has to go.
async fn unless_interrupted(
    work: impl Future<Output = Result<()>>,
    info: &ClientInfo,
    pg: &mut PgStream,
) -> Result<()> {
    let mut work = pin!(work);
    info.forget(Asked::Cancel);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(done);
        }
        while info.poll_woken(cx).is_ready() {}
        if info.is_asked(Asked::Cancel) {
            return Poll::Ready(Err(Error::cancelled()));
        }
        if let Some(error) = info.farewell() {
            return Poll::Ready(Err(error));
        }
        // Whatever it says meanwhile waits; only a hang-up matters.
        if pg.inbox.is_full() {
            return Poll::Pending;
        }
        match pg.poll_fill(cx) {
            Poll::Ready(Ok(n)) if n > 0 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(_) => Poll::Ready(Err(Error::client_gone())),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn not_the_console(verb: &str, database: Option<&str>) -> Result<()> {
    match database {
        Some(name) if crate::client::login::CONSOLE.contains(&name) => {
            Err(refused(format!("cannot {verb} admin db: {name}")))
        }
        _ => Ok(()),
    }
}

/// PgBouncer's code for everything that the console does not take.
pub(super) fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        SqlState::PROTOCOL_VIOLATION,
        message,
    )
}

fn noticed(tag: &'static str, message: &'static str) -> Reply {
    Reply {
        notice: Some(Notice {
            message,
            detail: None,
        }),
        ..Reply::done(tag)
    }
}
