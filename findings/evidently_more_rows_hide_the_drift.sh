#!/usr/bin/env bash
# Evidently sees that scores drifted from 1,000 texts, and sees no drift in ten times as many texts that drifted alike.
#
# One would expect: what shows in 1,000 rows shows the more clearly in 10,000 that have the same distributions.
# Instead: ValueDrift, and the presets that stand on it, choose the test by the rows of the reference. Up to 1,000 rows
# it is Kolmogorov and Smirnov's with p < 0.05, which the smallest drift passes in the end. From 1,001 on it is the
# Wasserstein distance, divided by the standard deviation, of at least 0.1, however many rows there are. Below, one text
# in ten moved from a P(fake) of 0.45 to 0.55, so 60% are called fake in place of 50%. Its alarm ends where the reference
# grows, as a log of scores does. And `value` turns around with it: a small one is drift up to 1,000 rows, and a large
# one beyond. So choose method= and threshold= yourself.
#
# Versions: evidently 0.7.23, numpy 2.4.6, pandas 2.3.3, scipy 1.17.1.
# Seen on 2026-11-30, called fake 50% before and 60% after:
#   1000 rows: K-S p_value 0.0001 with threshold 0.05: drift
#   2000 rows: Wasserstein distance (normed) 0.0346 with threshold 0.1: no drift
#   10000 rows: Wasserstein distance (normed) 0.0346 with threshold 0.1: no drift
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile evidently==0.7.23 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
DO_NOT_TRACK=1 HOME="$room" "$room/venv/bin/python" -W ignore - <<'EOF'
import sys
import numpy as np
import pandas as pd
from evidently import Report
from evidently.metrics import ValueDrift

before = (np.arange(1000) + 0.5) / 1000
after = np.where((before >= 0.4) & (before < 0.5), before + 0.1, before)
print(f"called fake {np.mean(before >= 0.5):.0%} before and {np.mean(after >= 0.5):.0%} after:")

def look(times):
    """What it says of each text `times` times, which changes no distribution."""
    reference, current = (pd.DataFrame({"p_fake": np.tile(scores, times)}) for scores in (before, after))
    seen = Report([ValueDrift(column="p_fake")]).run(current, reference).dict()["metrics"][0]
    method, threshold, value = seen["config"]["method"], seen["config"]["threshold"], float(seen["value"])
    drift = value < threshold if "p_value" in method else value >= threshold
    said = "drift" if drift else "no drift"
    print(f"{len(reference)} rows: {method} {value:.4f} with threshold {threshold}: {said}")
    return said

if [look(1), look(2), look(10)] != ["drift", "no drift", "no drift"]:
    sys.exit("CHANGED: more rows do not hide the drift")
EOF
