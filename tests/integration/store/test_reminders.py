"""Reminders on bands before a check ends, and questions before an absence does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerts.checks import WindowTerms
from devices.clock import MINUTE_MS
from gateway.store.absences import ask_about_absences, ending_absences
from gateway.store.checks import keep_open
from gateway.store.connection import Connection, connect
from gateway.store.registry import (
    add_contact,
    add_device,
    add_household,
    add_plan,
    add_resident,
    replace_plan,
    replace_resident,
    save_site,
)
from gateway.store.registry_records import (
    ContactFields,
    DeviceFields,
    HouseholdFields,
    Plan,
    PlanFields,
    Resident,
    ResidentFields,
    Site,
)
from gateway.store.reminders import remind_due
from tests.support.promises import june

WINDOW = WindowTerms(opens="08:00", closes="09:30")


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    connection = await connect(conninfo, application="anxin test")
    async with connection:
        await save_site(connection, "test", Site(id="north", name="北社区"), create=True)
        yield connection


async def _resident(conn: Connection, **more: Any) -> Resident:
    return await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶", **more))


async def _device(conn: Connection, name: str, **whose: Any) -> None:
    await add_device(conn, "test", name, DeviceFields(site="north", **whose), password_hash=None, now=june(0))


async def _plan(conn: Connection, resident: Resident, **more: Any) -> Plan:
    terms: dict[str, Any] = {"windows": (WINDOW,), "remind": ("ring", "message"), **more}
    return await add_plan(conn, "test", PlanFields(resident=resident.id, name="早安", **terms), now=june(6))


async def _commands(conn: Connection) -> list[tuple[str, str]]:
    cursor = await conn.execute(
        "select d.id, c.name from command c join device d on d.slot = c.device where c.state = 'queued'"
        " order by d.id, c.name"
    )
    return await cursor.fetchall()


async def test_a_band_reminds_before_the_end_and_once_whoever_asks(conn: Connection, conninfo: str) -> None:
    resident = await _resident(conn, language="en")
    await _device(conn, "band-1", resident=resident.id)
    await _device(conn, "rower-1", resident=resident.id, type="rower")
    await _plan(conn, resident)
    assert await remind_due(conn, june(9, 15) - 1) == 0
    other = await connect(conninfo, application="anxin test")
    async with other:
        done = await asyncio.gather(remind_due(conn, june(9, 15)), remind_due(other, june(9, 15)))
    assert sorted(done) == [0, 1]
    assert await remind_due(conn, june(9, 20)) == 0
    assert await _commands(conn) == [("band-1", "message"), ("band-1", "ring")]
    cursor = await conn.execute(
        "select distinct args ->> 'text', expires_at, created_by from command where args <> '{}'"
    )
    assert await cursor.fetchall() == [("Please press the button to say you are well.", june(9, 30), "reminder")]


async def test_the_box_of_the_household_reminds_too(conn: Connection) -> None:
    home = await add_household(conn, "test", HouseholdFields(site="north", name="李家"))
    resident = await _resident(conn, household=home.id)
    await _device(conn, "box-1", household=home.id, type="box")
    await _plan(conn, resident, remind=("ring",))
    assert await remind_due(conn, june(9, 20)) == 1
    assert await _commands(conn) == [("box-1", "ring")]


@pytest.mark.parametrize("why", ["kept", "away", "by a call", "no reminder", "no way", "too late", "nothing to ask"])
async def test_nobody_is_reminded_of_what_they_need_not_do(conn: Connection, why: str) -> None:
    resident = await _resident(conn)
    if why != "nothing to ask":
        await _device(conn, "band-1", resident=resident.id)
    terms: dict[str, dict[str, Any]] = {
        "by a call": {"windows": (WindowTerms(opens="08:00", closes="09:30", by="call"),)},
        "no reminder": {"remind_min": None},
        "no way": {"remind": ()},
    }
    await _plan(conn, resident, **terms.get(why, {}))
    if why == "kept":
        await keep_open(conn, resident.id, at=june(9), by="mei", how="call")
    if why == "away":
        await conn.execute("update resident set status = 'away'")
    assert await remind_due(conn, june(9, 30) - 1 if why == "too late" else june(9, 20)) == 0
    assert await _commands(conn) == []
    cursor = await conn.execute("select from check_outcome where reminded_ms is not null")
    assert await cursor.fetchall() == [], "nor does the list say so"


async def test_a_plan_that_changes_reminds_as_it_is_now(conn: Connection) -> None:
    resident = await _resident(conn)
    await _device(conn, "band-1", resident=resident.id)
    plan = await _plan(conn, resident)
    fields = PlanFields(resident=resident.id, name="早安", windows=(WINDOW,), remind_min=60, remind=("ring",))
    await replace_plan(conn, "test", plan.id, fields, now=june(8, 10))
    assert await remind_due(conn, june(8, 30)) == 1
    assert await _commands(conn) == [("band-1", "ring")]


async def _away(conn: Connection, until: int, **more: Any) -> Resident:
    resident = await _resident(conn, status="away", until=until, **more)
    # Entered long ago.
    await conn.execute("update resident set updated_at = '2025-01-01'")
    return resident


async def _contact(conn: Connection, resident: Resident, name: str, order: int, **more: Any) -> None:
    fields: dict[str, Any] = {"phone": "13800138000", "order": order, **more}
    await add_contact(conn, "test", ContactFields(resident=resident.id, name=name, **fields))


async def _messages(conn: Connection) -> list[tuple[Any, ...]]:
    cursor = await conn.execute("select name, template, params, language from message order by id")
    return await cursor.fetchall()


async def test_the_first_contact_is_asked_by_day_and_once_whether_an_absence_ends(
    conn: Connection, conninfo: str
) -> None:
    until = june(7, day=12)
    resident = await _away(conn, until)
    await _contact(conn, resident, "李强", 1, channels=["call"])
    await _contact(conn, resident, "李敏", 2)
    await _contact(conn, resident, "李军", 3)
    assert await ask_about_absences(conn, june(6, 59, day=11)) == 0
    assert await ending_absences(conn, [], june(6, 59, day=11)) == []
    assert await ask_about_absences(conn, june(7, 59, day=11)) == 0, "nobody is woken"
    [listed] = await ending_absences(conn, ["north"], june(7, day=11))
    assert (listed.id, listed.until, listed.asked) == (resident.id, until, None)
    other = await connect(conninfo, application="anxin test")
    now = june(8, day=11)
    async with other:
        done = await asyncio.gather(ask_about_absences(conn, now), ask_about_absences(other, now))
    assert sorted(done) == [0, 1]
    params = {"name": "李奶奶", "day": "6月12日", "time": "07:00", "site": "北社区"}
    assert await _messages(conn) == [("李敏", "absence_ends", params, "zh")]
    [listed] = await ending_absences(conn, ["north"], now)
    assert (listed.asked, listed.asked_at) == ("李敏", now)
    assert await ending_absences(conn, ["south"], now) == []


async def test_an_end_that_was_moved_is_asked_about_anew(conn: Connection) -> None:
    resident = await _away(conn, june(7, day=12))
    await _contact(conn, resident, "李敏", 1, language="en")
    assert await ask_about_absences(conn, june(9, day=11)) == 1
    fields = ResidentFields(site="north", name="李奶奶", status="away", until=june(7, day=14))
    await replace_resident(conn, "test", resident.id, fields)
    assert await ending_absences(conn, [], june(9, day=11)) == []
    await conn.execute("update resident set updated_at = '2025-01-01'")
    assert await ask_about_absences(conn, june(9, day=13)) == 1
    assert (await _messages(conn))[1][2]["day"] == "14 June"


async def test_whoever_entered_the_end_just_now_is_not_asked_about_it(conn: Connection) -> None:
    resident = await _away(conn, june(20, day=12))
    await _contact(conn, resident, "李敏", 1)
    await conn.execute("update resident set updated_at = to_timestamp(%s)", (june(19, day=11) // 1000,))
    assert await ask_about_absences(conn, june(19, 30, day=11)) == 0
    [listed] = await ending_absences(conn, [], june(19, 30, day=11))
    assert (listed.asked, listed.asked_at) == (None, june(19, 30, day=11))


async def test_an_absence_of_somebody_whom_nobody_can_be_asked_about_stands_on_the_list(conn: Connection) -> None:
    resident = await _away(conn, june(7, day=12))
    await _contact(conn, resident, "李敏", 1, can_receive_sms=False)
    assert await ask_about_absences(conn, june(9, day=11)) == 0
    assert [each.id for each in await ending_absences(conn, [], june(9, day=11) + MINUTE_MS)] == [resident.id]
