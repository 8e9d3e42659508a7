"""Alarms opened by hand, for those who phone: ``<kind>.reported``, the same life from there."""

from __future__ import annotations

from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Episode, TimelineEntry
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.folding import FoldContext, fold
from alerts.policy import REPORTED_SEVERITY
from alerts.ports import AlarmStore, AlarmTransaction, AnotherActive


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said. ``kind``: one of the contract's; whom it is about: as much as is known."""

    kind: str
    site: str
    resident: str | None = None
    household: str | None = None
    device: str | None = None
    note: str | None = None

    @property
    def rule(self) -> str:
        """The rule under which the alarm runs."""
        return f"{self.kind}.reported"

    @property
    def subject(self) -> str:
        """The device for ``device``, the site for ``system``, else the resident or household (contract section 3)."""
        person = self.resident or self.household
        if self.kind == "system":
            return self.site
        return (self.device or person or self.site) if self.kind == "device" else (person or self.site)


async def report(store: AlarmStore, alarm_id: UUID, told: Report, actor: str, now: int) -> Alarm:
    """Open an alarm, or add to the active one of the same subject and kind; returns it as it is then."""
    while True:
        try:
            return await _report(store, alarm_id, told, actor, now)
        except AnotherActive:
            # A colleague reported the same in this moment: theirs is active now, and takes this one in.
            continue


async def _report(store: AlarmStore, alarm_id: UUID, told: Report, actor: str, now: int) -> Alarm:
    async with store.transaction() as tx:
        return await report_within(tx, alarm_id, told, actor, now)


async def report_within(tx: AlarmTransaction, alarm_id: UUID, told: Report, actor: str, now: int) -> Alarm:
    """The same within a transaction, which ends with ``AnotherActive`` when a colleague did so in this moment."""
    key = (told.subject, told.rule)
    active = (await tx.lock_active([key])).get(key)
    mates = [] if told.resident is None else await tx.active_of_residents([told.resident])
    folded = fold(active, _as_episode(alarm_id, told, now), now, context=FoldContext(of_resident=tuple(mates)))
    assert folded.alarm is not None, "what is told is always folded into an alarm"
    before = () if active is None else active.timeline
    said = TimelineEntry(t=now, actor=actor, event="opened" if active is None else "reported", note=told.note)
    news = () if active is None else folded.alarm.timeline[len(before) :]
    alarm = msgspec.structs.replace(folded.alarm, timeline=(*before, said, *news))
    return await keep(tx, active, alarm, effects(active, alarm, now), now)


def _as_episode(alarm_id: UUID, told: Report, now: int) -> Episode:
    """A report is folded like what the engine says, so that it sounds again and shares its case by the same rules."""
    return Episode(
        id=alarm_id,
        what="opened",
        rule=told.rule,
        severity=REPORTED_SEVERITY[told.kind],
        subject=told.subject,
        site=told.site,
        resident=told.resident,
        household=told.household,
        device=told.device,
        t=now,
        late=False,
        position=None,
        evidence={},
        received=now,
    )
