"""The wide part (`model.wide`) as nodes of an ONNX graph: the same sums, over padded rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from newsgate.model.token_pairs import FIRST_FACTOR, SECOND_FACTOR
from newsgate.model.weights import WideWeights

WIDE_LOGITS: Final = "wide_logits"
_WORD_BITS: Final = 32
_INT64: Final = 7


def wide_nodes() -> list[Any]:
    """Return the nodes from `ids`, `positions` and `lengths_int64` of the graph to `WIDE_LOGITS`, float32 [batch].

    Each text's features, its tokens and the slots of its pairs, are sorted so that equal ones stand side by side; all
    but the first of them, and whatever is padding, become a feature of no weight that stands behind all others.
    """
    from onnx import helper

    node = helper.make_node
    return [
        node("Cast", ["ids"], ["ids_int64"], to=_INT64),
        node("Unsqueeze", ["lengths_int64", "axis_1"], ["lengths_by_row"]),
        node("Less", ["positions", "lengths_by_row"], ["is_token"]),
        node("Where", ["is_token", "ids_int64", "no_feature"], ["token_features"]),
        # A pair begins at every token but the last.
        node("Slice", ["ids_int64", "zeros_1", "minus_ones_1", "axis_1"], ["firsts"]),
        node("Slice", ["ids_int64", "ones_1", "ends_1", "axis_1"], ["seconds"]),
        node("Slice", ["is_token", "ones_1", "ends_1", "axis_1"], ["is_pair"]),
        node("Mul", ["firsts", "first_factor"], ["firsts_mixed"]),
        node("Mul", ["seconds", "second_factor"], ["seconds_mixed"]),
        node("Add", ["firsts_mixed", "seconds_mixed"], ["mixed"]),
        node("Mod", ["mixed", "word"], ["hash"]),
        node("Div", ["hash", "hashes_a_slot"], ["slot"]),
        node("Add", ["slot", "piece_count"], ["pair_of_slot"]),
        node("Where", ["is_pair", "pair_of_slot", "no_feature"], ["pair_features"]),
        node("Concat", ["token_features", "pair_features"], ["features"], axis=1),
        node("Shape", ["features"], ["feature_count"], start=1, end=2),
        node("TopK", ["features", "feature_count"], ["sorted_features", "sorted_places"], axis=1, largest=0),
        node("Slice", ["sorted_features", "zeros_1", "minus_ones_1", "axis_1"], ["before"]),
        node("Slice", ["sorted_features", "ones_1", "ends_1", "axis_1"], ["behind"]),
        node("Slice", ["sorted_features", "zeros_1", "ones_1", "axis_1"], ["first_feature"]),
        node("Equal", ["before", "behind"], ["is_again"]),
        node("Where", ["is_again", "no_feature", "behind"], ["different_behind"]),
        node("Concat", ["first_feature", "different_behind"], ["different"], axis=1),
        node("Gather", ["wide_evidence", "different"], ["evidence"], axis=0),
        node("Gather", ["wide_squares", "different"], ["squares"], axis=0),
        node("ReduceSum", ["evidence", "axis_1"], ["evidence_sum"], keepdims=0),
        node("ReduceSum", ["squares", "axis_1"], ["square_sum"], keepdims=0),
        node("Max", ["square_sum", "float_one"], ["square_sum_or_1"]),
        node("Sqrt", ["square_sum_or_1"], ["norm"]),
        node("Mul", ["evidence_sum", "wide_scale"], ["evidence_scaled"]),
        node("Div", ["evidence_scaled", "norm"], [WIDE_LOGITS]),
    ]


def wide_arrays(wide: WideWeights) -> dict[str, np.ndarray[Any, Any]]:
    """Return the initializers of these nodes, by name."""
    nothing = np.zeros(1, np.float32)
    return {
        "wide_evidence": np.concatenate([wide.evidence, nothing]),
        "wide_squares": np.concatenate([wide.squares, nothing]),
        "wide_scale": wide.scale,
        "no_feature": np.array(len(wide.evidence), np.int64),
        "first_factor": np.array(FIRST_FACTOR, np.int64),
        "second_factor": np.array(SECOND_FACTOR, np.int64),
        "word": np.array(1 << _WORD_BITS, np.int64),
        "hashes_a_slot": np.array(1 << (_WORD_BITS - wide.bits), np.int64),
        "piece_count": np.array(wide.pieces, np.int64),
        "zeros_1": np.array([0], np.int64),
        "ones_1": np.array([1], np.int64),
        "minus_ones_1": np.array([-1], np.int64),
        "ends_1": np.array([np.iinfo(np.int64).max], np.int64),
        "float_one": np.array(1.0, np.float32),
    }
