"""An explanation for programs, and the one sentence that goes with every form of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from newsgate.model.labels import label_of

if TYPE_CHECKING:
    from newsgate.model.explanation import Explanation, GateMeasures
    from newsgate.tasks.inspecting.explain import Explained

GATES_NOTE = "gates describe what the network did; leaving a token out attributes"


def as_json(explained: Explained) -> dict[str, Any]:
    """The explanation as JSON values; `keep`, `take_in` and `show` of each direction apart."""
    item = None if explained.item is None else explained.item.item
    return {"item": item, "model": explained.model, **explanation_json(explained.explanation)}


def explanation_json(why: Explanation) -> dict[str, Any]:
    """The same of a text and a model that are in no database."""
    return {
        "label": label_of(why.p_fake),
        "p_fake": why.p_fake,
        "note": GATES_NOTE,
        "lstm_logit": why.lstm_logit,
        "wide_logit": None if why.wide is None else float(why.wide.sum()),
        "tokens": [_token_figures(why, place) for place in range(len(why.pieces))],
        "faithfulness": None if why.faithfulness is None else asdict(why.faithfulness),
        "read_tokens": why.read_tokens,
        "read_p_fake": why.read_p_fake,
        "truncated": why.truncated,
    }


def _token_figures(why: Explanation, place: int) -> dict[str, Any]:
    return {
        "piece": why.pieces[place],
        "word": why.words[place],
        "forward": _gate_figures(why.forward, place),
        "backward": _gate_figures(why.backward, place),
        "p_fake_so_far": float(why.running[place]),
        "effect": float(why.effects[place]),
        "wide": None if why.wide is None else float(why.wide[place]),
    }


def _gate_figures(measures: GateMeasures, place: int) -> dict[str, float]:
    return {
        "keep": float(measures.keep[place]),
        "take_in": float(measures.take_in[place]),
        "show": float(measures.show[place]),
    }
