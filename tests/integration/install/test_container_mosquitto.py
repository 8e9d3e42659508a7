"""The broker of docker-compose.yml: its script, its configuration, and the accounts that anxin writes for it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from anxin.embedded.broker import GATEWAY_USER, Accounts, Credentials
from anxin.embedded.errors import StartError
from anxin.embedded.mosquitto_files import configuration
from anxin.foreign_broker import AccountsFolder
from devices.credentials import mosquitto_password_hash
from tests.support.brokers import connected
from tests.support.container_mosquitto import CONTAINER, ContainerMosquitto, container_mosquitto

GATEWAY = Credentials(GATEWAY_USER, "gateway's")
DEVICE = Credentials("b1", "device's")


@pytest.fixture
async def broker(service_path: Path) -> AsyncIterator[ContainerMosquitto]:
    async with container_mosquitto(service_path) as broker:
        yield broker


def _accounts(*devices: Credentials) -> Accounts:
    return Accounts(GATEWAY.password, device_hashes={d.username: mosquitto_password_hash(d.password) for d in devices})


async def _gets_in(broker: ContainerMosquitto, account: Credentials | None) -> bool:
    def try_it() -> bool:
        with connected(broker, account) as client:
            return client.refused is None

    return await asyncio.to_thread(try_it)


async def _until(broker: ContainerMosquitto, account: Credentials, *, gets_in: bool) -> None:
    async with asyncio.timeout(10):
        while await _gets_in(broker, account) is not gets_in:  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(0.05)


async def test_before_anxin_has_written_accounts_nobody_gets_in(broker: ContainerMosquitto) -> None:
    assert not await _gets_in(broker, None)
    assert not await _gets_in(broker, GATEWAY)


async def test_accounts_are_read_again_while_it_runs(broker: ContainerMosquitto) -> None:
    folder = AccountsFolder(broker.accounts)
    folder.set_accounts(_accounts(DEVICE))
    await _until(broker, DEVICE, gets_in=True)
    with connected(broker, DEVICE) as device:
        folder.set_accounts(_accounts())
        assert await asyncio.to_thread(device.ended.wait, 10)
    await _until(broker, DEVICE, gets_in=False)
    assert await _gets_in(broker, GATEWAY)


async def test_the_account_files_are_nobody_elses_to_read(broker: ContainerMosquitto) -> None:
    AccountsFolder(broker.accounts).set_accounts(_accounts(DEVICE))
    assert {path.name: path.stat().st_mode & 0o007 for path in broker.accounts.iterdir()} == {"passwords": 0, "acl": 0}


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="accounts_dir"):
        AccountsFolder(tmp_path / "nowhere").set_accounts(_accounts())


async def test_a_told_end_ends_the_broker_too(broker: ContainerMosquitto) -> None:
    (child,) = (p for p in psutil.Process(broker.process.pid).children() if p.name() == "mosquitto")
    broker.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(broker.process.wait, 10) == 0
    assert not child.is_running()


async def test_the_death_of_the_broker_is_the_end_of_the_container(broker: ContainerMosquitto) -> None:
    (child,) = (p for p in psutil.Process(broker.process.pid).children() if p.name() == "mosquitto")
    child.kill()
    assert await asyncio.to_thread(broker.process.wait, 10) != 0


def test_it_keeps_as_much_as_the_embedded_broker() -> None:
    elsewhere = {"listener", "password_file", "acl_file", "persistence_location"}

    def settings(text: str) -> set[str]:
        lines = (line.strip() for line in text.splitlines())
        return {line for line in lines if line and line[0] != "#" and line.split()[0] not in elsewhere}

    ours = configuration(listen="127.0.0.1", port=1883, home=Path("/x"))
    assert settings((CONTAINER / "mosquitto.conf").read_text()) == settings(ours)
