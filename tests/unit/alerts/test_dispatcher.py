"""The dispatcher over the store in memory: it wakes, sends, tries again, and lets nothing stop it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import pytest

from alerts.desk import absorb, act
from alerts.dispatcher import FIRST_WAIT_MS, KEPT_FREE, LONGEST_WAIT_MS, SENDING_AT_ONCE, Dispatcher, wait_ms
from alerts.notifiers.port import Capabilities, GiveUp, NotSent, RetryAfter
from alerts.outbox import NUMBER_GAP_MS, URGENT
from alerts.ports import Message, NewStep
from alerts.transitions import Cancel
from devices.clock import ManualClock
from tests.support.alarm_memory import MemoryStore, MemoryTransaction
from tests.support.alarms import MINUTE, SECOND, T0, a_card, an_alarm, an_episode
from tests.support.dispatching import Ear, Running, queue, states


class Speechless(Ear):
    """Has no words for a template."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self._template = template

    def text_of(self, message: Message, token: str | None, capabilities: Capabilities) -> str:
        if message.template == self._template:
            raise KeyError(message.template)
        return super().text_of(message, token, capabilities)


async def test_a_due_step_becomes_a_message_and_is_sent(store: MemoryStore, start: Callable[..., Running]) -> None:
    async with store.transaction() as tx:
        await absorb(tx, [an_episode()], T0)
    ear = Ear()
    running = start(ear)
    running.at(T0 + 2 * MINUTE - 1)
    await asyncio.sleep(0.02)
    assert ear.heard == []
    running.at(T0 + 2 * MINUTE)
    await running.until(lambda: states(store) == [("sent", None)])
    assert store.contents.messages[0].provider_id == "SM1"
    assert store.contents.alarms[an_episode().id].family_told


async def test_the_next_due_time_wakes_it_without_anybody(store: MemoryStore, start: Callable[..., Running]) -> None:
    async with store.transaction() as tx:
        await tx.insert(an_alarm())
        await tx.schedule(
            an_alarm().id, [NewStep(step="tell", round=1, due_at=T0 + 80, who="family", nth=1, how="sms")]
        )
    ear = Ear()
    running = start(ear)
    await asyncio.sleep(0.01)
    running.clock.now = T0 + 80
    await running.until(lambda: ear.heard)


