"""The look of an explanation's page, beside what all pages have."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
h1 .fake { color: var(--fake-ink); }
h1 .real { color: var(--real-ink); }
.verdict { max-width: 30rem; }
.scale, .ramp { background: linear-gradient(90deg, rgb(var(--real) / var(--most)), rgb(127 127 127 / .12),
  rgb(var(--fake) / var(--most))); }
.scale { position: relative; height: .8rem; border-radius: .4rem; }
.scale span { position: absolute; top: -.25rem; width: .3rem; height: 1.3rem; margin-left: -.15rem;
  border-radius: .15rem; background: var(--ink); box-shadow: 0 0 0 2px var(--paper); }
.verdict p { display: flex; gap: .4rem; margin: .35rem 0; color: var(--soft); font-size: .85rem; }
.verdict i { flex: 1; text-align: center; font-style: normal; }
.verdict strong { color: var(--ink); font-size: 1rem; }
blockquote { margin: 0 0 .9rem; padding: .2rem 0 .2rem .9rem; border-left: 3px solid var(--line); font-size: 1.05rem;
  overflow-wrap: anywhere; }
.tokens { color: var(--ink); font-size: 1.12rem; line-height: 2.05; overflow-wrap: anywhere; }
.tokens span { padding: .16em .03em; border-radius: .18em; }
.tokens .fake { background: rgb(var(--fake) / calc(var(--share) * var(--most))); }
.tokens .real { background: rgb(var(--real) / calc(var(--share) * var(--most))); }
.tokens .special, th.special { font-style: italic; text-decoration: underline dotted; text-underline-offset: .25em; }
.legend { display: flex; align-items: center; gap: .6rem; color: var(--soft); font-size: .82rem;
  font-variant-numeric: tabular-nums; }
.ramp { flex: 0 1 14rem; height: .55rem; border-radius: .3rem; }
svg rect.fake { fill: rgb(var(--fake) / .07); }
svg rect.real { fill: rgb(var(--real) / .07); }
svg polyline { fill: none; stroke: var(--ink); stroke-width: 1.8; stroke-linejoin: round; }
svg circle { fill: var(--ink); }
thead th[colspan="3"] { text-align: center; border-left: 2px solid var(--card); }
.gates thead tr + tr th:nth-child(2) { text-align: left; font-weight: 500; }
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
@media (max-width: 40rem) {
  .heat { width: 2.3rem; }
  .heat:nth-child(6), .heat:nth-child(9) { border-left-width: .3rem; }
  .bar { width: 2.6rem; }
}
"""
