"""A peer's program: Ray Data reads the CSV, an actor a core runs `predict_on_batch`, the verdicts are CSV files.

Run as `python -m benchmarks.pipeline.ray_job FILE WARM_UP FOLDER`. Ray starts a data set's actors anew each time, so
the clock starts when the last of them has its model loaded and warm, before the file is read, and stops when all
verdicts are written. FOLDER then has `verdicts`, and `took.json` with `seconds` and `cpu_seconds`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import ray

from benchmarks.pipeline.keras_model import KerasModel
from benchmarks.pipeline.processor_time import CpuSamples
from benchmarks.shared.processes import cores
from newsgate.model.labels import label_of

_BATCH_ROWS = 1024
# A file is one block where nothing else is said, and a block is one actor's work.
_BLOCKS_A_CORE = 4
# Reading and writing need a place beside the actors.
_CORES_AN_ACTOR = 0.5
_LOADING_SECONDS = 240


class ActorModel:
    """What an actor keeps. ready: a folder in which it says when its model was loaded."""

    def __init__(self, ready: str) -> None:
        self._model = KerasModel.load()
        Path(ready, str(os.getpid())).write_text(repr(time.monotonic()), encoding="ascii")

    def __call__(self, batch: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        p_fake = self._model.p_fake(batch["text"].tolist())
        labels = np.array([label_of(each) for each in p_fake.tolist()])
        return {"id": batch["id"], "label": labels, "p_fake": p_fake}


def main() -> None:
    """Warm up, classify the file and write down what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline.ray_job", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("warm_up", type=Path)
    parser.add_argument("folder", type=Path)
    told = parser.parse_args()
    ray.init(
        num_cpus=cores(),
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        _temp_dir=str(told.folder / "ray"),
    )
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Nothing is read before every actor has its model.
    context.wait_for_min_actors_s = _LOADING_SECONDS
    # The processes that read and write are started, and have their libraries loaded.
    _read(told.warm_up).write_csv(str(told.folder / "warm-up"))
    ready = told.folder / "ready"
    ready.mkdir()
    with CpuSamples(os.getpid()) as samples:
        _read(told.file).map_batches(
            ActorModel,
            fn_constructor_args=(str(ready),),
            batch_size=_BATCH_ROWS,
            compute=ray.data.ActorPoolStrategy(size=cores()),
            num_cpus=_CORES_AN_ACTOR,
        ).write_csv(str(told.folder / "verdicts"))
        ended = time.monotonic()
    started = max(float(each.read_text(encoding="ascii")) for each in ready.iterdir())
    took = {"seconds": ended - started, "cpu_seconds": samples.seconds_since(started)}
    (told.folder / "took.json").write_text(json.dumps(took), encoding="ascii")
    ray.shutdown()


def _read(file: Path) -> Any:
    return ray.data.read_csv(str(file), override_num_blocks=_BLOCKS_A_CORE * cores())


if __name__ == "__main__":
    main()
