//! Toxics as the API spells them: JSON in, JSON out.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::refused::Refused;
use super::{Kind, Protocol, Standard, Stream, Toxic};

impl Toxic {
    /// The toxic that a body asks for.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, Refused> {
        let fields = Fields::new(body);
        let type_name = fields.string("type")?.unwrap_or_default();
        let stream = fields.string("stream")?.map(stream).transpose()?;
        let toxicity = toxicity(fields)?.unwrap_or(1.0);
        let (kind, stream) = kind(type_name, stream, &attributes(fields)?)?;
        let name = match fields.string("name")? {
            None | Some("") => format!("{type_name}_{}", stream.as_str()),
            Some(name) => name.to_owned(),
        };
        Ok(Self::new(name, stream, toxicity, kind))
    }

    /// This toxic with what a body changes: its attributes, one by one, and its toxicity.
    pub fn patched(&self, body: &Map<String, Value>) -> Result<Self, Refused> {
        let fields = Fields::new(body);
        let attributes = &attributes(fields)?;
        let kind = match &self.kind {
            Kind::Standard(standard) => Kind::Standard(standard.patched(attributes)?),
            Kind::Protocol(protocol) => {
                Kind::Protocol(Box::new(protocol.patched(self.stream, attributes)?))
            }
        };
        Ok(Self {
            kind,
            toxicity: toxicity(fields)?.unwrap_or(self.toxicity),
            ..self.clone()
        })
    }

    pub fn to_json(&self) -> Value {
        let (type_name, attributes) = match &self.kind {
            Kind::Standard(standard) => (standard.type_name(), standard.attributes()),
            Kind::Protocol(protocol) => (protocol.type_name(), protocol.attributes()),
        };
        json!({
            "name": self.name,
            "type": type_name,
            "stream": self.stream.as_str(),
            "toxicity": shortest(self.toxicity),
            "attributes": attributes,
            "hits": self.hits(),
        })
    }
}

fn kind(
    type_name: &str,
    stream: Option<Stream>,
    attributes: &Map<String, Value>,
) -> Result<(Kind, Stream), Refused> {
    if let Some(standard) = Standard::of_type(type_name) {
        let kind = Kind::Standard(standard.patched(attributes)?);
        return Ok((kind, stream.unwrap_or(Stream::Downstream)));
    }
    if !Protocol::is_type(type_name) {
        return Err(Refused("invalid toxic type".to_owned()));
    }
    let (protocol, stream) = Protocol::parse(type_name, stream, attributes)?;
    Ok((Kind::Protocol(Box::new(protocol)), stream))
}

fn stream(name: &str) -> Result<Stream, Refused> {
    let both = [Stream::Upstream, Stream::Downstream];
    let found = both
        .into_iter()
        .find(|stream| stream.as_str().eq_ignore_ascii_case(name));
    let invalid = "stream was invalid, can be either upstream or downstream";
    found.ok_or_else(|| Refused(invalid.to_owned()))
}

fn attributes(fields: Fields<'_>) -> Result<Map<String, Value>, Refused> {
    Ok(fields.object("attributes")?.cloned().unwrap_or_default())
}

/// Out of range it would be read as "always" or "never", which a mistyped `50` does not mean.
fn toxicity(fields: Fields<'_>) -> Result<Option<f32>, Refused> {
    match fields.number("toxicity")? {
        None => Ok(None),
        #[allow(clippy::cast_possible_truncation)]
        Some(part) if (0.0..=1.0).contains(&part) => Ok(Some(part as f32)),
        Some(part) => Err(Refused::body(format_args!(
            "toxicity must be between 0 and 1, not {part}"
        ))),
    }
}

