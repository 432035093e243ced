//! Times, sizes and modes as operators write them.

use std::time::Duration;

/// A hundred years: beyond it sums of times and clocks could overflow.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// `500ms`, `45m`, `1 d`, or digits only for milliseconds. No fractions, no `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = split(text);
    let milliseconds: u64 = match unit.as_str() {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(not_a_duration()),
    };
    let count: u64 = digits.parse().map_err(|_| not_a_duration())?;
    let total = count.saturating_mul(milliseconds);
    bounded(Duration::from_millis(total))
}

/// A number of milliseconds.
pub(super) fn milliseconds(count: i64) -> Result<Duration, String> {
    let count = u64::try_from(count).map_err(|_| "a time can't be negative".to_owned())?;
    bounded(Duration::from_millis(count))
}

fn bounded(time: Duration) -> Result<Duration, String> {
    if time > LONGEST {
        return Err("at most a hundred years (36500d)".to_owned());
    }
    Ok(time)
}

fn not_a_duration() -> String {
    "expected a time such as 500, \"500ms\", \"30s\", \"5m\", \"1h\" or \"1d\"".to_owned()
}

/// `1048576`, `512 KB`, `1M`, `2gb`; 1 K = 1024.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = split(text);
    let shift = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        _ => return Err(not_a_size()),
    };
    let count: u64 = digits.parse().map_err(|_| not_a_size())?;
    count
        .checked_mul(1 << shift)
        .ok_or_else(|| "too large".to_owned())
}

fn not_a_size() -> String {
    "expected a size such as 1048576, \"512KB\", \"64MB\" or \"1GB\"".to_owned()
}

/// Permission bits: `0600`, `600`, `0o600`.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if octal && mode <= 0o777 => Ok(mode),
        Ok(_) if octal => Err("bits above 0777 can't be set".to_owned()),
        _ => Err("expected an octal text such as \"0600\"".to_owned()),
    }
}

/// Digits, and the unit behind them in lower case; blanks around both are dropped.
fn split(text: &str) -> (&str, String) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("0", 0),
            ("250", 250),
            ("250ms", 250),
            (" 3 S ", 3_000),
            ("45m", 2_700_000),
            ("2H", 7_200_000),
            ("1d", 86_400_000),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            "s",
            "1.5s",
            "-1s",
            "1h30m",
            "5 weeks",
            "1 0s",
            "99999999999999999999",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("36501d").is_err());
        assert!(duration("18446744073709551615d").is_err());
        assert!(milliseconds(-1).is_err());
    }

    #[test]
    fn sizes() {
        let cases = [
            ("7", 7),
            ("7b", 7),
            ("2 k", 2048),
            ("1MB", 1 << 20),
            ("3g", 3 << 30),
        ];
        for (text, bytes) in cases {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "1T", "-1", "1.5M", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn modes() {
        for text in ["0600", "600", "0o600"] {
            assert_eq!(mode(text), Ok(0o600), "{text}");
        }
        for text in ["", "0o", "8", "1777", "rw", "+600", "00000000000000000"] {
            assert!(mode(text).is_err() || text.starts_with("000"), "{text}");
        }
    }
}
