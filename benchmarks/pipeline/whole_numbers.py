"""How fast and how exact is the LSTM in whole numbers, on each instruction set beside float32?

All variants score the same posts in turns, on one core. With a folder of labelled sets, every text of them is scored by
the starter and by the bundles of `--model`, in float32 and in whole numbers.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.accuracy.labelled_sets import SOURCES, read_set
from benchmarks.pipeline.loaded_classifier import chunks_of
from benchmarks.shared.options import add_rows_and_repeats
from benchmarks.shared.page import Table
from benchmarks.shared.processes import BenchmarkError
from benchmarks.shared.report import circumstances, figure, markdown_table
from benchmarks.shared.synthetic_texts import make_posts
from newsgate.model.bundle import Bundle, read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.native.int8_runtime import Int8Runtime, int8_variants
from newsgate.model.native.library import FIRST_INT8, VARIANT_NAMES, native_library
from newsgate.model.native.runtime import NativeRuntime
from newsgate.model.starter import starter_bundle
from newsgate.model.text_encoder import open_encoder
from newsgate.training.quantisation_check import measure_quantisation

SPEEDS: Final = "int8-speeds"
CHANGES: Final = "int8-changes"
# The best in float32 of processors with AVX-512 and with AVX2 alone.
_BESIDE: Final = (2, 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_rows_and_repeats(parser)
    parser.add_argument("--data", type=Path, help="a folder of labelled sets, to say what changes")
    parser.add_argument("--model", type=Path, action="append", default=[], help="a bundle beside the starter; several")


def run(options: argparse.Namespace) -> Iterator[Table]:
    starter = read_bundle(starter_bundle())
    texts = list(itertools.islice(make_posts(seed=7), options.rows))
    yield Table(SPEEDS, speeds(starter, texts, repeats=options.repeats))
    if options.data is not None:
        bundles = {"starter": starter} | {path.stem: read_bundle(path.read_bytes()) for path in options.model}
        yield Table(CHANGES, changes(bundles, data=options.data))


def speeds(bundle: Bundle, texts: Sequence[str], *, repeats: int) -> str:
    """Score `texts` with every variant in turns, and return the table."""
    library = native_library()
    if library is None:
        raise BenchmarkError("the library in C is not built: run `make dev` where there is a C compiler")
    weights = weights_of(bundle)
    runtimes = {variant: NativeRuntime(library, weights, variant=variant) for variant in library.variants}
    runtimes |= {variant: Int8Runtime(library, weights, variant=variant) for variant in int8_variants(library, weights)}
    encoder = open_encoder(bundle.tokenizer, compiled=True)
    tokens = [encoder.encode(chunk, max_tokens=bundle.metadata.max_tokens) for chunk in chunks_of(texts)]
    seconds: dict[int, list[float]] = {variant: [] for variant in runtimes}
    for _ in range(repeats):
        for variant, runtime in runtimes.items():
            began = time.perf_counter()
            for each in tokens:
                runtime.logits(each)
            seconds[variant].append(time.perf_counter() - began)

    def beside(variant: int, other: int) -> str:
        if other not in seconds:
            return ""
        return f"{statistics.median(b / a for a, b in zip(seconds[variant], seconds[other], strict=True)):.2f}"

    rows = [
        (
            VARIANT_NAMES[variant],
            "float32" if variant < FIRST_INT8 else "whole numbers",
            figure(1e6 * statistics.median(seconds[variant]) / len(texts)),
            *(beside(variant, other) for other in _BESIDE),
        )
        for variant in sorted(seconds)
    ]
    headers = ("instructions", "numbers", "microseconds a text", "times AVX-512", "times AVX2")
    return f"{markdown_table(headers, rows)}\n\n{repeats} repeats of {len(texts)} posts.\n\n{circumstances()}"


def changes(bundles: dict[str, Bundle], *, data: Path) -> str:
    """Score every text of every set in both kinds of numbers, and return the table."""
    rows = []
    for name, bundle in bundles.items():
        weights, encoder = weights_of(bundle), open_encoder(bundle.tokenizer, compiled=True)
        for set_name in SOURCES:
            texts = [text for part in read_set(set_name, data=data) for text in part.texts]
            tokens = encoder.encode(texts, max_tokens=bundle.metadata.max_tokens)
            loss = measure_quantisation(weights, tokens, temperature=bundle.metadata.temperature)
            if loss is None:
                raise BenchmarkError("this machine cannot compute in whole numbers")
            counts = (str(count) for count in (loss.texts, loss.flips, loss.far_flips))
            rows.append((name, set_name, *counts, f"{loss.largest_change:.4f}"))
    headers = ("model", "set", "texts", "labels changed", "of them far from 0.5", "largest change of P(fake)")
    return f"{markdown_table(headers, rows)}\n\n{circumstances()}"
