"""``anxin up``: the embedded services and the roles, in order, until somebody says stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog

from anxin.broker_kind import AnyBrokerKind, broker_kind
from anxin.embedded.account import service_account
from anxin.embedded.broker import Accounts, Broker, gateway_credentials, site_credentials
from anxin.embedded.errors import PortBusy, StartError
from anxin.embedded.folder import DataFolder
from anxin.embedded.iotcore import Iotcore
from anxin.embedded.leftovers import end_leftovers
from anxin.embedded.log_files import shorten_logs
from anxin.embedded.mosquitto import Mosquitto
from anxin.embedded.ports import choose_port, reachable_host
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.first_account import admin_link
from anxin.foreign_broker import AccountsFolder, told_broker, until_let_in
from anxin.health import leave_note, take_note_away
from anxin.role_board import RoleBoard
from anxin.settings import (
    BrokerAddress,
    RoleSettings,
    Settings,
    desk_hours,
    finding_pace,
    keep_days,
    map_tiles,
    sheet_plan,
    sign_in_rules,
    to_environment,
    twilio_account,
    ways_out,
)
from anxin.supervisor import Process, Supervisor
from gateway.store.broker_accounts import BrokerAccounts, broker_accounts
from gateway.store.changes import listen
from gateway.store.connection import connect
from gateway.store.fitness import UnfitDatabaseError
from gateway.store.migrate import migrate

_log = structlog.get_logger(__name__)

Say = Callable[[str], None]
KILL_GATEWAY: Final = "kill gateway"
"""Payload of NOTIFY ``demo`` by which the demo page has the gateway killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A system that is up: what extra processes and whoever greets the user need to know."""

    folder: DataFolder
    conninfo: str
    broker: BrokerAddress
    broker_kind: AnyBrokerKind
    console_url: str
    answers: Mapping[str, tuple[str, int]]
    """Where roles answer ``/readyz``."""

    @property
    def mqtt(self) -> str:
        """``HOST:PORT`` of the broker."""
        return f"{self.broker.host}:{self.broker.port}"


async def _nothing(_: object) -> None:
    """Do nothing."""


def _no_process(_: Running) -> Sequence[Process]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What ``anxin demo`` adds to ``anxin up``.

    ``prepare`` gets the conninfo once the schema is there, before the broker's accounts are read: the place
    to seed a site. ``processes`` are started when the roles are ready, and stopped first. ``greet`` is
    called just before the ready line.
    """

    demo: bool = False
    other_ports: bool = False
    prepare: Callable[[str], Awaitable[None]] = _nothing
    processes: Callable[[Running], Sequence[Process]] = _no_process
    greet: Callable[[Running], Awaitable[None]] = _nothing


