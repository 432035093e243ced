//! Defects of our own making, each of which some judge has to notice: the judges are tested, too.
//!
//! What no pooler could notice itself, such as a row that is missing, is made by the proxy before
//! PostgreSQL: it looks to the judges as if the pooler had done it, whatever pooler it is. What only
//! a pooler can do wrong is a failpoint in ours, or a setting that asks for it.

mod make;
mod table;

use crate::ground::Changes;
use crate::plan::Side;

pub use make::{Made, make};
pub use table::DEFECTS;

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Defect {
    pub name: &'static str,
    /// What goes wrong, in a sentence.
    pub does: &'static str,
    /// The judge that has to complain; others may, too.
    pub noticed_by: &'static str,
    /// A word that has to be in one of its complaints.
    pub words: &'static str,
    /// Faults that it needs to show itself: begin and length in milliseconds, and the words.
    pub faults: &'static [(u64, u64, &'static str)],
    /// How long its storm has to be.
    pub seconds: u64,
    pub how: How,
}

/// How it is made.
#[derive(Debug, PartialEq, Eq)]
pub enum How {
    /// By the pooler's binary with failpoints: name and action. Only ours has them.
    Failpoint(&'static str, &'static str),
    /// By its configuration.
    Settings {
        general: &'static [(&'static str, &'static str)],
        auth_query: &'static [(&'static str, &'static str)],
    },
    /// By toxics before PostgreSQL, during the storm: type, and attributes as JSON.
    Toxics(&'static [(&'static str, &'static str)]),
    /// By toxics on a side that nobody takes away when the storm is over.
    ToxicsThatStay(Side, &'static [(&'static str, &'static str)]),
    /// By a superuser's statement, once.
    Statement(&'static str),
    /// By a superuser's statement, again and again during the storm.
    Statements(&'static str),
    /// By a line in the pooler's log, in which `:secret` is a user's password.
    LogLine(&'static str),
}

impl Defect {
    /// The one of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        DEFECTS.iter().find(|defect| defect.name == name)
    }

    /// Whether only our pooler can have it.
    pub fn is_ours(&self) -> bool {
        matches!(self.how, How::Failpoint(..) | How::Settings { .. })
    }

    /// What it changes in the pooler's configuration.
    pub fn changes(&self) -> Changes {
        let owned = |pairs: &[(&str, &str)]| {
            let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect()
        };
        match self.how {
            How::Failpoint(name, action) => Changes {
                failpoints: owned(&[(name, action)]),
                ..Changes::default()
            },
            How::Settings {
                general,
                auth_query,
            } => Changes {
                settings: owned(general),
                auth_query: owned(auth_query),
                ..Changes::default()
            },
            _ => Changes::default(),
        }
    }
}
