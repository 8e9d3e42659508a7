"""The escalation of a running house, without waiting for its time to come."""

from __future__ import annotations

from typing import Any

import psycopg

from devices.clock import SystemClock
from tests.support.gateway import eventually
from tests.support.house import PATIENCE_S, House


def fall_due(house: House, alarm: str, *, ago_ms: int = 0) -> None:
    """Let the time come at which the alarm's first contact is told, or be past, instead of waiting for it."""
    with psycopg.connect(house.conninfo) as connection:
        moved = connection.execute(
            "update escalation_step set due_at = %s where alarm = %s and state = 'pending'"
            " and (who, nth, how) = ('family', 1, 'sms')",
            (SystemClock().now_ms() - ago_ms, alarm),
        )
        assert moved.rowcount == 1
        connection.execute("notify dispatch")


async def finished_messages(house: House, alarm: str, count: int) -> list[tuple[Any, ...]]:
    """What the outbox holds of the alarm, once that many messages have been dealt with."""
    done = "select count(*) from message where alarm = %s and finished_at is not null"
    await eventually(lambda: house.one(done, alarm) >= count, f"{count} messages are finished", PATIENCE_S)
    return house.rows("select template, recipient, state, reason from message where alarm = %s order by id", alarm)
