"""The compiled code gives what Python and NumPy give, on every instruction set; where it is missing, they serve."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import newsgate.model.native.build
from newsgate.model.bundle import read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.classifier import Classifier
from newsgate.model.native.build import CannotBuildError, build
from newsgate.model.native.encoder import _CASED_CODE_POINTS, _SETTLED, NativeEncoder, _classes
from newsgate.model.native.int8_runtime import Int8Runtime
from newsgate.model.native.library import FIRST_INT8, VARIANT_NAMES, Library, native_library
from newsgate.model.native.runtime import NativeRuntime
from newsgate.model.numpy_runtime import NumpyRuntime
from newsgate.model.runtime import open_runtime
from newsgate.model.runtime_choice import choose_runtime
from newsgate.model.runtime_names import RuntimeName, RuntimeUnavailableError
from newsgate.model.starter import starter_bundle
from newsgate.model.text_encoder import PythonEncoder, open_encoder
from newsgate.model.tokenizer import CASE_PIECES, RESERVED_PIECES, Encoded, Tokenizer
from newsgate.model.tokens import Tokens
from newsgate.model.weights import LstmWeights, Weights

WORDS = ("un", "##believ", "##able", "#", "@", "news", "!", "a", "##b", "i", "##phone", "é", "##é", "##", "covid19")
SMALL = Tokenizer((*RESERVED_PIECES, *WORDS))
CASED = Tokenizer((*RESERVED_PIECES, *CASE_PIECES, *WORDS, "News", "US", "É"))
BOTH = pytest.mark.parametrize("tokenizer", [SMALL, CASED], ids=["small letters", "with capitals"])

MARKS = (
    "abABNEWSnews iI@#&;:/.\0\n\u00a0\x1c_'\u2019\u201c\u2026éÉßẞΣσςİıǅ\u0301\u034f\uff9e病\U0001f600\U00010400\ud800"
)
ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from(MARKS)), max_size=60) | st.lists(
    st.sampled_from(
        ["news", "News", "NEWS", "iPhone", "unbelievable", "x" * 41, "aB" * 20, "http://", "HTTPS://t.co/A"]
    )
    | st.sampled_from(["www.", "Www.a", "&amp;lt;", "&#0;", "&#10;", "ÉA", "病A", "ﬁ", "\u0301" * 40, "ΑΣ", "ΑΣ\0Α"]),
    max_size=12,
).map(" ".join)


@cache
def library() -> Library:
    built = native_library()
    assert built is not None, "the C sources are not built: run `make dev` where there is a C compiler (cc)"
    return built


@cache
def weights() -> Weights:
    return weights_of(read_bundle(starter_bundle()))


@cache
def random_tokens() -> Tokens:
    """Return more texts than the lanes hold twice over, of many lengths."""
    random = np.random.default_rng(0)
    texts = [random.integers(1, len(weights().embedding), length) for length in random.integers(1, 90, 211)]
    return Tokens.of([Encoded(tuple(text.tolist()), truncated=False) for text in texts])


@pytest.fixture(params=range(FIRST_INT8), ids=VARIANT_NAMES[:FIRST_INT8])
def variant(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    if number not in library().variants:
        # What a processor lacks cannot be run on it; the first one is on all of them.
        assert number > 0
        pytest.skip(f"this processor has no {VARIANT_NAMES[number]}")
    return number


@pytest.fixture
def nothing_built(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "newsgate.model.text_encoder",
        "newsgate.model.runtime",
        "newsgate.model.runtime_choice",
        "newsgate.model.native.library",
    ):
        monkeypatch.setattr(f"{name}.native_library", lambda: None)


@BOTH
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(ANY_TEXT, max_size=5), most=st.integers(1, 12))
@example(texts=["&amp;lt; a"], most=9)
@example(texts=["ΑΣ", "Α"], most=9)
def test_texts_are_cut_into_the_tokens_that_python_cuts_them_into(
    tokenizer: Tokenizer, texts: list[str], most: int
) -> None:
    tokens = NativeEncoder(library(), tokenizer).encode(texts, max_tokens=most)
    expected = tokenizer.encode_all(texts, max_tokens=most)
    told = [
        Encoded(tuple(tokens.ids[start : start + length].tolist()), truncated=bool(truncated))
        for start, length, truncated in zip(tokens.starts, tokens.lengths, tokens.truncated, strict=True)
    ]
    assert told == expected


@BOTH
def test_every_character_is_read_as_python_reads_it(tokenizer: Tokenizer) -> None:
    encoder = NativeEncoder(library(), tokenizer)
    for first in range(0, sys.maxunicode + 1, 1 << 16):
        texts = ["".join(map(chr, range(start, start + 256))) for start in range(first, first + (1 << 16), 256)]
        tokens = encoder.encode(texts, max_tokens=10_000)
        expected = Tokens.of(tokenizer.encode_all(texts, max_tokens=10_000))
        np.testing.assert_array_equal(tokens.lengths, expected.lengths)
        for row in range(len(texts)):
            np.testing.assert_array_equal(_ids(tokens, row), _ids(expected, row), err_msg=hex(first + 256 * row))


def test_letters_of_two_sizes_all_stand_where_they_are_looked_for() -> None:
    assert all(chr(point).lower() == chr(point) for point in range(_CASED_CODE_POINTS, sys.maxunicode + 1))


@pytest.mark.parametrize(
    "text",
    [
        " " * 5000 + "news",
        "news" + " " * 5000 + "a",
        "news " * 3 + "." * 5000,
        "\u2026" * 3000 + " news",
        "ﬁ" * 700 + " news é \u0301",
        "病" * 4000,
        "http://" + "a" * 3000 + " " + "www." + " " * 3000 + "a",
        "&amp; " * 20 + "&" + " " * 100 + "amp;" + "\0 news",
    ],
    ids=["late", "apart", "points", "ellipses", "to be normalised", "no space", "addresses", "entities"],
)
@pytest.mark.parametrize("most", [1, 4, 30])
def test_a_long_text_is_read_as_far_as_its_first_tokens_need(text: str, most: int) -> None:
    encoder = NativeEncoder(library(), CASED)
    tokens = encoder.encode(["news", text, "a", text], max_tokens=most)
    expected = Tokens.of(CASED.encode_all(["news", text, "a", text], max_tokens=most))
    np.testing.assert_array_equal(tokens.truncated, expected.truncated)
    for row in range(4):
        np.testing.assert_array_equal(_ids(tokens, row), _ids(expected, row))


def test_what_is_not_normalised_by_python_is_normal_in_any_company() -> None:
    settled = [chr(point) for point in np.flatnonzero(_classes() & _SETTLED)]
    assert len(settled) > 10_000
    for seed in range(5):
        Random(seed).shuffle(settled)
        text = "".join(settled)
        assert unicodedata.normalize("NFKC", text) == text


def test_a_logit_is_numpys_whatever_the_instruction_set(variant: int) -> None:
    logits = NativeRuntime(library(), weights(), variant=variant).logits(random_tokens())
    np.testing.assert_allclose(logits, NumpyRuntime(weights()).logits(random_tokens()), atol=4e-6)


def test_a_logit_does_not_depend_on_the_company(variant: int) -> None:
    runtime = NativeRuntime(library(), weights(), variant=variant)
    together = runtime.logits(random_tokens())
    for rows in np.array_split(np.random.default_rng(1).permutation(len(random_tokens())), [1, 3, 60]):
        np.testing.assert_array_equal(runtime.logits(random_tokens().pick(rows)), together[rows])


@pytest.mark.parametrize("units", [1, 5, 16, 80])
def test_any_number_of_units_will_do(variant: int, units: int) -> None:
    random = np.random.default_rng(units)

    def some(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return random.normal(size=shape, scale=units**-0.5).astype(np.float32)

    def direction() -> LstmWeights:
        return LstmWeights(kernel=some(7, 4 * units), recurrent_kernel=some(units, 4 * units), bias=some(4 * units))

    made = Weights(
        embedding=some(30, 7),
        forward=direction(),
        backward=direction(),
        output_kernel=some(4 * units, 1),
        output_bias=some(1),
    )
    texts = [Encoded(tuple(random.integers(0, 30, length).tolist()), truncated=False) for length in (1, 2, 31, 64)]
    logits = NativeRuntime(library(), made, variant=variant).logits(Tokens.of(texts))
    np.testing.assert_allclose(logits, NumpyRuntime(made).logits(Tokens.of(texts)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_number_is_not_hidden(variant: int, broken: float) -> None:
    embedding = weights().embedding.copy()
    embedding[7] = broken
    made = Weights(embedding, weights().forward, weights().backward, weights().output_kernel, weights().output_bias)
    texts = [Encoded((5, 7, 9), truncated=False), Encoded((5, 9), truncated=False)]
    with np.errstate(invalid="ignore"):
        runtime = NativeRuntime(library(), made, variant=variant)
    assert np.isnan(runtime.logits(Tokens.of(texts))).tolist() == [True, False]


@pytest.mark.parametrize("wrong", [-1, 6000])
def test_a_token_outside_the_vocabulary_is_never_looked_up(wrong: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 5999"):
        NativeRuntime(library(), weights()).logits(Tokens.of([Encoded((1, wrong), truncated=False)]))


def test_no_texts_no_logits_and_no_tokens() -> None:
    nothing = NativeEncoder(library(), SMALL).encode([], max_tokens=4)
    assert (len(nothing), len(NativeRuntime(library(), weights()).logits(nothing))) == (0, 0)


def test_what_was_built_is_used_unless_numpy_is_asked_for() -> None:
    bundle = read_bundle(starter_bundle())
    assert choose_runtime("auto", None).name == "native"
    assert type(open_runtime(bundle, runtime="native")) is NativeRuntime
    fastest = Int8Runtime if library().int8_variants else NativeRuntime
    assert type(open_runtime(bundle, runtime="auto")) is fastest
    assert isinstance(open_encoder(bundle.tokenizer, compiled=True), NativeEncoder)
    assert isinstance(open_encoder(bundle.tokenizer, compiled=False), PythonEncoder)
    texts = ["A cure &amp; a hoax", "WHO: 病 https://t.co/x", "\0", ""]
    by_c, by_numpy = (Classifier.from_bundle_bytes(starter_bundle(), runtime=name) for name in ("native", "numpy"))
    np.testing.assert_allclose(by_c.classify(texts).p_fake, by_numpy.classify(texts).p_fake, atol=1e-6)
    np.testing.assert_array_equal(by_c.classify(texts).unknown_counts, by_numpy.classify(texts).unknown_counts)


@pytest.mark.usefixtures("nothing_built")
def test_without_it_numpy_serves_and_whoever_insists_is_told_what_to_do() -> None:
    bundle = read_bundle(starter_bundle())
    assert isinstance(open_runtime(bundle, runtime="auto"), NumpyRuntime)
    assert isinstance(open_encoder(bundle.tokenizer, compiled=True), PythonEncoder)
    insisted: tuple[RuntimeName, ...] = ("native", "native-int8")
    for runtime in insisted:
        with pytest.raises(RuntimeUnavailableError, match="Install newsgate again where there is a C compiler"):
            open_runtime(bundle, runtime=runtime)


def test_the_sources_compile_without_a_warning_and_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "cc -Werror")
    made = build(tmp_path)
    assert Library.load(made).variants == library().variants
    assert [path.name for path in tmp_path.iterdir()] == [made.name]


@pytest.mark.parametrize(
    ("compiler", "told"),
    [("no-such-compiler", "no C compiler"), ("", "CC is empty"), (f"{shutil.which('false')}", "ended with 1")],
)
def test_a_compiler_that_is_missing_or_fails_leaves_nothing_behind(
    compiler: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(CannotBuildError, match=told):
        build(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_all_sources_are_compiled_and_watched() -> None:
    folder = newsgate.model.native.build.FOLDER
    assert {path.name for path in folder.glob("*.c")} == set(newsgate.model.native.build.SOURCES)


def _ids(tokens: Tokens, row: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return tokens.ids[tokens.starts[row] : tokens.starts[row] + tokens.lengths[row]]
