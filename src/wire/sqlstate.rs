//! The SQLSTATEs that pgturnstile itself sends (PostgreSQL, appendix A "PostgreSQL Error Codes").

use std::fmt;

/// Five characters from `0-9A-Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SqlState([u8; 5]);

impl SqlState {
    pub const SUCCESSFUL_COMPLETION: Self = Self(*b"00000");
    pub const PROTOCOL_VIOLATION: Self = Self(*b"08P01");
    pub const CONNECTION_FAILURE: Self = Self(*b"08006");
    pub const FEATURE_NOT_SUPPORTED: Self = Self(*b"0A000");
    pub const INVALID_PARAMETER_VALUE: Self = Self(*b"22023");
    pub const INVALID_AUTHORIZATION: Self = Self(*b"28000");
    pub const INVALID_PASSWORD: Self = Self(*b"28P01");
    pub const UNDEFINED_DATABASE: Self = Self(*b"3D000");
    pub const DUPLICATE_STATEMENT: Self = Self(*b"42P05");
    pub const UNDEFINED_STATEMENT: Self = Self(*b"26000");
    pub const UNDEFINED_PORTAL: Self = Self(*b"34000");
    pub const UNDEFINED_PARAMETER: Self = Self(*b"42704");
    pub const OUT_OF_MEMORY: Self = Self(*b"53200");
    pub const TOO_MANY_CONNECTIONS: Self = Self(*b"53300");
    pub const PROGRAM_LIMIT: Self = Self(*b"54000");
    pub const QUERY_CANCELED: Self = Self(*b"57014");
    pub const ADMIN_SHUTDOWN: Self = Self(*b"57P01");
    pub const CANNOT_CONNECT_NOW: Self = Self(*b"57P03");
    pub const CONFIG_FILE_ERROR: Self = Self(*b"F0000");

    /// A code that a server sent, if it has the shape of one.
    pub fn from_wire(code: &[u8]) -> Option<Self> {
        let code: [u8; 5] = code.try_into().ok()?;
        code.iter()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
            .then_some(Self(code))
    }

    pub fn as_str(&self) -> &str {
        // Only ASCII gets in through `from_wire` and the constants.
        std::str::from_utf8(&self.0).unwrap_or("XX000")
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
