"""Commands through a whole system: the gateway dies at the worst moment, and every band obeys once all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psutil
import psycopg
import pytest

from devices.clock import SystemClock
from gateway.store.commands import queue_command
from gateway.store.connection import connect
from simulator.main import Options, Simulation
from tests.support.brokers import connected
from tests.support.commands import answer, next_command
from tests.support.gateway import eventually
from tests.support.house import PATIENCE_S, House

pytestmark = pytest.mark.timeout(300)

_KEY: Final = 4712
"""Of the advisory lock that is the gate."""


@contextmanager
def _no_mark(house: House) -> Iterator[psycopg.Connection[Any]]:
    """While the block runs, whoever marks a command as sent waits."""
    with psycopg.connect(house.conninfo, autocommit=True) as gatekeeper:
        gatekeeper.execute("select pg_advisory_lock(%s)", (_KEY,))
        gatekeeper.execute(
            "create function pass_mark() returns trigger language plpgsql as"
            f" 'begin perform pg_advisory_xact_lock_shared({_KEY}); return new; end'".encode()
        )
        gatekeeper.execute(
            "create trigger mark_gate before update on command for each row"
            " when (new.state = 'sent' and old.state = 'queued') execute function pass_mark()"
        )
        try:
            yield gatekeeper
        finally:
            gatekeeper.execute("select pg_advisory_unlock(%s)", (_KEY,))
            gatekeeper.execute("drop trigger mark_gate on command")
            gatekeeper.execute("drop function pass_mark")


async def test_a_gateway_killed_between_sending_and_marking_makes_nobody_obey_twice(house: House) -> None:
    centre = await house.register("commands-killed", 2)
    careful, forgetful = centre.people[0].device, centre.probe
    now = SystemClock().now_ms
    options = Options(broker=house.broker_for(centre.site), site=centre.site, prefix=centre.site, residents=2)
    community = Simulation(options)
    async with asyncio.TaskGroup() as tasks:
        living = tasks.create_task(community.run(), name="bands")
        await community.links[0].up.wait()
        with connected(house, house.site_account(centre.site)) as device:
            device.subscribe(f"anxin/v1/{centre.site}/{forgetful}/command")
            with _no_mark(house):
                async with await connect(house.conninfo, application="test") as connection, connection.transaction():
                    asked = [
                        await queue_command(connection, device=each, name="ring", args={}, by="test", now=now())
                        for each in (careful, forgetful)
                    ]
                waiting = "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted"
                await eventually(lambda: house.rows(waiting, _KEY), "a mark waits at the gate", PATIENCE_S)
                first = await asyncio.to_thread(next_command, device)
                backend = house.one(waiting, _KEY)
                pid = house.system.kill("gateway")
                await eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "dead")
                assert house.one("select pg_terminate_backend(%s, 10000)", backend)
            marks = house.rows("select state, attempts from command where id = any(%s)", [each.id for each in asked])
            assert ("sent", 1) not in marks
            await house.back("gateway", other_than=pid)
            with psycopg.connect(house.conninfo) as connection_:
                # Unless the gateway was away for so long that it has tried again by itself.
                sooner = "update command set next_attempt_at = 0 where id = %s and attempts = 1"
                connection_.execute(sooner, (asked[1].id,))
                connection_.execute("select pg_notify('command', '')")
            assert await asyncio.to_thread(next_command, device) == first
            await asyncio.to_thread(answer, device, forgetful, first["id"], site=centre.site)
            state = "select count(*) from command where state = 'done' and id = any(%s)"
            both = [each.id for each in asked]
            await eventually(lambda: house.one(state, both) == 2, "both are done", PATIENCE_S)
        obeyed = [each.id for each in community.bands[0].obedience.obeyed]
        living.cancel()
    assert obeyed == [str(asked[0].id)]
    assert house.one("select attempts from command where id = %s", asked[1].id) == 2
