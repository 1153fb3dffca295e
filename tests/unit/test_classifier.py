"""The classifier: a text's score is its own, whatever is scored with it."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.foundation.installation import install_command
from newsgate.model.bundle import read_bundle
from newsgate.model.classifier import Classifier, calibrated
from newsgate.model.native.library import native_library
from newsgate.model.runtime_choice import choose_runtime
from newsgate.model.runtime_names import EXACT_RUNTIMES, RuntimeName, RuntimeUnavailableError
from newsgate.model.starter import starter_bundle
from newsgate.model.text_encoder import PythonEncoder
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32

texts = st.text(max_size=60) | st.lists(
    st.sampled_from(["virus", "cure", "hospital", "#covid19", "reports", "secret", "https://t.co/x", "the", "5g"]),
    max_size=70,
).map(" ".join)


@cache
def classifier(runtime: RuntimeName = "auto") -> Classifier:
    return Classifier.from_bundle_bytes(starter_bundle(), runtime=runtime)


@cache
def crowd() -> tuple[str, ...]:
    """Return 511 different texts of many lengths."""
    words = ["doctors", "warn", "cure", "found", "minister", "of", "china", "vaccine", "hoax", "5g", "the"]
    return tuple(
        " ".join(words[(row * step) % 11] for step in range(1, 2 + row % 97)) + f" {row}" for row in range(511)
    )


@pytest.mark.parametrize("runtime", EXACT_RUNTIMES)
@settings(max_examples=20, deadline=None)
@given(text=texts, place=st.integers(0, 511))
def test_a_score_does_not_depend_on_the_company(runtime: RuntimeName, text: str, place: int) -> None:
    library = native_library()
    if runtime != "numpy" and library is None:
        pytest.skip("there is no C compiler")
    if runtime == "native-int8" and library is not None and not library.int8_variants:
        pytest.skip("this processor has no instructions for whole numbers")
    scorer = classifier(runtime)
    # NumPy takes ten times as long; more than two of its products of 64 rows show nothing more.
    others = crowd() if runtime != "numpy" else crowd()[:150]
    place %= len(others)
    alone = scorer.classify([text]).p_fake[0]
    among = scorer.classify([*others[:place], text, *others[place:]]).p_fake[place]
    beside_a_long_one = scorer.classify(["word " * 400, text]).p_fake[1]
    with_newline = scorer.classify([text + "\n"]).p_fake[0]
    assert [among, beside_a_long_one, with_newline] == [alone] * 3


def test_what_auto_means_is_exact_and_the_pages_name_the_runtimes_that_are() -> None:
    assert choose_runtime("auto", read_bundle(starter_bundle()).metadata.quantisation).name in EXACT_RUNTIMES
    root = Path(__file__).parents[2]
    *first, last = (f"`{runtime}`" for runtime in EXACT_RUNTIMES)
    named = f"{', '.join(first)} and {last}"
    for page in ("README.md", "docs/settings.md", "docs/decisions/0028-same-to-the-last-bit.md"):
        told = (root / page).read_text().splitlines()
        assert [line for line in told if "to the last bit" in line and named in line], page


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(64)))
def test_scores_come_in_the_order_of_the_texts(order: list[int]) -> None:
    forward = classifier().classify(crowd()[:64])
    shuffled = classifier().classify([crowd()[row] for row in order])
    np.testing.assert_array_equal(shuffled.p_fake, forward.p_fake[order])
    np.testing.assert_array_equal(shuffled.token_counts, forward.token_counts[order])


def test_equal_texts_get_equal_scores_and_each_its_place() -> None:
    scores = classifier().classify(["a cure", "b", "a cure"])
    assert len(scores) == 3
    assert scores.p_fake[0] == scores.p_fake[2] != scores.p_fake[1]


def test_no_texts_no_scores() -> None:
    scores = classifier().classify([])
    assert len(scores) == 0
    assert [array.dtype for array in (scores.p_fake, scores.token_counts, scores.truncated)] == [
        *(np.dtype(np.float64), np.dtype(np.int32), np.dtype(np.bool_)),
    ]


@pytest.mark.parametrize("threads", [1, 3])
def test_many_threads_may_share_a_classifier(threads: int) -> None:
    shared = Classifier.from_bundle_bytes(starter_bundle(), threads=threads)
    shared.warm_up()
    expected = classifier().classify(crowd()).p_fake
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(shared.classify, [crowd()] * 8):
            np.testing.assert_array_equal(scores.p_fake, expected)


def test_a_million_tokens_are_read_up_to_the_limit() -> None:
    limit = classifier().metadata.max_tokens
    began = time.thread_time()
    scores = classifier().classify(["word " * 1_000_000, "word " * limit, "word"])
    assert time.thread_time() - began < 2.0
    np.testing.assert_array_equal(scores.token_counts, [limit, limit, 1])
    np.testing.assert_array_equal(scores.truncated, [True, False, False])
    assert scores.p_fake[0] == scores.p_fake[1]


def test_odd_texts_have_finite_scores() -> None:
    odd = ["", " ", "\0", "\ud800", "\N{PILE OF POO}" * 300, "\u0915\u094b\u0930\u094b\u0928\u093e", "x" * 100_000]
    assert np.isfinite(classifier().classify(odd).p_fake).all()


def test_broken_logits_are_handed_on_as_they_are() -> None:
    class Broken:
        def logits(self, tokens: Tokens) -> Float32:
            return np.array([np.nan, 40.0, -2000.0], dtype=np.float32)[: len(tokens)]

    bundle = read_bundle(starter_bundle())
    broken = Classifier(encoder=PythonEncoder(bundle.tokenizer), runtime=Broken(), metadata=bundle.metadata)
    p_fake = broken.classify(["a", "b", "c"]).p_fake
    assert np.isnan(p_fake[0])
    assert p_fake[1:] == pytest.approx([1.0, 0.0])


def test_temperature_divides_the_logit() -> None:
    assert calibrated(np.full(1, 2.0, np.float32), temperature=4.0)[0] == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(RuntimeUnavailableError, match="no runtime 'torch'"):
        Classifier.from_bundle_bytes(starter_bundle(), runtime="torch")  # type: ignore[arg-type]


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


def test_classifying_imports_no_other_runtime_and_nothing_of_the_training_extra() -> None:
    result = run_python(
        "import sys\n"
        "from newsgate.model.classifier import Classifier\n"
        "from newsgate.model.starter import starter_bundle\n"
        "Classifier.from_bundle_bytes(starter_bundle(), threads=2).classify(['a', 'b'])\n"
        "print(*sorted({'tensorflow', 'keras', 'onnx', 'onnxruntime', 'tokenizers', 'h5py'} & set(sys.modules)))\n"
    )
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stderr


def test_the_keras_runtime_without_tensorflow_says_what_to_install() -> None:
    result = run_python(
        "import sys\n"
        "sys.modules['keras'] = None\n"
        "from newsgate.model.classifier import Classifier\n"
        "from newsgate.model.runtime_names import RuntimeUnavailableError\n"
        "from newsgate.model.starter import starter_bundle\n"
        "try:\n"
        "    Classifier.from_bundle_bytes(starter_bundle(), runtime='keras')\n"
        "except RuntimeUnavailableError as error:\n"
        "    print(error)\n"
    )
    assert f"Run: {install_command('training')}, or set" in result.stdout, result.stderr
