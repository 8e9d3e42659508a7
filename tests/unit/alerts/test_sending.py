"""One message on its way out: what is in doubt is looked up, what fails tells somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from alerts.desk import absorb
from alerts.notifiers.port import (
    CannotTell,
    Found,
    GiveUp,
    RetryAfter,
)
from alerts.outbox import LEASE_MS, SENDING_TAKES_MS, URGENT
from alerts.sending import KEPT_FOR_URGENT, SETTLED_MS
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import MINUTE, SECOND, T0, an_episode
from tests.support.dispatching import Ear, Running, queue, states

Start = Callable[..., Running]


async def abandon(store: MemoryStore, **fields: Any) -> None:
    """Let a message be found that a dispatcher began to send when it was killed."""
    await queue(store, "a", **fields)
    await store.claim(T0, 1)


async def test_what_a_killed_dispatcher_had_sent_is_found_and_not_sent_again(store: MemoryStore, start: Start) -> None:
    await abandon(store)
    ear = Ear()
    ear.finds = Found(("SM7",))
    running = start(ear, T0 + LEASE_MS)
    await running.until(lambda: states(store) == [("sent", None)])
    assert store.contents.messages[0].provider_id == "SM7"
    assert ear.heard == []


async def test_what_a_killed_dispatcher_had_not_sent_is_sent(store: MemoryStore, start: Start) -> None:
    await abandon(store)
    ear = Ear()
    running = start(ear, T0 + LEASE_MS)
    await running.until(lambda: states(store) == [("sent", None)])
    assert (ear.asked, len(ear.heard)) == (1, 1)


async def test_what_the_provider_has_had_as_another_message_is_not_taken_for_this_one(
    store: MemoryStore, start: Start
) -> None:
    await queue(store, "b")
    (earlier,) = await store.claim(T0, 1)
    await store.finish(earlier.message, state="sent", now=T0, provider_id="SM7")
    await abandon(store)
    ear = Ear()
    ear.finds = Found(("SM7",))
    running = start(ear, T0 + LEASE_MS)
    await running.until(lambda: len(ear.heard) == 1)


@pytest.mark.parametrize("finding", [CannotTell("twilio_unreachable"), RuntimeError("boom")])
async def test_after_ten_seconds_twice_beats_never(
    store: MemoryStore, start: Start, finding: CannotTell | RuntimeError
) -> None:
    await abandon(store)
    ear = Ear()
    ear.finds = finding
    running = start(ear, T0 + LEASE_MS)
    await running.until(lambda: states(store) == [("sent", None)])
    assert len(ear.heard) == 1


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_before_ten_seconds(
    store: MemoryStore, start: Start
) -> None:
    await queue(store, "a")
    ear = Ear(RetryAfter("twilio_timeout", in_doubt=True))
    running = start(ear)
    await running.until(lambda: states(store) == [("queued", "twilio_timeout")])
    running.at(T0 + SETTLED_MS - 1)
    await running.until(lambda: states(store) == [("queued", "in_doubt")])
    assert (ear.asked, len(ear.heard)) == (1, 1)
    running.at(T0 + SETTLED_MS)
    await running.until(lambda: states(store) == [("sent", None)])
    assert (ear.asked, len(ear.heard)) == (2, 2)


async def test_a_refusal_is_no_doubt(store: MemoryStore, start: Start) -> None:
    await queue(store, "a")
    ear = Ear(RetryAfter("twilio_429"))
    running = start(ear)
    await running.until(lambda: states(store) == [("queued", "twilio_429")])
    running.at(T0 + MINUTE)
    await running.until(lambda: states(store) == [("sent", None)])
    assert ear.asked == 0


async def test_what_was_in_doubt_before_stays_in_doubt_while_nobody_can_tell(store: MemoryStore, start: Start) -> None:
    await abandon(store)
    ear = Ear(RetryAfter("twilio_unreachable"))
    ear.finds = CannotTell("twilio_unreachable")
    running = start(ear, T0 + LEASE_MS)
    await running.until(lambda: states(store) == [("queued", "twilio_unreachable")])
    ear.finds = Found(("SM7",))
    running.at(T0 + MINUTE)
    await running.until(lambda: states(store) == [("sent", None)])
    assert (store.contents.messages[0].provider_id, len(ear.heard)) == ("SM7", 1)


async def test_whoever_held_a_message_too_long_does_not_send_it(
    store: MemoryStore, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(store, "a", template="alarm")
    ear = Ear()
    ear.links = True
    running = start(ear, T0 - 1)

    async def slowly(self: MemoryStore, message: int, now: int) -> str:
        running.clock.now += LEASE_MS - SENDING_TAKES_MS + 1
        return "token"

    monkeypatch.setattr(MemoryStore, "link", slowly)
    running.at(T0)
    await running.until(lambda: running.clock.now > T0)
    await asyncio.sleep(0.02)
    assert ear.heard == []
    assert states(store) == [("sending", None)]


async def test_a_number_that_is_refused_lets_the_next_contact_be_told_at_once(store: MemoryStore, start: Start) -> None:
    async with store.transaction() as tx:
        await absorb(tx, [an_episode()], T0)
    ear = Ear(GiveUp("twilio_21211"))
    running = start(ear)
    running.at(T0 + 2 * MINUTE)
    await running.until(lambda: states(store) == [("failed", "twilio_21211"), ("sent", None)])
    first, second = store.messages()
    assert (first["contact"], second["contact"]) == ("c1", "c2")
    events = [entry.event for entry in store.contents.alarms[an_episode().id].timeline]
    assert "not_delivered" in events


async def test_past_the_days_cap_a_number_gets_no_sms_but_cries_for_help(store: MemoryStore, start: Start) -> None:
    ear = Ear()
    ear.capabilities = msgspec.structs.replace(ear.capabilities, daily_cap=1 + KEPT_FOR_URGENT)
    running = start(ear)
    await queue(store, "a")
    running.wake()
    await running.until(lambda: states(store) == [("sent", None)])
    await queue(store, "a")
    await queue(store, "a", priority=URGENT)
    await queue(store, "a", channel="voice")
    running.at(T0 + 10 * SECOND)
    await running.until(lambda: len(store.messages("sent")) == 3)
    running.at(T0 + 20 * SECOND)
    await running.until(lambda: ("failed", "daily_cap") in states(store))
    assert [number for number, _ in ear.heard] in ([1, 3, 4], [1, 4, 3])


async def test_an_alarm_carries_a_link_and_its_end_and_a_call_do_not(store: MemoryStore, start: Start) -> None:
    ear = Ear()
    ear.links = True
    running = start(ear)
    await queue(store, "a", template="alarm")
    await queue(store, "b", template="all_clear")
    await queue(store, "c", template="alarm", channel="voice")
    running.wake()
    await running.until(lambda: len(ear.heard) == 3)
    assert sorted(ear.tokens, key=str) == [None, None, "token1"]
