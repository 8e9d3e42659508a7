"""What all tests share: a real PostgreSQL, real brokers, free ports, and no task left behind.

* ``conninfo``: a fresh, migrated database; ``empty_conninfo``: one without tables.
* ``postgres_server``: the server they live in, one a test process (it does not wait for the disk; a test
  about durability runs its own: ``tests.support.postgres.running_postgres(durable=True)``).
* ``broker``: a real broker, the test once over each implementation; ``mosquitto``, ``iotcore``: one of them.
* ``service_path``: a folder that embedded services reach; ``free_port()``: a port nobody listens on.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from anxin import jit_cache
from tests.support.brokers import RunningBroker, running_broker
from tests.support.places import free_port, service_folder
from tests.support.postgres import PostgresServer, running_postgres

jit_cache.configure()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres(durable=False) as server:
        yield server


@pytest.fixture
def conninfo(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database(migrated=True) as conninfo:
        yield conninfo


@pytest.fixture
def empty_conninfo(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database(migrated=False) as conninfo:
        yield conninfo


@pytest.fixture
def service_path() -> Iterator[Path]:
    with service_folder() as path:
        yield path


@pytest.fixture
async def mosquitto(service_path: Path) -> AsyncIterator[RunningBroker]:
    async with running_broker("mosquitto", service_path) as running:
        yield running


@pytest.fixture
async def iotcore(service_path: Path) -> AsyncIterator[RunningBroker]:
    async with running_broker("iotcore", service_path) as running:
        yield running


@pytest.fixture(params=["mosquitto", "iotcore"])
async def broker(request: pytest.FixtureRequest, service_path: Path) -> AsyncIterator[RunningBroker]:
    async with running_broker(request.param, service_path) as running:
        yield running


@pytest.fixture(name="free_port")
def free_port_finder() -> Callable[[], int]:
    return free_port


@pytest.fixture(autouse=True)
def no_lingering_tasks(request: pytest.FixtureRequest) -> None:
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("watch_tasks")


@pytest.fixture
async def watch_tasks() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left behind: {sorted(task.get_name() for task in left)}"
