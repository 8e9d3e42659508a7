"""The services of a benchmark under its own hand: database and broker stay, the roles come and go."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from anxin.embedded.account import service_account
from anxin.embedded.broker import Accounts, gateway_credentials, site_credentials
from anxin.embedded.errors import StartError
from anxin.embedded.folder import DataFolder
from anxin.embedded.mosquitto import Mosquitto
from anxin.embedded.ports import choose_port
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.role_board import RoleBoard
from anxin.settings import ROLES, RoleSettings, TwilioAccount, WaysOut, to_environment
from anxin.supervisor import Process, Supervisor
from gateway.store.connection import connect
from gateway.store.migrate import migrate
from simulator.link import BrokerAddress

HOST: Final = "127.0.0.1"
Progress = Callable[[str], None]
_PATIENCE_S: Final = 60.0
"""So long a gateway alone may take to leave its last snapshot behind."""


class Stage:
    """A running database and broker with one site's account."""

    def __init__(self, folder: DataFolder, postgres: EmbeddedPostgres, broker: Mosquitto, site: str) -> None:
        self.conninfo = postgres.conninfo
        self._folder = folder
        self._postgres = postgres
        self._broker = broker
        self._site = site

    @property
    def gateway_account(self) -> BrokerAddress:
        """The broker, as the gateway signs in."""
        account = gateway_credentials(self._folder)
        return BrokerAddress(self._broker.host, self._broker.port, account.username, account.password)

    @property
    def site_account(self) -> BrokerAddress:
        """The broker, as the site's devices sign in."""
        account = site_credentials(self._folder, self._site)
        return BrokerAddress(self._broker.host, self._broker.port, account.username, account.password)

    @property
    def pids(self) -> dict[str, int]:
        """The services' processes."""
        children = {"broker": self._broker.child, "postgres": self._postgres.child}
        return {name: child.pid for name, child in children.items() if child is not None}

    @asynccontextmanager
    async def roles(self, progress: Progress) -> AsyncIterator[dict[str, int]]:
        """All roles run while the block does; yields the processes: of each role, and the gateway's backend."""
        board = RoleBoard()
        board.open(self.conninfo)
        supervisor = Supervisor(board.write)
        environment = self._environment()
        processes: dict[str, Process] = {
            name: Process(name, ["role", name], folder=self._folder, environment=environment) for name in ROLES
        }
        try:
            await supervisor.start(*processes.values())
            await board.until_ready(processes, supervisor, progress)
            pids = {"gateway_backend": await self._gateways_backend()}
            yield pids | {name: process.child.pid for name, process in processes.items() if process.child is not None}
            if deaths := {name: count for name, count in supervisor.deaths.items() if count}:
                raise StartError(f"a role died while it was measured: {deaths}")
        finally:
            await supervisor.stop()

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[tuple[Process, int]]:
        """A gateway alone, just begun, until the block ends; yields it and the port of its metrics."""
        port = choose_port(HOST, 0, "--port")
        process = Process(
            "gateway", ["role", "gateway"], folder=self._folder, environment=self._environment(port),
            patience_s=_PATIENCE_S,
        )  # fmt: skip
        await process.start()
        try:
            yield process, port
        finally:
            await process.stop()

    @asynccontextmanager
    async def dispatcher(self, account: TwilioAccount, ways_out: WaysOut, progress: Progress) -> AsyncIterator[int]:
        """A dispatcher alone, with a way out, while the block does; yields its process."""
        board = RoleBoard()
        board.open(self.conninfo)
        supervisor = Supervisor(board.write)
        environment = self._environment(account=account, ways_out=ways_out)
        process = Process("dispatcher", ["role", "dispatcher"], folder=self._folder, environment=environment)
        try:
            await supervisor.start(process)
            await board.until_ready({"dispatcher": process}, supervisor, progress)
            assert process.child is not None
            yield process.child.pid
        finally:
            await supervisor.stop()

    def _environment(
        self, metrics_port: int = 0, account: TwilioAccount | None = None, ways_out: WaysOut | None = None
    ) -> dict[str, str]:
        broker = self.gateway_account
        return to_environment(
            RoleSettings(
                conninfo=self.conninfo,
                mqtt_host=broker.host,
                mqtt_port=broker.port,
                mqtt_username=broker.username,
                mqtt_password=broker.password,
                broker_kind="mosquitto",
                console_listen=HOST,
                console_port=choose_port(HOST, 0, "--port"),
                data_dir=self._folder.path,
                metrics_port=metrics_port,
                twilio=account,
                ways_out=ways_out or WaysOut(),
            )
        )

    async def _gateways_backend(self) -> int:
        async with await connect(self.conninfo, application="anxin bench") as connection:
            cursor = await connection.execute(
                "select pid from pg_stat_activity where application_name = 'anxin gateway'"
                " and pid <> pg_backend_pid() order by backend_start limit 1"
            )
            row = await cursor.fetchone()
        if row is None:
            raise StartError("the gateway has no connection to the database")
        return int(row[0])


@asynccontextmanager
async def open_stage(site: str, progress: Progress, *, home: Path | None = None) -> AsyncIterator[Stage]:
    """Start database and broker in a folder of their own, below ``home`` if told; all is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="anxin-bench-", dir=home) as place:
        Path(place).chmod(0o711)
        folder = DataFolder.open(Path(place) / "data")
        progress(f"starts a database and a broker of its own in {folder.path}")
        with folder.locked():
            supervisor = Supervisor(RoleBoard().write)
            account = service_account(None)
            try:
                postgres = EmbeddedPostgres(folder, account=account)
                await supervisor.start(postgres, foundation=True)
                await migrate(postgres.conninfo)
                accounts = Accounts(
                    gateway_password=gateway_credentials(folder).password,
                    site_passwords={site: site_credentials(folder, site).password},
                )
                broker = Mosquitto(folder, accounts=accounts, account=account)
                await supervisor.start(broker, foundation=True)
                yield Stage(folder, postgres, broker, site)
            finally:
                await supervisor.stop()
