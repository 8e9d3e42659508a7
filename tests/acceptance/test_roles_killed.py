"""The dispatcher and the console may be killed at any time: what they have to say is said when they are back."""

from __future__ import annotations

import asyncio

import msgspec
import psycopg
import pytest

from devices.clock import SystemClock
from tests.support.brokers import Client, connected
from tests.support.commands import answer, next_command
from tests.support.console import open_stream
from tests.support.gateway import encoded, eventually
from tests.support.house import PATIENCE_S, Centre, House
from tests.support.outbox import fall_due, finished_messages

pytestmark = pytest.mark.timeout(300)

NOW = SystemClock().now_ms


def _press(band: Client, centre: Centre, device: str) -> str:
    """Press SOS; returns the alarm that the receipt names."""
    band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=NOW(), seq=1))
    alarm: str = msgspec.json.decode(band.receive()[1])["alarm"]
    return alarm


async def test_the_stream_goes_on_by_its_last_event_id_after_the_console_was_killed(house: House) -> None:
    centre = await house.register("console-killed", 4)
    first, *meanwhile, last = centre.residents
    restarts = house.restarts("console")
    with connected(house, house.site_account(centre.site)) as band:
        band.subscribe(f"anxin/v1/{centre.site}/+/receipt")
        start, token = house.one("select n from alarm_counter"), house.token_of_duty(centre.site)
        async with open_stream(house.system.console, token, params={"after": start}) as stream:
            pressed = [_press(band, centre, first)]
            seen = [await stream.next()]
            killed = house.system.kill("console")
            pressed += [_press(band, centre, device) for device in meanwhile]
        await house.back("console", other_than=killed)
        headers = {"Last-Event-ID": str(seen[0].id)}
        async with open_stream(house.system.console, token, headers=headers) as stream:
            seen += [await stream.next() for _ in meanwhile]
            pressed.append(_press(band, centre, last))
            seen.append(await stream.next())
    assert [str(event.alarm) for event in seen] == pressed
    numbered = "select n from alarm_change where object ->> 'site' = %s order by n"
    assert [(event.id,) for event in seen] == house.rows(numbered, centre.site)
    assert house.restarts("console") == restarts + 1


async def test_a_step_that_falls_due_while_the_dispatcher_is_killed_is_carried_out_once(house: House) -> None:
    centre = await house.register("dispatcher-killed", 1)
    (device,) = centre.residents
    restarts = house.restarts("dispatcher")
    with connected(house, house.site_account(centre.site)) as band:
        band.subscribe(f"anxin/v1/{centre.site}/+/receipt")
        alarm = _press(band, centre, device)
    killed = house.system.kill("dispatcher")
    fall_due(house, alarm)
    assert len(await finished_messages(house, alarm, 1)) == 1
    await house.back("dispatcher", other_than=killed)
    assert house.restarts("dispatcher") == restarts + 1
    due = "select state from escalation_step where alarm = %s and (who, nth, how) = ('family', 1, 'sms')"
    assert house.rows(due, alarm) == [("done",)]


async def test_a_dispatcher_killed_between_question_and_answer_ends_what_nobody_answered_and_nothing_else(
    house: House,
) -> None:
    centre = await house.register("asked-killed", 2)
    well, silent = centre.residents
    state = "select object ->> 'state', severity, object ->> 'asked_until' from alarm where object ->> 'device' = %s"
    with connected(house, house.site_account(centre.site)) as band:
        band.subscribe(f"anxin/v1/{centre.site}/+/command")
        asked = {}
        for device in (well, silent):
            band.publish(f"anxin/v1/{centre.site}/{device}/fall", encoded(t=NOW(), confidence=0.5))
            asked[device] = (await asyncio.to_thread(next_command, band))["id"]
        killed = house.system.kill("dispatcher")
        answer(band, well, asked[well], site=centre.site, answer="ok")
        await eventually(lambda: house.rows(state, well) == [("cancelled", "high", None)], "cancelled", PATIENCE_S)
    with psycopg.connect(house.conninfo) as connection:
        connection.execute(
            "update escalation_step set due_at = 0 where step = 'no_answer' and state = 'pending'"
            " and alarm = (select id from alarm where object ->> 'device' = %s)",
            (silent,),
        )
    await house.back("dispatcher", other_than=killed)
    await eventually(lambda: house.rows(state, silent) == [("open", "critical", None)], "critical", PATIENCE_S)
    lines = "select count(*) from alarm, jsonb_array_elements(object -> 'timeline') e where e ->> 'event' = %s"
    assert house.one(f"{lines} and object ->> 'device' = %s", "unanswered", silent) == 1
    assert house.one("select count(*) from message m join alarm a on a.id = m.alarm where a.object ->> 'device' = %s",
                     well) == 0  # fmt: skip