class System:
    """Everything that one ``anxin up`` runs."""

    def __init__(self, settings: Settings, folder: DataFolder, extras: Extras, progress: Say) -> None:
        self._settings = settings
        self._folder = folder
        self._extras = extras
        self._progress = progress
        self._board = RoleBoard()
        self._keeper: Broker | AccountsFolder | None = None
        self._gateway_password = ""
        self._known: BrokerAccounts | None = None
        self.supervisor = Supervisor(self._board.write)

    async def start(self) -> Running:
        """Start database, schema, broker and roles; return when all are ready.

        Raises:
            StartError: if something cannot be started; what was started is still to be stopped.
        """
        console = self._settings.console
        console_port = (
            self._port(console.listen, console.port, "--port") if "console" in self._settings.roles else console.port
        )
        mqtt_port = (
            self._port(self._settings.mqtt.listen, self._settings.mqtt.port, "--mqtt-port")
            if self._settings.mqtt.broker is None
            else 0
        )
        conninfo = await self._start_database()
        await self._extras.prepare(conninfo)
        address = await self._start_broker(conninfo, mqtt_port)
        running = Running(
            folder=self._folder,
            conninfo=conninfo,
            broker=address,
            broker_kind=broker_kind(self._settings),
            console_url=f"http://{reachable_host(console.listen)}:{console_port}",
            answers=self._answers(console_port),
        )
        await self._start_roles(running, console_port)
        await self.supervisor.start(*self._extras.processes(running))
        return running

    async def watch(self, running: Running) -> None:
        """Follow the registry for new accounts and keep the logs small; in the demo, kill what its page asks for."""
        channels = ["registry", "demo"] if self._extras.demo else ["registry"]
        async for note in listen(running.conninfo, channels, application="anxin supervisor"):
            shorten_logs(self._folder.log)
            if note == ("demo", KILL_GATEWAY):
                self.supervisor.kill("gateway")
            elif self._keeper is not None:
                try:
                    await self._renew_accounts(self._keeper, running.conninfo)
                except psycopg.Error as error:
                    _log.warning("accounts not read", error=type(error).__name__)
                except StartError as error:
                    _log.error("accounts not written", reason=str(error))

    def _answers(self, console_port: int) -> dict[str, tuple[str, int]]:
        gateway, console = self._settings.gateway, self._settings.console
        answers = {"console": (reachable_host(console.listen), console_port)}
        if gateway.metrics_port:
            answers["gateway"] = (reachable_host(gateway.metrics_listen), gateway.metrics_port)
        return answers

    def _port(self, host: str, wanted: int, option: str) -> int:
        try:
            return choose_port(host, wanted, option)
        except PortBusy:
            if not self._extras.other_ports:
                raise
            return choose_port(host, 0, option)

    async def _start_database(self) -> str:
        url = self._settings.database.url
        if url is None:
            postgres = EmbeddedPostgres(
                self._folder,
                account=service_account(self._settings.database.account),
                report=self._progress,
            )
            await self.supervisor.start(postgres, foundation=True)
            conninfo = postgres.conninfo
            self._progress("PostgreSQL is up")
        else:
            conninfo = url.get_secret_value()
        try:
            applied = await migrate(conninfo)
        except (psycopg.OperationalError, UnfitDatabaseError) as error:
            raise StartError(f"the database cannot be used: {error}") from error
        if applied:
            self._progress(f"schema brought up to date, {len(applied)} steps")
        self._board.open(conninfo)
        return conninfo

    async def _start_broker(self, conninfo: str, port: int) -> BrokerAddress:
        told = self._settings.mqtt
        if told.broker is not None:
            return await self._reach_broker(conninfo)
        gateway = gateway_credentials(self._folder)
        self._gateway_password = gateway.password
        self._known = await _read_accounts(conninfo)
        accounts = self._accounts(self._known)
        if broker_kind(self._settings) == "iotcore":
            broker: Broker = Iotcore(self._folder, accounts=accounts, listen=told.listen, port=port)
        else:
            broker = Mosquitto(
                self._folder,
                accounts=accounts,
                listen=told.listen,
                port=port,
                account=service_account(self._settings.database.account),
            )
        self._keeper = broker
        await self.supervisor.start(broker, foundation=True)
        self._progress(f"the broker {broker.kind} is up")
        return BrokerAddress(broker.host, broker.port, gateway.username, gateway.password)

    async def _reach_broker(self, conninfo: str) -> BrokerAddress:
        """A broker of one's own: whoever runs the gateway keeps its accounts, if asked to, and waits to be let in."""
        mqtt = self._settings.mqtt
        address = told_broker(mqtt)
        if "gateway" in self._settings.roles:
            if mqtt.accounts_dir is not None:
                self._gateway_password = address.password or ""
                self._known = await _read_accounts(conninfo)
                self._keeper = AccountsFolder(mqtt.accounts_dir)
                self._keeper.set_accounts(self._accounts(self._known))
            await until_let_in(mqtt, self._progress)
        return address

    async def _start_roles(self, running: Running, console_port: int) -> None:
        settings = self._settings
        handed = RoleSettings(
            conninfo=running.conninfo,
            mqtt_host=running.broker.host,
            mqtt_port=running.broker.port,
            mqtt_username=running.broker.username,
            mqtt_password=running.broker.password,
            mqtt_tls=running.broker.tls,
            mqtt_ca_file=None if settings.mqtt.ca_file is None else settings.mqtt.ca_file.absolute(),
            device_address=settings.mqtt.device_address,
            device_accounts=running.broker_kind == "mosquitto" or settings.mqtt.accounts_dir is not None,
            broker_kind=running.broker_kind,
            console_listen=settings.console.listen,
            console_port=console_port,
            data_dir=self._folder.path,
            demo=self._extras.demo,
            metrics_port=settings.gateway.metrics_port,
            metrics_listen=settings.gateway.metrics_listen,
            twilio=twilio_account(settings.twilio),
            ways_out=ways_out(settings),
            language=settings.console.language,
            secure_cookies=settings.console.secure_cookies,
            tiles=map_tiles(settings.map),
            desk_hours=desk_hours(settings.watchdog),
            watchdog_url=None if settings.watchdog.url is None else settings.watchdog.url.get_secret_value(),
            emergency_numbers=settings.emergency.numbers,
            keep=keep_days(settings.retention),
            finding=finding_pace(settings.finding),
            sign_in=sign_in_rules(settings.sign_in),
            test_press_days=settings.today.test_press_days,
            sheets=sheet_plan(settings.sheet, self._folder.path),
        )
        environment = to_environment(handed)
        roles: dict[str, Process] = {
            name: Process(
                name,
                ["role", name],
                folder=self._folder,
                environment=environment,
                to_files=settings.logs == "files",
            )
            for name in settings.roles
        }
        self._progress(f"starts {', '.join(roles)}")
        await self.supervisor.start(*roles.values())
        await self._board.until_ready(roles, self.supervisor, self._progress)

    async def _renew_accounts(self, keeper: Broker | AccountsFolder, conninfo: str) -> None:
        known = await _read_accounts(conninfo)
        if known != self._known:
            keeper.set_accounts(self._accounts(known))
            self._known = known

    def _accounts(self, known: BrokerAccounts) -> Accounts:
        return Accounts(
            gateway_password=self._gateway_password,
            site_passwords={site: site_credentials(self._folder, site).password for site in known.sites},
            device_hashes=known.device_hashes,
        )


