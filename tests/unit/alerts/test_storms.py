"""What comes as a number instead of one by one."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.ports import NewMessage
from alerts.storms import ALONE, GATHER_MS, say
from alerts.telling import PRIORITY
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import MINUTE, T0, nth_uuid


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def a_message(n: int, kind: str = "wandering", *, severity: str = "high", **fields: Any) -> NewMessage:
    values: dict[str, Any] = {
        "alarm": nth_uuid(n),
        "site": "north",
        "resident": f"r{n}",
        "role": "duty",
        "recipient": "+8613900000001",
        "template": "alarm_staff",
        "params": {"kind": kind, "site": "北苑社区"},
        "language": "zh",
        "priority": PRIORITY[severity],
    }
    return NewMessage(**{**values, **fields})


async def said(store: MemoryStore, *messages: NewMessage, now: int = T0) -> list[tuple[str, int]]:
    """(template, alarms in it) of what waits after these were said at once."""
    async with store.transaction() as tx:
        for message in messages:
            await say(tx, message, now)
    return [(message["template"], len(message["alarms"])) for message in store.messages("queued")]


async def test_from_the_fourth_within_a_minute_on_they_come_as_one_that_counts_them(store: MemoryStore) -> None:
    assert await said(store, *(a_message(n) for n in range(20))) == [("alarm_staff", 0)] * ALONE + [("bundle", 17)]
    (bundle,) = [m for m in store.contents.messages if m.message.template == "bundle"]
    assert (bundle.message.params["count"], bundle.not_before) == (17, T0 + GATHER_MS)


async def test_what_comes_a_minute_later_comes_alone(store: MemoryStore) -> None:
    await said(store, *(a_message(n) for n in range(ALONE)))
    assert (await said(store, a_message(9), now=T0 + MINUTE))[-1] == ("alarm_staff", 0)


async def test_everybody_has_a_storm_of_their_own(store: MemoryStore) -> None:
    await said(store, *(a_message(n) for n in range(9)))
    assert (await said(store, a_message(10, recipient="+8613900000002")))[-1] == ("alarm_staff", 0)


async def test_the_first_of_a_critical_kind_never_waits_and_the_next_does(store: MemoryStore) -> None:
    await said(store, *(a_message(n) for n in range(5)))
    assert (await said(store, a_message(6, "sos", severity="critical")))[-1] == ("alarm_staff", 0)
    assert (await said(store, a_message(7, "sos", severity="critical")))[-1] == ("alarm_staff", 0)
    bundle = next(m for m in store.contents.messages if m.message.template == "bundle")
    assert nth_uuid(7) in bundle.message.alarms
    assert bundle.message.priority == PRIORITY["critical"]


async def test_who_has_no_console_hears_of_each_critical_alarm(store: MemoryStore) -> None:
    cries = (a_message(n, "sos", severity="critical", role="neighbour", template="alarm_responder") for n in range(9))
    assert await said(store, *cries) == [("alarm_responder", 0)] * 9


@pytest.mark.parametrize("fields", [{"role": "family", "template": "alarm"}, {"channel": "voice"}])
async def test_family_and_calls_are_never_bundled(store: MemoryStore, fields: dict[str, str]) -> None:
    messages = [a_message(n, **fields) for n in range(9)]
    assert await said(store, *messages) == [(messages[0].template, 0)] * 9


async def test_an_all_clear_is_never_bundled(store: MemoryStore) -> None:
    await said(store, *(a_message(n) for n in range(9)))
    assert (await said(store, a_message(0, template="all_clear")))[-1] == ("all_clear", 0)
