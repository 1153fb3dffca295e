"""What does a GPU bring? Training on it and beside it, and Keras on it beside newsgate's own code on the same cores.

One command measures all of it: on a machine with a GPU, after `pip install 'newsgate[cuda]'`. Where TensorFlow finds
none, that is said in one line. Each side runs in a process of its own, for TensorFlow decides once what it uses.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.pipeline.loaded_classifier import CHUNK_ROWS, chunks_of, loaded_classifier
from benchmarks.pipeline.side import Work
from benchmarks.shared.home import Home
from benchmarks.shared.options import add_counts
from benchmarks.shared.page import Table
from benchmarks.shared.processes import ROOT, clean_environment, cores, run_to_end, scratch_folder
from benchmarks.shared.progress import say
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts, write_posts

MARKER: Final = "gpu"
_NOBODY: Final = {"CUDA_VISIBLE_DEVICES": "-1"}
_NAME_OF_GPU: Final = """
import tensorflow as tf
found = tf.config.list_physical_devices("GPU")
print(tf.config.experimental.get_device_details(found[0]).get("device_name", "a GPU") if found else "")
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_counts(
        parser,
        labels=(4000, "labelled texts to train on"),
        rows=(100_000, "texts to classify"),
        repeats=(3, "turns of each side"),
    )


def run(options: argparse.Namespace) -> Iterator[Table]:
    gpu = find_gpu()
    if not gpu:
        print("not measured: TensorFlow finds no GPU here")
        return
    with scratch_folder() as folder:
        training = _train_in_turns(folder, labels=options.labels, repeats=options.repeats)
        rates = _classify_in_turns(folder, rows=options.rows, repeats=options.repeats)
    yield Table(MARKER, report(gpu, training, rates, labels=options.labels, rows=options.rows))


def find_gpu() -> str:
    """The name of the first GPU that TensorFlow finds; empty where it finds none, or is not installed."""
    if find_spec("tensorflow") is None:
        return ""
    return run_to_end([sys.executable, "-c", _NAME_OF_GPU], environment=clean_environment(), folder=ROOT).strip()


def report(
    gpu: str,
    training: Mapping[str, Sequence[float]],
    rates: Mapping[str, Sequence[float]],
    *,
    labels: int,
    rows: int,
) -> str:
    """The figures as Markdown. training: seconds by side; rates: texts a second by side."""
    tables = [
        markdown_table(
            (f"training on {labels} texts", "seconds, median", "min", "max"),
            [(side, *_spread(seconds)) for side, seconds in training.items()],
        ),
        markdown_table(
            (f"classifying {rows} texts", "texts/s, median", "min", "max"),
            [(side, *_spread(each)) for side, each in rates.items()],
        ),
    ]
    return "\n\n".join([*tables, f"{gpu}, beside {cores()} cores.", circumstances()])


def _spread(values: Sequence[float]) -> tuple[str, str, str]:
    return figure(statistics.median(values)), figure(min(values)), figure(max(values))


def _train_in_turns(folder: Path, *, labels: int, repeats: int) -> dict[str, list[float]]:
    file = folder / "labelled.csv"
    _write_labelled(file, rows=labels)
    sides: dict[str, Mapping[str, str]] = {"on the CPU": _NOBODY, "on the GPU": {}}
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for turn, (side, environment) in itertools.product(range(repeats), sides.items()):
        # What teachers said is kept in a home for the next training.
        home = Home(folder / f"train-{turn}-{len(environment)}", environment)
        home.folder.mkdir()
        home.run("newsgate", "migrate")
        started = time.monotonic()
        home.run("newsgate", "train", file)
        seconds[side].append(time.monotonic() - started)
        say(f"gpu: training {side}, {figure(seconds[side][-1])} s")
    return seconds


def _write_labelled(file: Path, *, rows: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(("text", "label"))
        for number, text in enumerate(itertools.islice(make_posts(seed=3), rows)):
            label = ("fake", "real")[number % 2]
            # A word that tells most of them, so that there is something to learn.
            writer.writerow((f"{text} {'allegedly' if label == 'fake' and number % 10 else 'officially'}", label))


def _classify_in_turns(folder: Path, *, rows: int, repeats: int) -> dict[str, list[float]]:
    file = write_posts(folder / "posts.csv", make_posts(seed=4), rows=rows)
    texts = list(itertools.islice(make_posts(seed=4), rows))
    rates: dict[str, list[float]] = {}
    with loaded_classifier() as classifier:
        classifier.classify(Work(file, texts[: cores() * CHUNK_ROWS]))
        for _ in range(repeats):
            own = classifier.classify(Work(file, texts)).items_per_second
            rates.setdefault(f"newsgate's own code, {cores()} processes", []).append(own)
            for side, environment in (("Keras on the CPU", _NOBODY), ("Keras on the GPU", {})):
                rates.setdefault(side, []).append(_keras_rate(file, environment))
            say(f"gpu: classifying, {[figure(each[-1]) for each in rates.values()]} texts/s")
    return rates


def _keras_rate(file: Path, environment: Mapping[str, str]) -> float:
    command = [sys.executable, "-m", "benchmarks.pipeline.gpu", str(file)]
    told = run_to_end(command, environment=clean_environment() | dict(environment), folder=ROOT)
    return float(told.splitlines()[-1])


def _classify_by_keras(file: Path) -> float:
    """Texts a second of `NEWSGATE_RUNTIME=keras` in this process, warm."""
    from newsgate.model.classifier import Classifier
    from newsgate.model.starter import starter_bundle

    with file.open(encoding="utf-8", newline="") as source:
        texts = [row["text"] for row in csv.DictReader(source)]
    classifier = Classifier.from_bundle_bytes(starter_bundle(), runtime="keras")
    classifier.classify(texts[:CHUNK_ROWS])
    started = time.monotonic()
    for chunk in chunks_of(texts):
        classifier.classify(chunk)
    return len(texts) / (time.monotonic() - started)


if __name__ == "__main__":
    print(_classify_by_keras(Path(sys.argv[1])))
