"""A band whose wearer is sought reports often, and has its own intervals back afterwards, over a real broker."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.brokers import Client, RunningBroker
from tests.support.commands import all_devices, answer, ask, commanded, next_command
from tests.support.community import one, rows, seed_community
from tests.support.gateway import eventually, running_gateway
from tests.support.lost import come_home, followed, walk_away


async def _next(devices: Client, name: str) -> dict[str, Any]:
    while True:
        asked = await asyncio.to_thread(next_command, devices)
        if asked["name"] == name:
            return asked


async def _obeyed(devices: Client, name: str = "set_interval", device: str = "b0") -> dict[str, Any]:
    asked = await _next(devices, name)
    await asyncio.to_thread(answer, devices, device, asked["id"])
    args: dict[str, Any] = asked["args"]
    return args


def _events(conninfo: str) -> list[tuple[str, str | None, str | None]]:
    found = rows(
        conninfo,
        "select e ->> 'event', e ->> 'to', e ->> 'note' from alarm, jsonb_array_elements(object -> 'timeline') e"
        " where e ->> 'event' like 'follow%%'",
    )
    return [(event, to, note) for event, to, note in found]


async def test_who_has_left_their_zone_is_followed_until_they_are_back(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices, followed(conninfo):
        walk_away(devices)
        assert await _obeyed(devices) == {"position_s": 15, "heartbeat_s": 300}
        await _obeyed(devices, "locate")
        await eventually(lambda: ("followed", "b0", "15") in _events(conninfo), "the timeline says so")
        come_home(devices)
        await eventually(lambda: one(conninfo, "select object ->> 'recovered_at' from alarm"), "they are back")
        assert await _obeyed(devices) == {"position_s": 60, "heartbeat_s": 300, "usual": True}
        await eventually(lambda: one(conninfo, "select count(*) from following") == 0, "all is as before")
    assert _events(conninfo) == [("followed", "b0", "15"), ("follow_ended", "b0", "60")]
    assert one(conninfo, "select count(*) from command where name = 'set_interval'") == 2


async def test_what_somebody_had_set_before_comes_back(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices:
        await ask(conninfo, "b0", "set_interval", {"position_s": 120, "heartbeat_s": 240}, by="office")
        await _obeyed(devices)
        async with followed(conninfo):
            walk_away(devices)
            await _obeyed(devices)
            come_home(devices)
            assert await _obeyed(devices) == {"position_s": 120, "heartbeat_s": 240}
            await eventually(lambda: one(conninfo, "select count(*) from following") == 0, "all is as before")


async def test_what_somebody_sets_meanwhile_stays(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices, followed(conninfo):
        walk_away(devices)
        await _obeyed(devices)
        await ask(conninfo, "b0", "set_interval", {"position_s": 5, "heartbeat_s": 30}, by="office")
        assert await _obeyed(devices) == {"position_s": 5, "heartbeat_s": 30}
        come_home(devices)
        await eventually(lambda: one(conninfo, "select object ->> 'recovered_at' from alarm"), "they are back")
        await eventually(lambda: one(conninfo, "select count(*) from following") == 0, "nothing is owed")
    asked = rows(conninfo, "select created_by from command where name = 'set_interval' order by n")
    assert [by for (by,) in asked] == ["finding", "office"]


async def test_two_who_follow_ask_a_band_once(conninfo: str, mosquitto: RunningBroker) -> None:
    async with commanded(conninfo, mosquitto) as devices, followed(conninfo, processes=3):
        for device in ("b0", "b1", "b2"):
            walk_away(devices, device)
        count = "select count(*) from command c join device d on d.slot = c.device where c.name = 'set_interval'"
        await eventually(lambda: one(conninfo, count) == 3, "each is asked")
        for device in ("b0", "b1", "b2"):
            come_home(devices, device)
        await eventually(lambda: one(conninfo, count) == 6, "each has its own back")
    assert rows(conninfo, "select count(*), count(distinct device) from command where name = 'set_interval'") == [
        (6, 3)
    ]


async def test_a_band_gets_its_intervals_back_though_everybody_was_killed_meanwhile(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    with all_devices(mosquitto) as devices:
        async with running_gateway(conninfo, mosquitto), followed(conninfo):
            walk_away(devices)
            await _obeyed(devices)
            await eventually(lambda: _events(conninfo), "it obeyed")
        async with running_gateway(conninfo, mosquitto):
            come_home(devices)
            await eventually(lambda: one(conninfo, "select object ->> 'recovered_at' from alarm"), "they are back")
        async with followed(conninfo):
            kept = "select phase from following"
            await eventually(lambda: one(conninfo, kept) == "giving_back", "it is asked, and nobody sends it")
        async with running_gateway(conninfo, mosquitto), followed(conninfo):
            assert await _obeyed(devices) == {"position_s": 60, "heartbeat_s": 300, "usual": True}
            await eventually(lambda: one(conninfo, "select count(*) from following") == 0, "all is as before")
