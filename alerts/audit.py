"""The auditor: whether somebody is on duty, and whether what should have been said or planned was.

It runs in another process than the dispatcher, and asks the store alone. What it finds becomes an alarm of the site;
once it is over, the alarm recovers. All that it remembers is in the store: any auditor goes on where one stopped. Only
for how long no desk was heard each knows by itself (``alerts.listening``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Literal, Protocol

import structlog

from alerts.alarm import Episode
from alerts.desk import absorb
from alerts.findings import RULES, SEVERITY, Finding, Look
from alerts.listening import Ear
from alerts.ports import AlarmStore, AnotherActive
from devices.clock import DAY_MS, MINUTE_MS, Clock, SteadyClock

PERIOD_S: Final = 10.0
STEP_OVERDUE_MS: Final = 30_000
MESSAGE_OVERDUE_MS: Final = MINUTE_MS
"""How late is too late; with the period, a dispatcher that stands still is heard of within 40 s. A message may wait
longer: the way out has a pace of its own. Assumption, ADR 23."""

UNPLANNED_MS: Final = DAY_MS
"""So short a time of planned checks is left, of two days, that somebody must look: who is not asked is not missed.
Assumption, ADR 30."""

PING_EVERY_MS: Final = MINUTE_MS
PING_TIMEOUT_S: Final = 5.0
RETRY_S: Final = 1.0
"""After a look that failed: the store is away, as a rule."""

Ping = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


class AuditStore(Protocol):
    """What the auditor asks."""

    def turn(self, now: int) -> AbstractAsyncContextManager[Look | None]:
        """A look at ``now`` (ms); None while another auditor is at it. None of them begins before the block ends."""
        ...


def episodes(look: Look, now: int) -> list[Episode]:
    """What must be said of a look: what began, what began again, what is over.

    An alarm that people ended while its cause stood is spoken of again: the desk decides when it opens anew.
    """
    active = {(alarm.subject, rule): alarm for alarm in look.active for rule in RULES if alarm.rule == rule}
    found = {(finding.site, finding.rule) for finding in look.findings}
    said = []
    for finding in look.findings:
        alarm = active.get((finding.site, finding.rule))
        if alarm is None:
            said.append(_episode(finding, "evidence" if finding.id in look.ended else "opened", finding.since, now))
        elif alarm.recovered_at is not None:
            said.append(_episode(finding, "evidence", now, now))
    for (site, rule), alarm in active.items():
        if (site, rule) not in found and alarm.recovered_at is None:
            said.append(_episode(Finding(rule=rule, site=site, since=now), "recovered", now, now))
    return said


def _episode(finding: Finding, what: Literal["opened", "evidence", "recovered"], t: int, now: int) -> Episode:
    return Episode(
        id=finding.id,
        what=what,
        rule=finding.rule,
        severity=SEVERITY[finding.rule],
        subject=finding.site,
        site=finding.site,
        resident=None,
        household=None,
        device=None,
        t=t,
        late=False,
        position=None,
        evidence=finding.evidence,
        received=now,
    )


async def audit(
    store: AuditStore, alarms: AlarmStore, now: int, *, ear: Ear | None = None, steady_ms: int = 0
) -> bool | None:
    """Look once, and let the desk know; whether all was done in time, None when another auditor is at it.

    ``ear``: what this auditor has heard so far; without it no desk is found silent. ``steady_ms``: now, by a clock
    that nobody sets.
    """
    async with store.turn(now) as seen:
        if seen is None:
            return None
        look = (ear or Ear()).judged(seen, steady_ms)
        said = episodes(look, now)
        if said:
            await _say(alarms, said, now)
        return look.clean


async def _say(alarms: AlarmStore, said: Sequence[Episode], now: int) -> None:
    try:
        async with alarms.transaction() as tx:
            await absorb(tx, said, now)
    except AnotherActive:
        _log.info("audit meets another", episodes=len(said))
        return
    for episode in said:
        _log.warning("audit", rule=episode.rule, what=episode.what, site=episode.site, **episode.evidence)


async def run(
    *,
    store: AuditStore,
    alarms: AlarmStore,
    clock: Clock,
    ping: Ping | None = None,
    steady: Clock | None = None,
) -> None:
    """Look every ten seconds until cancelled. What goes wrong is logged, and the outside hears nothing meanwhile.

    Args:
        store: What to look at.
        alarms: Where alarms live.
        clock: The time.
        ping: Tells somebody outside that all is well: each minute, and only after a look at which it was.
        steady: A clock that nobody sets; by it silences are measured.
    """
    ear, steady = Ear(), steady or SteadyClock()
    pinged = clock.now_ms() - PING_EVERY_MS
    while True:
        pause_s = PERIOD_S
        try:
            clean = await audit(store, alarms, clock.now_ms(), ear=ear, steady_ms=steady.now_ms())
        except Exception as error:  # noqa: BLE001 - whoever runs this beside it lives on, and the silence outside tells
            _log.warning("audit failed", error=type(error).__name__)
            clean, pause_s = False, RETRY_S
        if clean and ping is not None and clock.now_ms() - pinged >= PING_EVERY_MS:
            pinged = clock.now_ms()
            await _tell_outside(ping)
        await asyncio.sleep(pause_s)


async def _tell_outside(ping: Ping) -> None:
    try:
        async with asyncio.timeout(PING_TIMEOUT_S):
            await ping()
    except Exception as error:  # noqa: BLE001 - whatever a foreign host does, the audit goes on
        _log.warning("the watchdog outside was not reached", error=type(error).__name__)
