//! A client's connection, which ends without a word when it is dropped.

use harness::client::{Driver, Failure, Login, Session, Trace, Wire};
use tokio::time::timeout;

use super::scene::PATIENCE;

/// A logged-in connection of either kind.
#[derive(Debug)]
pub(super) struct Line(Option<Session>);

/// How a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// Through tokio-postgres.
    Driver,
    /// Message by message.
    Wire,
}

impl Line {
    /// Logs in, no longer than [`PATIENCE`].
    pub(super) async fn open(tongue: Tongue, name: &str, login: &Login) -> Result<Self, Failure> {
        let opened = async {
            Ok(match tongue {
                Tongue::Driver => Session::Driver(Driver::connect(login).await?),
                Tongue::Wire => {
                    let mut wire = Wire::connect(name, login, &Trace::default()).await?;
                    wire.patience = PATIENCE;
                    Session::Wire(Box::new(wire))
                }
            })
        };
        let session = timeout(PATIENCE, opened)
            .await
            .map_err(|_| Failure::late("the login took too long"))?;
        session.map(|session| Self(Some(session)))
    }

    pub(super) fn tongue(&self) -> Tongue {
        match self.0 {
            Some(Session::Wire(_)) => Tongue::Wire,
            _ => Tongue::Driver,
        }
    }

    pub(super) fn session(&mut self) -> Result<&mut Session, Failure> {
        self.0
            .as_mut()
            .ok_or_else(|| Failure::local("the session has ended"))
    }

    /// Says good-bye.
    pub(super) async fn leave(mut self) {
        if let Some(session) = self.0.take() {
            session.leave().await;
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // A driver's connection is another task's, which would say good-bye; the wire's is ours.
        if let Some(Session::Driver(driver)) = &self.0 {
            driver.hang_up();
        }
    }
}
