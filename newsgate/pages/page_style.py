"""The look that every page of newsgate has, by day and by night.

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
h1 { margin: 0 0 .75rem; font-size: 2.1rem; line-height: 1.15; letter-spacing: -.02em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .35rem; font-size: 1.15rem; }
p { margin: .35rem 0 .8rem; }
section { margin-top: 1.25rem; padding: 1.1rem 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .7rem; }
section > p, .facts, .source { color: var(--soft); font-size: .92rem; }
section > p b { color: var(--ink); }
.facts { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: .3rem 0 .9rem; padding: 0; list-style: none; }
.note { margin: 0; font-size: 1.02rem; }
.caution { padding: .4rem .7rem; border: 1px solid rgb(var(--fake) / .55); border-radius: .4rem; font-size: .92rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; }
svg .grid { stroke: var(--line); }
svg .middle { stroke: var(--soft); stroke-dasharray: 4 4; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .45rem; text-align: right; border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th, thead th:first-child { text-align: left; font-weight: 500; }
tbody th { overflow-wrap: anywhere; }
.source { margin: .7rem 0 0; }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  main { padding: 1.1rem .6rem 2rem; }
  section { padding: .9rem .7rem; }
  h1 { font-size: 1.7rem; }
  table { font-size: .8rem; }
  th, td { padding: .24rem .25rem; }
}
@media print { section { break-inside: avoid-page; } }
"""
