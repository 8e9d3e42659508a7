"""The emergency sheet by the clock and by hand: a file a shift and site in the folder, or one where somebody wants it.

What is in the folder decides what is missing there: dispatchers that share a folder write each sheet once, and each
of those that do not has its own. A sheet that could not be written is tried again every minute.
"""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from anxin.embedded.errors import StartError
from anxin.settings import KeepDays, Settings, SheetPlan
from anxin.store_access import database_of
from anxin.upkeep import Job, JobFailed
from dashboards.sheet import SheetError
from dashboards.sheet.apart import Answer, Question, draw_apart
from dashboards.sheet.folder import FREE_AT_LEAST, due_at, forget, name_of, put
from devices.clock import SystemClock, zone
from gateway.store.connection import Connection, connect
from gateway.store.registry import listing
from gateway.store.registry_records import Site
from gateway.store.sheet import sheet
from gateway.store.sheet_times import SheetTimes, sheet_times

EVERY: Final = timedelta(minutes=1)
FIRST_S: Final = 60.0
"""Whoever starts has more urgent work than to draw."""
JOB: Final = "sheets written"
SITES_AT_MOST: Final = 1000

_log = structlog.get_logger(__name__)


def sheet_job(plan: SheetPlan, language: str) -> Job:
    """The job of upkeep that writes what is due; ``plan.dir`` None: nothing ever is."""

    async def work(connection: Connection, now: int, _keep: KeepDays) -> int:
        return await write_due(connection, now, plan, language)

    return Job(JOB, EVERY, work, FIRST_S)


async def write_due(connection: Connection, now: int, plan: SheetPlan, language: str) -> int:
    """Write the sheets that are due at ``now`` (ms) and not there, and remove the old ones; how many of either.

    Raises:
        JobFailed: One of them could not be written; those of the other sites were.
    """
    if plan.dir is None:
        return 0
    done, wrong = 0, []
    for times in await sheet_times(connection, now):
        due = due_at(now, times.starts, plan.at, times.timezone)
        path = plan.dir / name_of(times.site, due, times.timezone)
        if path.exists():
            continue
        try:
            done += await _write(connection, times, now, path, plan.font, language)
        except (SheetError, OSError) as error:
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            wrong.append(f"{path}: {reason}")
    done += await _forget(plan, now, wrong)
    if wrong:
        raise JobFailed("; ".join(wrong))
    return done


async def _write(
    connection: Connection, times: SheetTimes, now: int, path: Path, font: Path | None, language: str
) -> int:
    await asyncio.to_thread(_find_room, path)
    answer = await _drawn(connection, times.site, now, language, "sheet.by_clock", font)
    if answer is None:
        return 0
    if answer.unknown:
        _log.warning("the sheet lacks characters that no font has", site=times.site, characters=answer.unknown)
    await asyncio.to_thread(put, path, answer.pdf)
    return 1


def _find_room(path: Path) -> None:
    """Before the work of drawing. Raises ``OSError`` when the folder cannot be made, or its disk is full."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(path.parent).free
    if free < FREE_AT_LEAST:
        raise OSError(f"the disk is full: {free >> 20} MB left, {FREE_AT_LEAST >> 20} MB are needed")


async def _forget(plan: SheetPlan, now: int, wrong: list[str]) -> int:
    assert plan.dir is not None
    before = datetime.fromtimestamp(now / 1000, zone("UTC")).date() - timedelta(days=plan.keep_days)
    try:
        return await asyncio.to_thread(forget, plan.dir, before)
    except FileNotFoundError:
        return 0
    except OSError as error:
        wrong.append(f"{error.filename}: {error.strerror}")
        return 0


async def _drawn(
    connection: Connection, site: str, now: int, language: str, by: str, font: Path | None
) -> Answer | None:
    found = await sheet(connection, site, now)
    if found is None:
        return None
    question = Question(sheet=found, language=language, by=by, font=None if font is None else str(font))
    return await draw_apart(question)


async def write_by_hand(settings: Settings, out: Path, *, site: str | None, language: str | None) -> int:
    """Write one site's sheet to ``out``; how many characters no font had.

    Raises:
        StartError: There is no such site, or it must be said which; no font; or the file cannot be written.
    """
    spoken = language or settings.console.language
    async with database_of(settings) as conninfo, await connect(conninfo, application="anxin sheet") as connection:
        known = [each.id for each in await listing(connection, Site, sites=(), limit=SITES_AT_MOST)]
        if site is None and len(known) != 1:
            there = ", ".join(sorted(known)) or "none yet"
            raise StartError(f"say of which site, by --site; there are: {there}")
        draw = partial(_drawn, by="sheet.by_command", font=settings.sheet.font)
        try:
            answer = await draw(connection, site or known[0], SystemClock().now_ms(), spoken)
        except SheetError as error:
            raise StartError(str(error)) from None
    if answer is None:
        raise StartError(f"there is no site {site}")
    try:
        put(out, answer.pdf)
    except OSError as error:
        raise StartError(f"{out}: {error.strerror or error}") from None
    return answer.unknown
