"""A real band of the simulator is followed and let go again, though gateway and dispatchers are killed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from alerts.desk import act
from alerts.reports import Report, report
from alerts.transitions import Cancel
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import pool
from simulator.band import Band
from simulator.link import BrokerAddress
from simulator.main import Options, Simulation
from simulator.twilio_standin import TwilioStandIn
from tests.support.brokers import RunningBroker
from tests.support.commands import NOW
from tests.support.community import one, rows
from tests.support.dispatcher_processes import dispatchers
from tests.support.gateway import eventually
from tests.support.gateway_process import gateway_process


@asynccontextmanager
async def _a_band(conninfo: str, broker: RunningBroker) -> AsyncIterator[Band]:
    account = broker.site("demo")
    address = BrokerAddress(broker.host, broker.port, account.username, account.password)
    simulation = Simulation(Options(broker=address, residents=1))
    band = simulation.bands[0]
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into site (id, name, demo) values ('demo', 'Centre', true)")
        connection.execute("insert into resident (id, site, name) values ('r0', 'demo', 'Resident')")
        connection.execute("insert into device (id, site) values (%s, 'demo')", (band.device,))
        connection.execute(
            "insert into assignment (device_slot, resident_slot, from_ms)"
            " select d.slot, r.slot, 0 from device d, resident r"
        )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(simulation.run())
        await simulation.links[0].up.wait()
        yield band
        running.cancel()


async def _missed(store: PostgresAlarmStore) -> UUID:
    """Somebody telephones: she is not at home."""
    told = Report(kind="wandering", site="demo", resident="r0", note="not at home")
    return (await report(store, uuid4(), told, "duty", NOW())).id


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as server:
        yield server


async def test_a_band_is_followed_and_let_go_once_whoever_is_killed_meanwhile(
    conninfo: str, mosquitto: RunningBroker, twilio: TwilioStandIn, tmp_path: Path
) -> None:
    async with _a_band(conninfo, mosquitto) as band, pool(conninfo, application="test", size=2) as connections:
        pace, store = band.schedule.pace, PostgresAlarmStore(connections)
        with dispatchers(conninfo, twilio, tmp_path, 2) as running:
            async with gateway_process(conninfo, mosquitto):
                alarm = await _missed(store)
                await eventually(lambda: pace.position_s == 15, "the band reports often")
                running.replace(0)
            await act(store, alarm, Cancel(), "duty", NOW())
            asked = "select count(*) from command where name = 'set_interval' and (args ->> 'usual')::boolean"
            await eventually(lambda: one(conninfo, asked) == 1, "it is owed its own intervals")
            running.replace(1)
            assert pace.position_s == 15, "nobody could tell it"
            async with gateway_process(conninfo, mosquitto):
                await eventually(lambda: pace.position_s is None, "it has its own pace")
                await eventually(lambda: one(conninfo, "select count(*) from following") == 0, "and is let go")
        settings = [command.id for command in band.obedience.obeyed if command.name == "set_interval"]
    stored = rows(conninfo, "select id::text from command where name = 'set_interval' and state = 'done' order by n")
    assert [key for (key,) in stored] == settings
    assert len(settings) == 2
