"""`make accuracy`: its splits, its changed test texts, what it measures again, and the page it writes."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.accuracy import newsgate_training
from benchmarks.accuracy.baselines import BASELINES, figures_of_labels
from benchmarks.accuracy.labelled_sets import SOURCES, mask, prepare_set, repeat_key, split_by_seed, without_repeats
from benchmarks.accuracy.newsgate_training import Training
from benchmarks.accuracy.page import NOT_MEASURED, PICTURE, blocks, write_page
from benchmarks.accuracy.results import Circumstances, Figures, Result, is_measured, load_results, settings_hash
from benchmarks.shared.processes import BenchmarkError
from newsgate.training.corpus import LabelledTexts
from newsgate.training.starter import read_labelled_csv

ROOT = Path(__file__).parents[2]
MADE = Circumstances(
    date="2026-01-02", commit="abc", processor="a processor", cores=2, load_average=0.0, libraries={"Python": "3.11"}
)


def corpus(*pairs: tuple[str, str]) -> LabelledTexts:
    return LabelledTexts.from_pairs(pairs)


def figures(share: float, *, ece: float | None = None) -> Figures:
    return Figures(rows=100, accuracy=share, weighted_f1=share, macro_f1=share, ece=ece)


def result(
    method: str,
    *,
    seed: int = 0,
    set_name: str = "onion",
    share: float = 0.8,
    tests: Mapping[str, Figures] | None = None,
) -> Result:
    settings = {"lstm_units": 64, "seed": seed}
    return Result(
        set=set_name,
        method=method,
        seed=seed,
        made=MADE,
        settings=settings,
        settings_sha256=settings_hash(settings),
        texts_sha256="texts",
        train_rows=400,
        tests={set_name: figures(share), **(tests or {})},
    )


def page_blocks(*results: Result) -> dict[str, str]:
    return blocks(results, pictures=Path("nowhere"))


def row_of(table: str, name: str) -> list[str]:
    line = next(line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_posts_from_one_template_have_one_key() -> None:
    assert repeat_key("States reported 1,121 deaths. https://t.co/YASGRTT4ux") == repeat_key(
        "states reported 98 deaths!"
    )
    assert repeat_key("States reported deaths") != repeat_key("States reported cases")


def test_a_test_text_that_repeats_a_training_text_is_left_out() -> None:
    train = corpus(("12 new cases today", "real"), ("a cure is found", "fake"))
    test = corpus(("30 new cases today!", "real"), ("no new cases at all", "real"), ("a miracle cure", "fake"))
    assert without_repeats(test, of=train).texts == ("no new cases at all", "a miracle cure")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("RT @WHO: wash your #hands https://t.co/a1", "RT : wash your"),
        ("see pic.twitter.com/x or www.who.int/cases now", "see or now"),
        ("cut off in the middle https:/… #…", "cut off in the middle"),
        ("3.2 percent of 1,000 at noon", "3.2 percent of 1,000 at noon"),
        ("https://t.co/a1", "…"),
    ],
)
def test_masking_takes_links_handles_and_hashtags_out(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_masking_takes_numbers_out_too_where_that_is_wanted() -> None:
    assert mask("RT @WHO: 3.2 percent of 1,000 at 5pm on COVID-19 day", numbers=True) == "RT : percent of at on day"


def test_a_split_is_stratified_and_keeps_repeats_on_one_side() -> None:
    # Letters alone make a text its own: digits do not count.
    words = [first + second for first in "abcdefghij" for second in "abcdefghij"]
    pairs = [(f"{word} {number}", "fake" if word < "f" else "real") for word in words for number in (1, 2)]
    train, test = split_by_seed(corpus(*pairs), seed=1)
    assert len(train) + len(test) == 200
    assert test.counts == {"fake": 20, "real": 20}
    assert not {repeat_key(text) for text in train.texts} & {repeat_key(text) for text in test.texts}


def test_a_seed_gives_its_split_every_time_and_another_seed_another() -> None:
    everything = corpus(*((f"{letter * 3}", label) for letter in "abcdefghijklmnop" for label in ("fake", "real")))
    assert split_by_seed(everything, seed=1) == split_by_seed(everything, seed=1)
    assert split_by_seed(everything, seed=1) != split_by_seed(everything, seed=2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [(f"post about {chr(97 + number)} @me", "fake" if number % 2 else "real") for number in range(20)]
    new_rows = [("a new one", "real"), ("another", "fake")]
    parts = {"constraint/train": rows, "constraint/val": rows[:4] + new_rows, "fakes/all": rows}
    for name, content in parts.items():
        path = tmp_path / "data" / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *content])
    return tmp_path / "data"


def test_a_set_that_its_publisher_parted_is_given_as_it_is(data: Path, tmp_path: Path) -> None:
    files = prepare_set("constraint", data=data, folder=tmp_path, seed=0)
    assert (files.train, files.test) == tuple(data / "constraint" / f"{part}.csv.gz" for part in ("train", "val"))
    changed = {name: read_labelled_csv(path).texts for name, path in files.tests.items() if name != "constraint"}
    assert changed.keys() == {"constraint:no-repeats", "constraint:masked", "constraint:masked-numbers"}
    assert changed["constraint:no-repeats"] == ("a new one", "another")
    assert changed["constraint:masked"][0] == "post about a"


def test_a_set_that_nobody_parted_is_parted_into_two_files(data: Path, tmp_path: Path) -> None:
    files = prepare_set("fakes", data=data, folder=tmp_path, seed=0)
    assert (len(read_labelled_csv(files.train)), len(read_labelled_csv(files.test))) == (16, 4)
    assert files.validation is None


def test_a_missing_set_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="onion"):
        prepare_set("onion", data=data, folder=tmp_path, seed=0)


def test_a_result_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = replace(result("plain"), held_back=figures(0.9, ece=0.1), texts_per_second={"1": 12.5}, epochs=3)
    saved.save(tmp_path)
    assert load_results(tmp_path) == [saved]


def test_only_other_settings_or_other_texts_are_measured_again(tmp_path: Path) -> None:
    saved = result("plain")
    saved.save(tmp_path)

    def measured(*, seed: int = 0, units: int = 64, texts: str = "texts") -> bool:
        settings = {"seed": seed, "lstm_units": units}
        return is_measured(tmp_path, set_name="onion", method="plain", seed=seed, settings=settings, texts_sha256=texts)

    assert measured()
    assert not measured(units=32)
    assert not measured(texts="others")
    assert not measured(seed=1)


def test_a_setting_that_came_later_had_its_defaults_effect(tmp_path: Path) -> None:
    saved = result("plain")
    saved.save(tmp_path)

    def measured(linear_folds: int) -> bool:
        return is_measured(
            tmp_path,
            set_name="onion",
            method="plain",
            seed=0,
            settings={**saved.settings, "linear_folds": linear_folds},
            texts_sha256="texts",
            defaults={"linear_folds": 1, "lstm_units": 64},
        )

    assert measured(1)
    assert not measured(5)
    shown = page_blocks(saved)["recipes"]
    assert row_of(shown, "`linear_folds`") == ["`linear_folds`", "1"]


def test_a_recipe_is_measured_again_when_its_teachers_answer_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Training("plain", seed=0).settings
    monkeypatch.setattr(newsgate_training, "ANSWERS_VERSION", before["answers_version"] + 1)
    after = Training("plain", seed=0).settings
    assert settings_hash(before) != settings_hash(after)


def test_the_training_that_asked_the_teachers_tells_how_long_one_takes() -> None:
    first, second = (replace(result("best", seed=seed), training_seconds=60.0 * (9 - 6 * seed)) for seed in (0, 1))
    assert row_of(page_blocks(first, second)["cost"], "onion, newsgate, best")[1] == "9.0 min"


def test_the_rules_label_by_length_and_by_link() -> None:
    texts = corpus(("word " * 24, "real"), ("short https://t.co/a", "fake"))
    assert BASELINES["words"].fit(texts, 0)(texts.texts) == ["real", "fake"]
    assert BASELINES["link"].fit(texts, 0)(texts.texts) == ["fake", "real"]
    assert figures_of_labels(["real", "fake"], texts).accuracy == 1.0


def test_a_table_gives_the_mean_over_the_seeds_and_how_far_they_are_apart() -> None:
    table = page_blocks(result("plain", share=0.80), result("plain", seed=1, share=0.84), result("svc"))["onion"]
    assert row_of(table, "newsgate, plain")[1:3] == ["2", "82.0 (80.0 to 84.0)"]
    assert row_of(table, "TF-IDF + linear SVC")[1:3] == ["1", "80.0"]


def test_the_difference_from_the_svc_is_that_of_the_same_splits() -> None:
    plain = [result("plain", set_name="ott", seed=seed, share=0.8 + 0.02 * seed) for seed in range(4)]
    svc = [result("svc", set_name="ott", seed=seed, share=0.8 + 0.01 * seed) for seed in range(3)]
    shown = page_blocks(*plain, *svc, result("majority", set_name="ott"))
    assert row_of(shown["ott"], "newsgate, plain")[-1] == "+1.0 ± 0.6"
    assert [row_of(shown["ott"], name)[-1] for name in ("TF-IDF + linear SVC", "always the commoner label")] == ["", ""]
    assert row_of(shown["overview"], "ott")[-1] == "+1.0 ± 0.6"


def test_a_test_that_is_the_same_for_all_seeds_has_one_svc() -> None:
    plain = [result("plain", seed=seed, share=0.8 + 0.02 * seed) for seed in range(2)]
    shown = page_blocks(*plain, result("svc", share=0.9))["onion"]
    assert row_of(shown, "newsgate, plain")[-1] == "-9.0"
    assert row_of(page_blocks(*plain)["onion"], "newsgate, plain")[-1] == ""


def test_recipes_come_before_what_they_are_compared_with() -> None:
    table = page_blocks(*map(result, ("majority", "svc", "teacher", "plain", "tuned", "best")))["onion"]
    names = [line.split(" |")[0].strip("| ") for line in table.splitlines()[2:8]]
    assert names[:3] == ["newsgate, best", "newsgate, plain", "newsgate, tuned"]
    assert names[3:] == ["teacher (MiniLM fine-tuned)", "TF-IDF + linear SVC", "always the commoner label"]


def test_circumstances_stand_once_where_they_are_the_same_and_by_method_where_not() -> None:
    one, other = result("plain"), replace(result("svc"), made=replace(MADE, commit="def"))
    assert page_blocks(one, result("svc"))["onion"].count("commit") == 1
    table = page_blocks(one, other)["onion"]
    assert "- newsgate, plain: 2026-01-02, commit abc" in table
    assert "- TF-IDF + linear SVC: 2026-01-02, commit def" in table


def test_the_matrix_has_a_row_a_training_and_one_that_knows_nothing() -> None:
    across = page_blocks(
        result("plain", tests={"fakes": figures(0.5)}),
        result("plain", set_name="fakes", share=0.6, tests={"onion": figures(0.4)}),
        result("majority", share=0.3, tests={"fakes": figures(0.35)}),
    )["across"]
    assert row_of(across, "onion") == ["onion", "80.0", "50.0"]
    assert row_of(across, "fakes") == ["fakes", "40.0", "60.0"]
    assert row_of(across, "always the commoner label")[1:] == ["30.0", "35.0"]


def test_a_recipe_measured_in_two_versions_shows_both() -> None:
    older = replace(result("plain", set_name="fakes"), settings={"lstm_units": 32, "seed": 0})
    assert row_of(page_blocks(result("plain"), older, result("svc"))["recipes"], "`lstm_units`")[1:] == ["64 or 32"]


def test_what_a_method_has_no_figure_for_is_left_empty() -> None:
    timed = replace(
        result("plain"), training_seconds=600.0, bundle_bytes=2_500_000, texts_per_second={"1": 10_000.0, "2": 18_000.0}
    )
    cost = page_blocks(timed, result("teacher"))["cost"]
    assert row_of(cost, "onion, newsgate, plain")[1:] == ["10.0 min", "", "2.5", "10 000", "18 000"]
    assert row_of(cost, "onion, teacher (MiniLM fine-tuned)")[1:] == [""] * 5


def test_the_page_of_this_repository_has_a_place_for_every_table(tmp_path: Path) -> None:
    page = tmp_path / "accuracy.md"
    page.write_text((ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8"), encoding="utf-8")
    write_page(page, [])
    text = page.read_text(encoding="utf-8")
    empty = blocks([], pictures=tmp_path)
    assert {*SOURCES, "overview", "across", "cost", "recipes"} < empty.keys()
    assert set(empty.values()) == {NOT_MEASURED}
    assert all(f"<!-- {name}: begin -->\n{NOT_MEASURED}\n<!-- {name}: end -->" in text for name in empty)
    (tmp_path / PICTURE).parent.mkdir()
    (tmp_path / PICTURE).touch()
    write_page(page, [])
    assert f"({PICTURE})" in page.read_text(encoding="utf-8")
