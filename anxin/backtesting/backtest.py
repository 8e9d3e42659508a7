"""The back-test: one stretch of the stored stream, two runs side by side."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

import msgspec

from alerts.alarm import Alarm
from alerts.catalogue import PARAMETERS
from alerts.engine import PUBLIC_NAMES
from anxin.backtesting.comparison import Comparison, Side, compare
from anxin.backtesting.errors import BacktestError
from anxin.backtesting.moments import moment, zone_for
from anxin.backtesting.run import Run
from anxin.backtesting.settings import settings_from
from anxin.backtesting.staff import Staff, ended_at
from anxin.backtesting.turns import Chunk, Stretch, Turns, chunks, stretch
from devices.clock import SystemClock
from devices.registry import Parameter
from gateway.store.backtest import alarms_between, sites
from gateway.store.connection import Connection

_RULES: Final = frozenset(PUBLIC_NAMES.values())
"""What the engine decides; alarms of the system itself and those reported by hand are not repeated."""

Progress = Callable[[int, int], None]
"""Told how many readings have been run, and of how many."""


class Request(NamedTuple):
    """What somebody asks for, as they write it: ``start``, ``end`` as ``moments.moment`` reads them."""

    start: str
    end: str | None
    settings: Sequence[str] = ()
    site: str | None = None
    warmup_ms: int = 86_400_000


class Setting(msgspec.Struct, frozen=True):
    """A parameter of the second run."""

    name: str
    default: float
    value: float


class Speed(msgspec.Struct, frozen=True):
    """How fast it went: the one part of a report that differs from time to time."""

    seconds: float
    readings_per_s: int


class Report(msgspec.Struct, frozen=True):
    """A back-test's answer. Times in Unix ms; ``readings`` with those of the warm-up, which is not counted else."""

    start: int
    end: int
    warmup_from: int
    site: str | None
    timezone: str | None
    settings: tuple[Setting, ...]
    readings: int
    comparison: Comparison
    faulty: tuple[str, ...]
    """Detectors that failed in one of the runs and were switched off from there on."""
    speed: Speed


async def backtest(connection: Connection, request: Request, progress: Progress) -> Report:
    """Run the stretch twice.

    Raises:
        BacktestError: there is nothing to run, or what was asked for makes no sense.
    """
    settings = settings_from(request.settings)
    zones = await sites(connection)
    zone = zone_for(request.site, zones)
    start = moment(request.start, zone)
    end = SystemClock().now_ms() if request.end is None else moment(request.end, zone)
    if end <= start:
        raise BacktestError("--to must lie after --from")
    began = time.monotonic()
    warm = start - request.warmup_ms
    part = await stretch(connection, warm, end)
    real = await alarms_between(connection, warm, end)
    as_was, as_set = (Run(some, Staff(real), known_since=warm) for some in ((), settings))
    done = await _run(connection, part, (as_was, as_set), progress)
    if not done:
        raise BacktestError("nothing is stored of that time")
    seconds = time.monotonic() - began

    def of_site(alarms: Sequence[Alarm]) -> list[Alarm]:
        return [alarm for alarm in alarms if request.site in (None, alarm.site)]

    comparison = compare(
        Side(of_site(as_was.alarms(warm, end)), as_was.until),
        Side(of_site(as_set.alarms(warm, end)), as_set.until),
        Side(of_site([alarm for alarm in real if _is_repeated(alarm, warm)]), ended_at),
        start_ms=start,
        zones=zones,
    )
    return Report(
        start=start,
        end=end,
        warmup_from=warm,
        site=request.site,
        timezone=None if zone is None else zone.key,
        settings=tuple(_setting(parameter) for parameter in settings),
        readings=done,
        comparison=comparison,
        faulty=tuple(dict.fromkeys(rule.public_name for rule in (*as_was.faulty, *as_set.faulty))),
        speed=Speed(round(seconds, 2), round(done / seconds)),
    )


async def _run(connection: Connection, part: Stretch, runs: Sequence[Run], progress: Progress) -> int:
    """Give every run every turn; returns how many readings there were. The next piece is loaded meanwhile."""
    made = Turns(part.end_ms)
    done = 0
    given_up = threading.Event()

    def take(chunk: Chunk) -> None:
        nonlocal done
        for turn in made.of(chunk):
            if given_up.is_set():
                return
            for run in runs:
                run.take(turn)
            if turn.readings.size:
                done += turn.readings.size
                progress(done, max(part.readings, done))

    async with aclosing(chunks(connection, part)) as stored:
        chunk = await anext(stored, None)
        while chunk is not None:
            # Both come to their end, whatever the other met: a generator that still runs cannot be closed.
            try:
                taken, following = await asyncio.gather(
                    asyncio.to_thread(take, chunk), anext(stored, None), return_exceptions=True
                )
            except asyncio.CancelledError:
                given_up.set()
                raise
            if isinstance(taken, BaseException):
                raise taken
            if isinstance(following, BaseException):
                raise following
            chunk = following
    for run in runs:
        run.finish(part.end_ms)
    return done


def _is_repeated(alarm: Alarm, since_ms: int) -> bool:
    return alarm.rule in _RULES and not alarm.drill and alarm.state != "suppressed" and alarm.raised_at >= since_ms


def _setting(parameter: Parameter) -> Setting:
    return Setting(parameter.name, PARAMETERS[parameter.name].default, parameter.value)
