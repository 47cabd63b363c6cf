//! The colours, on light paper and on dark.

pub const STYLE: &str = "
text{font:11px system-ui,sans-serif;fill:#2d3748}.head{font-size:16px;font-weight:600}
.paper{fill:#fff}.ground{fill:#f2f4f7}.faint,.faint text{fill:#5a6675}.tick{stroke:#c3cad4}
.agent .level{fill:#1f5fa8}.customer .level{fill:#b2560b}
.agent .speech{fill:#9cc4f0}.customer .speech{fill:#f6c492}
.unsaid{fill:#dde1e7;stroke:#9aa4b2;stroke-dasharray:3 2;stroke-width:.8}
.agent .utterance{fill:#1f5fa8}.customer .utterance{fill:#b2560b}
.agent .backchannel{fill:#9cc4f0}.customer .backchannel{fill:#f6c492}
.interruption{fill:#2d3748;stroke:#fff;stroke-width:.8}
.overlap{fill:#e04352}.episode{fill:none;stroke:#c01f2e;stroke-width:1.2}
.silence{fill:#d5dae1}.hold{fill:#d9c7f0}.line{fill:#f6d9a8}.bleed{fill:#e6e0d2}
@media (prefers-color-scheme:dark){
text{fill:#e2e8f0}.paper{fill:#14181f}.ground{fill:#1e2530}.faint,.faint text{fill:#9aa8ba}
.tick{stroke:#465264}.agent .level{fill:#8cc0fa}.customer .level{fill:#fdb768}
.agent .speech{fill:#24476f}.customer .speech{fill:#6b4215}.unsaid{fill:#333c49;stroke:#74808f}
.agent .utterance{fill:#8cc0fa}.customer .utterance{fill:#fdb768}
.agent .backchannel{fill:#3f6ea3}.customer .backchannel{fill:#93632b}
.interruption{fill:#fff;stroke:#14181f}.episode{stroke:#ff7a85}.silence{fill:#384352}.hold{fill:#4f3d70}.line{fill:#6e5322}.bleed{fill:#3d392e}}
";
