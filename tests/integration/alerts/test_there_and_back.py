"""There and back over Twilio's API: SMS and calls leave, reports and answers come in, signed, at a real console."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from alerts.alarm import Alarm
from alerts.desk import absorb
from alerts.dispatcher import Dispatcher
from alerts.notifiers.selection import WaysOut
from alerts.notifiers.twilio import TwilioNotifier
from alerts.policies import Policy, PolicyStep
from dashboards.api import create_app
from dashboards.deps import Deps, MqttInfo, TwilioWebhooks
from devices.clock import ManualClock
from gateway.store.alarms import PostgresAlarmStore, alarm_from_object
from gateway.store.connection import pool
from gateway.store.outbox import PostgresOutbox
from simulator.twilio_standin import TwilioStandIn
from tests.support.alarms import T0, an_episode
from tests.support.console import serving
from tests.support.escalation.centre import PHONES, SITE, Centre

OURS = "+15005550006"
CHEN = "neighbour chen"
AT_ONCE = Policy(
    id="at_once",
    name="at once",
    site=SITE,
    steps=(
        PolicyStep(after_s=0, who="neighbours", how="sms"),
        PolicyStep(after_s=30, who="family", how="voice", nth=1),
    ),
)

ASK = Policy(
    id="ask",
    name="ask",
    site=SITE,
    applies_to="missed_check",
    steps=(PolicyStep(after_s=0, who="resident", how="sms"), PolicyStep(after_s=30, who="resident", how="voice")),
)

FAMILY_AT_ONCE = Policy(
    id="family_at_once",
    name="family at once",
    site=SITE,
    applies_to="sos.button",
    steps=(PolicyStep(after_s=0, who="family", how="sms", nth=1),),
)


@dataclass
class House:
    """A centre with a console that Twilio reaches, and a dispatcher."""

    centre: Centre
    store: PostgresAlarmStore
    twilio: TwilioStandIn
    dispatcher: Dispatcher
    clock: ManualClock

    async def press(self) -> Alarm:
        async with self.store.transaction() as tx:
            episode = an_episode(resident="wang", subject="resident:wang", device="band-wang", site=SITE)
            return (await absorb(tx, [episode], self.clock.now)).changed[0]

    async def miss(self) -> Alarm:
        """The resident, who has a telephone, lets a promised check pass."""
        await self.centre.phone("wang", PHONES["wang"])
        episode = an_episode("missed_check.checkin", resident="wang", subject="resident:wang", device=None, site=SITE)
        async with self.store.transaction() as tx:
            return (await absorb(tx, [episode], self.clock.now)).changed[0]

    async def passes(self, seconds: float = 0) -> None:
        """Let time pass and the dispatcher do what is due."""
        self.clock.now += int(1000 * seconds)
        for _ in range(3):
            await self.dispatcher.run(_nothing())

    async def alarm(self) -> Alarm:
        return alarm_from_object((await self.centre.rows("select object from alarm"))[0][0])

    async def states(self) -> list[tuple[Any, ...]]:
        rows = await self.centre.rows("select channel, state, reason from message order by id")
        return [tuple(row) for row in rows]


async def _nothing() -> AsyncIterator[None]:
    for _ in range(0):
        yield


@pytest.fixture
async def house(conninfo: str, free_port: Callable[[], int]) -> AsyncIterator[House]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    clock = ManualClock(T0)
    with TwilioStandIn(inbound_url=f"{url}/webhooks/twilio/inbound") as twilio:
        async with pool(conninfo, application="anxin test", size=6) as connections:
            centre = Centre(connections)
            await centre.furnish()
            await centre.policy(AT_ONCE)
            store = PostgresAlarmStore(connections)
            account = TwilioWebhooks(auth_token=twilio.auth_token, numbers=(OURS,), public_url=url)
            deps = Deps(
                conninfo=conninfo,
                pool=connections,
                alarm_store=store,
                clock=clock,
                mqtt=MqttInfo(host="127.0.0.1", port=1883),
                twilio=account,
            )
            provider = TwilioNotifier(
                account_sid=twilio.account_sid,
                auth_token=twilio.auth_token,
                sender=OURS,
                base_url=twilio.base_url,
                public_url=url,
            )
            ways = WaysOut(phone=provider, public_url=url)
            dispatcher = Dispatcher(
                store=store,
                outbox=PostgresOutbox(connections),
                ways=ways,
                capabilities=ways.capabilities,
                clock=clock,
            )
            async with serving(create_app(deps), port):
                yield House(centre, store, twilio, dispatcher, clock)


async def test_a_neighbour_reads_answers_and_is_told_what_to_do_next(house: House) -> None:
    await house.press()
    await house.passes()
    (message,) = house.twilio.sent
    assert message.to == PHONES[CHEN]
    assert "3栋2单元601室王秀兰" in message.body
    assert await house.states() == [("sms", "sent", None)]
    assert (await asyncio.to_thread(house.twilio.report, message.sid, "delivered")).status == 204
    assert await house.states() == [("sms", "delivered", None)]
    answer = await asyncio.to_thread(house.twilio.reply, PHONES[CHEN], "1", to=OURS)
    assert answer.texts == ("【安心】收到，您去看王秀兰。3栋2单元601室。到了请回2，去不了回0。北苑",)
    assert (await house.alarm()).state == "dispatched"
    await house.passes(60)
    assert not house.twilio.calls, "nobody is called once somebody goes"
    await asyncio.to_thread(house.twilio.reply, PHONES[CHEN], "到了", to=OURS)
    assert (await house.alarm()).state == "on_scene"


async def test_the_link_of_an_sms_opens_its_page_and_its_button_is_the_answer(house: House) -> None:
    await house.centre.policy(FAMILY_AT_ONCE)
    await house.press()
    await house.passes()
    (message,) = house.twilio.sent
    assert message.to == PHONES["daughter"]
    link = re.search(r"http://\S+/a/[A-Za-z0-9_-]{11}", message.body)
    assert link is not None, message.body
    async with httpx.AsyncClient(timeout=30) as phone:
        page = await phone.get(link[0])
        assert "王秀兰按了求助键" in page.text
        alarm = await house.alarm()
        pressed = await phone.post(link[0], data={"alarm": str(alarm.id), "answer": "take"})
        assert pressed.status_code == 303
        assert "您说：我正赶过去" in (await phone.get(link[0])).text
    assert (await house.alarm()).timeline[-1].event == "family_going"


async def test_who_missed_a_check_is_asked_and_answers_that_all_is_well(house: House) -> None:
    await house.centre.policy(ASK)
    await house.miss()
    await house.passes()
    (message,) = house.twilio.sent
    assert message.to == PHONES["wang"]
    assert "请按平安键或给服务中心回个电话" in message.body
    assert "http" not in message.body
    answer = await asyncio.to_thread(house.twilio.reply, PHONES["wang"], "1", to=OURS)
    assert answer.texts == ("【安心】王秀兰：收到您的平安，谢谢您。北苑",)
    assert (await house.alarm()).state == "resolved"
    await house.passes(60)
    assert not house.twilio.calls, "nobody is called who has answered"
    assert await house.centre.seen("wang") == [(T0, "resident:wang", "sms")]


async def test_who_presses_0_during_the_call_has_called_for_help(house: House) -> None:
    await house.centre.policy(ASK)
    await house.miss()
    await house.passes()
    await house.passes(31)
    (call,) = house.twilio.calls
    assert "平安请按1，要帮助请按0" in house.twilio.heard(call.sid).texts[0]
    asked_again = await asyncio.to_thread(house.twilio.press, call.sid, "5")
    assert "平安请按1" in asked_again.texts[0]
    answer = await asyncio.to_thread(house.twilio.press, call.sid, "0")
    assert "已告诉值班员您要帮助" in answer.texts[0]
    cries = await house.centre.rows("select state, severity from alarm where rule = 'sos.reported'")
    assert cries == [("open", "critical")]


async def test_a_bad_number_reported_later_lets_the_next_step_come_at_once(house: House) -> None:
    await house.press()
    await house.passes()
    (message,) = house.twilio.sent
    await asyncio.to_thread(house.twilio.report, message.sid, "undelivered", code=30003)
    await house.passes(1)
    assert [call.to for call in house.twilio.calls] == [PHONES["daughter"]]
    entry = next(e for e in (await house.alarm()).timeline if e.event == "not_delivered")
    assert (entry.to, entry.note) == (CHEN, "twilio_30003")


async def test_a_key_pressed_in_a_call_counts_and_is_confirmed(house: House) -> None:
    await house.press()
    await house.passes()
    await house.passes(31)
    (call,) = house.twilio.calls
    question = house.twilio.heard(call.sid)
    assert "您去请按1" in question.texts[0]
    answer = await asyncio.to_thread(house.twilio.press, call.sid, "1")
    assert "已告诉值班员您正赶去" in answer.texts[0]
    assert "family_going" in {entry.event for entry in (await house.alarm()).timeline}
    await asyncio.to_thread(house.twilio.report, call.sid, "completed")
    assert ("voice", "delivered", None) in await house.states()


async def test_a_call_that_nobody_takes_is_not_delivered(house: House) -> None:
    await house.press()
    await house.passes()
    await house.passes(31)
    (call,) = house.twilio.calls
    await asyncio.to_thread(house.twilio.report, call.sid, "no-answer")
    assert ("voice", "failed", "twilio_no-answer") in await house.states()


async def test_what_is_forged_is_refused(house: House) -> None:
    await house.press()
    await house.passes()
    before = await house.alarm()
    (message,) = house.twilio.sent
    for answer in (
        await asyncio.to_thread(house.twilio.reply, PHONES[CHEN], "3", to=OURS, token="guessed"),
        await asyncio.to_thread(house.twilio.report, message.sid, "failed", code=30003, token="guessed"),
    ):
        assert answer.status == 403
    assert await house.alarm() == before
    assert await house.states() == [("sms", "sent", None)]


async def test_an_answer_while_the_database_is_busy_is_not_lost(house: House) -> None:
    alarm = await house.press()
    await house.passes()
    async with house.store.transaction() as tx:
        await tx.lock(alarm.id)
        refused = await asyncio.to_thread(house.twilio.reply, PHONES[CHEN], "1", to=OURS, sid="SMbusy")
    assert refused.status == 503
    again = await asyncio.to_thread(house.twilio.reply, PHONES[CHEN], "1", to=OURS, sid="SMbusy")
    assert again.status == 200
    assert (await house.alarm()).state == "dispatched"
