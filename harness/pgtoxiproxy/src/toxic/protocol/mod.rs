//! Toxics that know the PostgreSQL protocol: where they fire, and what they do.

mod action;
mod attributes;
mod point;

use serde_json::{Map, Value};

pub use action::{Action, Replacement, Severity};
pub use point::{At, Edge, Pattern, Point};

use super::Stream;
use super::refused::Refused;
use attributes::Attributes;

/// A point of the protocol and an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    pub point: Point,
    pub action: Action,
    /// As they were given.
    attributes: Map<String, Value>,
}

impl Protocol {
    /// Whether this is one of the protocol toxics' types (`pg_hold` …).
    pub fn is_type(name: &str) -> bool {
        action::TYPES.contains(&name)
    }

    /// From a type and its attributes, with the stream that was asked for; gives the stream that the
    /// point is on. An unknown attribute is refused: its fault would never fire.
    pub fn parse(
        kind: &str,
        stream: Option<Stream>,
        attributes: &Map<String, Value>,
    ) -> Result<(Self, Stream), Refused> {
        let mut given = Attributes::new(attributes);
        let point = Point::parse(&mut given, action::takes_edge(kind))?;
        let action = Action::parse(kind, &mut given)?;
        given.close(kind)?;
        let stream = point.stream(stream)?;
        let parsed = Self {
            point,
            action,
            attributes: attributes.clone(),
        };
        Ok((parsed, stream))
    }

    /// With these attributes laid over its own; `null` takes one away. `stream` is the toxic's, which
    /// can't change.
    pub fn patched(
        &self,
        stream: Stream,
        attributes: &Map<String, Value>,
    ) -> Result<Self, Refused> {
        let mut merged = self.attributes.clone();
        for (name, value) in attributes {
            if value.is_null() {
                merged.remove(name);
            } else {
                merged.insert(name.clone(), value.clone());
            }
        }
        Ok(Self::parse(self.type_name(), Some(stream), &merged)?.0)
    }

    /// `pg_hold` …
    pub fn type_name(&self) -> &'static str {
        self.action.type_name()
    }

    /// Every attribute that was given.
    pub fn attributes(&self) -> Map<String, Value> {
        self.attributes.clone()
    }
}

#[cfg(test)]
mod tests;
