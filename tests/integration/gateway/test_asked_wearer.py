"""A probable fall through the running gateway: the band asks over the real broker, and its answer decides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.brokers import Client, RunningBroker
from tests.support.commands import NOW, all_devices, answer, became, commanded, next_command
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway


def _fall(devices: Client, device: str = "b0", *, confidence: float = 0.5, **further: Any) -> None:
    devices.publish(f"anxin/v1/s1/{device}/fall", encoded(**{"t": NOW(), "confidence": confidence, **further}))


async def _asked(devices: Client) -> dict[str, Any]:
    asked = await asyncio.to_thread(next_command, devices)
    assert (asked["name"], asked["args"]) == ("confirm_ok", {"timeout_s": 30})
    return asked


def _alarms(conninfo: str) -> list[tuple[Any, ...]]:
    return rows(conninfo, "select rule, state, severity from alarm order by rule")


def _events(conninfo: str) -> list[str]:
    found = rows(conninfo, "select e ->> 'event' from alarm, jsonb_array_elements(object -> 'timeline') e")
    return [event for (event,) in found]


def _waiting_steps(conninfo: str) -> int:
    found: int = one(conninfo, "select count(*) from escalation_step where state = 'pending' and step = 'tell'")
    return found


async def test_a_wearer_who_answers_ok_has_ended_the_alarm_of_the_fall(conninfo: str, broker: RunningBroker) -> None:
    async with commanded(conninfo, broker) as devices:
        _fall(devices)
        asked = await _asked(devices)
        assert _alarms(conninfo) == [("fall.device", "open", "high")]
        assert one(conninfo, "select (object ->> 'asked_until')::bigint - raised_at from alarm") == 35_000
        await asyncio.to_thread(answer, devices, "b0", asked["id"], answer="ok")
        await eventually(lambda: _alarms(conninfo) == [("fall.device", "cancelled", "high")], "it is cancelled")
    assert _events(conninfo) == ["opened", "asked", "answered", "cancel"]
    assert _waiting_steps(conninfo) == 0
    assert rows(conninfo, "select state, answer, expires_at - created_at from command") == [("done", "ok", 30_000)]


async def test_one_answer_for_many_falls_ends_its_own(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        for device in ("b0", "b1", "b2"):
            _fall(devices, device)
        asked = [await _asked(devices) for _ in range(3)]
        device = one(conninfo, "select d.id from command c join device d on d.slot = c.device where c.id = %s",
                     asked[1]["id"])  # fmt: skip
        answer(devices, device, asked[1]["id"], answer="ok")
        answer(devices, "b0" if device != "b0" else "b1", asked[1]["id"], answer="help")
        over = "select object ->> 'device' from alarm where state = 'cancelled'"
        await eventually(lambda: rows(conninfo, over) == [(device,)], "one is over")
    assert sum(state == "open" for _, state, _ in _alarms(conninfo)) >= 2


@pytest.mark.parametrize(
    ("word", "alarms"),
    [
        ("none", [("fall.device", "open", "critical")]),
        ("help", [("fall.device", "open", "critical"), ("sos.button", "open", "critical")]),
    ],
)
async def test_no_answer_and_a_call_for_help_make_the_fall_critical(
    conninfo: str, mosquitto: RunningBroker, word: str, alarms: list[tuple[str, str, str]]
) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        _fall(devices)
        asked = await _asked(devices)
        answer(devices, "b0", asked["id"], answer=word)
        await eventually(lambda: _alarms(conninfo) == alarms, "it is critical")
    assert one(conninfo, "select object ->> 'asked_until' from alarm where rule = 'fall.device'") is None
    assert _waiting_steps(conninfo) > 0


async def test_an_answer_that_is_delivered_again_is_heard_once(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        _fall(devices)
        asked = await _asked(devices)
        said = encoded(id=asked["id"], ok=True, answer="help", t=NOW())
        for _ in range(3):
            devices.publish("anxin/v1/s1/b0/command_ack", said)
        await eventually(lambda: "answered" in _events(conninfo), "the answer")
        _fall(devices, "b1", confidence=1.0)
        await eventually(lambda: len(_alarms(conninfo)) == 3, "what came after it")
    assert _events(conninfo).count("answered") == 1


async def test_a_band_that_is_offline_is_not_asked(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        devices.publish("anxin/v1/s1/b0/presence", encoded(state="offline"), retain=True)
        await eventually(lambda: rows(conninfo, "select online from presence") == [(False,)], "it is offline")
        _fall(devices)
        await eventually(lambda: _events(conninfo) == ["opened", "not_asked"], "it is not asked")
    assert one(conninfo, "select count(*) from command") == 0


async def test_a_sure_fall_and_one_of_yesterday_are_not_asked_about(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        _fall(devices, confidence=0.9)
        _fall(devices, "b1", t=NOW() - 3_600_000)
        await eventually(lambda: len(_alarms(conninfo)) == 2, "two alarms")
    assert one(conninfo, "select count(*) from command") == 0
    assert set(_events(conninfo)) == {"opened"}


async def test_a_gateway_that_starts_anew_between_question_and_answer_hears_it(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto):
            _fall(devices)
            asked = await _asked(devices)
        answer(devices, "b0", asked["id"], answer="ok")
        async with running_gateway(conninfo, mosquitto):
            await eventually(lambda: _alarms(conninfo) == [("fall.device", "cancelled", "high")], "it is cancelled")
    assert (await became(conninfo, one(conninfo, "select id from command"))).answer == "ok"
