"""The tests; each of the processes that share them computes on one core.

The others are at work too, and a library's thread that waits for a core spins meanwhile: scikit-learn once took twenty
times as long with two threads as with one. Read when a library is loaded, so it stands before all else.
"""

import os

for _limit in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(_limit, "1")
