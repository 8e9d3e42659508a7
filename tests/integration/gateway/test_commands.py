"""Commands over a real broker: once, in time, again after a loss, and never too many."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from gateway.store.commands import OPEN_AT_MOST, TooManyCommands, cancel_command
from gateway.store.connection import connect
from tests.support.brokers import RunningBroker, connected
from tests.support.commands import NOW, all_devices, answer, ask, ask_each, became, commanded, next_command
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway


def _state(conninfo: str, key: UUID) -> str:
    state: str = one(conninfo, "select state from command where id = %s", key)
    return state


async def _ends_as(conninfo: str, key: UUID, state: str) -> None:
    await eventually(lambda: _state(conninfo, key) == state, f"the command is {state}")


def _do(conninfo: str, statement: str, *params: object) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(statement.encode(), params)


def _make_due(conninfo: str) -> None:
    """The next attempt of every open command comes now, as if its time had passed."""
    _do(conninfo, "update command set next_attempt_at = 0")
    _do(conninfo, "select pg_notify('command', '')")


async def test_a_command_reaches_its_device_and_its_answer_ends_it(conninfo: str, broker: RunningBroker) -> None:
    async with commanded(conninfo, broker) as devices:
        asked = await ask(conninfo, "b1", "set_interval", {"position_s": 60, "heartbeat_s": 120})
        topic, payload = await asyncio.to_thread(devices.receive)
        assert topic == "anxin/v1/s1/b1/command"
        assert json.loads(payload) == {
            "id": str(asked.id),
            "name": "set_interval",
            "args": {"position_s": 60, "heartbeat_s": 120},
            "expires_at": asked.expires_at,
        }
        await _ends_as(conninfo, asked.id, "sent")
        await asyncio.to_thread(answer, devices, "b1", asked.id)
        await _ends_as(conninfo, asked.id, "done")
    done = await became(conninfo, asked.id)
    assert (done.ok, done.late, done.attempts, done.reason, done.created_by) == (True, False, 1, None, "test")
    assert done.created_at <= (done.sent_at or 0) <= (done.answered_at or 0)


async def test_commands_leave_in_the_order_in_which_they_were_asked_settings_last(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    await ask(conninfo, "b0", "set_interval", {"position_s": 60, "heartbeat_s": 60})
    asked = [await ask(conninfo, f"b{i % 3}", "message", {"text": f"no. {i}"}) for i in range(6)]
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto):
            got = [await asyncio.to_thread(next_command, devices) for _ in range(7)]
    assert [each["id"] for each in got[:6]] == [str(each.id) for each in asked]
    assert got[6]["name"] == "set_interval"


async def test_a_command_whose_answer_was_lost_goes_out_again_under_the_same_id(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0")
        first = await asyncio.to_thread(next_command, devices)
        await _ends_as(conninfo, asked.id, "sent")
        waits = await became(conninfo, asked.id)
        assert waits.next_attempt_at is not None
        assert 14_000 <= waits.next_attempt_at - waits.created_at <= 30_000
        await asyncio.to_thread(_make_due, conninfo)
        assert await asyncio.to_thread(next_command, devices) == first
        await asyncio.to_thread(answer, devices, "b0", asked.id)
        await _ends_as(conninfo, asked.id, "done")
    assert (await became(conninfo, asked.id)).attempts == 2


async def test_an_answer_that_comes_twice_changes_nothing_the_second_time(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0")
        answer(devices, "b1", asked.id)
        await eventually(lambda: one(conninfo, "select count(*) from command_ack") == 1, "a stranger's answer")
        assert (await became(conninfo, asked.id)).answered_at is None
        answer(devices, "b0", asked.id)
        await _ends_as(conninfo, asked.id, "done")
        before = await became(conninfo, asked.id)
        answer(devices, "b0", asked.id, ok=False)
        answer(devices, "b0", uuid4())
        answer(devices, "b0", "no uuid")
        await eventually(lambda: one(conninfo, "select count(*) from command_ack") >= 5, "all answers are kept")
    assert _what_was_answered(await became(conninfo, asked.id)) == _what_was_answered(before)


def _what_was_answered(stored: object) -> dict[str, object]:
    """A quick answer may come before the mark that the command was sent."""
    return {name: getattr(stored, name) for name in ("state", "ok", "answered_at", "answer", "late", "ended_at")}


async def test_a_device_that_says_no_ends_the_command_as_failed(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0")
        await asyncio.to_thread(next_command, devices)
        answer(devices, "b0", asked.id, ok=False)
        await _ends_as(conninfo, asked.id, "failed")
    assert (await became(conninfo, asked.id)).reason == "refused"


async def test_the_wearers_word_is_taken_even_after_the_device_said_that_it_asks(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0", "confirm_ok", {"timeout_s": 30})
        await asyncio.to_thread(next_command, devices)
        answer(devices, "b0", asked.id)
        await _ends_as(conninfo, asked.id, "done")
        answer(devices, "b0", asked.id, answer="ok")
        await eventually(lambda: one(conninfo, "select answer from command") == "ok", "the wearer's word")
    assert one(conninfo, "select count(*) from alarm") == 0


async def test_a_wearer_who_answers_ok_is_heard_like_one_who_pressed_that_they_are_well(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0", "confirm_ok", {"timeout_s": 30})
        await asyncio.to_thread(next_command, devices)
        answer(devices, "b0", asked.id)
        answer(devices, "b0", asked.id, answer="none")
        answer(devices, "b0", asked.id, answer="ok")
        await eventually(lambda: one(conninfo, "select count(*) from checkin") == 1, "a press")
    assert rows(conninfo, "select d.id from checkin c join device d on d.slot = c.device") == [("b0",)]


async def test_a_wearer_who_answers_help_is_heard_like_one_who_pressed(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0", "confirm_ok", {"timeout_s": 30})
        await asyncio.to_thread(next_command, devices)
        answer(devices, "b0", asked.id, answer="help")
        await eventually(lambda: one(conninfo, "select count(*) from alarm"), "an alarm")
        await _ends_as(conninfo, asked.id, "done")
    assert rows(conninfo, "select rule, severity, resident, object -> 'evidence' ->> 'answer' from alarm") == [
        ("sos.button", "critical", "r0", "help")
    ]


async def test_a_command_that_ran_out_is_not_sent_and_says_so(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    asked = await ask(conninfo, "b0", expires_in_s=1)
    await asyncio.to_thread(_do, conninfo, "update command set created_at = 1, expires_at = 2, answer_until = 2")
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto):
            await _ends_as(conninfo, asked.id, "expired")
            later = await ask(conninfo, "b1")
            assert (await asyncio.to_thread(next_command, devices))["id"] == str(later.id)
    assert (await became(conninfo, asked.id)).reason == "not_sent"


async def test_a_late_answer_is_kept_and_marked(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0", expires_in_s=1)
        await asyncio.to_thread(next_command, devices)
        await _ends_as(conninfo, asked.id, "expired")
        assert (await became(conninfo, asked.id)).reason == "no_answer"
        answer(devices, "b0", asked.id)
        await _ends_as(conninfo, asked.id, "done")
    assert (await became(conninfo, asked.id)).late


async def test_the_broker_forgets_a_copy_that_nobody_fetched_in_time(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    account = mosquitto.site("s1")
    with connected(mosquitto, account, "band", keep_session=True) as band:
        band.subscribe("anxin/v1/s1/+/command")
    async with running_gateway(conninfo, mosquitto):
        gone = await ask(conninfo, "b0", expires_in_s=1)
        await _ends_as(conninfo, gone.id, "expired")
        # Mosquitto counts in whole seconds.
        await eventually(lambda: NOW() > gone.expires_at + 2_000, "the broker's clock has gone on")
        fresh = await ask(conninfo, "b1")
        await _ends_as(conninfo, fresh.id, "sent")
    with connected(mosquitto, account, "band", keep_session=True) as band:
        assert (await asyncio.to_thread(next_command, band))["id"] == str(fresh.id)
        assert band.arrivals.empty()


async def test_a_device_that_is_offline_gets_its_command_when_it_is_back_and_not_before(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        devices.publish("anxin/v1/s1/b0/presence", encoded(state="offline"), retain=True)
        await eventually(lambda: rows(conninfo, "select online from presence") == [(False,)], "it is offline")
        asleep, awake = await ask(conninfo, "b0"), await ask(conninfo, "b1")
        assert (await asyncio.to_thread(next_command, devices))["id"] == str(awake.id)
        await _ends_as(conninfo, awake.id, "sent")
        assert _state(conninfo, asleep.id) == "queued"
        async with await connect(conninfo, application="test") as listener:
            await listener.execute("listen command")
            devices.publish("anxin/v1/s1/b0/presence", encoded(state="online"), retain=True)
            assert [note.channel async for note in listener.notifies(timeout=30, stop_after=1)] == ["command"]
        assert (await asyncio.to_thread(next_command, devices))["id"] == str(asleep.id)
    assert (await became(conninfo, asleep.id)).attempts == 1


async def test_an_unanswered_command_is_due_at_once_when_its_device_comes_back_but_not_each_time(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        asked = await ask(conninfo, "b0", "locate")
        await asyncio.to_thread(next_command, devices)
        await _ends_as(conninfo, asked.id, "sent")
        planned = (await became(conninfo, asked.id)).next_attempt_at
        tried_at = one(conninfo, "select tried_at from command")
        devices.publish("anxin/v1/s1/b0/presence", encoded(state="online"), retain=True)
        await eventually(lambda: rows(conninfo, "select online from presence") == [(True,)], "it is online")
        sooner = (await became(conninfo, asked.id)).next_attempt_at
        assert sooner == tried_at + 5_000
        assert planned is not None
        assert tried_at + 5_000 < planned
        await asyncio.to_thread(_do, conninfo, "update command set next_attempt_at = %s", planned)
        devices.publish("anxin/v1/s1/b0/presence", encoded(state="online", t=1_750_000_000_000), retain=True)
        await eventually(lambda: one(conninfo, "select t is not null from presence"), "it says so again")
        assert (await became(conninfo, asked.id)).next_attempt_at == planned


async def test_only_the_newest_of_a_name_is_sent_to_a_device_that_comes_back(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    asked = [await ask(conninfo, "b0", "set_interval", {"position_s": s, "heartbeat_s": s}) for s in (10, 20, 30)]
    words = [await ask(conninfo, "b0", "message", {"text": text}) for text in ("one", "two", "one")]
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto):
            got = [await asyncio.to_thread(next_command, devices) for _ in range(3)]
            await _ends_as(conninfo, asked[2].id, "sent")
    assert [each["args"] for each in got] == [
        {"text": "two"},
        {"text": "one"},
        {"position_s": 30, "heartbeat_s": 30},
    ]
    ends = [(await became(conninfo, each.id)) for each in (asked[0], asked[1], words[0])]
    assert [(end.state, end.reason, end.ended_by) for end in ends] == [("superseded", "newer", "test")] * 3


async def test_a_device_that_answers_nothing_is_not_asked_without_end(conninfo: str) -> None:
    seed_community(conninfo)
    for number in range(OPEN_AT_MOST):
        await ask(conninfo, "b0", "message", {"text": str(number)})
    with pytest.raises(TooManyCommands):
        await ask(conninfo, "b0", "message", {"text": "one more"})
    assert one(conninfo, "select count(*) from command where state = 'queued'") == OPEN_AT_MOST
    await ask(conninfo, "b0", "message", {"text": "0"})
    await ask(conninfo, "b1", "message", {"text": "another device"})


async def test_a_command_that_was_taken_back_is_never_sent(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    asked = await ask(conninfo, "b0")
    async with await connect(conninfo, application="test") as connection:
        assert await cancel_command(connection, asked.id, by="li", now=1)
        assert not await cancel_command(connection, asked.id, by="li", now=1)
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto):
            other = await ask(conninfo, "b1")
            assert (await asyncio.to_thread(next_command, devices))["id"] == str(other.id)
            await _ends_as(conninfo, other.id, "sent")
            async with await connect(conninfo, application="test") as connection:
                assert not await cancel_command(connection, other.id, by="li", now=1)


async def test_a_revoked_device_is_sent_nothing(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    asked = await ask(conninfo, "b0")
    await asyncio.to_thread(_do, conninfo, "update device set revoked = true where id = 'b0'")
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto):
            other = await ask(conninfo, "b1")
            assert (await asyncio.to_thread(next_command, devices))["id"] == str(other.id)
    assert _state(conninfo, asked.id) == "queued"


async def test_five_hundred_commands_leave_once_each_when_the_broker_is_back(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    size = 500
    seed_community(conninfo, size=size)
    async with running_gateway(conninfo, mosquitto):
        await mosquitto.broker.stop()
        asked = await ask_each(conninfo, [f"b{i}" for i in range(size)], "locate")
        await mosquitto.broker.start()
        with all_devices(mosquitto) as devices:
            all_sent = partial(one, conninfo, "select count(*) = %s from command where state = 'sent'", size)
            await eventually(all_sent, "all are sent")
            got: Counter[str] = Counter()
            while not devices.arrivals.empty():
                got[next_command(devices)["id"]] += 1
    # Those that left before this client had subscribed are missing here; none may have come twice.
    assert set(got) <= {str(each.id) for each in asked}
    assert set(got.values()) <= {1}
    assert one(conninfo, "select max(attempts) from command") <= 2
    assert one(conninfo, "select count(*) from command where attempts = 1") >= size - 50
