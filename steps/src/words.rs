//! The parameters of the steps: clients by name, manners of connecting, outcomes.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use cucumber::Parameter;
use harness::client::Failure;

use crate::surprise::{Step, Surprise};

/// A client's name. It logs in as the user of that name; `alice#2` is another client of alice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Parameter)]
#[param(name = "client", regex = "[a-z]+(?:#[0-9]+)?")]
pub struct ClientName(String);

impl ClientName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The user that this client logs in as, unless its manner says another.
    pub fn user(&self) -> &str {
        self.0.split('#').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// How something ends: well when nothing is said, else as said.
#[derive(Debug, Clone, PartialEq, Eq, Parameter)]
#[param(
    name = "outcome",
    regex = "(?:; fails with SQLSTATE [0-9A-Z]{5}(?: \".*\")?|; fails without an SQLSTATE)?"
)]
pub enum Outcome {
    Succeeds,
    /// The code, and the message where the feature cares.
    Fails(String, Option<String>),
    /// The connection ends without an `ErrorResponse`.
    Breaks,
}

impl FromStr for Outcome {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let Some(told) = text.strip_prefix("; fails with SQLSTATE ") else {
            return Ok(if text.is_empty() {
                Self::Succeeds
            } else {
                Self::Breaks
            });
        };
        let (code, message) = told.split_at(told.len().min(5));
        let message = message
            .trim()
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        Ok(Self::Fails(code.to_owned(), message.map(str::to_owned)))
    }
}

impl Outcome {
    /// `Ok(Some(_))` when success was wanted and came, `Ok(None)` when the wanted failure came.
    /// A message is compared after `tidy` has taken the scenario's suffixes off.
    pub fn judge<T>(
        &self,
        result: Result<T, Failure>,
        tidy: impl Fn(&str) -> String,
    ) -> Step<Option<T>> {
        match (self, result) {
            (Self::Succeeds, Ok(value)) => Ok(Some(value)),
            (Self::Succeeds, Err(failure)) => Err(Surprise::new(format!(
                "it failed: {}",
                tidy(&failure.to_string())
            ))),
            (_, Ok(_)) => Err(Surprise::new("it succeeded")),
            (wanted, Err(failure)) if wanted.fits(&failure, &tidy) => Ok(None),
            (_, Err(failure)) => Err(Surprise::new(format!(
                "it failed otherwise: {}",
                tidy(&failure.to_string())
            ))),
        }
    }

    fn fits(&self, failure: &Failure, tidy: &impl Fn(&str) -> String) -> bool {
        match self {
            Self::Succeeds => false,
            Self::Breaks => failure.sqlstate.is_none() && !failure.late,
            Self::Fails(code, message) => {
                failure.sqlstate.as_ref() == Some(code)
                    && message
                        .as_ref()
                        .is_none_or(|text| tidy(&failure.message) == *text)
            }
        }
    }
}

/// What a client's bytes travel over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Over {
    #[default]
    Tcp,
    Tls,
    UnixSocket,
}

/// How a client connects: `over TLS`, `without TLS` (the usual) or `over the unix socket`, `by wire`, `without a password`, `to "database"`,
/// `as user`, `with parameter "value"`, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Parameter)]
#[param(
    name = "manner",
    regex = "(?: over TLS| without TLS| over the unix socket| by wire| without a password| to \"[^\"]*\"| as [a-z]+| with [A-Za-z_.]+ \"[^\"]*\")*"
)]
pub struct Manner {
    pub over: Over,
    pub wire: bool,
    pub no_password: bool,
    pub database: Option<String>,
    pub user: Option<String>,
    pub password: Option<String>,
    pub parameters: Vec<(String, String)>,
}

impl FromStr for Manner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut manner = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            rest = manner.take(rest)?.trim_start();
        }
        Ok(manner)
    }
}

impl Manner {
    /// Takes one phrase off the front and returns what is left.
    fn take<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        if let Some(rest) = text.strip_prefix("over TLS") {
            self.over = Over::Tls;
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix("without TLS") {
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix("over the unix socket") {
            self.over = Over::UnixSocket;
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix("by wire") {
            self.wire = true;
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix("without a password") {
            self.no_password = true;
            return Ok(rest);
        }
        if let Some(rest) = text.strip_prefix("as ") {
            let (user, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
            self.user = Some(user.to_owned());
            return Ok(rest);
        }
        let (head, rest) = text.split_once('"').ok_or_else(|| text.to_owned())?;
        let (value, rest) = rest.split_once('"').ok_or_else(|| text.to_owned())?;
        match head.trim() {
            "to" => self.database = Some(value.to_owned()),
            "with password" => self.password = Some(value.to_owned()),
            other => {
                let name = other.trim_start_matches("with ").to_owned();
                self.parameters.push((name, value.to_owned()));
            }
        }
        Ok(rest)
    }
}

/// A signal by its name without SIG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Parameter)]
#[param(name = "signal", regex = "TERM|INT|QUIT|HUP|USR1|USR2")]
pub struct SignalName(pub nix::sys::signal::Signal);

impl FromStr for SignalName {
    type Err = nix::errno::Errno;

    fn from_str(text: &str) -> Result<Self, nix::errno::Errno> {
        format!("SIG{text}").parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read() {
        let read = |text: &str| text.parse::<Outcome>().unwrap();
        assert_eq!(read(""), Outcome::Succeeds);
        assert_eq!(read("; fails without an SQLSTATE"), Outcome::Breaks);
        assert_eq!(
            read("; fails with SQLSTATE 28P01 \"no\""),
            Outcome::Fails("28P01".into(), Some("no".into()))
        );
    }

    #[test]
    fn manners_are_read_in_any_order() {
        let manner: Manner =
            " by wire to \"x\" as bob with password \"a b\" with TimeZone \"UTC\" over TLS"
                .parse()
                .unwrap();
        assert!(manner.wire && manner.over == Over::Tls);
        assert_eq!(manner.user.as_deref(), Some("bob"));
        assert_eq!(manner.password.as_deref(), Some("a b"));
        assert_eq!(
            manner.parameters,
            [("TimeZone".to_owned(), "UTC".to_owned())]
        );
    }
}
