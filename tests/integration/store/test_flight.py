"""A transaction in one flight is still a transaction, and takes as few round trips as it can."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest

from alerts.desk import absorb
from devices.kinds import Kind
from devices.payloads import Heartbeat, Position
from gateway.assemble import assemble
from gateway.directory import Route
from gateway.readings import gathered
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.batches import BatchRow, begin_epoch, insert_batch
from gateway.store.connection import Connection, connect
from gateway.store.flight import one_flight
from gateway.store.telemetry import store_readings
from tests.support.alarms import T0, an_episode
from tests.support.community import one
from tests.support.cutting_proxy import CuttingProxy, cutting_proxy


@pytest.fixture
async def proxy(conninfo: str) -> AsyncIterator[CuttingProxy]:
    async with cutting_proxy(conninfo) as running:
        yield running


@pytest.fixture
async def connection(proxy: CuttingProxy) -> AsyncIterator[Connection]:
    async with await connect(proxy.conninfo, application="test") as connected:
        await begin_epoch(connected)
        yield connected


def _row(number: int) -> BatchRow:
    return BatchRow(number, 1, 0, 1, 0, 0, None)


async def test_readings_are_stored_in_one_round_trip(
    conninfo: str, connection: Connection, proxy: CuttingProxy
) -> None:
    own = (Position(t=T0, lat=31.0, lon=121.0), Heartbeat(t=T0))
    readings = gathered(
        (reading, T0, Route(Kind[type(reading).__name__.upper()], "s1", f"b{slot}", slot, None))
        for slot in range(100)
        for reading in own
    )
    batch, extras = assemble(readings, first_pos=1)
    before = proxy.trips
    async with one_flight(connection):
        await insert_batch(connection, _row(1))
        await store_readings(connection, batch, extras)
    assert proxy.trips == before + 1
    assert one(conninfo, "select (select count(*) from position) + (select count(*) from heartbeat)") == 200


async def test_an_alarm_takes_one_round_trip_to_see_what_stands_and_one_to_be_stored(
    conninfo: str, connection: Connection, proxy: CuttingProxy
) -> None:
    before = proxy.trips
    async with one_flight(connection):
        transaction = PostgresAlarmTransaction(connection)
        await insert_batch(connection, _row(1))
        await absorb(transaction, [an_episode()], T0)
        await transaction.finish()
    assert proxy.trips == before + 2
    assert one(conninfo, "select count(*) from alarm_change") == 1


async def test_what_is_refused_in_the_middle_leaves_nothing_and_the_connection_goes_on(
    conninfo: str, connection: Connection
) -> None:
    async def refused() -> None:
        async with one_flight(connection):
            await insert_batch(connection, _row(1))
            await connection.execute("select 1 / %s::int", (0,))
            await connection.execute("insert into site (id, name) values (%s, %s)", ("s1", "never parsed"))

    with pytest.raises(psycopg.errors.DivisionByZero):
        await refused()
    assert one(conninfo, "select (select count(*) from batch) + (select count(*) from site)") == 0
    for number in (1, 2):
        async with one_flight(connection):
            await insert_batch(connection, _row(number))
            await connection.execute("insert into site (id, name) values (%s, %s)", (f"s{number}", "parsed"))
    assert one(conninfo, "select (select count(*) from batch) + (select count(*) from site)") == 4


async def test_an_error_of_our_own_leaves_nothing_behind(conninfo: str, connection: Connection) -> None:
    async def mistaken() -> None:
        async with one_flight(connection):
            await insert_batch(connection, _row(1))
            raise KeyError("a mistake")

    with pytest.raises(KeyError):
        await mistaken()
    assert one(conninfo, "select count(*) from batch") == 0
    async with one_flight(connection):
        await insert_batch(connection, _row(1))
    assert one(conninfo, "select count(*) from batch") == 1


async def test_what_goes_first_belongs_to_the_same_transaction(conninfo: str, connection: Connection) -> None:
    async def copy(connection: Connection) -> None:
        async with connection.cursor() as cursor, cursor.copy("copy site (id, name) from stdin") as sites:
            await sites.write(b"s1\tCentre\n")

    async def twice() -> None:
        async with one_flight(connection, first=copy):
            await insert_batch(connection, _row(1))
            await insert_batch(connection, _row(1))

    with pytest.raises(psycopg.errors.UniqueViolation):
        await twice()
    assert one(conninfo, "select count(*) from site") == 0
    async with one_flight(connection, first=copy):
        await insert_batch(connection, _row(1))
    assert one(conninfo, "select (select count(*) from batch) + (select count(*) from site)") == 2
