"""How much a text is like those a model learned from: counted by hand, whatever else is scored, and read with care."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.model.bundle import BundleError, read_bundle
from newsgate.model.classifier import Classifier
from newsgate.model.familiarity import (
    PAIR_BITS,
    PAIR_SLOTS,
    PRIOR_TOKENS,
    UNFAMILIAR,
    WEIGHTS_A_NAT,
    Familiarity,
    LengthCurve,
    is_other_kind,
)
from newsgate.model.native.library import native_library
from newsgate.model.starter import starter_bundle
from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.token_pairs import pair_slots
from newsgate.model.tokenizer import CASE_PIECES, RESERVED_PIECES, UNKNOWN_ID, Encoded, Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.training.corpus import CorpusError, LabelledTexts
from newsgate.training.familiarity import add_familiarity, learn_familiarity
from newsgate.training.vocabulary import learn_tokenizer
from tests.bundles import older_bundle, remade
from tests.texts import posts

STARTER = Classifier.from_bundle_bytes(starter_bundle())
VIRUS = "Coronavirus: health ministry confirms new cases of COVID-19 in Wuhan"
REVIEW = (
    "We stayed at the hotel for three nights and the room was lovely, with a huge bathtub and a view of the lake. "
    "The staff at the front desk were friendly and the breakfast was delicious. We would stay there again."
)


def by_hand(pairs: dict[tuple[int, int], int]) -> Familiarity:
    """Weights of six pieces: token t weighs 10 t, -3 where a pair was never seen; held-back deviations 0 to 3."""
    slots = np.zeros(PAIR_SLOTS, np.uint8)
    for (first, second), gain in pairs.items():
        slots[pair_slots(np.array([first]), np.array([second]), bits=PAIR_BITS)] = gain
    curve = LengthCurve(centre=0.0, variance=1.0, variance_of_one=1e-9, log_tokens=math.log(3), log_tokens_deviation=9)
    return Familiarity(
        np.arange(0, 60, 10, dtype=np.int16), np.full(6, -3, np.int16), slots, curve, np.array([0.0, 1.0, 2.0, 3.0])
    )


def test_weights_are_summed_by_hand_and_no_pair_reaches_into_another_text() -> None:
    known = by_hand({(2, 3): 40})
    tokens = Tokens.of([Encoded((2, 3), truncated=False), Encoded((5,), truncated=False), Encoded((3, 2, 3), False)])
    assert known.sums(tokens).tolist() == [20 + 30 - 3 + 40, 50, 30 + 20 - 3 + 30 - 3 + 40]
    expected = [sum_ / (WEIGHTS_A_NAT * (length + PRIOR_TOKENS)) for sum_, length in ((87, 2), (50, 1), (114, 3))]
    np.testing.assert_allclose(known.deviations(tokens), expected, rtol=1e-6)
    # The share of the held-back deviations 0, 1, 2, 3 that are no larger; each text is a fifth among so few.
    assert known.of(tokens).tolist() == [0.6, 0.6, 0.6]
    assert known.sums(tokens.pick(np.array([2, 0]))).tolist() == [114, 87]


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=12), min_size=1, max_size=8), st.randoms())
def test_c_and_numpy_give_the_same_in_any_order(texts: list[list[int]], random: Random) -> None:
    assert native_library() is not None, "the C sources are not built: run `make dev` where there is a C compiler (cc)"
    known = by_hand({(2, 3): 40, (3, 3): 255, (0, 5): 1})
    rows = np.array(random.sample(range(len(texts)), len(texts)))
    tokens = Tokens.of([Encoded(tuple(ids), truncated=False) for ids in texts]).pick(rows)
    np.testing.assert_array_equal(known.sums(tokens), replace(known, compiled=False).sums(tokens))


@pytest.mark.parametrize("wrong", [-1, 6])
def test_c_reads_no_token_that_there_is_not(wrong: int) -> None:
    with pytest.raises(ValueError, match=r"from 0 to 5"):
        by_hand({}).sums(Tokens.of([Encoded((wrong,), truncated=False)]))


def test_a_length_within_one_deviation_costs_nothing_and_beyond_it_costs() -> None:
    known = by_hand({})
    curve = replace(known.curve, log_tokens_deviation=0.5)
    narrow = replace(known, curve=curve)
    lengths = np.array([3, 300])
    tokens = Tokens.of([Encoded((0,) * length, truncated=False) for length in lengths])
    lost = known.deviations(tokens) - narrow.deviations(tokens)
    np.testing.assert_allclose(lost, [0, 0.3 * (math.log(100) / 0.5 - 1)], atol=1e-9)


def test_it_depends_on_nothing_else_that_is_scored() -> None:
    texts = [VIRUS, REVIEW, "", *posts(60)]
    together = STARTER.classify(texts).familiarity
    alone = np.array([STARTER.classify([text]).familiarity[0] for text in texts])
    np.testing.assert_array_equal(together, alone)
    order = np.random.default_rng(0).permutation(len(texts))
    np.testing.assert_array_equal(STARTER.classify([texts[row] for row in order]).familiarity, together[order])
    assert np.all((together >= 0) & (together <= 1))


@pytest.mark.parametrize("runtime", ["numpy", "onnx"])
def test_every_runtime_gives_the_same(runtime: Any) -> None:
    texts = [VIRUS, REVIEW, *posts(20)]
    other = Classifier.from_bundle_bytes(starter_bundle(), runtime=runtime)
    np.testing.assert_array_equal(other.classify(texts).familiarity, STARTER.classify(texts).familiarity)


def test_the_starter_knows_its_own_kind_and_no_hotel() -> None:
    known, unknown = STARTER.classify([VIRUS, REVIEW]).familiarity
    assert known > 0.3
    assert unknown < UNFAMILIAR


# One sentence in many scripts, and no letter of it in the starter's vocabulary.
OTHER_SCRIPTS = {
    "Arabic": "العلماء يقولون إن اللقاح الجديد آمن وفعال ضد الفيروس في جميع الفئات العمرية",
    "Hebrew": "המדענים אומרים שהחיסון החדש בטוח ויעיל",
    "Chinese": "科学家表示新疫苗对病毒安全有效 并且已经批准",
    "Russian": "Учёные говорят, что новая вакцина безопасна",
    "Hindi": "नई वैक्सीन सुरक्षित है",
    "Greek": "ανακοίνωσε σήμερα ο υπουργός",
}


@pytest.mark.parametrize("script", OTHER_SCRIPTS)
def test_texts_in_another_script_are_unfamiliar(script: str) -> None:
    assert STARTER.classify([OTHER_SCRIPTS[script]]).familiarity[0] < UNFAMILIAR


def test_an_unknown_word_makes_no_text_more_familiar() -> None:
    texts = [f"{word} {word} {text}" for text in posts(30) for word in ("", "वैक्सीन")]
    familiarity = STARTER.classify(texts).familiarity
    assert np.all(familiarity[1::2] <= familiarity[::2])


def test_a_record_of_before_says_no_good_of_unknown_words_either() -> None:
    bundle = read_bundle(starter_bundle())
    assert bundle.familiarity is not None
    pieces = len(bundle.tokenizer)
    known = Familiarity.from_json(bundle.familiarity, pieces=pieces)
    tokens, unseen, pairs = known.tokens.copy(), known.unseen.copy(), known.pairs.copy()
    tokens[UNKNOWN_ID], unseen[UNKNOWN_ID] = 264, -20
    pairs[pair_slots(np.array([UNKNOWN_ID]), np.array([UNKNOWN_ID]), bits=PAIR_BITS)] = 255
    of_before = replace(known, tokens=tokens, unseen=unseen, pairs=pairs)
    arabic = PythonEncoder(bundle.tokenizer).encode([OTHER_SCRIPTS["Arabic"]], max_tokens=256)
    assert of_before.of(arabic)[0] == 1.0
    assert Familiarity.from_json(of_before.as_json(), pieces=pieces).of(arabic)[0] < UNFAMILIAR


def test_what_is_learned_of_unknown_words_speaks_for_nothing() -> None:
    texts = [f"{text} 🙂 🙂 😷" for text in posts(200)]
    tokenizer = learn_tokenizer(posts(200), vocabulary_size=500)
    learned = learn_familiarity(
        texts, texts[::4], tokenizer=tokenizer, encoder=PythonEncoder(tokenizer), max_tokens=256
    )
    assert learned.tokens[UNKNOWN_ID] <= 0
    assert learned.unseen[UNKNOWN_ID] == 0
    arabic = PythonEncoder(tokenizer).encode([OTHER_SCRIPTS["Arabic"]], max_tokens=256)
    assert learned.of(arabic)[0] < UNFAMILIAR


def test_a_bundle_from_before_gives_none_and_is_served_all_the_same() -> None:
    texts = [VIRUS, REVIEW]
    without = Classifier.from_bundle_bytes(remade(starter_bundle(), familiarity=None)).classify(texts)
    assert np.isnan(without.familiarity).all()
    np.testing.assert_array_equal(without.p_fake, STARTER.classify(texts).p_fake)
    assert read_bundle(older_bundle(remade(starter_bundle(), familiarity=None))).familiarity is None


def test_what_the_database_keeps_beside_a_bundle_has_no_table_of_weights() -> None:
    assert "familiarity" not in read_bundle(starter_bundle()).metadata.as_dict()
    assert len(starter_bundle()) < 14_000_000


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record | {"tokens": record["unseen"][:40]},
        lambda record: record | {"pairs": "AAAA"},
        lambda record: record | {"pairs": "no base64"},
        lambda record: record | {"held_back": []},
        lambda record: record | {"held_back": [0.0] * 1001},
        lambda record: record | {"held_back": [2.0, 1.0]},
        lambda record: record | {"held_back": [float("nan")]},
        lambda record: record | {"curve": record["curve"] | {"variance": 0}},
        lambda record: record | {"curve": {}},
        lambda record: {},
    ],
)
def test_a_record_that_cannot_be_one_is_refused(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    record = read_bundle(starter_bundle()).familiarity
    assert record is not None
    with pytest.raises(BundleError, match="familiarity"):
        Classifier.from_bundle_bytes(remade(starter_bundle(), familiarity=spoil(dict(record))))


def test_a_record_is_json_and_back() -> None:
    record = read_bundle(starter_bundle()).familiarity
    assert record is not None
    pieces = len(read_bundle(starter_bundle()).tokenizer)
    assert Familiarity.from_json(record, pieces=pieces).as_json() == record


# Learning


def word_tokenizer(*words: str) -> Tokenizer:
    return Tokenizer([*RESERVED_PIECES, *CASE_PIECES, *words])


def test_what_was_learned_is_familiar_and_its_words_in_another_order_are_less_so() -> None:
    words = ("red", "green", "blue", "cat", "dog", "bird", "the", "of", "and")
    tokenizer = word_tokenizer(*words)
    learned = [f"the {colour} {animal}" for colour in words[:3] for animal in words[3:6]] * 3
    encoder = PythonEncoder(tokenizer)
    known = learn_familiarity(learned, learned[:9], tokenizer=tokenizer, encoder=encoder, max_tokens=16)
    own, shuffled, other = known.deviations(
        encoder.encode(["the red cat", "cat red the", "of and of and of"], max_tokens=16)
    )
    assert own > shuffled > other


def test_held_back_texts_are_spread_evenly_over_the_percentiles() -> None:
    texts = posts(900)
    bundle = read_bundle(starter_bundle())
    encoder = PythonEncoder(bundle.tokenizer)
    known = learn_familiarity(texts[:600], texts[600:750], tokenizer=bundle.tokenizer, encoder=encoder, max_tokens=256)
    mine = known.of(encoder.encode(texts[600:750], max_tokens=256))
    assert mine.min() > 0
    assert mine.max() == 1
    assert 0.4 < float(known.of(encoder.encode(texts[750:], max_tokens=256)).mean()) < 0.6


def test_a_bundle_gets_its_record_again_only_from_its_own_texts() -> None:
    other = LabelledTexts.from_pairs([("one", "fake"), ("two", "real"), ("three", "fake"), ("four", "real")])
    with pytest.raises(CorpusError, match="not the texts"):
        add_familiarity(starter_bundle(), other)


@pytest.mark.parametrize(
    ("texts", "unfamiliar", "expected"), [(19, 19, False), (20, 10, False), (20, 11, True), (0, 0, False)]
)
def test_a_batch_is_of_another_kind_where_most_of_enough_texts_are_unfamiliar(
    texts: int, unfamiliar: int, *, expected: bool
) -> None:
    assert is_other_kind(texts=texts, unfamiliar=unfamiliar) is expected
