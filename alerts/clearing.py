"""Clearing a missed check: somebody saw or spoke to the resident, or the resident said so, and vouches for them.

One act for whoever of the circle it comes from, an SMS, the page behind a link, the keypad or the console: it ends all
that was missed of the resident, keeps what they had promised for now, and starts the clocks of silence anew. What it
knows of is the resident, not the alarm: who is safe is safe for every rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from alerts.alarm import Alarm, Result, TimelineEntry
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.policy import MISSED_CHECK
from alerts.ports import AlarmTransaction, Vouched

_RESULT: Final[dict[Vouched, Result]] = {
    "call": "settled_by_phone",
    "sms": "settled_by_phone",
    "page": "settled_by_phone",
    "visit": "helped_on_site",
    "seen": "helped_on_site",
}
_VOUCHING: Final[dict[Result, Vouched]] = {"settled_by_phone": "call", "helped_on_site": "visit", "found": "seen"}
"""Results with which staff say that they saw or spoke to the resident; of the others nobody vouches for anything."""


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """What clearing came to: the alarms that it ended, as they are now, and how many promised checks it kept."""

    alarms: tuple[Alarm, ...] = ()
    checks: int = 0


async def clear(
    tx: AlarmTransaction,
    resident: str,
    *,
    actor: str,
    how: Vouched,
    at: int,
    note: str | None = None,
    name: str | None = None,
) -> Cleared:
    """Let somebody vouch for a resident, in one transaction; doing it again ends nothing more and harms nothing.

    Args:
        tx: The transaction. It must not have locked some of the resident's alarms already, but all or none.
        resident: The resident's id.
        actor: Who vouches, as a timeline knows them.
        how: How they know.
        at: Now, Unix ms.
        note: What they say.
        name: How people call them, where the actor is no account.
    """
    alarms = [alarm for alarm in await tx.lock_active_of("resident", resident) if alarm.kind == MISSED_CHECK]
    pairs = [(alarm, _settled(alarm, actor, how, at, note, name)) for alarm in alarms]
    return await _carry_out(tx, resident, pairs, actor=actor, how=how, at=at, note=note, name=name)


async def settle(
    tx: AlarmTransaction, alarm: Alarm, *, actor: str, how: Vouched, at: int, name: str | None = None
) -> Alarm:  # fmt: skip
    """End a missed check of a household: somebody there is well, and nobody in particular is vouched for."""
    after = _settled(alarm, actor, how, at, None, name)
    return await keep(tx, alarm, after, effects(alarm, after, at), at)


async def resolve(tx: AlarmTransaction, before: Alarm, after: Alarm, actor: str, now: int, note: str | None) -> Alarm:
    """Keep an alarm that staff resolved; where they vouch for the resident with it, it clears the others too."""
    how = _vouched_by(after)
    if how is None or after.resident is None:
        return await keep(tx, before, after, effects(before, after, now), now)
    mates = [
        alarm
        for alarm in await tx.lock_active_of("resident", after.resident)
        if alarm.kind == MISSED_CHECK and alarm.id != before.id
    ]
    pairs = [(before, after), *((mate, _settled(mate, actor, how, now, note, None)) for mate in mates)]
    cleared = await _carry_out(tx, after.resident, pairs, actor=actor, how=how, at=now, note=note, name=None)
    return cleared.alarms[0]


def _vouched_by(resolved: Alarm) -> Vouched | None:
    return _VOUCHING.get(resolved.result) if resolved.kind == MISSED_CHECK and resolved.result is not None else None


async def _carry_out(
    tx: AlarmTransaction,
    resident: str,
    pairs: Iterable[tuple[Alarm, Alarm]],
    *,
    actor: str,
    how: Vouched,
    at: int,
    note: str | None,
    name: str | None,
) -> Cleared:
    """The sighting comes first: it numbers a change of the registry, which others lock before they touch messages."""
    checks = await tx.vouch(resident, at=at, actor=actor, name=name or actor, how=how, note=note)
    kept = [await keep(tx, before, after, effects(before, after, at), at) for before, after in pairs]
    return Cleared(alarms=tuple(kept), checks=checks)


def _settled(alarm: Alarm, actor: str, how: Vouched, at: int, note: str | None, name: str | None) -> Alarm:
    """The alarm, over; nobody need have taken it before."""
    entry = TimelineEntry(t=at, actor=actor, event="resolve", note=note, to=name)
    return alarm.noting(entry, state="resolved", result=_RESULT[how])
