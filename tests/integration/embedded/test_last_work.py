"""A gateway that stores its last snapshot is not killed for taking its time; one that hangs is."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from anxin import supervisor
from anxin.embedded.folder import DataFolder
from anxin.last_work import note_of
from anxin.settings import RoleSettings, to_environment
from anxin.supervisor import Process
from devices.clock import SystemClock
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, seed_community
from tests.support.gateway import encoded, eventually
from tests.support.places import free_port

pytestmark = pytest.mark.timeout(300)

START_S = 120.0
IMPATIENT_S = 2.0
_WAITS = (
    "select count(*) from pg_stat_activity"
    " where application_name = 'anxin gateway snapshots' and wait_event_type = 'Lock'"
)


@pytest.fixture
async def gateway(conninfo: str, mosquitto: RunningBroker, service_path: Path) -> AsyncIterator[Process]:
    """A gateway that has committed a batch, under an impatient hand."""
    seed_community(conninfo, size=2)
    folder = DataFolder.open(service_path / "data")
    account = mosquitto.gateway
    settings = RoleSettings(
        conninfo=conninfo,
        mqtt_host=mosquitto.host,
        mqtt_port=mosquitto.port,
        mqtt_username=account.username,
        mqtt_password=account.password,
        broker_kind="mosquitto",
        console_listen="127.0.0.1",
        console_port=free_port(),
        data_dir=folder.path,
    )
    process = Process(
        "gateway", ["role", "gateway"], folder=folder, environment=to_environment(settings), patience_s=IMPATIENT_S
    )
    await process.start()
    try:
        with connected(mosquitto, mosquitto.site("s1")) as client:
            await eventually(lambda: _has_stored_a(client, conninfo), "it has committed a batch", START_S)
        yield process
    finally:
        await process.stop()


def _has_stored_a(client: Client, conninfo: str) -> bool:
    """Whether a reading has come through; sends another, for a broker keeps none for whom it does not know yet."""
    client.publish("anxin/v1/s1/b0/heartbeat", encoded(t=SystemClock().now_ms(), battery_pct=50))
    return bool(one(conninfo, "select count(*) from batch"))


@contextmanager
def no_snapshot_may_be_stored(conninfo: str) -> Iterator[None]:
    with psycopg.connect(conninfo) as reader:
        reader.execute("lock table engine_snapshot in share mode")
        yield


async def test_a_gateway_that_stores_its_last_snapshot_is_waited_for(
    conninfo: str, gateway: Process, service_path: Path
) -> None:
    child = gateway.child
    assert child is not None
    async with asyncio.TaskGroup() as tasks:
        with no_snapshot_may_be_stored(conninfo):
            stopping = tasks.create_task(gateway.stop(), name="stop")
            await eventually(lambda: one(conninfo, _WAITS), "the last snapshot is on its way", START_S)
            await asyncio.sleep(IMPATIENT_S)
            assert not stopping.done()
    assert child.returncode == 0
    assert one(conninfo, "select batch from engine_snapshot") == one(conninfo, "select max(number) from batch")
    assert not note_of(service_path / "data", "gateway").exists()


async def test_it_is_not_waited_for_without_end(
    conninfo: str, gateway: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STORING_AT_MOST_S", 1.0)
    child = gateway.child
    assert child is not None
    with no_snapshot_may_be_stored(conninfo):
        await gateway.stop()
    assert child.returncode == -signal.SIGKILL


async def test_a_gateway_that_hangs_is_killed(gateway: Process) -> None:
    child = gateway.child
    assert child is not None
    child.signal(signal.SIGSTOP)
    await gateway.stop()
    assert child.returncode == -signal.SIGKILL
