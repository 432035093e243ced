//! The wire client's login: every method PostgreSQL knows, step by step, so that a scenario can
//! see each message of it.

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};

use super::{Failure, Login, Message, Tls, Trace, Wire, compose};

impl Wire {
    /// Dials, encrypts if asked to, logs in, and waits until the server is ready.
    pub async fn connect(name: &str, login: &Login, trace: &Trace) -> Result<Self, Failure> {
        let mut wire = Self::dial(name, &login.endpoint, trace).await?;
        if let Tls::On(roots) = &login.tls {
            wire = wire.encrypt(roots).await?;
        }
        wire.log_in(login).await?;
        Ok(wire)
    }

    /// Sends the startup packet, answers the challenge, and returns every message of the login.
    ///
    /// The failure told by the server is the error; [`Wire::transcript`] gives the messages of a
    /// login that fails.
    pub async fn log_in(&mut self, login: &Login) -> Result<Vec<Message>, Failure> {
        let messages = self.transcript(login).await?;
        match messages.last() {
            Some(last) if last.tag == b'Z' => Ok(messages),
            Some(last) if last.tag == b'E' => Err(last.failure()),
            _ => Err(Failure::local("closed during the login")),
        }
    }

    /// The messages of a login to its end, good or bad.
    pub async fn transcript(&mut self, login: &Login) -> Result<Vec<Message>, Failure> {
        self.send(&compose::startup(compose::PROTOCOL_3_0, &parameters(login)))
            .await?;
        let mut answerer = Answerer { login, scram: None };
        let mut messages = Vec::new();
        while let Some(message) = self.receive().await? {
            let last = matches!(message.tag, b'E' | b'Z');
            if message.tag == b'R'
                && let Some(reply) = answerer.answer(&message)?
            {
                self.send(&reply).await?;
            }
            messages.push(message);
            if last {
                break;
            }
        }
        Ok(messages)
    }
}

fn parameters(login: &Login) -> Vec<(&str, &str)> {
    let mut all = vec![
        ("user", login.user.as_str()),
        ("database", login.database.as_str()),
    ];
    all.extend(
        login
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    all
}

struct Answerer<'a> {
    login: &'a Login,
    scram: Option<ScramSha256>,
}

impl Answerer<'_> {
    /// The reply to one Authentication message; `None` when it asks for nothing.
    fn answer(&mut self, message: &Message) -> Result<Option<Vec<u8>>, Failure> {
        let Some((kind, data)) = message.body.split_first_chunk::<4>() else {
            return Err(Failure::local(
                "an Authentication message without a kind came",
            ));
        };
        match u32::from_be_bytes(*kind) {
            0 => Ok(None),
            3 => Ok(Some(compose::password(self.password()?))),
            5 => self.answer_md5(data).map(Some),
            10 => self.begin_scram().map(Some),
            11 => {
                let scram = self.scram()?;
                scram.update(data)?;
                Ok(Some(compose::message(b'p', scram.message())))
            }
            12 => self
                .scram()?
                .finish(data)
                .map(|()| None)
                .map_err(Failure::from),
            other => Err(Failure::local(format!(
                "Authentication {other} is unknown here"
            ))),
        }
    }

    fn password(&self) -> Result<&str, Failure> {
        self.login
            .password
            .as_deref()
            .ok_or_else(|| Failure::local("a password was asked for"))
    }

    fn answer_md5(&self, salt: &[u8]) -> Result<Vec<u8>, Failure> {
        let salt = salt
            .try_into()
            .map_err(|_| Failure::local("a salt of another length came"))?;
        let answer = md5_hash(
            self.login.user.as_bytes(),
            self.password()?.as_bytes(),
            salt,
        );
        Ok(compose::password(&answer))
    }

    fn begin_scram(&mut self) -> Result<Vec<u8>, Failure> {
        let scram = ScramSha256::new(self.password()?.as_bytes(), ChannelBinding::unsupported());
        let first = self.scram.insert(scram).message();
        let mut body = SCRAM_SHA_256.as_bytes().to_vec();
        body.push(0);
        body.extend_from_slice(&u32::try_from(first.len()).unwrap_or(0).to_be_bytes());
        body.extend_from_slice(first);
        Ok(compose::message(b'p', &body))
    }

    fn scram(&mut self) -> Result<&mut ScramSha256, Failure> {
        self.scram
            .as_mut()
            .ok_or_else(|| Failure::local("SASL goes on without a beginning"))
    }
}
