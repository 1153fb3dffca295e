"""One core for TensorFlow, so that the figures do not depend on how many there are."""

from __future__ import annotations

import os


def use_one_core() -> None:
    """Keep TensorFlow to one core; called before it has computed anything."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
