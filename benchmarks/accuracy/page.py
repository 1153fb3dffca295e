"""Results as the tables of docs/accuracy.md; what stands between them is written by hand, without a figure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.accuracy.baselines import BASELINES
from benchmarks.accuracy.labelled_sets import MASKED, MASKED_NUMBERS, NO_REPEATS, SOURCES
from benchmarks.accuracy.newsgate_training import FORMER_SETTINGS
from benchmarks.accuracy.results import Circumstances, Figures, Result
from benchmarks.shared.page import write_between_markers
from benchmarks.shared.report import figure, markdown_table, over_seeds

NOT_MEASURED: Final = "Not measured yet."
PICTURE: Final = "images/reliability.svg"

_NAMES: Final[Mapping[str, str]] = {
    "teacher": "teacher (MiniLM fine-tuned)",
    "svc": "TF-IDF + linear SVC",
    "majority": "always the commoner label",
    "words": "at least 24 words: real",
    "link": "a t.co link: real",
}
# Recipes come first, whatever they are called.
_ORDER: Final = ("best", "plain", "teacher", "svc", "majority", "words", "link")
_RULES: Final = ("majority", "words", "link")
_PLAIN: Final = "plain"
_REFERENCE: Final = "svc"
_LEAST_FOR_AN_ERROR: Final = 3


@dataclass(frozen=True)
class Table:
    """All results, and how they are looked up."""

    results: Sequence[Result]

    def methods(self, set_name: str | None = None) -> list[str]:
        """The methods measured, on one set or on any: recipes, then what they are compared with."""
        found = {each.method for each in self.results if set_name in (None, each.set)}
        return sorted(found, key=lambda method: (is_other(method), _place(method), method))

    def of(self, set_name: str, method: str) -> list[Result]:
        """The results of a method on a set, by seed."""
        found = [each for each in self.results if (each.set, each.method) == (set_name, method)]
        return sorted(found, key=lambda each: each.seed)

    def sets(self) -> list[str]:
        """The sets that have results, in the page's order."""
        found = {each.set for each in self.results}
        return [name for name in SOURCES if name in found]


def write_page(page: Path, results: Sequence[Result]) -> None:
    """Put every table into its place in the page. Raises BenchmarkError where the page has no such place."""
    for name, content in blocks(results, pictures=page.parent).items():
        write_between_markers(page, name=name, content=content)


def blocks(results: Sequence[Result], *, pictures: Path) -> dict[str, str]:
    """Return what stands between the page's markers, by the markers' name; `pictures` is the page's folder."""
    table = Table(results)
    pictured = (pictures / PICTURE).exists()
    return {
        "overview": overview(table),
        **{name: set_table(table, name) for name in SOURCES},
        "shortcuts": shortcuts(table, "constraint"),
        "reliability": f"![P(fake) against the share that is fake]({PICTURE})" if pictured else NOT_MEASURED,
        "across": across(table),
        "cost": cost(table),
        "recipes": recipes(table),
    }


def overview(table: Table) -> str:
    """Every set in a row: how many texts, and the macro F1 of every method."""
    methods = [method for method in table.methods() if method not in _RULES[1:]]
    rows = []
    for name in table.sets():
        first = next(each for each in table.results if each.set == name)
        scores = (_over_seeds(table.of(name, method), lambda figures: figures.macro_f1) for method in methods)
        difference = _over_the_svc(table, name, _PLAIN)
        rows.append((name, str(first.train_rows), str(first.own.rows), *scores, difference))
    over_the_svc = f"{label_of(_PLAIN)}, over the SVC, points"
    headers = ("macro F1", "training texts", "test texts", *(label_of(method) for method in methods), over_the_svc)
    return markdown_table(headers, rows) if rows else NOT_MEASURED


