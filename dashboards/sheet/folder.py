"""The folder of sheets: one file a shift and centre, readable by its owner alone, forgotten after some days."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from devices.clock import zone

FREE_AT_LEAST: Final = 32 << 20
"""A sheet of 5,000 cards has 3 MB; a disk with less room than this is full for the database too."""
_NAME: Final = re.compile(r"anxin-sheet_[A-Za-z0-9_-]{1,64}_(\d{4}-\d\d-\d\d)_\d{4}\.pdf(\.[0-9a-f]{8}\.part)?")


def due_at(now: int, starts: list[int], at: tuple[str, ...], timezone: str) -> int:
    """The newest moment (ms), up to ``now``, at which a sheet was due.

    ``starts`` of the last day's shifts (ms) decide where there are any, else the hours ``at`` by the centre's clock.
    """
    if past := [start for start in starts if start <= now]:
        return max(past)
    clocks = zone(timezone)
    today = datetime.fromtimestamp(now // 1000, clocks).date()
    moments = [
        round(datetime.combine(day, datetime.strptime(each, "%H:%M").time(), clocks).timestamp()) * 1000  # noqa: DTZ007
        for day in (today - timedelta(days=1), today)
        for each in at
    ]
    return max(moment for moment in moments if moment <= now)


def name_of(site: str, due: int, timezone: str) -> str:
    """``anxin-sheet_north_2025-06-10_0730.pdf``: the same however often it is asked for."""
    return f"anxin-sheet_{site}_{datetime.fromtimestamp(due / 1000, zone(timezone)):%Y-%m-%d_%H%M}.pdf"


def put(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all, readable by its owner alone; a folder that is made is closed to others.

    Raises:
        OSError: The folder cannot be made, or the disk is full.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def forget(folder: Path, before: date) -> int:
    """Remove the sheets of days before ``before``, and what a full disk left of them; how many.

    Raises:
        OSError: One of them cannot be removed.
    """
    old = [
        path
        for path in folder.iterdir()
        if (told := _NAME.fullmatch(path.name)) is not None and date.fromisoformat(told[1]) < before
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
