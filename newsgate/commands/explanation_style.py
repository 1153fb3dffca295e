"""The look of an explanation's page, by day and by night.

Orange is fake and blue is real: Okabe and Ito's vermilion and blue, which every common kind of colour vision tells
apart. Violet is for the gates, which take no side.
"""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --card: #fff; --ink: #1d1f24; --soft: #5d626d; --line: #e2e3e6;
  --fake: 213 94 0; --real: 0 114 178; --gate: 106 81 163; --fake-ink: #a84a00; --real-ink: #005a8e; --most: .62;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1b1e24; --ink: #e9eaed; --soft: #a0a6b2; --line: #31353d;
    --fake: 233 115 22; --real: 40 145 215; --gate: 140 115 205; --fake-ink: #ff9b4d; --real-ink: #6bbcf2; --most: .72;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { margin: 0 0 .75rem; font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; }
h2 { margin: 0 0 .35rem; font-size: 1.15rem; }
h1 .fake { color: var(--fake-ink); }
h1 .real { color: var(--real-ink); }
p { margin: .35rem 0 .8rem; }
section { margin-top: 1.25rem; padding: 1.1rem 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .7rem; }
section > p, .facts, .source { color: var(--soft); font-size: .92rem; }
section > p b { color: var(--ink); }
.verdict { max-width: 30rem; }
.scale, .ramp { background: linear-gradient(90deg, rgb(var(--real) / var(--most)), rgb(127 127 127 / .12),
  rgb(var(--fake) / var(--most))); }
.scale { position: relative; height: .8rem; border-radius: .4rem; }
.scale span { position: absolute; top: -.25rem; width: .3rem; height: 1.3rem; margin-left: -.15rem;
  border-radius: .15rem; background: var(--ink); box-shadow: 0 0 0 2px var(--paper); }
.verdict p { display: flex; gap: .4rem; margin: .35rem 0; color: var(--soft); font-size: .85rem; }
.verdict i { flex: 1; text-align: center; font-style: normal; }
.verdict strong { color: var(--ink); font-size: 1rem; }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: .3rem 0 .9rem; padding: 0; list-style: none; }
blockquote { margin: 0 0 .9rem; padding: .2rem 0 .2rem .9rem; border-left: 3px solid var(--line); font-size: 1.05rem;
  overflow-wrap: anywhere; }
.note { margin: 0; font-size: 1.02rem; }
.caution { padding: .4rem .7rem; border: 1px solid rgb(var(--fake) / .55); border-radius: .4rem; font-size: .92rem; }
.tokens { color: var(--ink); font-size: 1.12rem; line-height: 2.05; overflow-wrap: anywhere; }
.tokens span { padding: .16em .03em; border-radius: .18em; }
.tokens .fake { background: rgb(var(--fake) / calc(var(--share) * var(--most))); }
.tokens .real { background: rgb(var(--real) / calc(var(--share) * var(--most))); }
.tokens .special, th.special { font-style: italic; text-decoration: underline dotted; text-underline-offset: .25em; }
.legend { display: flex; align-items: center; gap: .6rem; color: var(--soft); font-size: .82rem;
  font-variant-numeric: tabular-nums; }
.ramp { flex: 0 1 14rem; height: .55rem; border-radius: .3rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; }
svg rect.fake { fill: rgb(var(--fake) / .07); }
svg rect.real { fill: rgb(var(--real) / .07); }
svg .grid { stroke: var(--line); }
svg .middle { stroke: var(--soft); stroke-dasharray: 4 4; }
svg polyline { fill: none; stroke: var(--ink); stroke-width: 1.8; stroke-linejoin: round; }
svg circle { fill: var(--ink); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .45rem; text-align: right; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
thead th[colspan="3"] { text-align: center; border-left: 2px solid var(--card); }
tbody th, thead th:first-child, .gates thead tr + tr th:nth-child(2) { text-align: left; font-weight: 500; }
tbody th { overflow-wrap: anywhere; }
.place { color: var(--soft); font-size: .78rem; }
.gates thead tr + tr th:nth-child(n + 6) { text-align: center; white-space: nowrap; }
.heat { width: 4rem; text-align: center; border: 1px solid var(--card);
  background: rgb(var(--gate) / calc(.04 + var(--share) * var(--most))); }
.heat:nth-child(6), .heat:nth-child(9) { border-left: .5rem solid var(--card); }
.effect { padding-left: .8rem; }
.bar { display: block; position: relative; height: .7rem; width: 6rem; }
.bar::before { content: ""; position: absolute; left: 50%; top: -.25rem; bottom: -.25rem; width: 1px;
  background: var(--line); }
.bar::after { content: ""; position: absolute; top: 0; height: 100%; width: calc(var(--share) * 50%); }
.bar.fake::after { left: 50%; background: rgb(var(--fake)); border-radius: 0 .15rem .15rem 0; }
.bar.real::after { right: 50%; background: rgb(var(--real)); border-radius: .15rem 0 0 .15rem; }
.source { margin: .7rem 0 0; }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  main { padding: 1.1rem .6rem 2rem; }
  section { padding: .9rem .7rem; }
  h1 { font-size: 1.7rem; }
  table { font-size: .8rem; }
  th, td { padding: .24rem .25rem; }
  .heat { width: 2.3rem; }
  .heat:nth-child(6), .heat:nth-child(9) { border-left-width: .3rem; }
  .bar { width: 2.6rem; }
}
@media print { section { break-inside: avoid-page; } }
"""
