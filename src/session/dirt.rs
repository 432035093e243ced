//! What a client has left on a server: when a reset is due.
//!
//! PostgreSQL tells of most changes itself, by ParameterStatus and by command tags. What it does not
//! tell is looked for in the text of each Query and Parse. What a function does inside it can't be
//! seen from here; `cleanup = always` is for those who need that.

/// Words in a text after which a server counts as dirty.
const WORDS: [&[u8]; 3] = [b"set_config", b"pg_advisory_", b"temp"];

/// Bytes of the longest word but one: a word can be cut in two there.
const SEAM: usize = 11;

/// What is known of a server's session state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dirt {
    /// Something of a client's may be left.
    pub dirty: bool,
    /// A client has had it since its last reset.
    pub used: bool,
    /// A PREPARE in SQL may be left, which only DEALLOCATE ALL takes away.
    pub prepared: bool,
}

/// What a command tag says beside its success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Clean,
    Dirty,
    /// SQL-level PREPARE.
    Prepared,
    /// DEALLOCATE ALL and DISCARD ALL take the pooler's prepared statements along.
    AllDeallocated,
    /// DISCARD ALL: that, and all the rest is clean.
    AllDiscarded,
}

impl Dirt {
    pub fn note(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Clean => {}
            // DISCARD ALL also takes back what the pooler had set, so a reset squares the accounts.
            Verdict::Dirty | Verdict::AllDiscarded => self.dirty = true,
            Verdict::Prepared => {
                self.dirty = true;
                self.prepared = true;
            }
            Verdict::AllDeallocated => self.prepared = false,
        }
    }
}

/// Judges the tag of a CommandComplete.
pub fn judge_tag(tag: &[u8]) -> Verdict {
    match tag {
        b"DISCARD ALL" => Verdict::AllDiscarded,
        b"DEALLOCATE ALL" => Verdict::AllDeallocated,
        b"PREPARE" => Verdict::Prepared,
        b"SET" | b"RESET" | b"LISTEN" | b"LOAD" | b"DECLARE CURSOR" | b"CREATE TABLE"
        | b"CREATE TABLE AS" | b"SELECT INTO" | b"DISCARD PLANS" | b"DISCARD TEMP"
        | b"DISCARD SEQUENCES" => Verdict::Dirty,
        _ => Verdict::Clean,
    }
}

/// Searches a text that comes in pieces.
#[derive(Debug, Default)]
pub struct Sniffer {
    /// The end of the last piece and, to be searched, the beginning of the next.
    seam: [u8; 2 * SEAM],
    held: usize,
}

impl Sniffer {
    /// The next piece of the text; true as soon as a word is found.
    pub fn smells(&mut self, piece: &[u8]) -> bool {
        let head = &piece[..piece.len().min(SEAM)];
        let end = self.held + head.len();
        self.seam[self.held..end].copy_from_slice(head);
        let found = smells(&self.seam[..end]) || smells(piece);
        if piece.len() >= SEAM {
            self.seam[..SEAM].copy_from_slice(&piece[piece.len() - SEAM..]);
            self.held = SEAM;
        } else {
            let keep = end.min(SEAM);
            self.seam.copy_within(end - keep..end, 0);
            self.held = keep;
        }
        found
    }
}

/// Does a text contain one of the words, in any case?
pub fn smells(text: &[u8]) -> bool {
    let starts = |at: usize| {
        let rest = &text[at..];
        WORDS
            .iter()
            .any(|word| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word))
    };
    // Every word begins with one of three letters: all else is passed over at once.
    text.iter()
        .enumerate()
        .any(|(at, byte)| matches!(byte | 0x20, b's' | b'p' | b't') && starts(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_what_is_left() {
        for (tag, verdict) in [
            ("SELECT 1", Verdict::Clean),
            ("INSERT 0 1", Verdict::Clean),
            ("BEGIN", Verdict::Clean),
            ("SET", Verdict::Dirty),
            ("PREPARE", Verdict::Prepared),
            ("DECLARE CURSOR", Verdict::Dirty),
            ("LISTEN", Verdict::Dirty),
            ("CREATE TABLE", Verdict::Dirty),
            ("DEALLOCATE", Verdict::Clean),
            ("DEALLOCATE ALL", Verdict::AllDeallocated),
            ("DISCARD ALL", Verdict::AllDiscarded),
        ] {
            assert_eq!(judge_tag(tag.as_bytes()), verdict, "{tag}");
        }
    }

    #[test]
    fn words_are_found_anywhere_and_in_any_case() {
        for text in [
            "select set_config('a','b',false)",
            "SELECT Pg_Advisory_lock(1)",
            "create TEMPORARY table t()",
            "temp",
        ] {
            assert!(smells(text.as_bytes()), "{text}");
        }
        for text in ["", "select 1", "set x to 1", "tem", "pg_advisor"] {
            assert!(!smells(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn words_are_found_across_pieces() {
        let text = b"select pg_advisory_lock(1)";
        for size in 1..text.len() {
            let mut sniffer = Sniffer::default();
            let found = text.chunks(size).map(|piece| sniffer.smells(piece));
            assert!(found.fold(false, |a, b| a | b), "in pieces of {size}");
        }
        let mut sniffer = Sniffer::default();
        assert!(
            !b"select pg_advisor"
                .chunks(3)
                .any(|piece| sniffer.smells(piece))
        );
    }
}
