"""What is done by the clock rather than by an event: the jobs, how often, and what the dispatcher does to run them.

However many dispatchers run, a job is done by one of them at a time. Every job may be repeated, and one that fails
is tried again at its next turn; ``anxin status`` shows how each went.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from psycopg_pool import AsyncConnectionPool

from anxin.settings import KeepDays
from devices.clock import DAY_MS, Clock
from gateway.store import upkeep as store
from gateway.store.absences import ask_about_absences
from gateway.store.accounts import drop_expired
from gateway.store.audit_chain import head_of
from gateway.store.audit_log import end_audit
from gateway.store.check_upkeep import end_outcomes, end_windows
from gateway.store.connection import Connection
from gateway.store.errors import UNAVAILABLE
from gateway.store.listening import end_pages
from gateway.store.registry import erase_left, plan_ahead, resume_due
from gateway.store.reminders import remind_due
from gateway.store.search_index import catch_up

FIRST_RUN_S: Final = 2.0
"""After the start; again after each period. A machine that is switched off at night is kept up all the same."""

_log = structlog.get_logger(__name__)


class JobFailed(Exception):
    """What went wrong with a job, in words: nothing of the database's."""


class Job(NamedTuple):
    """A job: ``work`` gets a connection, the time in ms and what is to be kept; it returns how much it did.

    It raises ``JobFailed`` for what the database is not to blame for. ``first_s``: seconds from the start to its first
    run.
    """

    name: str
    every: timedelta
    work: Callable[[Connection, int, KeepDays], Awaitable[int]]
    first_s: float = FIRST_RUN_S


async def _say_head(connection: Connection, _now: int, _keep: KeepDays) -> int:
    """Say where the audit log ends, in a log that whoever has the database does not write (ADR 42)."""
    if (head := await head_of(connection)) is not None:
        _log.info("the audit log ends with", head=f"{head.n}:{head.hash}")
    return 0


JOBS: Final = (
    Job("residents resume", timedelta(seconds=15), lambda c, now, _: resume_due(c, now)),
    Job("checks planned", timedelta(minutes=1), lambda c, now, _: plan_ahead(c, now)),
    Job("checks reminded", timedelta(seconds=15), lambda c, now, _: remind_due(c, now)),
    Job("absences asked about", timedelta(minutes=1), lambda c, now, _: ask_about_absences(c, now)),
    Job("checks end", timedelta(hours=6), lambda c, now, _: end_windows(c, now)),
    Job("check outcomes end", timedelta(hours=6), lambda c, now, keep: end_outcomes(c, now - keep.readings * DAY_MS)),
    Job("search catches up", timedelta(seconds=15), lambda c, _now, _keep: catch_up(c)),
    Job("data of who left ends", timedelta(days=1), lambda c, now, keep: erase_left(c, now - keep.left * DAY_MS)),
    Job("partitions ahead", timedelta(hours=1), lambda c, now, _: store.make_partitions(c, now)),
    Job("readings end", timedelta(hours=6), lambda c, now, keep: store.end_readings(c, now - keep.readings * DAY_MS)),
    Job("rejected end", timedelta(hours=6), lambda c, now, keep: store.end_rejected(c, now - keep.rejected * DAY_MS)),
    Job(
        "alarm changes end",
        timedelta(hours=6),
        lambda c, now, keep: store.end_alarm_changes(c, now - keep.alarm_changes * DAY_MS),
    ),
    Job("messages end", timedelta(hours=6), lambda c, now, keep: store.end_messages(c, now - keep.messages * DAY_MS)),
    Job("searches end", timedelta(hours=6), lambda c, now, keep: store.end_searches(c, now - keep.messages * DAY_MS)),
    Job("commands end", timedelta(hours=6), lambda c, now, keep: store.end_commands(c, now - keep.messages * DAY_MS)),
    Job("console pages end", timedelta(hours=6), lambda c, now, _: end_pages(c, now - DAY_MS)),
    Job("audit log ends", timedelta(days=1), lambda c, now, keep: end_audit(c, now - keep.audit * DAY_MS)),
    Job("audit head said", timedelta(days=1), _say_head),
    Job("sign-ins end", timedelta(hours=6), lambda c, now, _: drop_expired(c, now)),
)


class Upkeep:
    """Runs jobs, each by itself, one at a time over all processes."""

    def __init__(self, pool: AsyncConnectionPool[Connection], clock: Clock, keep: KeepDays) -> None:
        self._pool = pool
        self._clock = clock
        self._keep = keep
        self._under_way: set[asyncio.Task[object]] = set()

    async def run(self, job: Job) -> None:
        """Do a job now, unless another process is doing it; what goes wrong is written down, never raised."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            async with self._pool.connection() as connection:
                if await store.take_job(connection, job.name):
                    await self._do(job, connection)
        except UNAVAILABLE as error:
            _log.warning("upkeep waits for the store", job=job.name, error=type(error).__name__)
        except asyncio.CancelledError:
            _log.info("upkeep stops", job=job.name)
        finally:
            self._under_way.discard(task)

    async def stop(self) -> None:
        """End what is under way: its transaction is rolled back, its next turn does it again."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _do(self, job: Job, connection: Connection) -> None:
        done, wrong = 0, None
        try:
            done = await job.work(connection, self._clock.now_ms(), self._keep)
        except asyncio.CancelledError:
            await connection.close()  # the pool would lend it on with the lock still held
            raise
        except psycopg.Error as error:
            if connection.closed:
                raise
            wrong = f"{type(error).__name__}: {error.diag.message_primary or ''}"
            _log.warning("upkeep failed", job=job.name, error=wrong)
        except JobFailed as error:
            wrong = str(error)
            _log.warning("upkeep failed", job=job.name, error=wrong)
        else:
            if done:
                _log.info("upkeep done", job=job.name, done=done)
        await store.leave_job(connection, job.name, done=done, error=wrong)


@asynccontextmanager
async def kept_up(
    pool: AsyncConnectionPool[Connection], clock: Clock, keep: KeepDays, jobs: Sequence[Job] = JOBS
) -> AsyncIterator[None]:
    """Run all jobs at their times while the block lasts."""
    upkeep = Upkeep(pool, clock, keep)
    scheduler = AsyncIOScheduler(timezone=UTC)
    start = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    for job in jobs:
        first = start + timedelta(seconds=job.first_s)
        scheduler.add_job(
            upkeep.run, "interval", [job], seconds=job.every.total_seconds(), next_run_time=first,
            id=job.name, coalesce=True, max_instances=1, misfire_grace_time=None,
        )  # fmt: skip
    scheduler.start()
    try:
        yield
    finally:
        scheduler.pause()
        await upkeep.stop()
        scheduler.shutdown(wait=False)
        await asyncio.sleep(0)
