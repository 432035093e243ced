//! The process: it makes everything once, hands it out, and ends it.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::auth_query::service::AuthQueryService;
use crate::client::around::Around;
use crate::client::login::{self, Guest};
use crate::client::serve::serve;
use crate::config::Loaded;
use crate::control::Control;
use crate::control::configure::{enter_pools, make_current};
use crate::drain::{self, Drained};
use crate::error::{Error, Result};
use crate::failpoint::failpoint;
use crate::net::buffer::BufferPool;
use crate::net::listen::{accept_loop, bind};
use crate::net::tls::accept::TlsAcceptorCell;
use crate::pool::pool::Surroundings;
use crate::pool::registry::Registry;
use crate::pool::sweep;
use crate::server::undertaker::Undertaker;
use crate::world::{Listener, Socket, World};

/// Clients were still there when they had to go.
const EXIT_NOT_DRAINED: u8 = 3;

/// How long servers are given to close at the end.
const LAST_BURIALS: Duration = Duration::from_millis(500);

/// Serves until a signal ends it. One thread does all the work.
pub fn run(loaded: Loaded, path: PathBuf) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return give_up(&Error::server("no runtime").with_source(error)),
    };
    let code = runtime.block_on(async {
        match start(loaded, path).await {
            Ok(app) => app.serve().await,
            Err(error) => give_up(&error),
        }
    });
    // What is still running has been given its time.
    runtime.shutdown_background();
    code
}

fn give_up(error: &Error) -> ExitCode {
    tracing::error!(%error, "can't start");
    ExitCode::FAILURE
}

struct App {
    around: Arc<Around>,
    control: Control,
    listeners: Vec<Listener>,
    signals: Signals,
}

async fn start(loaded: Loaded, path: PathBuf) -> Result<App> {
    let world = World::new();
    let general = loaded.settings.general.clone();
    let buffers = BufferPool::new(general.limits.max_memory_usage);
    let pools = Surroundings {
        undertaker: Undertaker::new(world.clone(), general.times.discard),
        registry: Registry::default(),
        server_ids: Arc::new(AtomicU64::new(1)),
        world: world.clone(),
    };
    let acceptor = TlsAcceptorCell::load(general.client_tls.pair.as_ref());
    let acceptor =
        acceptor.map_err(|error| Error::server("TLS can't be offered").with_source(error))?;
    let current = make_current(loaded.settings, 1, &pools, &buffers, None)?;
    let around = Arc::new(Around::new(pools, buffers, acceptor, current));
    enter_pools(&around, &around.current());
    // Before the listeners, so that whoever sees them may already signal.
    let signals = Signals::new().map_err(|error| Error::server("no signals").with_source(error))?;
    let listeners = bind(&world, &general.listen).await;
    let listeners = listeners.map_err(|error| Error::server("can't listen").with_source(error))?;
    let control = Control::new(Arc::clone(&around), path, loaded.identity);
    Ok(App {
        around,
        control,
        listeners,
        signals,
    })
}

impl App {
    async fn serve(mut self) -> ExitCode {
        let stop = CancellationToken::new();
        for listener in std::mem::take(&mut self.listeners) {
            self.accept(listener, stop.clone());
        }
        self.sweep();
        // Tells systemd, where there is one.
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        let how = self.obey_signals().await;
        stop.cancel();
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        let code = match how {
            Ending::AtOnce => ExitCode::SUCCESS,
            Ending::Drain => self.drain().await,
        };
        let ends = drain::end_servers(&self.around);
        let _ = self.around.world.timeout(LAST_BURIALS, ends).await;
        tracing::info!("bye");
        code
    }

    /// Accepts until `stop`; each client runs in a task of its own.
    fn accept(&self, listener: Listener, stop: CancellationToken) {
        let (around, control) = (Arc::clone(&self.around), self.control.clone());
        let sockets = around.current().settings.general.sockets.clone();
        self.around.world.spawn(async move {
            let world = around.world.clone();
            let receive = |socket| {
                let task = receive(Arc::clone(&around), control.clone(), socket);
                around.world.spawn(task);
            };
            accept_loop(&world, listener, &sockets, stop, receive).await;
        });
    }

    fn sweep(&self) {
        let around = Arc::clone(&self.around);
        let period = around.current().settings.general.times.sweep;
        self.around.world.spawn(async move {
            let (world, registry) = (around.world.clone(), around.pools.registry.clone());
            loop {
                world.sleep(period).await;
                let current = around.current();
                sweep::sweep(&registry, current.settings.general.times.retain_max).await;
                for realm in current.databases.values() {
                    realm.auth_query.iter().for_each(AuthQueryService::sweep);
                }
            }
        });
    }

    async fn obey_signals(&mut self) -> Ending {
        loop {
            match self.signals.next().await {
                Sent::Terminate => return Ending::Drain,
                Sent::Quit => return Ending::AtOnce,
                Sent::Reload => {
                    // Failures are in the log; nobody else asked.
                    let _ = self.control.reload().await;
                }
                Sent::Pause => {
                    let control = self.control.clone();
                    self.around
                        .world
                        .spawn(async move { control.pause(None).await });
                }
                Sent::Resume => {
                    let _ = self.control.resume(None);
                }
            }
        }
    }

    async fn drain(&mut self) -> ExitCode {
        let around = Arc::clone(&self.around);
        let drained = drain::drain(&around);
        tokio::pin!(drained);
        let ended = loop {
            tokio::select! {
                ended = &mut drained => break ended,
                sent = self.signals.next() => match sent {
                    Sent::Terminate | Sent::Quit => break Drained::TimeOut,
                    Sent::Resume => { let _ = self.control.resume(None); }
                    Sent::Reload | Sent::Pause => {}
                },
            }
        };
        match ended {
            Drained::Empty => ExitCode::SUCCESS,
            Drained::TimeOut => {
                tracing::warn!(clients = around.roster.count(), "clients were cut off");
                ExitCode::from(EXIT_NOT_DRAINED)
            }
        }
    }
}

/// A connection, from its login to its end. All but `serve` is boxed: a connection spends its life
/// there, and nobody should pay for the size of a login in the meantime.
fn receive(around: Arc<Around>, control: Control, socket: Socket) -> impl Future<Output = ()> {
    let welcome = Box::pin(async move { login::welcome(&around, socket).await });
    async move {
        match welcome.await {
            Some(Guest::Client(client)) => {
                serve(client).await;
                failpoint!("task_leaked", std::future::pending::<()>().await);
            }
            Some(Guest::Console(guest)) => Box::pin(admin::serve(control, *guest)).await,
            None => {}
        }
    }
}

enum Ending {
    Drain,
    AtOnce,
}

/// What a signal asks for.
enum Sent {
    Terminate,
    Quit,
    Reload,
    Pause,
    Resume,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    fn next(&mut self) -> impl Future<Output = Sent> + '_ {
        let Self {
            terminate,
            interrupt,
            quit,
            hangup,
            user1,
            user2,
        } = self;
        async move {
            tokio::select! {
                _ = terminate.recv() => Sent::Terminate,
                _ = interrupt.recv() => Sent::Terminate,
                _ = quit.recv() => Sent::Quit,
                _ = hangup.recv() => Sent::Reload,
                _ = user1.recv() => Sent::Pause,
                _ = user2.recv() => Sent::Resume,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connections_task_is_small() {
        let size = size(receive);
        assert!(size <= 136, "{size} bytes");
    }
}
