"""The wide part (`model.wide`) as nodes of an ONNX graph: the same sums, over padded rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from newsgate.model.token_pairs import FIRST_FACTOR, SECOND_FACTOR
from newsgate.model.weights import WideWeights
from newsgate.model.wide_features import NO_PIECE

WIDE_LOGITS: Final = "wide_logits"
_WORD_BITS: Final = 32
_INT64: Final = 7


def wide_nodes() -> list[Any]:
    """Return the nodes from `ids`, `positions` and `lengths_int64` of the graph to `WIDE_LOGITS`, float32 [batch].

    Each text's features (`model.wide_features`) are sorted so that equal ones stand side by side; all
    but the first of them, and whatever is padding, become a feature of no weight that stands behind all others.
    """
    from onnx import helper

    node = helper.make_node
    return [
        node("Cast", ["ids"], ["ids_int64"], to=_INT64),
        node("Unsqueeze", ["lengths_int64", "axis_1"], ["lengths_by_row"]),
        node("Less", ["positions", "lengths_by_row"], ["is_token"]),
        node("Where", ["is_token", "ids_int64", "no_feature"], ["token_features"]),
        # In small letters; a case mark has none.
        node("Gather", ["wide_small", "ids_int64"], ["small"], axis=0),
        node("GreaterOrEqual", ["small", "zero"], ["is_piece"]),
        node("And", ["is_token", "is_piece"], ["is_small"]),
        node("Where", ["is_small", "small", "no_feature"], ["small_features"]),
        # The neighbour of each: the one before it, or the one before its case mark.
        node("Pad", ["small", "two_before", "no_piece"], ["padded"]),
        node("Slice", ["padded", "ones_1", "minus_ones_1", "axis_1"], ["before"]),
        node("Slice", ["padded", "zeros_1", "minus_twos_1", "axis_1"], ["before_that"]),
        node("GreaterOrEqual", ["before", "zero"], ["is_before"]),
        node("Where", ["is_before", "before", "before_that"], ["neighbour"]),
        node("GreaterOrEqual", ["neighbour", "zero"], ["is_neighbour"]),
        node("And", ["is_small", "is_neighbour"], ["is_pair"]),
        node("Mul", ["neighbour", "first_factor"], ["firsts_mixed"]),
        node("Mul", ["small", "second_factor"], ["seconds_mixed"]),
        node("Add", ["firsts_mixed", "seconds_mixed"], ["mixed"]),
        node("Mod", ["mixed", "word"], ["hash"]),
        node("Div", ["hash", "hashes_a_slot"], ["slot"]),
        node("Add", ["slot", "piece_count"], ["pair_of_slot"]),
        node("Where", ["is_pair", "pair_of_slot", "no_feature"], ["pair_features"]),
        node("Concat", ["token_features", "small_features", "pair_features"], ["features"], axis=1),
        node("Shape", ["features"], ["feature_count"], start=1, end=2),
        node("TopK", ["features", "feature_count"], ["sorted_features", "sorted_places"], axis=1, largest=0),
        node("Slice", ["sorted_features", "zeros_1", "minus_ones_1", "axis_1"], ["earlier"]),
        node("Slice", ["sorted_features", "ones_1", "ends_1", "axis_1"], ["behind"]),
        node("Slice", ["sorted_features", "zeros_1", "ones_1", "axis_1"], ["first_feature"]),
        node("Equal", ["earlier", "behind"], ["is_again"]),
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
        "piece_count": np.array(len(wide.small), np.int64),
        "wide_small": wide.small.astype(np.int64),
        "no_piece": np.array(NO_PIECE, np.int64),
        # Of the tokens' axis, at its beginning.
        "two_before": np.array([0, 2, 0, 0], np.int64),
        "zeros_1": np.array([0], np.int64),
        "ones_1": np.array([1], np.int64),
        "minus_ones_1": np.array([-1], np.int64),
        "minus_twos_1": np.array([-2], np.int64),
        "ends_1": np.array([np.iinfo(np.int64).max], np.int64),
        "float_one": np.array(1.0, np.float32),
    }
