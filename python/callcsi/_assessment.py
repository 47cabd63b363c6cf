"""One call, looked at: its estimate, its reasons, its picture."""

from __future__ import annotations

import functools
import json
import os
from typing import Any, Mapping

import pyarrow as pa

from . import _archive, _files, _native, _rows
from ._models import model_bytes


class Assessment:
    """What a call was measured and estimated at, and why. Shown in a notebook as the call's picture and reasons."""

    def __init__(self, native: _native.Assessed):
        self._native = native

    @functools.cached_property
    def row(self) -> dict[str, Any]:
        """The row that `score_archive` writes of the call in JSON, whole."""
        return json.loads(self._native.row_json())

    @property
    def call_id(self) -> str:
        """Which call."""
        return self.row["call_id"]

    @property
    def csi(self) -> float:
        """Expected mark, on the scale of the model."""
        return self.row["csi"]

    @property
    def satisfied(self) -> float:
        """Probability that the customer is satisfied."""
        return self.row["satisfied"]

    @property
    def dissatisfied(self) -> float | None:
        """Probability that the customer is dissatisfied; `None` of a two-class model."""
        return self.row["dissatisfied"]

    @property
    def features(self) -> dict[str, Any]:
        """Every measurement by name, in the unit of the catalogue; `None` where it does not exist."""
        return self.row["features"]

    @property
    def absent(self) -> dict[str, str]:
        """Why a measurement does not exist, by name."""
        return self.row["absent"]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """What each group of measurements moved the mark by, against an average call; they add up."""
        return self.row["groups"]

    @property
    def counterfactuals(self) -> list[dict[str, Any]]:
        """The mark of the same call, had one thing gone otherwise."""
        return self.row["counterfactuals"]

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What was odd about the call."""
        return self.row["warnings"]

    @property
    def speech(self) -> pa.Table:
        """Who speaks when: `side`, `start_s`, `end_s`, in seconds from the first sample, half-open."""
        spoken = self._native.speech()
        names = ("side", "start_s", "end_s")
        columns = list(zip(*spoken)) or [(), (), ()]
        types = (pa.string(), pa.float64(), pa.float64())
        return pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types)})

    def html(self, lang: str = "en") -> str:
        """Returns estimate, reasons and picture as a fragment of HTML (`en`, `ru`)."""
        return self._native.fragment(lang)

    def page(self, lang: str = "en") -> str:
        """Returns a page of its own with every measurement."""
        return self._native.page(lang)

    def svg(self, lang: str = "en") -> str | None:
        """Returns the picture; `None` where there is nothing to draw."""
        return self._native.svg(lang)

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        share = f"satisfied {100 * self.satisfied:.0f} %"
        return f"<callcsi.Assessment {self.call_id!r}: CSI {self.csi:.1f}, {share}>"


def inspect(
    path: Any = None,
    *,
    agent_channel: str | None = None,
    transcript: Any = None,
    metadata: Mapping[str, Any] | str | bytes | os.PathLike | None = None,
    audio_agent: Any = None,
    audio_customer: Any = None,
    customer_offset_s: float | None = None,
    duration_s: float | None = None,
    agent_speaker: str | None = None,
    transcript_format: str | None = None,
    call_id: str | None = None,
    model: Any = None,
    filesystem: Any = None,
    longest_s: float = _archive.LONGEST_S,
    timeout_s: float = _archive.TIMEOUT_S,
) -> Assessment:
    """Listens to one call and tells what it is estimated at, and why.

    Args:
        path: a two-channel recording, or a vCon: a path, an address (`s3://…`) or bytes. It may be left out where
            there is a transcript, or a recording of each side.
        agent_channel: the agent's channel: `left`, `right` or a preset such as `amazon-connect`.
        transcript: its transcript: a path, an address or bytes.
        metadata: IVR, queue and hold facts: a dict, JSON, or the path of a file.
        audio_agent: the agent's recording, where each side has its own.
        audio_customer: the customer's.
        customer_offset_s: how much later, in seconds, the customer's began.
        duration_s: length of the call in seconds, where neither sound nor transcript tells.
        agent_speaker: the agent's label in a transcript that names speakers without a role.
        transcript_format: the format of the transcript, where it shall not be detected.
        call_id: its id [default: the name of the file].
        model: a model file's bytes or path, or a `Model` [default: the bundled one].
        filesystem: a `pyarrow.fs` or `fsspec` file system that paths are read from.
        longest_s: seconds of the longest recording listened to.
        timeout_s: seconds of work that the call may take.

    Raises:
        callcsi.Error: the call cannot be measured; it says what was found, where, and what was wanted.
    """
    named = next((p for p in (path, transcript, audio_agent) if p is not None), None)
    if call_id is None:
        call_id = "call" if isinstance(named, (bytes, bytearray)) or named is None else _rows.ids_of([named])[0]
    place = _files.Place(filesystem=filesystem)
    rows = _rows.of_calls([path], None, None, [call_id], place)
    files = {
        "transcript": transcript,
        "metadata": metadata,
        "audio_agent": audio_agent,
        "audio_customer": audio_customer,
    }
    for column, value in files.items():
        if value is not None:
            _rows.put(rows, column, [value], place)
    told = {"customer_offset_s": customer_offset_s, "duration_s": duration_s}
    for column, value in told.items():
        if value is not None:
            rows.cells[column] = [repr(float(value))]
    work = _archive.work_of(
        True,
        model=model,
        agent_channel=agent_channel,
        agent_speaker=agent_speaker,
        transcript_format=transcript_format,
        filesystem=filesystem,
    )
    fetch = functools.partial(_files.read, filesystem=filesystem)
    native = _native.Assessed(
        rows.cells, rows.inputs, fetch, work.options(1, 1), model_bytes(model), longest_s, timeout_s
    )
    return Assessment(native)
