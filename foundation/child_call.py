"""Work that is done in a copy of this process, which takes what it has loaded along when it ends."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable

from newsgate.foundation.errors import NewsgateError

_FAILED = 1


def call_in_child(work: Callable[[], object]) -> None:
    """Have a copy of this process do `work`, and wait for it. For a process that has no threads yet.

    Raises NewsgateError, with the same words and exit code, where the copy did. Any other error is a defect: its
    traceback is printed by the copy, and SystemExit raised here.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work_and_exit(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        error = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if error:
        raise _read(json.loads(error))
    if code != 0:
        raise SystemExit(_FAILED)


def _work_and_exit(work: Callable[[], object], writer: int) -> None:
    code = 0
    try:
        work()
    except NewsgateError as error:
        told = {"what": error.what, "where": error.where, "remedy": error.remedy, "exit_code": error.exit_code}
        os.write(writer, json.dumps(told).encode())
    except BaseException:  # noqa: BLE001 - nothing of it may go on in the copy
        traceback.print_exc()
        code = _FAILED
    finally:
        # Not sys.exit: what this process would do at its end, it does itself.
        os._exit(code)


def _read(told: dict[str, str | int | None]) -> NewsgateError:
    what, where, remedy = (None if told[key] is None else str(told[key]) for key in ("what", "where", "remedy"))
    error = NewsgateError(what or "", where=where, remedy=remedy)
    # As the class of the other had it.
    error.exit_code = int(told["exit_code"] or _FAILED)
    return error
