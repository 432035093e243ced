//! What ReadyForQuery says about the transaction.

use super::frame::Malformed;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxStatus {
    Idle,
    InTransaction,
    /// In a transaction block that only ROLLBACK gets out of.
    Failed,
}

impl TxStatus {
    pub fn from_byte(byte: u8) -> Result<Self, Malformed> {
        match byte {
            b'I' => Ok(Self::Idle),
            b'T' => Ok(Self::InTransaction),
            b'E' => Ok(Self::Failed),
            _ => Err(Malformed("unknown transaction status")),
        }
    }

    pub fn as_byte(self) -> u8 {
        match self {
            Self::Idle => b'I',
            Self::InTransaction => b'T',
            Self::Failed => b'E',
        }
    }
}
