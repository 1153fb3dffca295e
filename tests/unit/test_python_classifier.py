"""`newsgate.Classifier`: the same labels as workers give, in this process, from whatever holds texts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow
import pytest

import newsgate
from newsgate import AsyncClassifier, Classification, Classifications, Classifier
from newsgate.db.session import Database
from newsgate.errors import NewsgateError, WrongUsageError
from newsgate.model.bundle import BundleError, read_bundle
from newsgate.model.classifier import Scores
from newsgate.model.labels import NOT_FINITE, label_of
from newsgate.model.starter import starter_bundle
from newsgate.tasks.exporting.missing_library import NotInstalledError
from newsgate.tasks.inspecting.promise import NoPromiseError
from newsgate.tasks.models.abstention import NoRecordError
from newsgate.tasks.running.open_database import ensure_champion
from tests.bundles import contrary_bundle, measured_on, remade, scores_of, store_bundle
from tests.texts import posts

GARLIC = "Garlic cures the virus, share it now!"
SCHOOLS = "Schools reopen on Monday"


@pytest.fixture(scope="module")
def starter() -> Classifier:
    return Classifier.load()


def test_newsgate_has_what_it_names_and_nothing_else() -> None:
    assert set(newsgate.__all__) <= set(dir(newsgate))
    assert all(hasattr(newsgate, name) for name in newsgate.__all__)
    with pytest.raises(AttributeError, match=r"module 'newsgate' has no attribute 'classify'"):
        newsgate.classify  # type: ignore[attr-defined]  # noqa: B018


def test_the_scores_are_those_of_a_worker_across_blocks(starter: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsgate.api.classifier._BLOCK_TEXTS", 7)
    texts = posts(30)
    expected = scores_of(starter_bundle(), texts)
    found = starter.classify(texts)
    assert [each.p_fake for each in found] == expected.p_fake.tolist()
    assert [each.familiarity for each in found] == expected.familiarity.tolist()
    assert [each.label for each in found] == [label_of(each) for each in expected.p_fake.tolist()]
    assert [each.token_count for each in found] == expected.token_counts.tolist()
    assert [each.text for each in found] == texts


@pytest.mark.parametrize(
    "given",
    [
        [GARLIC, SCHOOLS],
        (GARLIC, SCHOOLS),
        (text for text in (GARLIC, SCHOOLS)),
        np.array([GARLIC, SCHOOLS]),
        pandas.Series([GARLIC, SCHOOLS], index=["a", "b"]),
        pyarrow.array([GARLIC, SCHOOLS]),
        pyarrow.chunked_array([[GARLIC], [SCHOOLS]]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_texts_come_from_whatever_holds_them(starter: Classifier, given: Any) -> None:
    assert [each.label for each in starter.classify(given)] == ["fake", "real"]


def test_a_text_that_is_none_keeps_its_place_and_says_why(starter: Classifier) -> None:
    given = [GARLIC, None, " \u200b", "[deleted]", float("nan"), pandas.NA, pandas.NaT, SCHOOLS]
    found = starter.classify(given)
    assert [each.label for each in found] == ["fake", *[None] * 6, "real"]
    empty, removed = "empty text", "the text was deleted or removed where it stood"
    assert [each.error for each in found] == [None, empty, empty, removed, empty, empty, empty, None]
    assert repr(found) == "<Classifications: 1 fake, 1 real, 6 without a label>"


def test_half_of_a_character_is_read_as_a_file_stores_it(starter: Classifier) -> None:
    assert starter.classify(["Garlic \ud83d cures \0"])[0].text == "Garlic \ufffd cures \ufffd"


def test_no_texts_have_no_labels(starter: Classifier) -> None:
    found = starter.classify([], max_error=0.1)
    assert (len(found), repr(found)) == (0, "<Classifications: of no texts>")
    assert found.to_arrow().num_rows == len(found.to_pandas()) == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (GARLIC, r"one text is given where several are wanted. Write classify\(\[text\]\)"),
        ([GARLIC, 7], "text 1 is no str but int. Give the column of texts alone"),
        ({"text": GARLIC}, "dict is no list of texts"),
        (b"bytes", "bytes is no list of texts"),
        (7, "int is no list of texts"),
        (pandas.DataFrame({"text": [GARLIC]}), "DataFrame is no list of texts"),
    ],
)
def test_what_is_no_list_of_texts_is_refused_in_one_line(starter: Classifier, given: Any, message: str) -> None:
    with pytest.raises(WrongUsageError, match=message):
        starter.classify(given)


def test_a_score_that_is_no_number_is_an_error_of_its_text_alone(
    starter: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = replace(scores_of(starter_bundle(), [GARLIC, SCHOOLS]), p_fake=np.array([0.9, np.nan]))

    def classify(_: list[str]) -> Scores:
        return scores

    monkeypatch.setattr(starter._classifier, "classify", classify)
    good, bad = starter.classify([GARLIC, SCHOOLS])
    assert (good.label, bad.label, bad.p_fake, bad.error) == ("fake", None, None, NOT_FINITE)


def test_unsure_are_those_below_the_threshold_of_the_promise() -> None:
    texts = posts(60)
    classifier = Classifier(measured_on(starter_bundle(), posts(60, seed=1)), name="measured")
    found = classifier.classify(texts, max_error=0.1)
    assert found.promise is not None
    assert found.promise.is_kept
    threshold = found.promise.threshold
    sure = [max(each.p_fake, 1 - each.p_fake) >= threshold for each in found if each.p_fake is not None]
    assert [each.label != "unsure" for each in found] == sure
    assert {True, False} == set(sure)


def test_an_error_that_is_not_promised_is_said_and_with_strict_refused(
    starter: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    said = "an error of 0.1 is not promised: there is too little to compare it with what the error was measured on"
    with caplog.at_level(logging.WARNING, "newsgate"):
        assert str(starter.classify([SCHOOLS], max_error=0.1).promise) == said
    assert said in caplog.messages
    with pytest.raises(NoPromiseError, match=r"is not promised: .* Leave strict out"):
        starter.classify([SCHOOLS], max_error=0.1, strict=True)


@pytest.mark.parametrize("max_error", [0, 1, -0.1, float("nan")])
def test_an_error_that_cannot_be_is_refused(starter: Classifier, max_error: float) -> None:
    with pytest.raises(WrongUsageError, match="max_error is between 0 and 1"):
        starter.classify([SCHOOLS], max_error=max_error)


def test_strict_needs_an_error_to_be_strict_about(starter: Classifier) -> None:
    with pytest.raises(WrongUsageError, match="strict is about max_error"):
        starter.classify([SCHOOLS], strict=True)


def test_a_model_without_a_record_names_itself() -> None:
    metadata = replace(read_bundle(starter_bundle()).metadata, abstention=None)
    classifier = Classifier(remade(starter_bundle(), metadata=metadata), name="old")
    with pytest.raises(NoRecordError, match="model old has no record"):
        classifier.classify([SCHOOLS], max_error=0.1)


def test_texts_of_another_kind_are_told(starter: Classifier, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "newsgate"):
        starter.classify([f"zqx vbn {number} qpw lkj" for number in range(30)])
    assert [message for message in caplog.messages if "model starter has not learned from texts like these" in message]


def test_a_slice_is_of_the_same_kind_and_keeps_its_index(starter: Classifier) -> None:
    found = starter.classify(pandas.Series([GARLIC, SCHOOLS, GARLIC], index=["a", "b", "c"]))
    assert isinstance(found[1:], Classifications)
    assert found[1:].to_pandas()["label"].to_dict() == {"b": "real", "c": "fake"}
    assert found[-1] == found[2]


def test_every_form_says_the_same() -> None:
    rows = [Classification(GARLIC, "fake", 0.9, 0.5, True, 12), Classification("", None, None, error="empty text")]
    found = Classifications(rows)
    assert found.to_arrow().to_pylist() == found.to_dicts()
    frame = found.to_pandas()
    assert frame["p_fake"].isna().tolist() == [False, True]
    assert frame.dtypes.astype(str).to_dict()["truncated"] == "bool"
    assert frame["label"].fillna("none").tolist() == ["fake", "none"]


@pytest.mark.parametrize(
    ("form", "said"), [("to_arrow", "pyarrow is not installed"), ("to_pandas", "pandas is not installed")]
)
def test_a_library_that_is_missing_is_named_in_one_line(form: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(NotInstalledError, match=rf"^{said}\. Run: \S.* install \S.*$"):
        getattr(Classifications([]), form)()


def test_a_model_is_a_file_a_number_or_the_champion(tmp_path: Path) -> None:
    file = tmp_path / "contrary.newsgate"
    file.write_bytes(contrary_bundle())
    url = f"sqlite:///{tmp_path / 'models.db'}"
    from newsgate.db.schema import ensure_schema

    database = Database(url)
    ensure_schema(database)
    ensure_champion(database)
    number = store_bundle(database, contrary_bundle(), name="contrary")
    database.close()
    expected = scores_of(contrary_bundle(), [GARLIC]).p_fake[0]
    for model in (file, str(file), number):
        assert Classifier.load(model, database=url).classify([GARLIC])[0].p_fake == expected
    assert Classifier.load("champion", database=url).classify([GARLIC])[0].label == "fake"
    with pytest.raises(NewsgateError, match="there is no model 99"):
        Classifier.load(99, database=url)


def test_a_file_that_is_no_model_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        NewsgateError, match=r"missing.newsgate: the model cannot be read \(No such file or directory\)"
    ):
        Classifier.load(tmp_path / "missing.newsgate")
    (tmp_path / "posts.csv").write_text("text\nhello\n")
    with pytest.raises(BundleError, match=r"posts.csv: not a newsgate model bundle"):
        Classifier.load(tmp_path / "posts.csv")


def test_an_explanation_has_a_token_for_each_and_is_what_the_command_prints(starter: Classifier) -> None:
    why = starter.explain("nurse reveals on video that they are paid")
    document = why.to_dict()
    assert (document["label"], document["p_fake"]) == (why.label, why.p_fake)
    assert [token["effect"] for token in document["tokens"]] == [token.effect for token in why.tokens]
    assert why.tokens[-1].p_fake_so_far == why.p_fake
    assert len(starter.explain("nurse reveals on video that they are paid", max_tokens=3).tokens) == 3
    with pytest.raises(WrongUsageError, match="the text is empty"):
        starter.explain(" ")


def test_the_twin_for_asyncio_says_the_same(starter: Classifier) -> None:
    async def ask() -> Iterator[object]:
        twin = await AsyncClassifier.load()
        found = await twin.classify([GARLIC, SCHOOLS], max_error=0.1)
        why = await twin.explain(GARLIC)
        return iter((found.to_dicts(), why, repr(twin)))

    found, why, shown = asyncio.run(ask())
    assert found == starter.classify([GARLIC, SCHOOLS], max_error=0.1).to_dicts()
    assert why == starter.explain(GARLIC)
    assert shown == "<AsyncClassifier: model starter>"


@pytest.mark.parametrize("wrong", [None, float("nan"), 7, ["Schools reopen on Monday"]])
def test_what_is_no_text_is_not_explained(starter: Classifier, wrong: Any) -> None:
    with pytest.raises(WrongUsageError, match="the text is a str, not "):
        starter.explain(wrong)


@pytest.mark.parametrize("wrong", ["5%", None, [0.1]])
def test_arguments_that_cannot_be_are_errors_in_one_line(starter: Classifier, wrong: Any) -> None:
    with pytest.raises(WrongUsageError, match="a model that is given by no name or path is a whole number, not"):
        Classifier.load(None if isinstance(wrong, str) else wrong)  # type: ignore[arg-type]
    with pytest.raises(WrongUsageError, match="threads is a whole number from 0 up, not"):
        Classifier.load(threads=wrong)
    if wrong is not None:
        with pytest.raises(WrongUsageError, match="max_error is a number, not"):
            starter.classify(["Schools reopen on Monday"], max_error=wrong)
