//! Reads the fields of a JSON object the way Toxiproxy does: names are matched whatever their case,
//! and `null` is the same as a missing field.

use serde_json::{Map, Value};

use super::refused::Refused;

/// The fields of one object of a request.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub fn new(object: &'a Map<String, Value>) -> Self {
        Self(object)
    }

    /// The value as it was given, `null` included.
    pub fn given(self, name: &str) -> Option<&'a Value> {
        let any_case = || {
            let mut all = self.0.iter();
            all.find(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        self.0
            .get(name)
            .or_else(|| any_case().map(|(_, value)| value))
    }

    pub fn string(self, name: &str) -> Result<Option<&'a str>, Refused> {
        self.typed(name, "a string", Value::as_str)
    }

    pub fn boolean(self, name: &str) -> Result<Option<bool>, Refused> {
        self.typed(name, "true or false", Value::as_bool)
    }

    pub fn number(self, name: &str) -> Result<Option<f64>, Refused> {
        self.typed(name, "a number", Value::as_f64)
    }

    pub fn object(self, name: &str) -> Result<Option<&'a Map<String, Value>>, Refused> {
        self.typed(name, "an object", Value::as_object)
    }

    /// A whole number from 0 up to the largest that Toxiproxy's own integers hold.
    pub fn count(self, name: &str) -> Result<Option<u64>, Refused> {
        let count = |value: &Value| value.as_i64().and_then(|count| count.try_into().ok());
        self.typed(name, "a whole number that is not negative", count)
    }

    fn typed<T>(
        self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Refused> {
        match self.given(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| {
                Refused::body(format_args!(
                    "{name} must be {wanted}, not {}",
                    brief(value)
                ))
            }),
        }
    }
}

/// A value for an error message: short ones in full, others by their type.
fn brief(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.len() > 40 => "a long string".to_owned(),
        short => short.to_string(),
    }
}
