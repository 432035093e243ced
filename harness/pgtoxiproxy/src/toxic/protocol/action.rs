//! What a protocol toxic does at its point.

use bytes::Bytes;

use super::Refused;
use super::attributes::Attributes;
use crate::pg::reply;

/// The types of the protocol toxics.
pub(super) const TYPES: [&str; 11] = [
    "pg_delay",
    "pg_hold",
    "pg_close",
    "pg_reset",
    "pg_blackhole",
    "pg_truncate",
    "pg_split",
    "pg_error",
    "pg_replace",
    "pg_duplicate",
    "pg_swallow",
];

/// The most copies that one message can be given.
const MAX_COPIES: u64 = 1000;

/// What is done. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Waits `delay` ± `jitter`; what follows waits too.
    Delay { delay: u64, jitter: u64 },
    /// Waits until the hold of this name (without one: the toxic's) is released, or for `timeout`
    /// (0 = without end).
    Hold { name: Option<String>, timeout: u64 },
    /// Closes both sides.
    Close,
    /// Resets both sides (RST).
    Reset,
    /// From here on nothing passes, either way; both sides stay open until the toxic is removed.
    Blackhole,
    /// Only so many bytes of the message pass, then both sides are closed.
    Truncate { bytes: usize },
    /// The message goes in pieces of `size` bytes, `delay` apart, each in a write of its own.
    Split { size: usize, delay: u64 },
    /// The client is sent an ErrorResponse.
    Error {
        severity: Severity,
        sqlstate: String,
        message: String,
    },
    /// Other bytes go in the message's place.
    Replace(Replacement),
    /// The message goes so many times more.
    Duplicate { count: u64 },
    /// The message does not arrive.
    Swallow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    Fatal,
    Panic,
}

/// What goes in a message's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// Exactly these bytes, whatever they are.
    Raw(Bytes),
    /// A well-formed message of this type (`None` = the message's own) with this body.
    Message { tag: Option<u8>, body: Bytes },
}

/// Whether a type's point has an edge; the others change the message itself.
pub(super) fn takes_edge(kind: &str) -> bool {
    !matches!(
        kind,
        "pg_truncate" | "pg_split" | "pg_replace" | "pg_duplicate" | "pg_swallow"
    )
}

impl Action {
    pub(super) fn parse(kind: &str, given: &mut Attributes<'_>) -> Result<Self, Refused> {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(match kind {
            "pg_delay" => Self::Delay {
                delay: given.number("delay")?,
                jitter: given.number("jitter")?,
            },
            "pg_hold" => Self::Hold {
                name: given.text("name")?.filter(|name| !name.is_empty()),
                timeout: given.number("timeout")?,
            },
            "pg_close" => Self::Close,
            "pg_reset" => Self::Reset,
            "pg_blackhole" => Self::Blackhole,
            "pg_truncate" => Self::Truncate {
                bytes: size(given.number("bytes")?),
            },
            "pg_split" => Self::Split {
                size: size(given.number_or("size", 1)?.max(1)),
                delay: given.number("delay")?,
            },
            "pg_error" => Self::error(given)?,
            "pg_replace" => Self::Replace(Replacement::parse(given)?),
            "pg_duplicate" => Self::Duplicate {
                count: given.number_or("count", 1)?.min(MAX_COPIES),
            },
            "pg_swallow" => Self::Swallow,
            _ => return Err(Refused("invalid toxic type".to_owned())),
        })
    }

    fn error(given: &mut Attributes<'_>) -> Result<Self, Refused> {
        let severity = match given.text("severity")?.as_deref() {
            None | Some("ERROR") => Severity::Error,
            Some("FATAL") => Severity::Fatal,
            Some("PANIC") => Severity::Panic,
            Some(_) => {
                let text = "attribute severity: it is ERROR, FATAL or PANIC";
                return Err(Refused(text.to_owned()));
            }
        };
        let sqlstate = given.sqlstate("sqlstate")?;
        let sqlstate = sqlstate.unwrap_or_else(|| "XX000".to_owned());
        let letter = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
        if sqlstate.len() != 5 || !sqlstate.chars().all(letter) {
            let text = "attribute sqlstate: five digits or capital letters, such as 57P03";
            return Err(Refused(text.to_owned()));
        }
        let message = given.text("message")?;
        let message = message.unwrap_or_else(|| "injected by pgtoxiproxy".to_owned());
        if message.contains('\0') {
            let text = "attribute message: it can't hold a zero byte";
            return Err(Refused(text.to_owned()));
        }
        Ok(Self::Error {
            severity,
            sqlstate,
            message,
        })
    }

    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Delay { .. } => "pg_delay",
            Self::Hold { .. } => "pg_hold",
            Self::Close => "pg_close",
            Self::Reset => "pg_reset",
            Self::Blackhole => "pg_blackhole",
            Self::Truncate { .. } => "pg_truncate",
            Self::Split { .. } => "pg_split",
            Self::Error { .. } => "pg_error",
            Self::Replace(_) => "pg_replace",
            Self::Duplicate { .. } => "pg_duplicate",
            Self::Swallow => "pg_swallow",
        }
    }
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Panic => "PANIC",
        }
    }
}

impl Replacement {
    fn parse(given: &mut Attributes<'_>) -> Result<Self, Refused> {
        let (text, hex) = (given.text("text")?, given.text("hex")?);
        let (tag, raw) = (given.text("type")?, given.flag("raw")?);
        let body = match (text, hex) {
            (Some(_), Some(_)) => {
                let text = "attributes text and hex: one of them, not both";
                return Err(Refused(text.to_owned()));
            }
            (Some(text), None) => Bytes::from(text),
            (None, Some(hex)) => decode(&hex)?,
            (None, None) => Bytes::new(),
        };
        let tag = match tag.as_deref().map(str::as_bytes) {
            None => None,
            Some([tag]) if !raw => Some(*tag),
            Some(_) => {
                let text = "attribute type: one letter, and none for raw bytes";
                return Err(Refused(text.to_owned()));
            }
        };
        Ok(if raw {
            Self::Raw(body)
        } else {
            Self::Message { tag, body }
        })
    }

    /// The bytes in the place of a message that begins with this byte; `None` for one that has no
    /// type byte, whose replacement is always raw.
    pub fn bytes(&self, own: Option<u8>) -> Bytes {
        match (self, own) {
            (Self::Raw(bytes), _) => bytes.clone(),
            (Self::Message { tag: None, body }, None) => body.clone(),
            (Self::Message { tag, body }, own) => {
                reply::frame(tag.or(own).unwrap_or_default(), body)
            }
        }
    }
}

fn decode(hex: &str) -> Result<Bytes, Refused> {
    let wrong = || Refused("attribute hex: an even number of hexadecimal digits".to_owned());
    let digits: Vec<u8> = hex
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    bytes.map(Bytes::from).ok_or_else(wrong)
}
