"""Recordings of contract section 6 as readings: falls (wrist accelerometer), walks (fixes), routines (signs).

A file tells by its header what it is. A manifest (columns ``file``, ``subject``) names many files; the files of
one subject are one life, in the order of the manifest. A file of its own is one subject's.
"""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

WINDOW_SAMPLES: Final = 128
"""Samples a motion reading, 5 s at 25 Hz. Source: assumption (a payload of 1 KiB, one every few seconds)."""
BETWEEN_FILES_MS: Final = 60_000
"""The longest pause between two files of a subject; recorded pauses of days are not waited for."""
_LARGEST_MG: Final = 32_767
_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")


class RecordingError(Exception):
    """A file cannot be played; the message names the file and the line."""


class Recorded(NamedTuple):
    """One reading: ``t`` in ms on the recording's own clock, its kind, the fields of its payload."""

    t: int
    kind: str
    fields: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Somebody who was recorded. ``home`` in WGS-84 degrees and ``zone_radius_m`` where the manifest has them."""

    name: str
    files: tuple[Path, ...]
    home: tuple[float, float] | None = None
    zone_radius_m: float | None = None
    timezone: str = "Asia/Shanghai"

    @property
    def device(self) -> str:
        """The id of the band that plays this subject."""
        return f"replay-{_NAME.sub('-', self.name)}"[:64]

    def readings(self) -> Iterator[Recorded]:
        """Everything recorded of the subject, ``t`` counted from the first reading, pauses between files cut short.

        Raises:
            RecordingError: for a line that cannot be read.
        """
        shift: int | None = None
        last = 0
        for path in self.files:
            recorded = read(path)
            if not recorded:
                continue
            begin = recorded[0].t
            if shift is None:
                shift = -begin
            elif not 0 < begin + shift - last <= BETWEEN_FILES_MS:
                shift = last + BETWEEN_FILES_MS - begin
            for reading in recorded:
                last = reading.t + shift
                yield reading._replace(t=last)


def subjects(path: Path, *, independent: bool = False) -> list[Subject]:
    """Whom a manifest or a single recording is about; ``independent``: every file is somebody of its own.

    Raises:
        RecordingError: for a file that is neither, or names files that are not there.
    """
    names, rows = _table(path)
    if not {"file", "subject"} <= set(names):
        _columns(path, names)
        return [Subject(name=path.stem, files=(path,))]
    found: dict[str, Subject] = {}
    for line, row in enumerate(rows, start=2):
        own = dict(zip(names, row, strict=False))
        file = path.parent / own["file"]
        if not file.is_file():
            raise RecordingError(f"{path}, line {line}: there is no file {file}")
        name = f"{path.parent.name}-{own['subject']}"
        if independent:
            name += f"-{file.stem}"
        if name in found:
            found[name] = replace(found[name], files=(*found[name].files, file))
        else:
            found[name] = _subject(path, line, name, file, own)
    if not found:
        raise RecordingError(f"{path} names no recording")
    return list(found.values())


def _subject(path: Path, line: int, name: str, file: Path, own: dict[str, str]) -> Subject:
    def number(column: str) -> float | None:
        text = own.get(column, "")
        try:
            return float(text) if text else None
        except ValueError:
            raise RecordingError(f"{path}, line {line}: {column} is no number: {text!r}") from None

    lat, lon = number("home_lat"), number("home_lon")
    return Subject(
        name=name,
        files=(file,),
        home=None if lat is None or lon is None else (lat, lon),
        zone_radius_m=number("zone_radius_m"),
        timezone=own.get("timezone") or Subject.timezone,
    )


def read(path: Path) -> list[Recorded]:
    """The readings of one recording, in its order, ``t`` as it stands there.

    Raises:
        RecordingError: for an unknown header, or a line that is no row of numbers.
    """
    names, rows = _table(path)
    kind = _columns(path, names)
    numbers = []
    for line, row in enumerate(rows, start=2):
        try:
            numbers.append([float(value) if value else np.nan for value in row[: len(names)]])
        except ValueError:
            raise RecordingError(f"{path}, line {line}: expected numbers: {','.join(row)[:80]}") from None
        if len(numbers[-1]) < len(names) or np.isnan(numbers[-1][names.index("t_ms")]):
            raise RecordingError(f"{path}, line {line}: expected {', '.join(names)}")
    columns = {name: np.array([row[i] for row in numbers]) for i, name in enumerate(names)}
    return _TURN[kind](columns) if numbers else []


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path} cannot be read: {error}") from None
    if not rows:
        raise RecordingError(f"{path} is empty")
    return [name.strip() for name in rows[0]], rows[1:]


def _columns(path: Path, names: list[str]) -> str:
    for kind, needed in _HEADERS.items():
        if needed <= set(names):
            return kind
    raise RecordingError(
        f"{path} is no recording: its first line must name t_ms and x_mg,y_mg,z_mg (a fall), lat,lon (a walk) or sign"
        " (a routine), or file and subject (a manifest)"
    )


_Columns = dict[str, "np.ndarray[tuple[int], np.dtype[np.float64]]"]


def _motion(columns: _Columns) -> list[Recorded]:
    t = columns["t_ms"]
    step_ms = float(np.median(np.diff(t))) if len(t) > 1 else 1000.0
    axes = np.stack([columns["x_mg"], columns["y_mg"], columns["z_mg"]], axis=1)
    samples = np.clip(np.nan_to_num(axes).round(), -_LARGEST_MG, _LARGEST_MG).astype("<i2")
    return [
        Recorded(
            int(t[first]),
            "motion",
            {
                "rate_hz": round(1000.0 / max(step_ms, 1.0), 3),
                "samples": base64.b64encode(samples[first : first + WINDOW_SAMPLES].tobytes()).decode(),
            },
        )
        for first in range(0, len(t), WINDOW_SAMPLES)
    ]


def _positions(columns: _Columns) -> list[Recorded]:
    fixes = []
    accuracy = columns.get("accuracy_m")
    for i, t in enumerate(columns["t_ms"]):
        fields: dict[str, object] = {"lat": float(columns["lat"][i]), "lon": float(columns["lon"][i])}
        if accuracy is not None and not np.isnan(accuracy[i]):
            fields["accuracy_m"] = float(accuracy[i])
        fixes.append(Recorded(int(t), "position", fields))
    return fixes


def _signs(columns: _Columns) -> list[Recorded]:
    return [
        Recorded(int(t), "heartbeat", {"activity": float(sign)})
        for t, sign in zip(columns["t_ms"], columns["sign"], strict=True)
    ]


_HEADERS: Final = {
    "motion": {"t_ms", "x_mg", "y_mg", "z_mg"},
    "position": {"t_ms", "lat", "lon"},
    "sign": {"t_ms", "sign"},
}
_TURN: Final = {"motion": _motion, "position": _positions, "sign": _signs}