async def _read_accounts(conninfo: str) -> BrokerAccounts:
    connection = await connect(conninfo, application="anxin supervisor")
    async with connection:
        return await broker_accounts(connection)


async def up(settings: Settings, *, say: Say, progress: Say, extras: Extras | None = None) -> None:
    """Run a system until this task is cancelled; then stop it, roles first, within 10 s.

    Args:
        settings: what to run, and where.
        say: gets the ready line, exactly one.
        progress: gets everything else that a person wants to know.
        extras: what the demo adds.

    Raises:
        StartError: if it cannot be started; nothing of it runs afterwards.
    """
    extras = extras or Extras()
    folder = DataFolder.open(settings.data_dir)
    with folder.locked():
        await end_leftovers(folder.run, progress)
        system = System(settings, folder, extras, progress)
        address = folder.run / "mqtt"
        try:
            running = await system.start()
            address.write_text(running.mqtt)
            leave_note(folder.run, settings.roles, running.answers)
            await extras.greet(running)
            at_a_console = "console" in settings.roles and not extras.demo
            if at_a_console and (link := await admin_link(running.conninfo)) is not None:
                progress(f"sign in as admin, once, within 30 minutes: {running.console_url}/signin/{link}")
            say(f"ready console={running.console_url} mqtt={running.mqtt}")
            await system.watch(running)
        finally:
            progress("stops")
            address.unlink(missing_ok=True)
            take_note_away(folder.run)
            await system.supervisor.stop()
            progress("stopped")
