"""What was kept quiet is heard once its explanation is over: by its own end, or because somebody ended it (ADR 41).

What is to be done stands in the store: whoever looks next goes on where another one stopped.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

import structlog

from alerts.alarm import Alarm
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.folding import case_of
from alerts.patience import STORE_AWAY_S
from alerts.ports import AlarmStore, AlarmTransaction, AnotherActive
from alerts.suppression import Holds, handed_on, heard, taken_over
from devices.clock import Clock

LOOK_EVERY_S: Final = 1.0
"""What is registered or changed takes effect within 2 s (contract, section 5)."""
AT_ONCE: Final = 100
"""Alarms of one hold in one transaction: a site of thousands must not hold up whoever acknowledges one of them."""

_log = structlog.get_logger(__name__)


class HoldStore(Protocol):
    """Where maintenance and repairs are stored."""

    async def over(self, now: int) -> list[str]:
        """The ids of the holds that have ended by ``now`` (ms), and whose alarms may still be quiet."""
        ...


async def run(
    holds: HoldStore, alarms: AlarmStore, clock: Clock, unavailable: tuple[type[Exception], ...] = ()
) -> None:
    """Let be heard what is due, until cancelled; several may run."""
    while True:
        try:
            await settle(holds, alarms, clock.now_ms(), unavailable)
            await asyncio.sleep(LOOK_EVERY_S)
        except unavailable as error:
            _log.warning("store is away", error=type(error).__name__)
            await asyncio.sleep(STORE_AWAY_S)


async def settle(
    holds: HoldStore, alarms: AlarmStore, now: int, unavailable: tuple[type[Exception], ...] = ()
) -> int:  # fmt: skip
    """Settle every hold that is over at ``now`` (ms); how many alarms are heard of.

    One of which that fails is tried again with the next look and keeps no other from being heard.
    """
    count = 0
    for hold in await holds.over(now):
        try:
            settled = False
            while not settled:
                said, settled = await _settle(alarms, hold, now)
                count += said
        except AnotherActive:
            _log.info("an alarm became active meanwhile", hold=hold)
        except unavailable:
            raise
        except Exception:  # noqa: BLE001 - whoever runs this beside it sends messages, and must live on
            _log.exception("what was kept quiet is not heard yet", hold=hold)
    return count


async def _settle(alarms: AlarmStore, hold: str, now: int) -> tuple[int, bool]:
    """Deal with the next alarms of a hold: how many are heard of, and whether that was all."""
    async with alarms.transaction() as tx:
        if not await tx.lock_hold(hold, now):
            return 0, True
        quiet = await tx.kept_quiet(hold, limit=AT_ONCE)
        said = await _reconsider(tx, quiet, now)
        if settled := len(quiet) < AT_ONCE:
            await tx.settle_hold(hold, now)
    return said, settled


async def _reconsider(tx: AlarmTransaction, quiet: list[Alarm], now: int) -> int:
    if not quiet:
        return 0
    holds = await tx.holds(
        sites=sorted({alarm.site for alarm in quiet}),
        devices=sorted({alarm.device for alarm in quiet if alarm.device is not None}),
        residents=sorted({alarm.resident for alarm in quiet if alarm.resident is not None}),
    )
    active = await tx.lock_active([(alarm.subject, alarm.rule) for alarm in quiet])
    heard_of = 0
    for alarm in quiet:
        key = (alarm.subject, alarm.rule)
        after = await _after(tx, alarm, holds, active.get(key), now)
        if after.is_active:
            active[key] = after
            heard_of += 1
        await keep(tx, alarm, after, effects(alarm, after, now), now)
    return heard_of


async def _after(tx: AlarmTransaction, alarm: Alarm, holds: Holds, active: Alarm | None, now: int) -> Alarm:
    hold = holds.explaining(alarm, now)
    if hold is not None:
        return handed_on(alarm, hold, now)
    if active is not None:
        return taken_over(alarm, active, now)
    mates = [] if alarm.resident is None else await tx.active_of_residents([alarm.resident])
    return heard(alarm, case_of(alarm, mates), now)
