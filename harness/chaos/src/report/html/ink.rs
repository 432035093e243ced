//! The colours of plots, each for a light and for a dark page.
//!
//! They are those of Okabe and Ito, which people with any kind of colour blindness can tell apart, and
//! lines that cross differ in their dashes as well. A plot names the light colour in its attributes; the
//! style sheet replaces that by a variable, which a dark page defines anew.

use std::fmt::Write as _;

use plotters::style::RGBColor;

/// What something is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Ok,
    Failed,
    Median,
    Tail,
    Clients,
    Servers,
    Leases,
    Waiters,
    Fault,
    Grid,
    Axis,
    Label,
    Band,
}

struct Shade {
    ink: Ink,
    name: &'static str,
    light: u32,
    dark: u32,
    /// Lengths of dashes and gaps in a line, in pixels.
    dashes: &'static [u32],
}

const fn shade(ink: Ink, name: &'static str, light: u32, dark: u32) -> Shade {
    Shade {
        ink,
        name,
        light,
        dark,
        dashes: &[],
    }
}

impl Shade {
    const fn dashed(self, dashes: &'static [u32]) -> Self {
        Self { dashes, ..self }
    }
}

const SHADES: [Shade; 13] = [
    shade(Ink::Ok, "ok", 0x00_72B2, 0x56_B4E9),
    shade(Ink::Failed, "failed", 0xD5_5E00, 0xF0_8A3C),
    shade(Ink::Median, "median", 0x00_72B3, 0x56_B4EA),
    shade(Ink::Tail, "tail", 0xA2_4B7F, 0xE0_98C4).dashed(&[4, 2]),
    shade(Ink::Clients, "clients", 0x5F_6B76, 0x9A_A7B3).dashed(&[1, 2]),
    shade(Ink::Servers, "servers", 0x00_72B4, 0x56_B4EB),
    shade(Ink::Leases, "leases", 0x00_8563, 0x2F_C79D).dashed(&[6, 2]),
    shade(Ink::Waiters, "waiters", 0xD5_5E01, 0xF0_8A3D),
    shade(Ink::Fault, "fault", 0x5A_4FA0, 0xA9_A0EE),
    shade(Ink::Grid, "grid", 0xDD_E2E7, 0x2E_363E),
    shade(Ink::Axis, "axis", 0x9A_A5B0, 0x5B_6773),
    shade(Ink::Label, "label", 0x4A_5560, 0xAE_B9C4),
    shade(Ink::Band, "band", 0xF1_F4F7, 0x1E_242A),
];

impl Ink {
    /// As an attribute says it.
    pub(super) fn hex(self) -> String {
        format!("#{:06X}", self.shade().light)
    }

    pub(super) fn light(self) -> RGBColor {
        let [_, red, green, blue] = self.shade().light.to_be_bytes();
        RGBColor(red, green, blue)
    }

    fn shade(self) -> &'static Shade {
        let found = SHADES.iter().find(|shade| shade.ink == self);
        found.expect("every ink has a shade")
    }
}

/// The part of the style sheet that is about colours. Lengths in a plot are `unit` times as long as
/// they are on the screen.
pub(super) fn style(unit: u32) -> String {
    let mut text = String::new();
    let mut say = |line: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = text.write_fmt(line);
    };
    say(format_args!(":root{{"));
    for Shade { name, light, .. } in &SHADES {
        say(format_args!("--{name}:#{light:06x};"));
    }
    say(format_args!(
        "}}\n@media (prefers-color-scheme:dark){{:root{{"
    ));
    for Shade { name, dark, .. } in &SHADES {
        say(format_args!("--{name}:#{dark:06x};"));
    }
    say(format_args!("}}}}\n"));
    for Shade {
        name,
        light,
        dashes,
        ..
    } in &SHADES
    {
        say(format_args!(
            ".plot [fill=\"#{light:06X}\"]{{fill:var(--{name})}}\
             .plot [stroke=\"#{light:06X}\"]{{stroke:var(--{name})"
        ));
        if !dashes.is_empty() {
            let lengths: Vec<String> = dashes.iter().map(|l| (l * unit).to_string()).collect();
            say(format_args!(";stroke-dasharray:{}", lengths.join(" ")));
        }
        say(format_args!("}}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_style_sheet_can_tell_all_inks_apart() {
        let colours: BTreeSet<u32> = SHADES.iter().map(|shade| shade.light).collect();
        assert_eq!(colours.len(), SHADES.len());
    }
}
