//! The four messages of an exchange, read strictly (RFC 5802 section 7).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::secret::{MAX_SALT, decode_32, parse_iterations};

/// Why a message is none; safe to show the peer.
pub type Reason = &'static str;

/// The channel binding that both sides know (RFC 5929 section 4).
pub const END_POINT: &str = "tls-server-end-point";

/// What a client says about channel binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// `n`: it can't.
    Unsupported,
    /// `y`: it could, but thinks that the server can't.
    Unoffered,
    /// `p=tls-server-end-point`.
    EndPoint,
}

impl Flag {
    /// The GS2 header that carries this flag.
    pub fn header(self) -> &'static str {
        match self {
            Self::Unsupported => "n,,",
            Self::Unoffered => "y,,",
            Self::EndPoint => "p=tls-server-end-point,,",
        }
    }
}

/// `n,,n=user,r=nonce`
#[derive(Debug, PartialEq, Eq)]
pub struct ClientFirst<'a> {
    pub flag: Flag,
    /// The message without its GS2 header.
    pub bare: &'a str,
    pub nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Reason> {
        let text = utf8(message)?;
        let (flag, rest) = text.split_once(',').ok_or("no GS2 header")?;
        let flag = match flag {
            "n" => Flag::Unsupported,
            "y" => Flag::Unoffered,
            _ => match flag.strip_prefix("p=") {
                Some(END_POINT) => Flag::EndPoint,
                Some(_) => return Err("unsupported channel binding type"),
                None => return Err("unknown channel binding flag"),
            },
        };
        let bare = match rest.split_once(',') {
            Some(("", bare)) => bare,
            Some(_) => return Err("an authorization identity is not supported"),
            None => return Err("no GS2 header"),
        };
        let mut attributes = bare.split(',');
        // The name is PostgreSQL's startup packet's; what is here is checked and otherwise ignored.
        let name = attribute(attributes.next(), "n=").ok_or("no user name")?;
        if !is_saslname(name) {
            return Err("invalid user name");
        }
        let nonce = attribute(attributes.next(), "r=").ok_or("no nonce")?;
        if !is_nonce(nonce) {
            return Err("invalid nonce");
        }
        extensions(attributes)?;
        Ok(Self { flag, bare, nonce })
    }
}

/// `r=nonce,s=salt,i=iterations`
#[derive(Debug, PartialEq, Eq)]
pub struct ServerFirst<'a> {
    pub nonce: &'a str,
    pub salt: Vec<u8>,
    pub iterations: u32,
}

impl<'a> ServerFirst<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Reason> {
        let mut attributes = utf8(message)?.split(',');
        let nonce = attribute(attributes.next(), "r=").ok_or("no nonce")?;
        if !is_nonce(nonce) {
            return Err("invalid nonce");
        }
        let salt = attribute(attributes.next(), "s=").ok_or("no salt")?;
        let salt = STANDARD.decode(salt).map_err(|_| "invalid salt")?;
        if !(1..=MAX_SALT).contains(&salt.len()) {
            return Err("salt of an unusable length");
        }
        let iterations = attribute(attributes.next(), "i=").ok_or("no iteration count")?;
        let iterations = parse_iterations(iterations).ok_or("unusable iteration count")?;
        extensions(attributes)?;
        Ok(Self {
            nonce,
            salt,
            iterations,
        })
    }

    pub fn format(&self) -> String {
        let salt = STANDARD.encode(&self.salt);
        format!("r={},s={salt},i={}", self.nonce, self.iterations)
    }
}

/// `c=binding,r=nonce,p=proof`
#[derive(PartialEq, Eq)]
pub struct ClientFinal<'a> {
    /// The GS2 header and the channel's data, decoded.
    pub binding: Vec<u8>,
    pub nonce: &'a str,
    pub proof: [u8; 32],
    pub without_proof: &'a str,
}

impl<'a> ClientFinal<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Reason> {
        let (without_proof, proof) = utf8(message)?.rsplit_once(",p=").ok_or("no proof")?;
        let mut attributes = without_proof.split(',');
        let binding = attribute(attributes.next(), "c=").ok_or("no channel binding")?;
        let nonce = attribute(attributes.next(), "r=").ok_or("no nonce")?;
        extensions(attributes)?;
        Ok(Self {
            binding: STANDARD
                .decode(binding)
                .map_err(|_| "invalid channel binding")?,
            nonce,
            proof: decode_32(proof).ok_or("invalid proof")?,
            without_proof,
        })
    }
}

/// `c=binding,r=nonce`, to which the proof is added.
pub fn client_final_without_proof(flag: Flag, data: &[u8], nonce: &str) -> String {
    format!("c={},r={nonce}", STANDARD.encode(binding(flag, data)))
}

/// The channel binding that [`ClientFinal::binding`] must be.
pub fn binding(flag: Flag, data: &[u8]) -> Vec<u8> {
    [flag.header().as_bytes(), data].concat()
}

/// `v=signature`, or `e=` and the server's reason.
#[derive(Debug, PartialEq, Eq)]
pub enum ServerFinal<'a> {
    Signature([u8; 32]),
    Refused(&'a str),
}

impl<'a> ServerFinal<'a> {
    pub fn parse(message: &'a [u8]) -> Result<Self, Reason> {
        let mut attributes = utf8(message)?.split(',');
        let first = attributes.next();
        extensions(attributes)?;
        if let Some(reason) = attribute(first, "e=") {
            return Ok(Self::Refused(reason));
        }
        let signature = attribute(first, "v=").ok_or("no signature")?;
        Ok(Self::Signature(
            decode_32(signature).ok_or("invalid signature")?,
        ))
    }

    pub fn format_signature(signature: &[u8; 32]) -> String {
        format!("v={}", STANDARD.encode(signature))
    }
}

/// A nonce from random bytes; 18 are what PostgreSQL takes.
pub fn nonce(random: &[u8]) -> String {
    STANDARD.encode(random)
}

fn utf8(message: &[u8]) -> Result<&str, Reason> {
    std::str::from_utf8(message).map_err(|_| "message is not valid UTF-8")
}

fn attribute<'a>(part: Option<&'a str>, name: &str) -> Option<&'a str> {
    part?.strip_prefix(name)
}

/// What may follow the known attributes: others, which are ignored, but they must look like some.
fn extensions<'a>(mut attributes: impl Iterator<Item = &'a str>) -> Result<(), Reason> {
    let well_formed = attributes.all(|part| match part.as_bytes() {
        [b'm', ..] => false,
        [name, b'=', value @ ..] => name.is_ascii_alphabetic() && !value.contains(&0),
        _ => false,
    });
    well_formed
        .then_some(())
        .ok_or("invalid or mandatory extension")
}

/// Printable ASCII without the comma.
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

/// A comma and an equals sign are written `=2C` and `=3D`.
fn is_saslname(text: &str) -> bool {
    let mut parts = text.split('=');
    parts.next();
    !text.contains('\0') && parts.all(|part| part.starts_with("2C") || part.starts_with("3D"))
}

#[cfg(test)]
mod tests;