def set_table(table: Table, set_name: str) -> str:
    """Every method on one set, and where that was measured."""
    columns: Mapping[str, Callable[[Figures], float | None]] = {
        "accuracy": lambda figures: figures.accuracy,
        "weighted F1": lambda figures: figures.weighted_f1,
        "macro F1": lambda figures: figures.macro_f1,
        "ECE": lambda figures: figures.ece,
        "labelled at 2% error": lambda figures: figures.kept,
        "wrong among these": lambda figures: figures.kept_error,
    }
    rows = []
    for method in table.methods(set_name):
        found = table.of(set_name, method)
        cells = (_over_seeds(found, column) for column in columns.values())
        rows.append((label_of(method), str(len(found)), *cells, _over_the_svc(table, set_name, method)))
    if not rows:
        return NOT_MEASURED
    measured = (each for method in table.methods(set_name) for each in table.of(set_name, method))
    headers = (set_name, "runs", *columns, "macro F1 over the SVC's, points")
    return f"{markdown_table(headers, rows)}\n\n{measured_by(measured)}"


def shortcuts(table: Table, set_name: str) -> str:
    """The accuracy and weighted F1 of one set's methods, also on its changed tests, as far as these were measured."""
    tests = {
        "all": set_name,
        "no repeats": f"{set_name}:{NO_REPEATS}",
        "masked": f"{set_name}:{MASKED}",
        "and no numbers": f"{set_name}:{MASKED_NUMBERS}",
    }
    rows = []
    for method in table.methods(set_name):
        found = [each for each in table.of(set_name, method) if tests["masked"] in each.tests]
        if found:
            cells = [
                _over_seeds(found, column, test=test)
                for column in (lambda figures: figures.weighted_f1, lambda figures: figures.accuracy)
                for test in tests.values()
            ]
            rows.append((label_of(method), *cells))
            sizes = [str(found[0].tests[test].rows) if test in found[0].tests else "" for test in tests.values()]
    if not rows:
        return NOT_MEASURED
    headers = [f"{what}, {test}" for what in ("weighted F1", "accuracy") for test in tests]
    return markdown_table((set_name, *headers), [("texts", *sizes, *sizes), *rows])


def across(table: Table) -> str:
    """For every method: trained on the set of the row, tested on that of the column, with seed 0."""
    parts = []
    names = table.sets()
    for method in table.methods():
        found = [each for name in names for each in table.of(name, method) if _is_crossed(each)]
        if found and method not in _RULES:
            rows = [(each.set, *(_percent(_macro_f1(each, tested)) for tested in names)) for each in found]
            rows.append((_NAMES["majority"], *(_percent(_one_answer(table, tested)) for tested in names)))
            parts.append(markdown_table((f"{label_of(method)}, trained on", *names), rows))
    return "\n\n".join(parts) or NOT_MEASURED


def cost(table: Table) -> str:
    """What training and classifying took, where it was measured."""
    rows = []
    for name in table.sets():
        for method in table.methods(name):
            found = table.of(name, method)
            if method not in _RULES:
                rows.append((f"{name}, {label_of(method)}", *_cost_cells(found)))
    headers = ("set, method", "training", "epochs", "bundle, MB", "texts/s, 1 thread", "texts/s, all cores")
    loads = [each.made.load_average for each in table.results if each.method not in _RULES]
    if not rows:
        return NOT_MEASURED
    busy = f"Load average of the machine when a measurement began: {min(loads):.1f} to {max(loads):.1f}."
    return f"{markdown_table(headers, rows)}\n\n{busy}"


def recipes(table: Table) -> str:
    """The settings of every recipe, as the results have them; one that came after a result had its default's effect."""
    methods = [method for method in table.methods() if not is_other(method)]
    settings: dict[str, dict[str, list[str]]] = {}
    for each in table.results:
        if each.method in methods:
            for name, value in {**FORMER_SETTINGS, **each.settings}.items():
                values = settings.setdefault(name, {}).setdefault(each.method, [])
                if name != "seed" and str(value) not in values:
                    values.append(str(value))
    settings.pop("seed", None)
    # Two values mean results of two versions of the recipe: the page shows it rather than choose one.
    rows = [(f"`{name}`", *(" or ".join(by.get(method, [])) for method in methods)) for name, by in settings.items()]
    return markdown_table(("setting", *methods), rows) if rows else NOT_MEASURED


