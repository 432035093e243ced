//! One owed reply: what was asked, by whom, and which messages answer it.

use crate::wire::backend::tags as b;
use crate::wire::frontend::tags as f;

/// Entries that may be outstanding at once. PostgreSQL sets no bound; this one keeps a client that
/// pipelines for ever from growing the queue.
pub const MAX_OWED: usize = 1024;

/// Who asked, and so who is to see the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    Client,
    Ours,
}

/// A message on its way to the server, by what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    Query,
    FunctionCall,
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    Sync,
    Flush,
    CopyData,
    /// CopyDone or CopyFail.
    CopyEnd,
}

impl Message {
    /// `None` for a tag that no client may send after the handshake; Terminate is the caller's.
    pub fn from_tag(tag: u8) -> Option<Self> {
        Some(match tag {
            f::QUERY => Self::Query,
            f::FUNCTION_CALL => Self::FunctionCall,
            f::PARSE => Self::Parse,
            f::BIND => Self::Bind,
            f::DESCRIBE => Self::Describe,
            f::EXECUTE => Self::Execute,
            f::CLOSE => Self::Close,
            f::SYNC => Self::Sync,
            f::FLUSH => Self::Flush,
            f::COPY_DATA => Self::CopyData,
            f::COPY_DONE | f::COPY_FAIL => Self::CopyEnd,
            _ => return None,
        })
    }
}

/// The kinds of entries. Two are marks, which owe nothing: [`Kind::CopyData`] tells where COPY IN may
/// have failed, [`Kind::CopyEnd`] where it stops eating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Query,
    FunctionCall,
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    Sync,
    CopyData,
    CopyEnd,
}

#[derive(Debug, Clone)]
pub(super) struct Owed<E> {
    pub(super) kind: Kind,
    pub(super) owner: Owner,
    pub(super) show_as: Option<u8>,
    pub(super) effect: Option<E>,
    /// A Sync that a failed COPY IN has perhaps eaten.
    pub(super) doubtful: bool,
}

impl Kind {
    pub(super) fn of(message: Message) -> Option<Self> {
        Some(match message {
            Message::Query => Self::Query,
            Message::FunctionCall => Self::FunctionCall,
            Message::Parse => Self::Parse,
            Message::Bind => Self::Bind,
            Message::Describe => Self::Describe,
            Message::Execute => Self::Execute,
            Message::Close => Self::Close,
            Message::Sync => Self::Sync,
            Message::CopyData => Self::CopyData,
            Message::CopyEnd => Self::CopyEnd,
            Message::Flush => return None,
        })
    }

    pub(super) fn is_mark(self) -> bool {
        matches!(self, Self::CopyData | Self::CopyEnd)
    }

    /// Does ReadyForQuery answer it?
    pub(super) fn ends_batch(self) -> bool {
        matches!(self, Self::Query | Self::FunctionCall | Self::Sync)
    }

    /// May `tag` come while this entry is in front (errors and ReadyForQuery aside)?
    pub(super) fn expects(self, tag: u8) -> bool {
        match self {
            Self::Query => matches!(
                tag,
                b::ROW_DESCRIPTION
                    | b::DATA_ROW
                    | b::COMMAND_COMPLETE
                    | b::EMPTY_QUERY
                    | b::COPY_IN
                    | b::COPY_OUT
                    | b::COPY_DATA
                    | b::COPY_DONE
            ),
            Self::Execute => matches!(
                tag,
                b::DATA_ROW
                    | b::COMMAND_COMPLETE
                    | b::EMPTY_QUERY
                    | b::PORTAL_SUSPENDED
                    | b::COPY_IN
                    | b::COPY_OUT
                    | b::COPY_DATA
                    | b::COPY_DONE
            ),
            Self::FunctionCall => tag == b::FUNCTION_CALL_RESPONSE,
            Self::Parse => tag == b::PARSE_COMPLETE,
            Self::Bind => tag == b::BIND_COMPLETE,
            Self::Close => tag == b::CLOSE_COMPLETE,
            Self::Describe => matches!(
                tag,
                b::PARAMETER_DESCRIPTION | b::ROW_DESCRIPTION | b::NO_DATA
            ),
            Self::Sync | Self::CopyData | Self::CopyEnd => false,
        }
    }

    /// Is this entry done with `tag`, one of those it expects?
    pub(super) fn completed_by(self, tag: u8) -> bool {
        match self {
            Self::Query | Self::FunctionCall => false,
            Self::Execute => matches!(
                tag,
                b::COMMAND_COMPLETE | b::EMPTY_QUERY | b::PORTAL_SUSPENDED
            ),
            Self::Describe => tag != b::PARAMETER_DESCRIPTION,
            _ => true,
        }
    }
}
