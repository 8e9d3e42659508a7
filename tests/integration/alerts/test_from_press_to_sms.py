"""The dispatcher over PostgreSQL, woken by NOTIFY, with Twilio's account set and a server that speaks its API."""

from __future__ import annotations

import asyncio

from alerts.desk import absorb, act
from alerts.dispatcher import Dispatcher
from alerts.notifiers.selection import WaysOut
from alerts.notifiers.twilio import TwilioNotifier
from alerts.transitions import Acknowledge, Notify, Resolve
from devices.clock import ManualClock
from gateway.store.changes import listen
from gateway.store.connection import pool
from gateway.store.errors import UNAVAILABLE
from simulator.twilio_standin import TwilioStandIn
from tests.support.alarm_worlds import PostgresWorld
from tests.support.alarms import MINUTE, T0, a_card, a_contact, an_episode

REAL = "+8613800000001"


async def until_handled(world: PostgresWorld, count: int) -> list[tuple[str, str | None]]:
    async with asyncio.timeout(20):
        while True:
            states = await world.message_states()
            if len(states) == count and all(state not in ("queued", "sending") for state, _ in states):
                return states
            await asyncio.sleep(0.02)


async def test_a_demo_site_never_reaches_twilio_and_the_others_do_within_one_run(conninfo: str) -> None:
    with TwilioStandIn() as server:
        provider = TwilioNotifier(
            account_sid=server.account_sid,
            auth_token=server.auth_token,
            sender="+15005550006",
            base_url=server.base_url,
        )
        async with pool(conninfo, application="anxin test", size=4) as connections:
            world = PostgresWorld(connections)
            await world.register(a_card(id="r1", contacts=(a_contact(1),)))
            await world.register(a_card(id="r2", site="demo", demo=True, contacts=(a_contact(2),)))
            ways = WaysOut(phone=provider)
            clock = ManualClock(T0 + MINUTE)
            working = Dispatcher(
                store=world.store,
                outbox=world.outbox,
                ways=ways,
                capabilities=ways.capabilities,
                clock=clock,
                steady_s=lambda: clock.now / 1000,
                unavailable=UNAVAILABLE,
            )
            running = asyncio.get_running_loop().create_task(
                working.run(listen(conninfo, ["dispatch"], application="anxin test listener"))
            )
            presses = [
                an_episode(),
                an_episode(resident="r2", subject="resident:r2", site="demo", device="band-2"),
            ]
            async with world.store.transaction() as tx:
                alarms = (await absorb(tx, presses, T0)).changed
            for alarm in alarms:
                await act(world.store, alarm.id, Acknowledge(), "zhang", T0)
                await act(world.store, alarm.id, Notify(), "zhang", T0)
            assert sorted(await until_handled(world, 2)) == [("not_sent", "demo_site"), ("sent", None)]
            clock.now = T0 + 2 * MINUTE
            for alarm in alarms:
                await act(world.store, alarm.id, Resolve(result="settled_by_phone"), "zhang", T0 + MINUTE)
            assert sorted(await until_handled(world, 4)) == [("not_sent", "demo_site")] * 2 + [("sent", None)] * 2
            running.cancel()
            await asyncio.wait([running])
        assert [request.to for request in server.sent] == [REAL, REAL]
        assert [request.body for request in server.sent] == [
            "【安心】王秀兰23:06按了求助键，我们正在处理，请保持电话畅通。北苑社区",
            "【安心】王秀兰23:06的警报已处理：已电话确认平安。北苑社区",
        ]
