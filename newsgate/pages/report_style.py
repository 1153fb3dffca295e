"""The look of a batch's page, beside what all pages have."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
.split { display: flex; height: 1.5rem; margin: .5rem 0 .9rem; overflow: hidden; border-radius: .4rem; }
.split i { flex: var(--share) 0 0; min-width: 0; }
.fake { --side: var(--fake); }
.real { --side: var(--real); }
.split .fake, .split .real, .key.fake, .key.real { background: rgb(var(--side) / .8); }
.unsure { background: rgb(127 127 127 / .38); }
.failed { background: repeating-linear-gradient(45deg, var(--soft) 0 3px, transparent 3px 7px); }
.waiting { background: var(--line); }
.key { display: inline-block; width: .75rem; height: .75rem; margin-right: .5rem; border-radius: .2rem; }
table.counts { max-width: 34rem; }
svg rect.fake, svg rect.real { fill: rgb(var(--side) / .75); }
.texts td:nth-child(2), .texts th:nth-child(3), .texts td:nth-child(3) { text-align: left; }
.texts td:nth-child(3) { overflow-wrap: anywhere; width: 100%; }
.texts td:first-child, .texts td:nth-child(2) { color: var(--soft); white-space: nowrap; vertical-align: top; }
.texts td:nth-child(2) { text-align: right; }
.texts th:first-child { text-align: right; }
.problems td:nth-child(2), .problems th:nth-child(2), .problems td:nth-child(3), .problems th:nth-child(3)
  { text-align: left; overflow-wrap: anywhere; }
"""
