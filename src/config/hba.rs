//! HBA rules as values (being built).

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HbaRule {}
