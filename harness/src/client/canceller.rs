//! What it takes to cancel a client's query while the client itself waits for the answer.

use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::driver::patiently;
use super::{Endpoint, Failure, Tls, Trace, Wire};

/// The right to cancel one client's query; it needs nothing of that client.
pub struct Canceller(pub(super) Means);

pub(super) enum Means {
    /// As drivers do, encrypted like their connection.
    Driver { token: CancelToken, tls: Tls },
    Wire {
        endpoint: Endpoint,
        trace: Trace,
        pid: i32,
        secret: Vec<u8>,
    },
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a canceller")
    }
}

impl Canceller {
    /// Sends the request on a connection of its own, and waits until the server has closed it.
    pub async fn cancel(self) -> Result<(), Failure> {
        match self.0 {
            Means::Driver {
                token,
                tls: Tls::Off,
            } => patiently(token.cancel_query(NoTls)).await,
            Means::Driver {
                token,
                tls: Tls::On(roots),
            } => {
                let connector = MakeRustlsConnect::new(roots.config(None)?);
                patiently(token.cancel_query(connector)).await
            }
            Means::Wire {
                endpoint,
                trace,
                pid,
                secret,
            } => Wire::cancel_at(&endpoint, &trace, pid, &secret).await,
        }
    }
}
