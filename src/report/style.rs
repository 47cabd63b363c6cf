//! How a page looks: for light and dark screens, for phones, for paper.

pub const STYLE: &str = "
:root{--ground:#fff;--ink:#1d2733;--soft:#5d6b7a;--faint:#e4e8ed;--card:#f6f8fa;--line:#1f5fa8;--band:#1f5fa833;--said:#b35900;--below:#c2410c;--above:#1f6fb2;--level:#7b8794;--good:#1f6fb2;--bad:#c2410c}
@media (prefers-color-scheme:dark){:root{--ground:#14191f;--ink:#e3e8ee;--soft:#9aa7b5;--faint:#2b343e;--card:#1b222a;--line:#6db1f2;--band:#6db1f233;--said:#f0a95b;--below:#f28a5b;--above:#6db1f2;--level:#8995a1;--good:#6db1f2;--bad:#f28a5b}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}
main{max-width:1080px;margin:0 auto;padding:0 20px 60px}
header{max-width:1080px;margin:0 auto;padding:26px 20px 6px}
h1{font-size:1.6rem;margin:0 0 4px;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:42px 0 6px;padding-top:12px;border-top:2px solid var(--faint)}
h3{font-size:1.02rem;margin:26px 0 4px}
p{margin:6px 0 10px;max-width:72ch}
.soft,.range,figcaption,.tick{color:var(--soft)}
.range{font-size:.86em;white-space:nowrap}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin:10px 0 0;font-size:.92rem}
a{color:var(--line)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:12px 0}
.tile{background:var(--card);border:1px solid var(--faint);border-radius:8px;padding:12px 14px}
.tile b{display:block;font-size:1.75rem;line-height:1.2;font-weight:650}
.tile .name{font-size:.9rem;color:var(--soft)}
.tile small{display:block;color:var(--soft)}.tile small span{white-space:nowrap}
.side{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:18px}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:14px 18px}
figure{margin:10px 0;min-width:0}
figcaption{font-size:.9rem;margin:0 0 2px}
.wide{overflow-x:auto}
.wide>svg{min-width:600px;width:100%;height:auto;display:block}
figure>svg{width:100%;height:auto;display:block}
svg text{font-family:inherit;fill:var(--soft);font-size:12px}
svg .grid{stroke:var(--faint)}
svg .line{fill:none;stroke:var(--line);stroke-width:1.8;vector-effect:non-scaling-stroke}
svg .band{fill:var(--band)}
svg .dot{fill:var(--line)}
svg line.said{stroke:var(--said);stroke-width:1.4}
svg rect.said{fill:var(--said)}
svg .centre{stroke:var(--soft);stroke-dasharray:3 3}
svg line.below,svg line.above,svg line.level{stroke-width:3}
svg line.below{stroke:var(--below)}svg line.above{stroke:var(--above)}svg line.level{stroke:var(--level)}
svg rect.below{fill:var(--below)}svg rect.above{fill:var(--above)}svg rect.level{fill:var(--level)}
svg .raw{stroke:var(--ink);stroke-width:1.2}
svg .whisker{stroke:var(--ink);stroke-width:1.5}
svg.interval{width:100%;min-width:120px;height:18px;display:block}
svg.spark{width:100px;height:20px;display:block}
.scroll{overflow-x:auto;margin:8px 0}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th{text-align:left;font-weight:600;color:var(--soft);border-bottom:1px solid var(--faint);padding:4px 10px 4px 0;vertical-align:bottom}
td{padding:3px 10px 3px 0;border-bottom:1px solid var(--faint);vertical-align:middle}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.name{overflow-wrap:anywhere;min-width:9em;max-width:22em}
td.pic{width:34%;min-width:150px}
.call{border:1px solid var(--faint);border-radius:8px;padding:10px 14px;margin:10px 0;break-inside:avoid}
.call h4{margin:0;font-size:1rem;overflow-wrap:anywhere;font-weight:600}
.call ul{margin:4px 0 0;padding-left:1.1em}
.call .facts{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
.call svg{width:100%;height:auto}
.tag{display:inline-block;border-radius:4px;padding:0 7px;font-size:.86rem;background:var(--card);border:1px solid var(--faint);white-space:nowrap}
.tag.bad{color:var(--bad);border-color:var(--bad)}.tag.good{color:var(--good);border-color:var(--good)}
.note{background:var(--card);border-left:4px solid var(--said);padding:8px 14px;margin:12px 0;border-radius:0 6px 6px 0}
.matrix td,.matrix th{padding:5px 8px;text-align:center;border:0;font-size:.86rem}
.matrix th{color:var(--soft)}.matrix th:first-child{text-align:left}
details{margin:8px 0}summary{cursor:pointer;color:var(--line)}
dl{margin:8px 0}dt{font-weight:600;margin-top:8px}dd{margin:0;max-width:76ch}
@media (max-width:520px){body{font-size:14px}main,header{padding-left:14px;padding-right:14px}h1{font-size:1.35rem}td.pic{min-width:110px}.tiles{grid-template-columns:1fr 1fr}.tile b{font-size:1.4rem}td.name{min-width:7em}}
@media print{:root{--ground:#fff;--ink:#000;--card:#fff}nav{display:none}body{font-size:11px}main,header{max-width:none;padding:0}h2,h3,h3+p{break-after:avoid}.call,figure,tr{break-inside:avoid}details{display:none}}
";
