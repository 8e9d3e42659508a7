"""Alarms put into the store as the gateway would."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from alerts.alarm import Alarm, Latency, Place, TimelineEntry
from tests.browser.conftest import Console


async def cry(console: Console, rule: str = "sos.button", **changes: Any) -> Alarm:
    """Store an alarm of the console's resident and publish it."""
    now = console.deps.clock.now_ms()
    alarm = Alarm(
        id=uuid.uuid4(),
        case=uuid.uuid4(),
        kind=rule.partition(".")[0],
        rule=rule,
        severity="critical",
        state="open",
        version=1,
        site="riverside",
        resident=console.resident.id,
        household=None,
        device="band-1",
        subject=f"resident:{console.resident.id}",
        event_time=now - 5,
        last_event_time=now - 5,
        raised_at=now,
        position=Place(lat=31.2311, lon=121.4745, accuracy_m=15, t=now - 5),
        evidence={"confidence": 0.93},
        latency_ms=Latency(transport=2.0, decided=1.0, commit_issued=1.5),
        timeline=(TimelineEntry(t=now, actor="wearer", event="opened"),),
    )
    alarm = msgspec.structs.replace(alarm, **changes)
    async with console.store.transaction() as transaction:
        await transaction.insert(alarm)
    return alarm
