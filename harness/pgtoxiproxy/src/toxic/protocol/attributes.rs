//! Attributes as they are read from JSON: each by its name and kind, and none left over.

use serde_json::{Map, Value};

use super::Refused;

/// The longest text that an attribute can be, in bytes.
const MAX_TEXT: usize = 256 * 1024;

pub(super) struct Attributes<'a> {
    given: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(given: &'a Map<String, Value>) -> Self {
        Self {
            given,
            known: Vec::new(),
        }
    }

    /// A whole number, 0 when it is left out.
    pub(super) fn number(&mut self, name: &'static str) -> Result<u64, Refused> {
        self.number_or(name, 0)
    }

    pub(super) fn number_or(&mut self, name: &'static str, default: u64) -> Result<u64, Refused> {
        let Some(value) = self.find(name) else {
            return Ok(default);
        };
        // Clients of languages with one number type send 5.0 for 5.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let whole = |number: f64| {
            let fits = number.fract() == 0.0 && (0.0..=9e15).contains(&number);
            fits.then_some(number as u64)
        };
        let number = value.as_u64().or_else(|| value.as_f64().and_then(whole));
        number.ok_or_else(|| Refused(format!("attribute {name}: a whole number from 0 is needed")))
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, Refused> {
        let Some(value) = self.find(name) else {
            return Ok(false);
        };
        let flag = value.as_bool();
        flag.ok_or_else(|| Refused(format!("attribute {name}: true or false is needed")))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Refused> {
        let Some(value) = self.find(name) else {
            return Ok(None);
        };
        let Some(text) = value.as_str() else {
            return Err(Refused(format!("attribute {name}: a text is needed")));
        };
        if text.len() > MAX_TEXT {
            let text = format!("attribute {name}: longer than {MAX_TEXT} bytes");
            return Err(Refused(text));
        }
        Ok(Some(text.to_owned()))
    }

    /// A text of five digits or letters; toxiproxy-cli sends a number where there are only digits.
    pub(super) fn sqlstate(&mut self, name: &'static str) -> Result<Option<String>, Refused> {
        match self.find(name).and_then(Value::as_u64) {
            Some(digits) => Ok(Some(format!("{digits:05}"))),
            None => self.text(name),
        }
    }

    /// Refuses what nobody has asked for.
    pub(super) fn close(&self, kind: &str) -> Result<(), Refused> {
        let unknown = self
            .given
            .keys()
            .find(|name| !self.known.contains(&name.as_str()));
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let known = self.known.iter().copied();
        let hint = nearest(unknown, known).map_or_else(
            || format!("it takes {}", self.known.join(", ")),
            |name| format!("did you mean {name}?"),
        );
        Err(Refused(format!(
            "{kind} has no attribute {unknown}; {hint}"
        )))
    }

    fn find(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.given.get(name).filter(|value| !value.is_null())
    }
}

/// The known word that is most like this one, if one is.
pub(super) fn nearest(
    word: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let word = word.to_lowercase();
    let score = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &word);
    known
        .map(|known| (known, score(known)))
        .filter(|(_, score)| *score > 0.85)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(known, _)| known)
}
