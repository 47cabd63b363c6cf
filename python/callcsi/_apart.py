"""Calls in processes of their own, so that one that takes its process with it costs its own row only.

A panic is caught on the native side. What is not caught so, as running out of memory or a fault in a library
below, ends the process without a word; then the row says which signal it was.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import time
from typing import Any

from . import _files, _native, _rows
from ._archive import Work

#: Seconds that a call may take beyond its limit before its process is ended.
GRACE_S = 60.0


def _failed(work: Work, rows: _rows.Rows, line: int, found: str) -> list:
    """Makes the row of a call whose process ended."""
    parts = {
        "kind": "internal",
        "place": "",
        "found": found,
        "wanted": "a result or an error",
        "hint": "this is a defect, or the machine ran out of memory: please report it",
    }
    cells: dict[str, list[str | None]] = {"manifest_error": [json.dumps(parts)]}
    for name in ("call_id", "manifest_line", "mark", "survey_status"):
        if name in rows.cells:
            cells[name] = rows.cells[name]
    unread = _rows.Rows(1, cells)
    return work.run(unread, first_line=line, threads=1, seen=_native.SeenIds())


def _fetched(rows: _rows.Rows, filesystem: Any) -> _rows.Rows:
    """Reads what has an address, here: the clients of object stores do not live on in a forked child."""
    inputs: dict[str, list] = {}
    for name, column in rows.inputs.items():
        value = column[0]
        if isinstance(value, str):
            try:
                rows.cells.setdefault(name, [value])
                value = _files.read(value, filesystem)
            except Exception:  # noqa: BLE001 - the call says so itself
                rows.cells.pop(name, None)
        inputs[name] = [value]
    return _rows.Rows(1, rows.cells, inputs)


def run_one(work: Work, rows: _rows.Rows, *, line: int, seen: _native.SeenIds) -> list[tuple[str, str, Any]]:
    """Works on the one row of `rows` in a forked child; returns its columns."""
    ids = rows.cells.get("call_id") or [None]
    name = (ids[0] or "").strip()
    if name and not seen.add(name):
        # It came before: that is said here, and nothing is opened.
        return work.run(rows, first_line=line, threads=1, seen=seen)
    rows = _fetched(rows, work.filesystem)
    # Made here, it is there in every child.
    work.archive()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read)
            found = work.run(rows, first_line=line, threads=1, seen=_native.SeenIds())
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(found, pipe)
            code = 0
        finally:
            # Nothing of the parent's is flushed or closed twice.
            os._exit(code)
    os.close(write)
    limit = time.monotonic() + work.timeout_s + GRACE_S
    pieces: list[bytes] = []
    late = False
    with os.fdopen(read, "rb", buffering=0) as pipe:
        while True:
            wait = max(0.0, limit - time.monotonic())
            ready, _, _ = select.select([pipe], [], [], min(wait, 3600.0))
            if ready:
                piece = pipe.read(1 << 20)
                if not piece:
                    break
                pieces.append(piece)
            elif time.monotonic() >= limit:
                late = True
                os.kill(child, signal.SIGKILL)
                break
    _, status = os.waitpid(child, 0)
    if late:
        return _failed(work, rows, line, f"a call that did not end within {work.timeout_s + GRACE_S:g} s")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            word = signal.Signals(number).name
        except ValueError:
            word = "unknown"
        return _failed(work, rows, line, f"the end of the call's process by signal {number} ({word})")
    if status != 0:
        return _failed(work, rows, line, f"the end of the call's process with code {os.WEXITSTATUS(status)}")
    return pickle.loads(b"".join(pieces))
