"""``anxin bench latency``: a whole system of its own on free ports, with residents who have yet to press."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiomqtt

from anxin.benchmarks.community import SITE, register
from anxin.embedded.account import service_account
from anxin.embedded.broker import site_credentials
from anxin.embedded.errors import StartError
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from bench.latency import Console, Latency, measure
from devices.clock import SystemClock
from gateway.store.accounts import add_account, open_session
from gateway.store.connection import Connection, connect
from simulator.link import BrokerAddress

BACKGROUND_BANDS: Final = 1_000


class _System(NamedTuple):
    folder: DataFolder
    postgres: EmbeddedPostgres
    console: str
    broker: BrokerAddress


async def latency(
    *, presses: int, backgrounds: Sequence[int], presses_per_s: float, progress: Callable[[str], None]
) -> list[Latency]:
    """Measure SOS published → event on the console's stream, once for each background rate (messages a second)."""
    results = []
    async with _running_system(progress) as system:
        connection = await connect(system.postgres.conninfo, application="anxin bench")
        async with connection:
            token = await _console_token(connection)
            bands = [f"press-{run}-{number}" for run in range(len(backgrounds)) for number in range(presses)]
            behind = [f"behind-{number}" for number in range(BACKGROUND_BANDS)]
            progress(f"registers {len(bands) + len(behind)} residents with a band each")
            await register(connection, [*bands, *behind])
        await _until_let_in(system.broker)
        address = urlsplit(system.console)
        console = Console(str(address.hostname), int(address.port or 80), token)
        for run, background in enumerate(backgrounds):
            progress(f"{presses} presses at {presses_per_s:g} a second, {background} messages a second behind them")
            results.append(
                await measure(
                    broker=system.broker,
                    console=console,
                    site=SITE,
                    bands=bands[run * presses : (run + 1) * presses],
                    presses_per_s=presses_per_s,
                    background_per_s=background,
                    background_bands=behind,
                    midway=partial(_checkpoint, system.postgres),
                )
            )
    return results


@asynccontextmanager
async def _running_system(progress: Callable[[str], None]) -> AsyncIterator[_System]:
    with tempfile.TemporaryDirectory(prefix="anxin-bench-") as home:
        Path(home).chmod(0o711)
        path = Path(home) / "data"
        progress(f"starts a system of its own in {path}")
        command = [sys.executable, "-m", "anxin", "up", "--data-dir", str(path), "--port", "0", "--mqtt-port", "0"]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            assert process.stdout is not None
            words = (await process.stdout.readline()).decode().split()
            if not words or words[0] != "ready":
                raise StartError(f"the system did not start: {' '.join(words) or 'it ended at once'}")
            told = dict(word.split("=", 1) for word in words[1:])
            folder = DataFolder.open(path)
            account = site_credentials(folder, SITE)
            host, _, port = told["mqtt"].rpartition(":")
            yield _System(
                folder,
                EmbeddedPostgres(folder, account=service_account(None)),
                told["console"],
                BrokerAddress(host, int(port), account.username, account.password),
            )
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _console_token(connection: Connection) -> str:
    account = await add_account(connection, username="bench", role="duty")
    return (await open_session(connection, account.id, SystemClock().now_ms())).token


async def _checkpoint(postgres: EmbeddedPostgres) -> None:
    """What the database does every few minutes, and a short measurement might miss."""
    async with await connect(postgres.superuser_conninfo, application="anxin bench") as connection:
        await connection.execute("checkpoint")


async def _until_let_in(broker: BrokerAddress) -> None:
    """The site's account reaches the broker a moment after the site was registered."""
    for _ in range(100):
        try:
            async with aiomqtt.Client(broker.host, broker.port, username=broker.username, password=broker.password):
                return
        except aiomqtt.MqttError:
            await asyncio.sleep(0.1)
    raise StartError("the broker does not let the benchmark in")
