"""Recorded walks as files hold them: a manifest names them, each file is ``t_ms,lat,lon,accuracy_m``.

Whatever is wrong is told with its file and line: a walk that is half understood gives figures that look fine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.tables import named_file, number, rows
from devices.batch import POSITION_SOURCES

Times = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

MANIFEST_COLUMNS: Final = ("file", "subject", "label", "home_lat", "home_lon", "zone_radius_m")
OPTIONAL_COLUMNS: Final = ("onset_t_ms", "timezone", "activity")
RECORDING_COLUMNS: Final = ("t_ms", "lat", "lon")
OPTIONAL_OF_RECORDING: Final = ("accuracy_m", "source")
LABELS: Final = {"wandering": True, "ordinary": False}
_FIRST_MS: Final = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp()) * 1000
_LAST_MS: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1000
_NO_SOURCE: Final = -1


class Home(NamedTuple):
    """Where somebody lives (WGS-84, degrees), and the zone about it; ``zone_radius_m`` None: they have none."""

    lat: float
    lon: float
    zone_radius_m: float | None


class Fixes(NamedTuple):
    """The lines of one file.

    Attributes:
        t: shape (n,), ms, never falling.
        lat, lon: shape (n,), WGS-84 degrees.
        accuracy_m: shape (n,), NaN where it is not told.
        source: shape (n,), index into POSITION_SOURCES, -1 where it is not told.
    """

    t: Times
    lat: Numbers
    lon: Numbers
    accuracy_m: Numbers
    source: Times


class Walk(NamedTuple):
    """One recorded file.

    Attributes:
        file: as the manifest names it.
        activity: of the manifest's column, the label where there is none.
        is_stray: somebody goes astray in it.
        onset_ms: from when on, None where nobody knows.
    """

    file: str
    subject: str
    activity: str
    is_stray: bool
    onset_ms: int | None
    home: Home
    fixes: Fixes


class Person(NamedTuple):
    """One subject with all their walks in order of time, none overlapping; ``timezone`` "" where it is not told."""

    subject: str
    timezone: str
    walks: tuple[Walk, ...]


def people_of(manifest: Path) -> list[Person]:
    """Everybody in a manifest, in its order.

    Raises:
        EvaluationError: a file is missing or says what cannot be.
    """
    found: dict[str, list[Walk]] = {}
    zones: dict[str, str] = {}
    seen: dict[Path, int] = {}
    for line, (file, subject, label, lat, lon, radius, onset, timezone, activity) in rows(
        manifest, MANIFEST_COLUMNS, OPTIONAL_COLUMNS
    ):
        where = f"{manifest}, line {line}"
        path = named_file(manifest, file, subject, where)
        if label not in LABELS:
            raise EvaluationError(f"{where}: label {label!r} is neither wandering nor ordinary")
        if timezone and not _is_zone(timezone):
            raise EvaluationError(f"{where}: {timezone!r} is no time zone")
        if zones.setdefault(subject, timezone) != timezone:
            raise EvaluationError(f"{where}: {subject} has been in {zones[subject]!r} before")
        if path.resolve() in seen:
            raise EvaluationError(f"{where}: {path} is named before, on line {seen[path.resolve()]}")
        seen[path.resolve()] = line
        fixes = fixes_of(path)
        home, onset_ms = _home(lat, lon, radius, where), _onset(onset, LABELS[label], fixes, where)
        walk = Walk(file, subject, activity or label, LABELS[label], onset_ms, home, fixes)
        found.setdefault(subject, []).append(walk)
    if not found:
        raise EvaluationError(f"{manifest} names no recording")
    return [_person(subject, zones[subject], walks) for subject, walks in found.items()]


def fixes_of(path: Path) -> Fixes:
    """The fixes in a file.

    Raises:
        EvaluationError: a line says what cannot be, or there is none.
    """
    values: list[tuple[float, float, float]] = []
    t: list[int] = []
    source: list[int] = []
    for line, (time_text, lat_text, lon_text, accuracy_text, source_text) in rows(
        path, RECORDING_COLUMNS, OPTIONAL_OF_RECORDING
    ):
        where = f"{path}, line {line}"
        moment, lat, lon = number(time_text), number(lat_text), number(lon_text)
        accuracy = number(accuracy_text) if accuracy_text else float("nan")
        if moment is None or not _FIRST_MS <= moment < _LAST_MS:
            raise EvaluationError(f"{where}: t_ms {time_text!r} is no time in ms since 1970")
        if lat is None or abs(lat) > 90:
            raise EvaluationError(f"{where}: lat {lat_text!r} is no latitude in degrees")
        if lon is None or abs(lon) > 180:
            raise EvaluationError(f"{where}: lon {lon_text!r} is no longitude in degrees")
        if accuracy is None or accuracy < 0:
            raise EvaluationError(f"{where}: accuracy_m {accuracy_text!r} is no distance in metres")
        if source_text and source_text not in POSITION_SOURCES:
            raise EvaluationError(f"{where}: source {source_text!r} is none of {', '.join(POSITION_SOURCES)}")
        if t and moment < t[-1]:
            raise EvaluationError(f"{where}: t_ms {time_text} is earlier than the line before")
        t.append(int(moment))
        values.append((lat, lon, accuracy))
        source.append(POSITION_SOURCES.index(source_text) if source_text else _NO_SOURCE)
    if not t:
        raise EvaluationError(f"{path}: a recording needs one fix at least")
    table = np.array(values)
    return Fixes(np.array(t, np.int64), table[:, 0], table[:, 1], table[:, 2], np.array(source, np.int64))


def _person(subject: str, timezone: str, walks: list[Walk]) -> Person:
    ordered = sorted(walks, key=lambda walk: int(walk.fixes.t[0]))
    for earlier, later in pairwise(ordered):
        if later.fixes.t[0] <= earlier.fixes.t[-1]:
            raise EvaluationError(f"{earlier.file} and {later.file}, both of {subject}, overlap")
    return Person(subject, timezone, tuple(ordered))


def _home(lat_text: str, lon_text: str, radius_text: str, where: str) -> Home:
    lat, lon = number(lat_text), number(lon_text)
    radius = number(radius_text) if radius_text else None
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        raise EvaluationError(f"{where}: home {lat_text!r}, {lon_text!r} is no place in degrees")
    if radius_text and (radius is None or radius <= 0):
        raise EvaluationError(f"{where}: zone_radius_m {radius_text!r} is no radius in metres; empty: no zone")
    return Home(lat, lon, radius)


def _onset(text: str, is_stray: bool, fixes: Fixes, where: str) -> int | None:  # noqa: FBT001
    if not text:
        return None
    onset = number(text)
    if not is_stray:
        raise EvaluationError(f"{where}: an ordinary walk has no onset_t_ms")
    if onset is None or not fixes.t[0] <= onset <= fixes.t[-1]:
        raise EvaluationError(f"{where}: onset_t_ms {text!r} does not lie within the recording")
    return int(onset)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