/// As few digits as the number needs: 0.2 and not 0.20000000298023224, 1 and not 1.0.
fn shortest(number: f32) -> Value {
    let text = number.to_string();
    let whole = text.parse::<u64>().map(Value::from);
    whole.unwrap_or_else(|_| text.parse::<f64>().map_or(Value::Null, Value::from))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Toxic;

    fn toxic(body: &Value) -> Result<Toxic, String> {
        let body = body.as_object().expect("an object");
        Toxic::from_json(body).map_err(|refused| refused.0)
    }

    #[test]
    fn what_is_missing_has_the_originals_defaults() {
        let toxic = toxic(&json!({"type": "latency", "attributes": null})).expect("a toxic");
        let expected = json!({
            "name": "latency_downstream", "type": "latency", "stream": "downstream",
            "toxicity": 1, "attributes": {"latency": 0, "jitter": 0}, "hits": 0,
        });
        assert_eq!(toxic.to_json(), expected);
    }

    #[test]
    fn a_patch_keeps_what_it_does_not_name() {
        let body = json!({"type": "latency", "toxicity": 0.2,
            "attributes": {"latency": 100, "Jitter": 10, "unknown": "passes"}});
        let toxic = toxic(&body).expect("a toxic");
        let patch = json!({"attributes": {"latency": 7}, "name": "ignored", "stream": "upstream"});
        let patched = toxic.patched(patch.as_object().expect("an object"));
        let expected = json!({
            "name": "latency_downstream", "type": "latency", "stream": "downstream",
            "toxicity": 0.2, "attributes": {"latency": 7, "jitter": 10}, "hits": 0,
        });
        assert_eq!(patched.expect("patched").to_json(), expected);
    }

    #[test]
    fn the_same_toxic_comes_back_for_every_type() {
        let all = [
            ("noop", json!({})),
            ("latency", json!({"latency": 1, "jitter": 2})),
            ("bandwidth", json!({"rate": 3})),
            ("slow_close", json!({"delay": 4})),
            ("timeout", json!({"timeout": 5})),
            ("reset_peer", json!({"timeout": 6})),
            (
                "slicer",
                json!({"average_size": 9, "size_variation": 8, "delay": 7}),
            ),
            ("limit_data", json!({"bytes": 10})),
        ];
        for (type_name, attributes) in all {
            let body = json!({"type": type_name, "stream": "UPSTREAM", "attributes": attributes});
            let shown = toxic(&body).expect(type_name).to_json();
            assert_eq!(shown["attributes"], attributes);
            assert_eq!(shown["name"], format!("{type_name}_upstream"));
            assert_eq!(shown["stream"], "upstream");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_reason() {
        let refused = |body: Value| toxic(&body).expect_err(&body.to_string());
        let slicer = |attributes: Value| json!({"type": "slicer", "attributes": attributes});
        for (body, reason) in [
            (
                json!({"type": "latency", "stream": "sideways"}),
                "stream was invalid",
            ),
            (
                json!({"type": "latency", "stream": ""}),
                "stream was invalid",
            ),
            (
                json!({"type": "latency", "toxicity": 50}),
                "between 0 and 1, not 50",
            ),
            (
                json!({"type": "latency", "toxicity": -0.1}),
                "between 0 and 1",
            ),
            (
                json!({"type": "latency", "toxicity": "1"}),
                "must be a number",
            ),
            (json!({"type": 5}), "type must be a string, not 5"),
            (
                json!({"type": "latency", "name": []}),
                "name must be a string, not an array",
            ),
            (
                json!({"type": "latency", "attributes": 5}),
                "must be an object",
            ),
            (
                json!({"type": "bandwidth", "attributes": {"rate": -1}}),
                "not negative, not -1",
            ),
            (
                json!({"type": "latency", "attributes": {"jitter": 1.5}}),
                "whole number",
            ),
            (
                json!({"type": "latency", "attributes": {"jitter": u64::MAX}}),
                "whole number",
            ),
            (slicer(json!({})), "average_size must be at least 1"),
            (
                slicer(json!({"average_size": 4, "size_variation": 5})),
                "size_variation must not be larger than average_size",
            ),
        ] {
            let text = refused(body);
            assert!(text.contains(reason), "{text} should contain {reason}");
        }
    }
}
