//! What a proxy is told: a name, where to listen, where to dial, whether it is enabled, its TLS.

use serde_json::{Map, Value};

use super::{Error, Tls, address};
use crate::toxic::fields::Fields;

/// Everything about a proxy but its toxics.
#[derive(Debug, Clone)]
pub struct Spec {
    pub name: String,
    /// `host:port`; empty for any port of every interface.
    pub listen: String,
    pub upstream: String,
    pub enabled: bool,
    pub tls: Option<Tls>,
}

/// What to change about a proxy; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub listen: Option<String>,
    pub upstream: Option<String>,
    pub enabled: Option<bool>,
    pub tls: Option<Option<Tls>>,
}

impl Spec {
    /// Enabled, without TLS.
    pub fn new(
        name: impl Into<String>,
        listen: impl Into<String>,
        upstream: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            listen: listen.into(),
            upstream: upstream.into(),
            enabled: true,
            tls: None,
        }
    }

    /// From the object of a request; `place` ends the name of a field that is missing.
    pub async fn from_json(body: &Map<String, Value>, place: &str) -> Result<Self, Error> {
        let fields = Fields::new(body);
        let required = |field: &str| match fields.string(field) {
            Ok(None | Some("")) => Err(Error::missing(format_args!("{field}{place}"))),
            Ok(Some(text)) => Ok(text.to_owned()),
            Err(refused) => Err(refused.into()),
        };
        let tls = match fields.object("tls")? {
            Some(tls) => Some(Tls::from_json(tls).await?),
            None => None,
        };
        Ok(Self {
            name: required("name")?,
            listen: fields.string("listen")?.unwrap_or_default().to_owned(),
            upstream: required("upstream")?,
            enabled: fields.boolean("enabled")?.unwrap_or(true),
            tls,
        })
    }

    /// Whether a proxy like this would have to be restarted to become the other.
    pub(super) async fn differs(&self, other: &Self) -> Result<bool, Error> {
        if self.upstream != other.upstream || self.tls != other.tls {
            return Ok(true);
        }
        Ok(!address::is_same(&other.listen, &self.listen).await?)
    }
}

impl Change {
    /// From the object of a request, for a proxy that shows this TLS.
    pub async fn from_json(body: &Map<String, Value>, shown: Option<&Tls>) -> Result<Self, Error> {
        let fields = Fields::new(body);
        let upstream = fields.string("upstream")?;
        if upstream == Some("") {
            return Err(Error::missing("upstream"));
        }
        Ok(Self {
            listen: fields.string("listen")?.map(str::to_owned),
            upstream: upstream.map(str::to_owned),
            enabled: fields.boolean("enabled")?,
            tls: tls(fields, shown).await?,
        })
    }

    pub(super) fn over(self, spec: Spec) -> Spec {
        Spec {
            name: spec.name,
            listen: self.listen.unwrap_or(spec.listen),
            upstream: self.upstream.unwrap_or(spec.upstream),
            enabled: self.enabled.unwrap_or(spec.enabled),
            tls: self.tls.unwrap_or(spec.tls),
        }
    }
}

/// `null` switches TLS off. A client that sends back what it was shown, which has no key, changes
/// nothing.
async fn tls(fields: Fields<'_>, shown: Option<&Tls>) -> Result<Option<Option<Tls>>, Error> {
    if fields.given("tls") == Some(&Value::Null) {
        return Ok(Some(None));
    }
    let Some(object) = fields.object("tls")? else {
        return Ok(None);
    };
    let given = Fields::new(object);
    let same = shown.is_some_and(|shown| {
        given.given("private_key").is_none()
            && given.given("certificate").and_then(Value::as_str) == Some(&shown.certificate)
    });
    if same {
        return Ok(None);
    }
    Ok(Some(Some(Tls::from_json(object).await?)))
}
