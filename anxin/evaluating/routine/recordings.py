"""Recordings of routines as files hold them: a manifest ``file,subject,timezone``, each file ``t_ms,sign``.

Whatever is wrong is told with its file and line: a recording that is half understood gives figures that look fine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.tables import named_file, number, rows

Times = npt.NDArray[np.int64]
Signs = npt.NDArray[np.float64]

MANIFEST_COLUMNS: Final = ("file", "subject", "timezone")
RECORDING_COLUMNS: Final = ("t_ms", "sign")
_FIRST_MS: Final = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp()) * 1000
_LAST_MS: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1000


class Recording(NamedTuple):
    """The lines of one file.

    Attributes:
        t: shape (n,), ms, never falling.
        sign: shape (n,), steps or counts since the line before, 1 for an event, 0 for recorded and still.
        only_events: no line says 0: what reports is a home, which is there all the time.
    """

    t: Times
    sign: Signs
    only_events: bool


class Person(NamedTuple):
    """One subject with all recordings of theirs, in their order of time, none overlapping.

    Attributes:
        folder: the folder of their first file as the manifest names it, "" for none: files of one kind of sign
            usually lie together.
    """

    subject: str
    folder: str
    timezone: str
    recordings: tuple[Recording, ...]


def people_of(manifest: Path) -> list[Person]:
    """Everybody in a manifest, in its order.

    Raises:
        EvaluationError: a file is missing or says what cannot be.
    """
    found: dict[str, Person] = {}
    for line, (file, subject, timezone) in rows(manifest, MANIFEST_COLUMNS):
        where = f"{manifest}, line {line}"
        path = named_file(manifest, file, subject, where)
        if not _is_zone(timezone):
            raise EvaluationError(f"{where}: {timezone!r} is no time zone")
        folder = str(PurePosixPath(file).parent)
        known = found.get(subject) or Person(subject, "" if folder == "." else folder, timezone, ())
        if known.timezone != timezone:
            raise EvaluationError(f"{where}: {subject} has been in {known.timezone} before")
        recordings = sorted((*known.recordings, recording_of(path)), key=lambda recording: int(recording.t[0]))
        for earlier, later in pairwise(recordings):
            if later.t[0] <= earlier.t[-1]:
                raise EvaluationError(f"{where}: recordings of {subject} overlap")
        found[subject] = known._replace(recordings=tuple(recordings))
    if not found:
        raise EvaluationError(f"{manifest} names no recording")
    return list(found.values())


def recording_of(path: Path) -> Recording:
    """The recording in a file.

    Raises:
        EvaluationError: a line says what cannot be, or there are fewer than two.
    """
    t: list[int] = []
    sign: list[float] = []
    for line, (time_text, sign_text) in rows(path, RECORDING_COLUMNS):
        moment, value = number(time_text), number(sign_text)
        if moment is None or not _FIRST_MS <= moment < _LAST_MS:
            raise EvaluationError(f"{path}, line {line}: t_ms {time_text!r} is no time in ms since 1970")
        if value is None or value < 0:
            raise EvaluationError(f"{path}, line {line}: sign {sign_text!r} is no number from 0 up")
        if t and moment < t[-1]:
            raise EvaluationError(f"{path}, line {line}: t_ms {time_text} is earlier than the line before")
        t.append(int(moment))
        sign.append(value)
    if not t or t[0] == t[-1]:
        raise EvaluationError(f"{path}: a recording needs two lines at least, of different times")
    signs = np.array(sign)
    return Recording(np.array(t, np.int64), signs, only_events=bool((signs > 0).all()))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