async def test_what_is_kept_is_marked_as_not_sent(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a")
    running = start(Ear(NotSent("no_account")))
    await running.until(lambda: states(store) == [("not_sent", "no_account")])


async def test_what_is_given_up_is_not_tried_again(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a")
    ear = Ear(GiveUp("twilio_21211"))
    running = start(ear)
    await running.until(lambda: states(store) == [("failed", "twilio_21211")])
    running.at(T0 + 10 * MINUTE)
    await asyncio.sleep(0.02)
    assert len(ear.heard) == 1


async def test_a_failing_notifier_stops_nothing(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a", "b")
    running = start(Ear(RuntimeError("boom")))
    await running.until(lambda: ("sent", None) in states(store) and ("queued", "notifier_error") in states(store))
    running.at(T0 + MINUTE)
    await running.until(lambda: [state for state, _ in states(store)] == ["sent", "sent"])


async def test_what_nobody_can_put_into_words_stops_nothing(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a", template="of_tomorrow")
    await queue(store, "b")
    running = start(Speechless("of_tomorrow"))
    await running.until(lambda: states(store) == [("failed", "no_words"), ("sent", None)])


async def test_a_message_past_its_time_is_not_sent(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a", expires_at=T0)
    ear = Ear()
    running = start(ear)
    await running.until(lambda: states(store) == [("failed", "expired")])
    assert ear.heard == []


async def test_retries_end_when_the_message_expires(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a", expires_at=T0 + 6 * SECOND)
    running = start(Ear(RetryAfter("twilio_503"), RetryAfter("twilio_503")))
    await running.until(lambda: states(store) == [("queued", "twilio_503")])
    running.at(T0 + 2 * FIRST_WAIT_MS)
    await running.until(lambda: store.contents.messages[0].not_before == T0 + 6 * SECOND)
    running.at(T0 + 6 * SECOND)
    await running.until(lambda: states(store) == [("failed", "expired")])


async def test_an_alarm_that_ended_before_the_second_try_is_not_told(
    store: MemoryStore, start: Callable[..., Running]
) -> None:
    async with store.transaction() as tx:
        await tx.insert(an_alarm())
    await queue(store, "+8613800000001", alarm=an_alarm().id)
    ear = Ear(RetryAfter("twilio_503"))
    ear.gate.clear()
    running = start(ear)
    await running.until(lambda: ear.speaking)
    await act(store, an_alarm().id, Cancel(), "zhang", T0)
    ear.gate.set()
    await running.until(lambda: ("queued", "twilio_503") in states(store))
    running.at(T0 + MINUTE)
    await running.until(lambda: ("withdrawn", "alarm_ended") in states(store) and ("sent", None) in states(store))
    assert [template for _, template in ear.heard] == ["alarm", "all_clear_cancelled"]


async def test_nobody_hears_two_messages_in_the_wrong_order(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a")
    await queue(store, "a", template="all_clear")
    ear = Ear()
    ear.gate.clear()
    running = start(ear)
    await running.until(lambda: ear.speaking)
    await asyncio.sleep(0.02)
    assert ear.heard == [(1, "alarm")]
    ear.gate.set()
    await running.until(lambda: ("sent", None) in states(store))
    running.at(T0 + NUMBER_GAP_MS)
    await running.until(lambda: len(states(store)) == 2 and set(states(store)) == {("sent", None)})
    assert ear.heard == [(1, "alarm"), (2, "all_clear")]
    assert ear.most_at_once == 1


async def test_a_slow_provider_does_not_hold_up_the_steps(store: MemoryStore, start: Callable[..., Running]) -> None:
    await queue(store, "a")
    ear = Ear()
    ear.gate.clear()
    running = start(ear)
    await running.until(lambda: ear.speaking)
    async with store.transaction() as tx:
        await absorb(tx, [an_episode()], T0)
    running.at(T0 + 2 * MINUTE)
    await running.until(lambda: store.contents.alarms[an_episode().id].family_told)
    ear.gate.set()


async def test_what_is_being_sent_when_it_stops_is_finished_first(store: MemoryStore) -> None:
    await queue(store, "a")
    ear = Ear()
    ear.gate.clear()
    running = Running(store, ear, ManualClock(T0), ())
    await running.until(lambda: ear.speaking)
    stopping = asyncio.get_running_loop().create_task(running.stop())
    await asyncio.sleep(0.01)
    assert states(store) == [("sending", None)]
    ear.gate.set()
    await stopping
    assert states(store) == [("sent", None)]


async def test_a_store_that_is_away_is_asked_again(
    store: MemoryStore, start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.dispatcher.STORE_AWAY_S", 0.01)
    monkeypatch.setattr("alerts.patience.STORE_AWAY_S", 0.01)
    away = {"steps": 2, "finish": 2}
    claim, finish = MemoryTransaction.claim_due_steps, MemoryStore.finish

    async def claiming(self: MemoryTransaction, now: int, limit: int, passed_over: Collection[int] = ()) -> Any:
        if away["steps"]:
            away["steps"] -= 1
            raise ConnectionError
        return await claim(self, now, limit, passed_over)

    async def finishing(self: MemoryStore, message: Message, **values: Any) -> None:
        if away["finish"]:
            away["finish"] -= 1
            raise ConnectionError
        await finish(self, message, **values)

    monkeypatch.setattr(MemoryTransaction, "claim_due_steps", claiming)
    monkeypatch.setattr(MemoryStore, "finish", finishing)
    await queue(store, "a")
    ear = Ear()
    running = start(ear, unavailable=(ConnectionError,))
    await running.until(lambda: states(store) == [("sent", None)])
    assert len(ear.heard) == 1


async def test_it_ends_when_its_wakes_end(store: MemoryStore) -> None:
    async def no_wakes() -> AsyncIterator[None]:
        for _ in range(0):
            yield

    await queue(store, "a")
    ear = Ear()
    async with asyncio.timeout(10):
        await Dispatcher(store=store, outbox=store, ways=ear, capabilities=ear.capabilities, clock=ManualClock(T0)).run(
            no_wakes()
        )
    assert states(store) == [("sent", None)]


def test_waits_double_up_to_a_minute_and_are_spread() -> None:
    waits = [wait_ms(RetryAfter("busy"), attempt, message=1) for attempt in range(1, 12)]
    assert all(0.8 <= wait / plain <= 1.2 for wait, plain in zip(waits, [2_000, 4_000, 8_000, 16_000], strict=False))
    assert all(LONGEST_WAIT_MS * 0.8 <= wait <= LONGEST_WAIT_MS * 1.2 for wait in waits[6:])
    assert len({wait_ms(RetryAfter("busy"), 1, message) for message in range(50)}) > 40
    assert wait_ms(RetryAfter("busy", 7.5), 3, 1) == 7_500
    assert wait_ms(RetryAfter("busy", 3_600.0), 1, 1) == LONGEST_WAIT_MS, "an alarm's message lives for minutes"


async def test_a_message_that_waited_its_turn_is_not_sent_when_its_resident_has_left(
    store: MemoryStore, start: Callable[..., Running]
) -> None:
    await queue(store, "1", "1")
    ear = Ear()
    ear.gate.clear()
    running = start(ear)
    await running.until(lambda: ear.heard)
    store.cards["r1"] = a_card(status="deceased")
    ear.gate.set()
    await running.until(lambda: not store.messages("sending"))
    running.at(T0 + NUMBER_GAP_MS)
    await running.until(lambda: not store.messages("queued"))
    assert [message["state"] for message in store.messages()] == ["sent", "withdrawn"]
    assert len(ear.heard) == 1


async def test_a_provider_that_hangs_leaves_room_for_a_cry_for_help(
    store: MemoryStore, start: Callable[..., Running]
) -> None:
    await queue(store, *(f"{n}" for n in range(50)), priority=URGENT - 1)
    ear = Ear()
    ear.gate.clear()
    running = start(ear)
    await running.until(lambda: ear.speaking == SENDING_AT_ONCE - KEPT_FREE)
    await queue(store, "daughter", priority=URGENT)
    running.wake()
    await running.until(lambda: ear.speaking > SENDING_AT_ONCE - KEPT_FREE)
    assert ear.heard[-1][0] == 51
    ear.gate.set()


async def test_messages_leave_at_the_pace_that_was_set_but_urgent_ones_at_once(
    store: MemoryStore, start: Callable[..., Running]
) -> None:
    await queue(store, *(f"{n}" for n in range(6)))
    ear = Ear()
    running = start(ear, per_second=2.0)
    await running.until(lambda: len(store.messages("sent")) == 2)
    await queue(store, "daughter", "son", priority=URGENT)
    running.wake()
    await running.until(lambda: len(store.messages("sent")) == 4)
    await asyncio.sleep(0.05)
    assert [number for number, _ in ear.heard] == [1, 2, 7, 8]
    for t in range(1, 4):
        running.at(T0 + t * SECOND)
        await asyncio.sleep(0.02)
    running.at(T0 + 4 * SECOND)
    await running.until(lambda: len(store.messages("sent")) == 8)


async def test_a_provider_that_wants_fewer_gets_fewer_but_for_cries_for_help(
    store: MemoryStore, start: Callable[..., Running]
) -> None:
    await queue(store, "a")
    ear = Ear(RetryAfter("twilio_429", 30.0, crowded=True))
    running = start(ear)
    await running.until(lambda: states(store) == [("queued", "twilio_429")])
    await queue(store, "b")
    await queue(store, "c", priority=URGENT)
    running.wake()
    await running.until(lambda: store.messages("sent"))
    await asyncio.sleep(0.05)
    assert [number for number, _ in ear.heard] == [1, 3]
    running.at(T0 + 30 * SECOND)
    await running.until(lambda: len(store.messages("sent")) == 3)
