"""The auditor: whether somebody is on duty, and whether what should have been said or planned was.

It runs in another process than the dispatcher, and asks the store alone. What it finds becomes an alarm of the site;
once it is over, the alarm recovers. All that it remembers is in the store: any auditor goes on where one stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import msgspec
import structlog

from alerts.alarm import Alarm, Episode, SeverityName, episode_id
from alerts.desk import absorb
from alerts.ports import AlarmStore, AnotherActive
from devices.clock import DAY_MS, MINUTE_MS, Clock

NOBODY_ON_DUTY: Final = "system.nobody_on_duty"
STEP_OVERDUE: Final = "system.step_overdue"
CHECKS_UNPLANNED: Final = "system.checks_unplanned"
AuditRule = Literal["system.nobody_on_duty", "system.step_overdue", "system.checks_unplanned"]
RULES: Final[tuple[AuditRule, ...]] = (NOBODY_ON_DUTY, STEP_OVERDUE, CHECKS_UNPLANNED)
"""The rules that the auditor keeps, and nobody else."""

SEVERITY: Final[dict[str, SeverityName]] = {NOBODY_ON_DUTY: "medium", STEP_OVERDUE: "high", CHECKS_UNPLANNED: "high"}
"""All sound. Somebody who was not called in time, or whom nobody will miss, must be looked after by hand: those wait
for a person to end them. Assumption, ADR 23, ADR 30."""

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


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong at a site since a deadline that passed (ms)."""

    rule: AuditRule
    site: str
    since: int
    evidence: dict[str, Any] = {}

    @property
    def id(self) -> UUID:
        """The alarm's, by the deadline."""
        return episode_id(self.rule, self.site, self.since, -1)


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the store found.

    ``active``: the active alarms of the auditor's rules. ``ended``: of the findings, those whose alarm has ended.
    """

    findings: tuple[Finding, ...] = ()
    active: tuple[Alarm, ...] = ()
    ended: frozenset[UUID] = frozenset()

    @property
    def clean(self) -> bool:
        """Whether all that was due has been done. That nobody is on duty is people's matter, not the system's."""
        return all(finding.rule == NOBODY_ON_DUTY for finding in self.findings)


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


async def audit(store: AuditStore, alarms: AlarmStore, now: int) -> bool | None:
    """Look once, and let the desk know; whether all was done in time, None when another auditor is at it."""
    async with store.turn(now) as look:
        if look is None:
            return None
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
) -> None:
    """Look every ten seconds until cancelled. What goes wrong is logged, and the outside hears nothing meanwhile.

    Args:
        store: What to look at.
        alarms: Where alarms live.
        clock: The time.
        ping: Tells somebody outside that all is well: each minute, and only after a look at which it was.
    """
    pinged = clock.now_ms() - PING_EVERY_MS
    while True:
        pause_s = PERIOD_S
        try:
            clean = await audit(store, alarms, clock.now_ms())
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
