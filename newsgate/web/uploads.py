"""Dropping a file in: it is taken, enqueued as `enqueue FILE` does it, and watched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from newsgate.db.model_registry import list_models
from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.foundation.printable_text import printable
from newsgate.model.labels import LABELS
from newsgate.tasks.enqueueing.request import Request as EnqueueRequest
from newsgate.tasks.reading import ReadOptions, parse_vocabulary
from newsgate.web.page_words import FIELDS, in_words_of_the_page
from newsgate.web.query import number_of
from newsgate.web.rendering import page
from newsgate.web.site import check_csrf, require_role, session_of, site_of

if TYPE_CHECKING:
    from newsgate.web.upload_jobs import Upload

# A small file is a batch before anybody could have looked at a page about it.
_PATIENCE_SECONDS = 1.0
_LONGEST_NAME = 200
# What browsers write in a file's name in place of what would end the name.
_ESCAPED: Final = (("%22", '"'), ("%0A", " "), ("%0D", " "))
# Fields of the form that are one text each: (name, option of `enqueue`, example).
TEXT_FIELDS: Final = (
    ("text_column", "--text-column", "found by name and content"),
    ("id_column", "--id-column", "found by name"),
    ("label_column", "--label-column", "none"),
    ("labels", "--labels", "fake=1,real=0"),
    ("delimiter", "--delimiter", "found"),
    ("encoding", "--encoding", "found"),
    ("columns", "--columns", "no header: id,text"),
    ("sheet", "--sheet", "the first"),
    ("member", "--member", "the only one"),
    ("records", "--records", "found"),
)


async def upload(request: Request) -> Response:
    """The form, and a file that comes in it."""
    require_role(request, "reviewer")
    if request.method == "GET":
        return await run_in_threadpool(_form, request, None, {}, None)
    form = await request.form(max_files=1, max_fields=40)
    given = form.get("file")
    try:
        check_csrf(request, form)
    except HTTPException:
        await form.close()
        raise
    if not isinstance(given, UploadFile) or not given.filename:
        await form.close()
        return await run_in_threadpool(_form, request, None, _texts(form), WrongUsageError("choose a file first"))
    taken = site_of(request).uploads.take(given.file, name=_plain_name(given.filename), owner=session_of(request).id)
    return await run_in_threadpool(_begin, request, taken, _texts(form))


async def upload_page(request: Request) -> Response:
    """What becomes of a file: read, refused with a question, or a batch by now."""
    require_role(request, "reviewer")
    taken = site_of(request).uploads.find(request.path_params["upload"], owner=session_of(request).id)
    if taken is None:
        raise HTTPException(404)
    if request.method == "POST":
        form = await request.form()
        check_csrf(request, form)
        return await run_in_threadpool(_begin, request, taken, _texts(form))
    return await run_in_threadpool(_show, request, taken)


def _begin(request: Request, taken: Upload, form: dict[str, str]) -> Response:
    taken.form = form
    site = site_of(request)
    try:
        wanted = _enqueue_request(taken.name, form, max_text_chars=site.settings.max_text_chars)
    except NewsgateError as error:
        taken.error = error
    else:
        site.uploads.start(taken, wanted, patience_seconds=_PATIENCE_SECONDS)
    return RedirectResponse(f"/uploads/{taken.id}", status_code=303)


def _show(request: Request, taken: Upload) -> Response:
    if taken.done is not None:
        # What was said about the file is there for as long as the upload is remembered.
        told = f"?upload={taken.id}" if taken.notes else ""
        return RedirectResponse(f"/batches/{taken.done.batch}{told}", status_code=303)
    if taken.error is not None:
        return _form(request, taken, taken.form, taken.error)
    return page(request, "uploading.html.j2", upload=taken)


def _form(request: Request, taken: Upload | None, form: Mapping[str, str], error: NewsgateError | None) -> Response:
    with site_of(request).database.read() as connection:
        models = list_models(connection)
    return page(
        request,
        "upload.html.j2",
        upload=taken,
        form=form,
        error=None if error is None else in_words_of_the_page(error),
        fields=[(name, FIELDS[option], example) for name, option, example in TEXT_FIELDS],
        names=FIELDS,
        models=models,
        most_bytes=site_of(request).settings.web_upload_bytes,
        code=200 if error is None else 422,
    )


def _enqueue_request(name: str, form: Mapping[str, str], *, max_text_chars: int) -> EnqueueRequest:
    """What the form asks of `enqueue`. Raises NewsgateError for a meaning of labels that is none."""
    label, columns = form.get("label"), form.get("columns")
    options = ReadOptions(
        text_columns=(form["text_column"],) if "text_column" in form else (),
        id_column=form.get("id_column"),
        label_column=form.get("label_column"),
        delimiter=form.get("delimiter"),
        encoding=form.get("encoding"),
        no_header="no_header" in form,
        quoting="none" if "quoting" in form else None,
        html="keep" if "html" in form else None,
        column_names=tuple(each.strip() for each in columns.split(",")) if columns else (),
        member=form.get("member"),
        sheet=form.get("sheet"),
        records=form.get("records"),
        vocabulary=parse_vocabulary(form["labels"]) if "labels" in form else None,
        every_label=label if label in LABELS else None,
        keep="all",
        max_text_chars=max_text_chars,
    )
    return EnqueueRequest(
        name, options, form.get("name") or None, number_of(form.get("model")), bool(form.get("again"))
    )


def _texts(form: Any) -> dict[str, str]:
    """The fields of a form that are text, without those left empty."""
    return {
        name: said
        for name, value in form.items()
        # PostgreSQL stores no NUL.
        if isinstance(value, str) and name != "csrf" and (said := value.replace("\0", "").strip())
    }


def _plain_name(name: str) -> str:
    """The name of a file without its folders, as whichever system wrote it."""
    for escaped, character in _ESCAPED:
        name = name.replace(escaped, character)
    plain = printable(PurePosixPath(PureWindowsPath(name).name).name).strip()
    # The ending says how the file is read.
    return plain[-_LONGEST_NAME:] or "upload"
