//! Log lines on stderr, as text or JSON, which nothing that a client says can forge.

use std::fmt::{self, Write as _};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `2024-01-07T19:19:38.080Z  INFO text`
    Text { color: bool },
    /// One JSON object a line.
    Structured,
}

/// Starts the log of this process; a second call changes nothing.
pub fn start(level: LevelFilter, format: Format) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_timer(Millis);
    // An error means that a log exists already, as in tests that share a process.
    let _ = match format {
        Format::Text { color } => builder
            .with_ansi(color)
            .fmt_fields(DefaultFields::new())
            .event_format(Text { color })
            .try_init(),
        Format::Structured => builder
            .json()
            .flatten_event(true)
            .with_target(false)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
    };
}

/// Text from outside, safe to print: control characters and those that reorder or break lines are
/// shown as escapes, and at most [`Escaped::LIMIT`] characters of it.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl Escaped<'_> {
    /// Longer than any path that Linux opens (`PATH_MAX` is 4096), short enough for a log.
    pub const LIMIT: usize = 4096;
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, c) in self.0.chars().enumerate() {
            if count == Self::LIMIT {
                return f.write_char('…');
            }
            write_escaped(f, c)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

fn write_escaped(out: &mut impl fmt::Write, c: char) -> fmt::Result {
    if is_unsafe(c) {
        write!(out, "{}", c.escape_default())
    } else {
        out.write_char(c)
    }
}

/// Control characters, line separators and the marks that turn the writing direction.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// UTC with milliseconds.
struct Millis;

impl FormatTime for Millis {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        let mut text = String::new();
        SystemTime.format_time(&mut Writer::new(&mut text))?;
        out.write_str(&to_millis(&text))
    }
}

/// Cuts the fraction of an RFC 3339 time in UTC to three digits.
fn to_millis(text: &str) -> String {
    match text.trim_end_matches('Z').split_once('.') {
        Some((seconds, fraction)) => format!("{seconds}.{fraction:.3}Z"),
        None => text.to_owned(),
    }
}

/// One event as a line of text. The message and fields are made first and escaped as a whole, so a
/// call site that forgot [`Escaped`] can't let a second line through either.
struct Text {
    color: bool,
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        ctx: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        ctx.format_fields(Writer::new(&mut text), event)?;
        Millis.format_time(&mut out)?;
        write_level(&mut out, *event.metadata().level(), self.color)?;
        for c in text.chars() {
            write_escaped(&mut out, c)?;
        }
        out.write_char('\n')
    }
}

fn write_level(out: &mut impl fmt::Write, level: Level, color: bool) -> fmt::Result {
    if !color {
        return write!(out, " {level:>5} ");
    }
    let code = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    };
    write!(out, " \u{1b}[{code}m{level:>5}\u{1b}[0m ")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(say: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .event_format(Text { color: false })
            .finish();
        tracing::subscriber::with_default(subscriber, say);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_has_time_level_and_text() {
        let line = logged(|| tracing::info!(user = "u", "hello"));
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!(time.len(), "2024-01-07T19:19:38.080Z".len(), "{time}");
        assert!(time.ends_with('Z'));
        assert_eq!(rest, " INFO hello user=\"u\"\n");
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let forged = "x\n2024-01-07T19:19:38.080Z ERROR gone\r\u{1b}[2J";
        let line = logged(|| tracing::warn!("said {forged}"));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        let line = logged(|| tracing::warn!(said = forged, "field"));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
    }

    #[test]
    fn escaped_text_has_no_control_characters_and_an_end() {
        let text = Escaped("a\nb\tc\u{0}\u{202e}é").to_string();
        assert_eq!(text, "a\\nb\\tc\\u{0}\\u{202e}é");
        let long = "x".repeat(Escaped::LIMIT + 1);
        assert_eq!(
            Escaped(&long).to_string().chars().count(),
            Escaped::LIMIT + 1
        );
    }

    #[test]
    fn times_are_cut_to_milliseconds() {
        assert_eq!(
            to_millis("2024-01-07T19:19:38.080999Z"),
            "2024-01-07T19:19:38.080Z"
        );
        assert_eq!(to_millis("2024-01-07T19:19:38Z"), "2024-01-07T19:19:38Z");
    }
}
