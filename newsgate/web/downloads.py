"""Verdicts as files, in every format that `newsgate results` writes, and the report of a batch."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import PurePath
from typing import IO, Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from newsgate.db.batch_status import kept_batch_status
from newsgate.pages.report_page import report_page
from newsgate.tasks.exporting.formats import FORMATS, OutputForm, choose_form
from newsgate.tasks.exporting.write_table import table_of_batch, write_bytes
from newsgate.tasks.inspecting.batch_report import report_on
from newsgate.web.query import VerdictQuery, number_of
from newsgate.web.site import site_of

_PACKINGS: Final = ("", "gz", "bz2", "xz", "zst")
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BLOCK_BYTES = 262_144


def download(request: Request) -> Response:
    """The filtered verdicts of a run as a file: made as a whole first, so that an error is a page and no torn file."""
    batch, query = request.path_params["batch"], VerdictQuery.of(request.query_params)
    form = _form(request.query_params.get("format", "csv"), request.query_params.get("packing", ""))
    own_columns = request.query_params.get("own_columns") == "1"
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the last of it is sent
    try:
        with site_of(request).database.read() as connection:
            status = kept_batch_status(connection, batch, model=query.model)
            wanted = query.as_filter(batch, model=status.model)
            made = table_of_batch(connection, wanted, form, own_columns=own_columns)
            with closing(made.table):
                write_bytes(made, file, form)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    packing = request.query_params.get("packing", "")
    name = f"{_stem(status.name)}-verdicts{form.ending}{f'.{packing}' if form.packing else ''}"
    media_type = _TYPES[form.form] if form.packing is None else "application/octet-stream"
    return StreamingResponse(
        _blocks(file), media_type=media_type, headers={**_attachment(name), "Content-Length": str(size)}
    )


def report(request: Request) -> Response:
    """The page of `newsgate report`, to be kept or sent on."""
    batch = request.path_params["batch"]
    made = report_on(site_of(request).database, batch, model=number_of(request.query_params.get("model")))
    name = f"{_stem(made.status.name)}-report.html"
    return Response(report_page(made), media_type="text/html; charset=utf-8", headers=_attachment(name))


def _form(name: str, packing: str) -> OutputForm:
    if name not in FORMATS or packing not in _PACKINGS:
        raise HTTPException(400, f"Known formats are {', '.join(FORMATS)}.")
    # What is compressed already is not compressed again, whatever stands in the other field of the form.
    is_packed = packing and name not in ("parquet", "xlsx")
    return choose_form(f"verdicts.{name}.{packing}" if is_packed else f"verdicts.{name}", said=None)


def _stem(name: str) -> str:
    stem = PurePath(name).name.split(".")[0]
    return re.sub(r"[^\w -]", "_", stem)[:80] or "batch"


def _attachment(name: str) -> dict[str, str]:
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"}


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block