def measured_by(results: Iterable[Result]) -> str:
    """Where, when and of which commit these results are; where that differs, a line for each difference."""
    # A dict, for the order in which they come.
    methods: dict[str, dict[str, None]] = {}
    for each in results:
        methods.setdefault(_made(each.made), {})[label_of(each.method)] = None
    if len(methods) == 1:
        return next(iter(methods))
    return "\n".join(f"- {'; '.join(names)}: {made}" for made, names in methods.items())


def label_of(method: str) -> str:
    """Return what the page calls a method."""
    return _NAMES.get(method, f"newsgate, {method}")


def is_other(method: str) -> bool:
    """Whether a method is no recipe of newsgate's."""
    return method in BASELINES or method == "teacher"


def _place(method: str) -> int:
    return _ORDER.index(method) if method in _ORDER else len(_ORDER)


def _made(made: Circumstances) -> str:
    libraries = ", ".join(f"{name} {version}" for name, version in made.libraries.items())
    return f"{made.date}, commit {made.commit}; {made.processor}, {made.cores} cores; {libraries}."


def _over_seeds(
    results: Sequence[Result], column: Callable[[Figures], float | None], *, test: str | None = None
) -> str:
    """Return the mean over the seeds as a cell, in percent, with the smallest and the largest of several."""
    figures = [each.tests[test or each.set] for each in results if (test or each.set) in each.tests]
    values = [value for each in figures if (value := column(each)) is not None]
    return over_seeds(values) if values else ""


def _over_the_svc(table: Table, set_name: str, method: str) -> str:
    """By how many points the macro F1 is above the SVC's: the mean over the seeds of both, and its standard error.

    A test that is the same for all seeds has one result of the SVC, which holds for all of them.
    """
    own = {each.seed: each.own.macro_f1 for each in table.of(set_name, method)}
    others = {each.seed: each.own.macro_f1 for each in table.of(set_name, _REFERENCE)}
    if method in (_REFERENCE, *_RULES) or not others:
        return ""
    for_all = None if SOURCES[set_name].test is None else next(iter(others.values()))
    pairs = [(score, others.get(seed, for_all)) for seed, score in own.items()]
    points = [100 * (score - other) for score, other in pairs if other is not None]
    if len(points) < _LEAST_FOR_AN_ERROR:
        return f"{statistics.fmean(points):+.1f}" if points else ""
    return f"{statistics.fmean(points):+.1f} ± {statistics.stdev(points) / len(points) ** 0.5:.1f}"


def _is_crossed(result: Result) -> bool:
    return result.seed == 0 and len(result.tests.keys() & SOURCES) > 1


def _macro_f1(result: Result, test: str) -> float | None:
    return result.tests[test].macro_f1 if test in result.tests else None


def _one_answer(table: Table, test: str) -> float | None:
    """The macro F1 on a test of giving the label that is more common there: what knowing nothing is worth."""
    known = (_macro_f1(each, test) for name in table.sets() for each in table.of(name, "majority") if each.seed == 0)
    return max((value for value in known if value is not None), default=None)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _cost_cells(results: Sequence[Result]) -> list[str]:
    def median(values: Iterable[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    # The first seed's: it asked the teachers, and the others were given their answers.
    seconds = max((each.training_seconds for each in results if each.training_seconds is not None), default=None)
    epochs = median(each.epochs for each in results)
    size = median(each.bundle_bytes for each in results)
    one = median(each.texts_per_second.get("1") for each in results)
    # A method that was timed on one thread alone uses no more of them.
    every = median(
        each.texts_per_second[max(each.texts_per_second, key=int)]
        for each in results
        if any(int(threads) > 1 for threads in each.texts_per_second)
    )
    return [
        _duration(seconds),
        "" if epochs is None else f"{epochs:g}",
        "" if size is None else f"{size / 1e6:.1f}",
        "" if one is None else figure(one),
        "" if every is None else figure(every),
    ]


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{figure(seconds)} s" if seconds < 120 else f"{figure(seconds / 60)} min"
