"""What `newsgate explain` shows: a page that runs nothing, a table that commands no terminal, JSON for programs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

from newsgate.commands.explain import _print_explanation, printable_token
from newsgate.main import newsgate
from newsgate.model.bundle import read_bundle
from newsgate.model.bundle_weights import weights_of, weights_to_npz
from newsgate.model.classifier import calibrated
from newsgate.model.explanation import explain
from newsgate.model.runtime import OnnxRuntime, numpy_network
from newsgate.model.starter import starter_bundle
from newsgate.model.weights import WideWeights
from newsgate.pages.explanation_page import explanation_page
from newsgate.tasks.inspecting.explain import DEFAULT_MOST_TOKENS, LARGEST_MOST_TOKENS, Explained
from newsgate.tasks.inspecting.explanation_json import GATES_NOTE, as_json

HOSTILE = "<script>alert('x')</script> \x1b[31m \x00 \u202e \ud800 <img src=x onerror=alert(1)> &lt;b&gt; microchip"


@cache
def explained(text: str) -> Explained:
    bundle = read_bundle(starter_bundle())
    why = explain(bundle, OnnxRuntime(bundle.onnx_model), text, most_tokens=256)
    return Explained(text, 1, None, why)


@cache
def explained_by_both_parts(text: str) -> Explained:
    """As `explained`, by a model that has a wide part beside the starter's LSTM."""
    bundle = read_bundle(starter_bundle())
    pieces = len(bundle.tokenizer)
    random = np.random.default_rng(0)
    wide = WideWeights(
        evidence=random.integers(-2000, 2000, pieces + 1024).astype(np.float32),
        squares=np.full(pieces + 1024, 500, np.float32),
        scale=np.array([0.02], np.float32),
        small=np.arange(pieces, dtype=np.float32),
    )
    weights = replace(weights_of(bundle), wide=wide)
    both = replace(bundle, weights_npz=weights_to_npz(weights))
    return Explained(text, 1, None, explain(both, numpy_network(weights), text, most_tokens=256))


class Elements(HTMLParser):
    """The page as a browser takes it: every element with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile() -> Explained:
    """A text and a vocabulary that both try to get markup onto the page."""
    honest = explained(HOSTILE)
    why = honest.explanation
    piece = '"><script>alert(2)</script>\x1b[2J'
    return replace(honest, explanation=replace(why, pieces=(piece, *why.pieces[1:]), words=(piece, *why.words[1:])))


def test_nothing_in_a_text_or_a_vocabulary_becomes_an_element_of_the_page() -> None:
    page = explanation_page(hostile())
    elements = Elements(page)
    assert {"script", "img", "link", "iframe", "object"}.isdisjoint(elements.tags)
    assert "alert('x')" in elements.text
    assert not [name for name, _ in elements.attributes if name.startswith("on") or name in {"src", "href"}]
    assert all(character.isprintable() or character == "\n" for character in page)
    page.encode()


def test_the_page_fetches_nothing() -> None:
    page = explanation_page(explained("see https://example.com/x and more words than five"))
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)\s*=", page)


def test_the_page_has_a_row_for_every_token_and_a_point_of_the_line() -> None:
    text = "nurse reveals on video that they are paid"
    page = explanation_page(explained(text))
    assert page.count('<th scope="row"><bdi>') == page.count("<circle") == 8
    assert page.count('class="heat"') == 8 * 6
    assert "Gates <b>describe</b> what the network did; leaving a token out <b>attributes</b>." in page


@pytest.mark.parametrize("text", ["virus", "x y", "\u2603"])
def test_the_shortest_texts_have_a_page_too(text: str) -> None:
    page = explanation_page(explained(text))
    assert "nan" not in page.lower().replace("explanation", "")
    assert "too short to tell" in page


def test_a_text_without_any_effect_has_a_page() -> None:
    whole = explained("virus virus")
    flat = replace(whole, explanation=replace(whole.explanation, effects=np.zeros(2)))
    assert "+0.0000" in explanation_page(flat)


def test_a_token_for_the_terminal_is_short_and_harmless() -> None:
    assert printable_token("<unk>", "\x1b]0;owned\x07") == "<unk>  ]0;owned "
    assert printable_token("##hip", "microchip") == "##hip"
    assert len(printable_token("<unk>", "a" * 100)) == 26


def test_json_has_both_directions_and_says_what_they_are_not() -> None:
    document = json.loads(json.dumps(as_json(explained("nurse reveals on video that they are paid")), allow_nan=False))
    assert document["note"] == GATES_NOTE
    assert document["item"] is None
    assert len(document["tokens"]) == 8
    assert set(document["tokens"][0]["backward"]) == {"keep", "take_in", "show"}
    assert document["tokens"][-1]["p_fake_so_far"] == document["p_fake"]
    rankings = [each["ranking"] for each in document["faithfulness"]["rankings"]]
    assert rankings == ["leaving out", "keep", "take in", "show", "random"]


def test_the_help_and_the_limits_agree() -> None:
    command = newsgate.commands["explain"]
    option = next(each for each in command.params if each.name == "max_tokens")
    assert (option.default, option.type.max) == (DEFAULT_MOST_TOKENS, LARGEST_MOST_TOKENS)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["12345"], 1, "there is no item 12345"),
        (["9" * 30], 2, "no item can have this number"),
        (["  "], 2, "the text is empty"),
        (["a text", "--model", "99"], 1, "there is no model 99"),
        (["a text", "--html", "/nowhere/at/all.html"], 1, "it cannot be written"),
        (["a text", "--max-tokens", "0"], 2, "--max-tokens"),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(arguments: list[str], exit_code: int, said: str) -> None:
    done = CliRunner().invoke(newsgate, ["explain", *arguments])
    assert done.exit_code == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


WORDS = "nurse reveals on video that they are paid they are"


def test_what_the_lstm_and_each_token_in_the_wide_part_give_is_the_score() -> None:
    why = explained_by_both_parts(WORDS).explanation
    assert why.wide is not None
    assert len(why.wide) == len(why.pieces)
    temperature = read_bundle(starter_bundle()).metadata.temperature
    logit = np.array([why.lstm_logit + why.wide.sum()], np.float32)
    assert calibrated(logit, temperature=temperature)[0] == pytest.approx(why.p_fake, abs=1e-6)
    assert abs(why.wide.sum()) > 0.1


def test_the_wide_part_has_a_column_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    for found, there in ((explained_by_both_parts(WORDS), True), (explained(WORDS), False)):
        _print_explanation(found.explanation)
        told = capsys.readouterr()
        assert ("  wide  " in told.out.splitlines()[0]) is there
        assert ("of the wide part" in explanation_page(found)) is there
        assert ("and the wide part's" in told.err) is there
        document = as_json(found)
        assert (document["wide_logit"] is not None) is there
        assert all((token["wide"] is not None) is there for token in document["tokens"])
