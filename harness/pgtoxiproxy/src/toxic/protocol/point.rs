//! Where a protocol toxic fires: which message of which connection, and on which edge of it.

use regex::{Regex, RegexBuilder};

use super::Refused;
use super::attributes::{Attributes, nearest};
use crate::pg::message::{self, Name};
use crate::pg::talk::Talk;
use crate::toxic::Stream;

/// A compiled pattern may take so much memory.
const MAX_PATTERN: usize = 1024 * 1024;

/// A place in conversations.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub at: At,
    /// Only the n-th such message of a connection, from 1; 0 = each of them.
    pub nth: u64,
    pub edge: Edge,
    pub user: Option<String>,
    pub database: Option<String>,
    pub application_name: Option<String>,
    /// The text of the connection's last Query or Parse must match.
    pub sql: Option<Pattern>,
    /// Fires so often, over all connections; 0 = without end.
    pub times: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Any,
    Message(Name),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Before,
    After,
    /// Behind so many bytes of the message.
    Inside(usize),
}

/// A regular expression; equal if its text is.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Point {
    pub(super) fn parse(given: &mut Attributes<'_>, takes_edge: bool) -> Result<Self, Refused> {
        Ok(Self {
            at: At::parse(given.text("at")?.as_deref())?,
            nth: given.number("nth")?,
            edge: if takes_edge {
                Edge::parse(given)?
            } else {
                Edge::Before
            },
            user: given.text("user")?,
            database: given.text("database")?,
            application_name: given.text("application_name")?,
            sql: given
                .text("sql")?
                .map(|text| Pattern::new(&text))
                .transpose()?,
            times: given.number("times")?,
        })
    }

    /// The stream that this point is on, given the one that was asked for.
    pub(super) fn stream(&self, asked: Option<Stream>) -> Result<Stream, Refused> {
        let At::Message(name) = self.at else {
            return Ok(asked.unwrap_or(Stream::Downstream));
        };
        let possible = message::by_name(name).map_or(&[][..], |(_, streams)| streams);
        match asked {
            Some(stream) if !possible.contains(&stream) => Err(Refused(format!(
                "{name} goes {}, so it can't be met on the stream {}",
                possible.first().map_or("nowhere", |stream| stream.as_str()),
                stream.as_str()
            ))),
            Some(stream) => Ok(stream),
            None => Ok(possible.first().copied().unwrap_or(Stream::Downstream)),
        }
    }

    /// Whether messages of this name can be meant; the rest is asked when one is there.
    pub fn names(&self, message: Name) -> bool {
        self.at == At::Any || self.at == At::Message(message)
    }

    /// Whether this conversation is meant.
    pub fn fits(&self, talk: &Talk) -> bool {
        let who = talk.who.as_ref();
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let sql = || talk.sql.as_deref().unwrap_or_default();
        same(&self.user, who.map(|who| who.user.as_str()))
            && same(&self.database, who.map(|who| who.database.as_str()))
            && same(
                &self.application_name,
                who.map(|who| who.application_name.as_str()),
            )
            && self
                .sql
                .as_ref()
                .is_none_or(|pattern| pattern.0.is_match(sql()))
    }
}

impl At {
    fn parse(text: Option<&str>) -> Result<Self, Refused> {
        let Some(text) = text else {
            let text = "missing required attribute: at (a message's name, or any)";
            return Err(Refused(text.to_owned()));
        };
        if text == "any" {
            return Ok(Self::Any);
        }
        if let Some((name, _)) = message::by_name(text) {
            return Ok(Self::Message(name));
        }
        let hint = nearest(text, message::all())
            .map_or_else(String::new, |name| format!("; did you mean {name}?"));
        let text = format!("attribute at: the protocol has no message {text}{hint}");
        Err(Refused(text))
    }
}

impl Edge {
    fn parse(given: &mut Attributes<'_>) -> Result<Self, Refused> {
        let offset = given.number("offset")?;
        let edge = given.text("edge")?;
        match edge.as_deref() {
            Some("inside") => Ok(Self::Inside(usize::try_from(offset).unwrap_or(usize::MAX))),
            _ if offset > 0 => Err(Refused(
                "attribute offset: it belongs to the edge inside".to_owned(),
            )),
            None | Some("before") => Ok(Self::Before),
            Some("after") => Ok(Self::After),
            Some(_) => Err(Refused(
                "attribute edge: it is before, after or inside (with offset)".to_owned(),
            )),
        }
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Refused> {
        let built = RegexBuilder::new(text).size_limit(MAX_PATTERN).build();
        built.map(Self).map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim();
            Refused(format!("attribute sql: not a regular expression: {reason}"))
        })
    }
}
