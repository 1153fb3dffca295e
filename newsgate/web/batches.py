"""The list of batches, and one batch at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from newsgate.db.batch_status import BatchStatus, batch_runs, list_batches
from newsgate.db.model_registry import ModelRecord, list_models, model_record
from newsgate.db.results import Reject, read_rejects
from newsgate.db.turns import DEFAULT_PRIORITY
from newsgate.pages.score_histogram import ScoreHistogram, draw_histogram
from newsgate.tasks.exporting.formats import FORMATS
from newsgate.tasks.inspecting.drift import DriftDay, drift_of_run, summary_of_run
from newsgate.tasks.inspecting.file_reading import FileReading, how_it_was_read
from newsgate.tasks.inspecting.likeness import describe_unfamiliar, familiar_rows
from newsgate.web.page_words import note_in_words_of_the_page
from newsgate.web.query import VerdictQuery, number_of
from newsgate.web.rendering import page
from newsgate.web.site import session_of, site_of

_BATCHES_SHOWN = 50
_REJECTS_SHOWN = 20
_MOST_REJECTS_SHOWN = 5000


@dataclass(frozen=True, slots=True)
class BatchView:
    """What the page says of one run of a batch. scores: rows by p_fake in 20 bins; None before the first has one."""

    status: BatchStatus
    runs: tuple[BatchStatus, ...]
    model_name: str
    reading: FileReading
    scores: tuple[int, ...]
    histogram: ScoreHistogram | None
    drift: DriftDay | None
    unfamiliar: str | None
    rejects: tuple[Reject, ...]

    @property
    def is_latest(self) -> bool:
        """Whether this is the run that can be steered: a batch's latest."""
        return self.status.run == self.runs[0].run

    @property
    def beside(self) -> tuple[int, int] | None:
        """The model before this run's and its own, where both are done: what changed can be told."""
        before = next((run for run in self.runs if run.run < self.status.run and run.state == "done"), None)
        is_told = before is not None and self.status.state == "done"
        return (before.model, self.status.model) if before is not None and is_told else None

    @property
    def to_try_again(self) -> int:
        """How many rows have failed, or were left out by a cancellation."""
        left_out = self.status.total - self.status.done - self.status.failed
        return self.status.failed + (left_out if self.status.state == "cancelled" else 0)

    @property
    def fake(self) -> int:
        """How many rows are called fake: 0.5 is an edge between bins."""
        return sum(self.scores[len(self.scores) // 2 :])

    @property
    def real(self) -> int:
        """How many rows are called real."""
        return sum(self.scores) - self.fake


def list_page(request: Request) -> Response:
    """The latest batches, each with its progress."""
    shown = number_of(request.query_params.get("shown")) or _BATCHES_SHOWN
    shown = min(max(shown, _BATCHES_SHOWN), 5000)
    with site_of(request).database.read() as connection:
        found = list_batches(connection, limit=shown + 1)
    return page(request, "batches.html.j2", batches=found[:shown], shown=shown, has_more=len(found) > shown)


def batch_page(request: Request) -> Response:
    """One batch: how far it is, how its scores spread, how its file was read, and what can be done with it."""
    batch = request.path_params["batch"]
    refused = min(number_of(request.query_params.get("refused")) or _REJECTS_SHOWN, _MOST_REJECTS_SHOWN)
    view = _view(request, batch, model=number_of(request.query_params.get("model")), refused=refused)
    query = VerdictQuery(model=view.status.model if len(view.runs) > 1 else None)
    return page(
        request,
        "batch.html.j2",
        view=view,
        query=query,
        formats=FORMATS,
        default_priority=DEFAULT_PRIORITY,
        notes=_notes_of_upload(request, batch),
        refused=refused,
        most_refused=_MOST_REJECTS_SHOWN,
        to_begin=_models_to_begin(request, view),
        said=request.query_params.get("said", ""),
        said_rows=number_of(request.query_params.get("rows")) or 0,
    )


def _models_to_begin(request: Request, view: BatchView) -> list[ModelRecord]:
    """The models that an admin can have classify the batch: those that have not, or not to the end. Champion first."""
    if not session_of(request).person.may("admin") or not view.status.loaded:
        return []
    latest, most = view.runs[0], max(run.total for run in view.runs)
    # A run of fewer rows was interrupted while its chunks were made, and goes on. The latest can be tried again.
    may_go_on = {
        run.model
        for run in view.runs
        if run.state != "done" and (run.total < most or (run.state == "cancelled" and run is not latest))
    }
    begun = {run.model for run in view.runs} - may_go_on
    with site_of(request).database.read() as connection:
        found = [each for each in list_models(connection) if each.number not in begun]
    return sorted(found, key=lambda each: each.state != "champion")


def _notes_of_upload(request: Request, batch: int) -> list[str]:
    """What was said about the file that became this batch, to whoever has just uploaded it."""
    uploaded = site_of(request).uploads.find(request.query_params.get("upload", ""), owner=session_of(request).id)
    if uploaded is None or uploaded.done is None or uploaded.done.batch != batch:
        return []
    return [note_in_words_of_the_page(note) for note in uploaded.notes]


def _view(request: Request, batch: int, *, model: int | None, refused: int) -> BatchView:
    with site_of(request).database.read() as connection:
        runs = tuple(batch_runs(connection, batch))
        status = next((run for run in runs if model in (None, run.model)), runs[0])
        record = model_record(connection, status.model)
        scores = summary_of_run(connection, status.run).histogram
        return BatchView(
            status=status,
            runs=runs,
            model_name=record.name,
            reading=how_it_was_read(connection, batch),
            scores=scores,
            histogram=draw_histogram(scores) if sum(scores) else None,
            drift=drift_of_run(connection, status.run, record),
            unfamiliar=describe_unfamiliar(familiar_rows(connection, status.run), model="the model"),
            rejects=tuple(read_rejects(connection, batch, limit=refused)),
        )
