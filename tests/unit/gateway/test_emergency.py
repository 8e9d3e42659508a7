"""Telling the emergency numbers: each once, until they were reached or the desk has the alarm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alerts.messages import Template, emergency_params
from alerts.notifiers.port import (
    EVERYTHING,
    CannotTell,
    Delivered,
    Finding,
    GiveUp,
    RetryAfter,
    Sending,
)
from alerts.notifiers.selection import WaysOut
from alerts.ports import Message
from devices.clock import ManualClock
from gateway import emergency as emergency_room
from gateway.emergency import Emergency, Words
from tests.support.alarms import T0, an_alarm

NUMBERS = ("+8613800000091", "+8613800000092")
WORDS = Words(Template.EMERGENCY, emergency_params(kind="sos", event_time=T0, name="王秀兰"), demo=False)
END = Words(Template.ALL_CLEAR_CANCELLED, {"name": "王秀兰", "time": "10:00", "how": "taken_back"}, demo=False)


class Provider:
    """Answers as it is told, one outcome a number and attempt; then it delivers."""

    name = "provider"
    capabilities = EVERYTHING

    def __init__(self, **outcomes: list[Sending]) -> None:
        self.outcomes = {f"+{number.removeprefix('n')}": list(left) for number, left in outcomes.items()}
        self.taken: list[tuple[str, str]] = []

    async def send(self, message: Message, text: str, now: int) -> Sending:
        await asyncio.sleep(0)
        left = self.outcomes.get(message.recipient)
        sending = left.pop(0) if left else Delivered("SM1")
        if isinstance(sending, Delivered):
            self.taken.append((message.recipient, text))
        return sending

    async def find(self, message: Message, text: str) -> Finding:
        return CannotTell("never")


@asynccontextmanager
async def telling(provider: Provider) -> AsyncIterator[Emergency]:
    emergency = Emergency(numbers=(*NUMBERS, NUMBERS[0]), ways=WaysOut(phone=provider), clock=ManualClock(T0))
    running = asyncio.get_running_loop().create_task(emergency.run())
    async with asyncio.timeout(10):
        yield emergency
    running.cancel()
    await asyncio.wait([running])


async def heard(provider: Provider, count: int) -> None:
    while len(provider.taken) < count:  # noqa: ASYNC110 - bounded by the timeout of ``telling``
        await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency_room, "FIRST_WAIT_S", 0.001)


async def test_every_number_hears_it_once() -> None:
    alarm, provider = an_alarm(), Provider()
    async with telling(provider) as emergency:
        emergency.tell(alarm, WORDS)
        await heard(provider, 2)
        said = await emergency.conclude(alarm.id)
    assert sorted(number for number, _ in provider.taken) == list(NUMBERS)
    assert sorted(each.message.recipient for each in said) == list(NUMBERS)
    assert {each.reason for each in said} == {None}
    assert all("王秀兰" in text for _, text in provider.taken)


async def test_a_number_that_could_not_be_reached_is_tried_again_and_a_bad_one_is_not() -> None:
    alarm = an_alarm()
    provider = Provider(n8613800000091=[RetryAfter("busy"), RetryAfter("busy")], n8613800000092=[GiveUp("bad_number")])
    async with telling(provider) as emergency:
        emergency.tell(alarm, WORDS)
        await heard(provider, 1)
        said = {each.message.recipient: each.reason for each in await emergency.conclude(alarm.id)}
    assert said == {NUMBERS[0]: None, NUMBERS[1]: "bad_number"}


async def test_who_heard_of_it_hears_the_end_after_it_and_who_did_not_does_not() -> None:
    alarm = an_alarm()
    provider = Provider(n8613800000092=[GiveUp("bad_number")])
    async with telling(provider) as emergency:
        emergency.tell(alarm, WORDS)
        emergency.end(alarm, END)
        await asyncio.sleep(0.05)
        assert provider.taken == []  # taken back before anybody was told: nobody needs to hear of it
        emergency.tell(alarm, WORDS)
        await heard(provider, 1)
        emergency.end(alarm, END)
        await heard(provider, 2)
        await emergency.conclude(alarm.id)
    assert [number for number, _ in provider.taken] == [NUMBERS[0], NUMBERS[0]]
    assert "取消" in provider.taken[1][1]


async def test_a_provider_that_wants_an_hour_is_asked_again_long_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.emergency.LONGEST_WAIT_S", 0.01)
    provider = Provider(n8613800000091=[RetryAfter("busy", 3600)])
    async with telling(provider) as emergency:
        emergency.tell(an_alarm(), WORDS)
        await heard(provider, 2)
    assert sorted(number for number, _ in provider.taken) == sorted(NUMBERS)


async def test_once_the_desk_has_it_nobody_is_tried_again() -> None:
    alarm = an_alarm()
    provider = Provider(n8613800000091=[RetryAfter("away", 3600)], n8613800000092=[RetryAfter("away", 3600)])
    async with telling(provider) as emergency:
        emergency.tell(alarm, WORDS)
        await asyncio.sleep(0.05)
        assert await emergency.conclude(alarm.id) == []
    assert provider.taken == []
