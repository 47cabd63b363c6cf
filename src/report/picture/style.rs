//! The colours, on light paper and on dark.
//!
//! A kind of interval sets `color`; shapes take it, filled, or as the stroke of a row of bars. A page has
//! the colours as custom properties, which it may set otherwise; a file of its own has them written out,
//! for not every program that shows SVG knows properties.

use std::fmt::Write;
use std::sync::LazyLock;

/// Name, on light paper, on dark.
const COLOURS: [(&str, &str, &str); 21] = [
    ("ink", "#2d3748", "#e2e8f0"),
    ("paper", "#ffffff", "#14181f"),
    ("ground", "#f2f4f7", "#1e2530"),
    ("faint", "#5a6675", "#9aa8ba"),
    ("tick", "#c3cad4", "#465264"),
    ("agent", "#1f5fa8", "#8cc0fa"),
    ("customer", "#b2560b", "#fdb768"),
    ("agent-speech", "#9cc4f0", "#24476f"),
    ("customer-speech", "#f6c492", "#6b4215"),
    ("agent-light", "#9cc4f0", "#3f6ea3"),
    ("customer-light", "#f6c492", "#93632b"),
    ("unsaid", "#dde1e7", "#333c49"),
    ("unsaid-edge", "#9aa4b2", "#74808f"),
    ("overlap", "#e04352", "#e04352"),
    ("episode", "#c01f2e", "#ff7a85"),
    ("silence", "#d5dae1", "#384352"),
    ("hold", "#d9c7f0", "#4f3d70"),
    ("line", "#f6d9a8", "#6e5322"),
    ("bleed", "#e6e0d2", "#3d392e"),
    ("ivr", "#cfe6df", "#24493f"),
    ("queue", "#ecd3df", "#5a2f44"),
];

/// `@name` is a colour.
const RULES: &str = "
.call-picture{color:@ink}
.call-picture text{font:12px system-ui,sans-serif;fill:@ink}
.call-picture .head{font-size:17px;font-weight:600}
.call-picture rect,.call-picture path{fill:currentColor}
.call-picture .paper{color:@paper}.call-picture .ground{color:@ground}
.call-picture .faint text{fill:@faint}
.call-picture path.tick{fill:none;stroke:@tick}
.call-picture .agent .level,.call-picture .agent .utterance{color:@agent}
.call-picture .customer .level,.call-picture .customer .utterance{color:@customer}
.call-picture .agent .speech{color:@agent-speech}
.call-picture .customer .speech{color:@customer-speech}
.call-picture .agent .backchannel,.call-picture .agent .opening{color:@agent-light}
.call-picture .customer .backchannel,.call-picture .customer .opening{color:@customer-light}
.call-picture .closing{color:@faint}
.call-picture .unsaid{color:@unsaid;stroke:@unsaid-edge;stroke-dasharray:3 2;stroke-width:.8}
.call-picture path.interruption{stroke:@paper;stroke-width:.8}
.call-picture .overlap{color:@overlap}
.call-picture .episode{color:@episode;fill:none;stroke:currentColor;stroke-width:1.2}
.call-picture .silence{color:@silence}.call-picture .hold{color:@hold}
.call-picture .line{color:@line}.call-picture .bleed{color:@bleed}
.call-picture .ivr{color:@ivr}.call-picture .queue{color:@queue}
.call-picture path.cut{fill:none;stroke:@faint;stroke-width:1.2}
.call-picture path.step{fill:none;stroke:@ink}
.call-picture path.bars{fill:none;stroke:currentColor}
.call-picture text.small{font-size:10px}
";

/// The style of pictures inside a page: a page has it once, in its head.
///
/// Every rule is for the inside of `.call-picture`. The colours are custom properties of that class
/// (`--picture-ink`, `--picture-agent`, …), for light and for dark by `prefers-color-scheme`.
pub static STYLE: LazyLock<String> = LazyLock::new(|| {
    let set = |dark: bool| -> String {
        let set = COLOURS.iter().map(|(name, on_light, on_dark)| {
            format!(
                "--picture-{name}:{};",
                if dark { on_dark } else { on_light }
            )
        });
        set.collect()
    };
    let (light, dark) = (set(false), set(true));
    let rules = coloured(|name, _, _| format!("var(--picture-{name})"));
    format!(
        "\n.call-picture{{{light}}}\n@media (prefers-color-scheme:dark){{.call-picture{{{dark}}}}}{rules}"
    )
});

/// Returns the style of a picture that is a file of its own.
pub(super) fn alone() -> String {
    let mut style = coloured(|_, light, _| light.to_owned());
    let dark = coloured(|_, _, dark| dark.to_owned());
    let _ = writeln!(style, "@media (prefers-color-scheme:dark){{{dark}}}");
    style
}

fn coloured(colour: impl Fn(&str, &str, &str) -> String) -> String {
    let mut colours = COLOURS;
    // The longer name first: `agent` begins `agent-speech`.
    colours.sort_by_key(|(name, ..)| std::cmp::Reverse(name.len()));
    colours
        .iter()
        .fold(RULES.to_owned(), |rules, (name, light, dark)| {
            rules.replace(&format!("@{name}"), &colour(name, light, dark))
        })
}
