"""The style of the report's page: light and dark, on a desk, on a phone and on paper.

Class names keep clear of those of a history's SVG, whose style is part of the page.
"""

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2328; --soft: #59636e; --line: #d1d9e0; --panel: #f6f8fa;
  --link: #0860ca; --good: #176f32; --bad: #b3141e; --bad-bg: #ffebe9; --note: #7d5200; --note-bg: #fff5d6; --bar: #8cb8ea }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --text: #e6edf3; --soft: #9aa4af; --line: #30363d;
  --panel: #151b23; --link: #6cb0ff; --good: #4ac26b; --bad: #ff8078; --bad-bg: #3a1a1d; --note: #e3b341; --note-bg: #2e2511;
  --bar: #2f5f9e } }
* { box-sizing: border-box }
html { scroll-padding-top: 3rem; -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--page); color: var(--text); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif }
.sheet { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px }
h1 { font-size: 30px; line-height: 1.2; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere }
h2 { font-size: 19px; line-height: 1.3; margin: 48px 0 12px; padding-top: 20px; border-top: 1px solid var(--line) }
h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere } p { margin: 0 0 8px }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px }
code, pre, .fixed { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: .875em }
code { overflow-wrap: anywhere }
pre { margin: 0; padding: 10px 12px; background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45 }
.soft { color: var(--soft) } .brief { display: none } .over { color: var(--soft); font-size: 13px; margin: 0 0 4px }
.facts { color: var(--soft); margin: 6px 0 0 }
.unseen, td i { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.verdict { display: flex; gap: 14px; align-items: center; margin: 24px 0 0; padding: 14px 18px; border: 1px solid var(--line);
  border-left: 5px solid var(--c); border-radius: 8px; background: var(--panel) }
.verdict .sign { font-size: 22px; line-height: 1 } .verdict strong { display: block; font-size: 17px; color: var(--c) }
.verdict p { margin: 0; overflow-wrap: anywhere }
.sign { color: var(--c); font-weight: 700 }
.passed { --c: var(--good) } .failed, .missing, .unfinished { --c: var(--bad) }
.excepted, .skipped, .not-reached { --c: var(--note) }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; margin: 16px 0 0; padding: 0; font-size: 14px }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(196px, 1fr)); gap: 12px; list-style: none; margin: 28px 0 0; padding: 0 }
.cards > li { min-width: 0; border: 1px solid var(--line); border-top: 4px solid var(--c); border-radius: 8px; padding: 12px 14px 10px; font-size: 13.5px }
.cards h3 { font-size: 16px } .cards p { margin: 2px 0 0; overflow-wrap: anywhere }
.cards .state { font-weight: 600; color: var(--c) } .cards .life { font-size: 12.5px } .old { color: var(--note) }
.find { border: 1px solid var(--line); border-left: 4px solid var(--c); border-radius: 8px; margin: 0 0 10px }
.find > summary { cursor: pointer; padding: 10px 14px; overflow-wrap: anywhere; list-style-position: inside }
.find > summary:hover { background: var(--panel) }
.find > summary .on { color: var(--soft) } .find > summary .code { float: right; margin-left: 12px; color: var(--soft) }
.find > div { padding: 2px 14px 12px } .find p { overflow-wrap: anywhere } .find div > pre { margin-top: 8px }
.find > div > :first-child { margin-top: 0 } .find > div > :last-child { margin-bottom: 0 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 6px 14px; margin: 8px 0 0 } dt { color: var(--soft) } dt.of { padding-top: 9px }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--soft); font-size: 13.5px; padding: 0 0 10px }
th { text-align: left; font-weight: 600 } thead th { font-size: 13.5px; vertical-align: bottom; background: var(--page); padding: 8px 10px }
td, tbody th { border-top: 1px solid var(--line); padding: 5px 10px; vertical-align: top; font-weight: 400 }
td, thead th + th { text-align: right; white-space: nowrap }
.grid thead th { position: sticky; top: 0; z-index: 1; box-shadow: inset 0 -2px var(--line) }
.grid tbody th { padding-left: 0; overflow-wrap: anywhere } .grid thead th:first-child { padding-left: 0 }
.grid tbody .part { padding-top: 18px; font-weight: 600; font-size: 13.5px; border-top: 0 }
.grid th > code { margin-right: 6px } .grid td { width: 88px; font-size: 13.5px } .grid tbody th { font-size: 14px } .grid .long { display: block } .grid td a { color: inherit }
.grid tbody tr:hover > * { background: var(--panel) }
td.p::before, td.f::before, td.x::before, td.s::before, td.n::before { font-weight: 700; margin-right: 6px; color: var(--c) }
td.p { --c: var(--good) } td.p::before { content: "✓"; content: "✓" / "" }
td.f { --c: var(--bad); color: var(--bad); font-weight: 600 } td.f::before { content: "✗"; content: "✗" / "" }
.grid tbody tr > td.f { background: var(--bad-bg) }
td.x, td.s { --c: var(--note); color: var(--note) } .grid tbody tr > td.x { background: var(--note-bg) }
td.n, td.e { --c: var(--soft); color: var(--soft) }
td.x::before { content: "≈"; content: "≈" / "" } td.s::before { content: "○"; content: "○" / "" }
td.n::before { content: "…"; content: "…" / "" } td.e::before { content: "·"; content: "·" / ""; color: var(--soft) }
/* What is unseen has a place too: without a positioned box that scrolls, it would widen the page. */
.scroll, .many { position: relative; overflow-x: auto } .many { overflow: auto; max-height: 85vh }
.many .grid tbody th:not(.part), .many .grid thead th:first-child { min-width: 170px; position: sticky; left: 0; background: var(--page) }
.many .grid thead th:first-child { z-index: 2 }
.slow td:nth-child(3) { width: 34%; text-align: left } .slow tbody th { padding-left: 0 } .slow thead th:first-child { padding-left: 0 }
.slow td:last-child, .counts th, .slow th { overflow-wrap: anywhere } .slow td:last-child { white-space: normal; min-width: 40px }
.bar { display: inline-block; height: 10px; min-width: 2px; border-radius: 3px; background: var(--bar) }
.counts { width: auto; min-width: 50% } .counts :is(th, td):first-child { padding-left: 0 }
.picture { overflow: hidden; border: 1px solid var(--line); border-radius: 8px } .picture > summary { cursor: pointer; padding: 10px 14px }
.picture .scroll { border-top: 1px solid var(--line) } .picture svg { display: block }
footer { margin-top: 48px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px }
@media (max-width: 640px) {
  .sheet { padding: 24px 16px 48px } h1 { font-size: 25px } h2 { margin-top: 36px }
  .long, .grid .long { display: none } .brief { display: inline } .cards { grid-template-columns: 1fr }
  .grid td, .grid thead th + th { padding: 5px 3px; width: 48px; font-size: 12px }
  .grid tbody th { padding-right: 4px; font-size: 12px; line-height: 1.35 } .grid th > code { display: block; margin: 0 }
  .grid tbody th > span { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; overflow: hidden }
  td.p::before, td.f::before, td.x::before, td.s::before, td.n::before { margin-right: 2px }
  .slow td:nth-child(3), .slow thead th:nth-child(3) { display: none } .slow td, .slow th, .counts td, .counts th { padding: 5px 4px; font-size: 13px }
  .find > summary .code { float: none; display: block; margin: 0 }
  dt.of { padding: 0 } .slow tbody th { overflow-wrap: anywhere } dl { grid-template-columns: 1fr; gap: 2px } dd { margin-bottom: 6px } .counts { width: 100% }
}
@media print {
  :root { --page: #fff; --text: #000; --soft: #444; --line: #bbb; --panel: #fff; --link: #000; --good: #176f32; --bad: #a0111a; --note: #6b4700;
    --bad-bg: #ffebe9; --note-bg: #fff5d6; --bar: #8cb8ea }
  body { font-size: 10.5pt } .sheet { max-width: none; padding: 0 } nav { display: none } h2 { break-after: avoid }
  .find, .cards > li, tr, .verdict { break-inside: avoid } .grid thead th { position: static } .many { max-height: none; overflow: visible }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
"""
