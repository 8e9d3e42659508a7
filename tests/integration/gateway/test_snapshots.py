"""Snapshots while the gateway runs: none holds up a batch, and each is the engine at the end of its batch."""

from __future__ import annotations

import asyncio
from functools import partial

import psycopg
import pytest

from alerts.engine import Engine
from devices.clock import ManualClock, SystemClock
from gateway import snapshots
from gateway.recovery import recover
from gateway.snapshots import PATIENCE_MS, Snapshots
from gateway.store.batches import BatchRow, begin_epoch, insert_batch
from gateway.store.connection import connect
from gateway.store.registry_log import changes_since
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot after each batch, unless one is being stored."""
    monkeypatch.setattr(snapshots, "EVERY_MS", 0)


def _stored(conninfo: str, heartbeats: int) -> bool:
    return bool(one(conninfo, "select count(*) from heartbeat") == heartbeats)


async def _recovered(conninfo: str) -> bytes:
    async with await connect(conninfo, application="test") as connection:
        return (await recover(connection, NOW())).engine.snapshot()


async def test_a_snapshot_under_load_is_the_engine_at_the_end_of_its_batch(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for i in range(60):
                t = NOW()
                far = 31.2 + (0.02 if 10 < i < 40 else 0)
                band.publish("anxin/v1/s1/b0/position", encoded(t=t, seq=i, lat=far, lon=121.4, accuracy_m=5))
                band.publish(f"anxin/v1/s1/b{i % 3}/heartbeat", encoded(t=t, seq=i, battery_pct=60 - i))
                if i % 20 == 10:
                    with psycopg.connect(conninfo) as connection:
                        connection.execute("update resident set name = name || %s where id = 'r1'", (str(i),))
                await asyncio.sleep(0.02)
            await eventually(lambda: one(conninfo, "select count(*) from heartbeat") == 60, "the heartbeats")
    kept = rows(conninfo, "select batch, state from engine_snapshot order by batch")
    (last,) = rows(conninfo, "select max(number) from batch")[0]
    assert len(kept) == 2
    assert kept[0][0] < kept[1][0] == last
    assert Engine.restore(kept[1][1]).snapshot() == kept[1][1]
    for gone in ("where batch = (select max(batch) from engine_snapshot)", ""):
        with psycopg.connect(conninfo) as connection:
            connection.execute(f"delete from engine_snapshot {gone}".encode())
        assert await _recovered(conninfo) == kept[1][1]


async def test_batches_go_on_while_a_snapshot_waits_for_its_table(conninfo: str, mosquitto: RunningBroker) -> None:
    seed_community(conninfo)
    waits = (
        "select count(*) from pg_stat_activity"
        " where application_name = 'anxin gateway snapshots' and wait_event_type = 'Lock'"
    )
    with connected(mosquitto, mosquitto.site("s1")) as band, psycopg.connect(conninfo) as reader:
        async with running_gateway(conninfo, mosquitto):
            reader.execute("lock table engine_snapshot in share mode")
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), seq=1))
            await eventually(lambda: one(conninfo, waits) == 1, "the snapshot waits")
            for seq in range(2, 6):
                band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), seq=seq))
                await eventually(partial(_stored, conninfo, seq), "stored")
            assert one(conninfo, waits) == 1
            reader.rollback()
    assert one(conninfo, "select max(batch) from engine_snapshot") == one(conninfo, "select max(number) from batch")


async def test_a_snapshot_that_cannot_be_stored_stops_nothing_and_the_next_one_is(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    ends = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'anxin gateway snapshots' and wait_event_type = 'Lock'"
    )
    with connected(mosquitto, mosquitto.site("s1")) as band, psycopg.connect(conninfo) as reader:
        async with running_gateway(conninfo, mosquitto):
            reader.execute("lock table engine_snapshot in share mode")
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), seq=1))
            await eventually(lambda: rows(conninfo, ends), "the snapshot is cut off")
            reader.rollback()
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), seq=2))
            await eventually(lambda: one(conninfo, "select count(*) from engine_snapshot") > 0, "the next one")


async def test_a_registry_that_never_rests_does_not_keep_the_engine_from_its_snapshot(conninfo: str) -> None:
    seed_community(conninfo)
    async with await connect(conninfo, application="test") as connection:
        await insert_batch(connection, BatchRow(1, await begin_epoch(connection), NOW(), 1, 0, 0, None))
        changes = await changes_since(connection, 0)
    engine, clock = Engine(), ManualClock()
    kept = Snapshots(conninfo, clock)
    for _ in range(100):
        engine.apply(changes)
        assert kept.step(engine, 1, len(changes))
    clock.now += PATIENCE_MS
    engine.apply(changes)
    assert not kept.step(engine, 1, len(changes))
    async with asyncio.TaskGroup() as tasks:
        storing = tasks.create_task(kept.run(), name="snapshots")
        await kept.finish(engine, 1, len(changes))
        storing.cancel()
    assert rows(conninfo, "select batch, state from engine_snapshot") == [(1, engine.snapshot())]
