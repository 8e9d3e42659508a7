"""The roles' mains: each wires its own parts, says when it is ready, and runs until cancelled.

Imports stand inside the functions: the dispatcher and the console never load the engine's compiler, and the
gateway points its cache to the right folder before it does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from anxin.last_work import note_of, until_done
from anxin.settings import RoleName, RoleSettings, SignInRules, device_address

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from dashboards.deps import DemoControl, Tiles, TwilioWebhooks
    from devices.clock import Clock
    from gateway.emergency import Emergency
    from gateway.store.accounts import SessionRules
    from gateway.store.connection import Connection
    from gateway.store.roles import RoleState


async def gateway(settings: RoleSettings) -> None:
    """Readings in, alarms out. The batch under way when it is cancelled is still committed."""
    from anxin import jit_cache
    from anxin.kernels import compiled_beside

    folder = jit_cache.configure()
    words = "loads the engine; the first start compiles it, in about a minute, on a busy machine in three"
    await _report(settings, "gateway", "starting", words)
    from gateway.health import Health
    from gateway.run import Gateway
    from gateway.session import BrokerAddress
    from gateway.sign_in import tls_context

    health = Health()
    told_ready = asyncio.Event()

    async def tell(advice: str | None) -> None:
        await told_ready.wait()
        await _report(settings, "gateway", "ready", advice)

    work = Gateway(
        conninfo=settings.conninfo,
        address=BrokerAddress(
            settings.mqtt_host,
            settings.mqtt_port,
            settings.mqtt_username,
            settings.mqtt_password,
            tls_context(settings.mqtt_ca_file) if settings.mqtt_tls else None,
        ),
        health=health,
        tell_of_broker=tell if settings.broker_kind == "external" else None,
        emergency=_emergency(settings),
    )
    server = await health.serve(settings.metrics_listen, settings.metrics_port) if settings.metrics_port else None
    running = asyncio.ensure_future(work.run())
    try:
        ready = asyncio.ensure_future(health.until_ready())
        with compiled_beside(folder):
            await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not running.done():
            await _report(settings, "gateway", "ready")
            told_ready.set()
        await asyncio.shield(running)
    except asyncio.CancelledError:
        work.stop()
        await until_done(running, lambda: work.stores_snapshot, note_of(settings.data_dir, "gateway"))
        await running
        raise
    finally:
        if server is not None:
            server.close()


def _emergency(settings: RoleSettings) -> Emergency | None:
    if not settings.emergency_numbers:
        return None
    from anxin.ways_out import open_ways_out
    from devices.clock import SystemClock
    from gateway.emergency import Emergency

    return Emergency(
        numbers=settings.emergency_numbers,
        ways=open_ways_out(settings),
        clock=SystemClock(),
        language=settings.language,
    )


async def dispatcher(settings: RoleSettings) -> None:
    """Escalation steps when they fall due, messages out of the outbox, bands of who is sought, and upkeep."""
    from alerts.dispatcher import Dispatcher
    from anxin.sheets import sheet_job
    from anxin.upkeep import JOBS, kept_up
    from anxin.ways_out import open_ways_out
    from devices.clock import SystemClock
    from gateway.store.alarms import PostgresAlarmStore
    from gateway.store.changes import listen
    from gateway.store.errors import UNAVAILABLE
    from gateway.store.outbox import PostgresOutbox

    ways = open_ways_out(settings)
    clock = SystemClock()
    async with (
        _open_pool(settings, "dispatcher", trusted_s=1.0) as pool,
        kept_up(pool, clock, settings.keep, (*JOBS, sheet_job(settings.sheets, settings.language))),
        _followed(settings, clock),
        _heard_again(pool, clock),
    ):
        await _report(settings, "dispatcher", "ready")
        working = Dispatcher(
            store=PostgresAlarmStore(pool, pipelined=True),
            outbox=PostgresOutbox(pool),
            ways=ways,
            capabilities=ways.capabilities,
            clock=clock,
            per_second=settings.ways_out.per_second,
            unavailable=UNAVAILABLE,
        )
        await working.run(listen(settings.conninfo, ["dispatch"], application="anxin dispatcher listener"))


@asynccontextmanager
async def _heard_again(pool: AsyncConnectionPool[Connection], clock: Clock) -> AsyncIterator[None]:
    """What maintenance and repairs kept quiet is heard when they are over."""
    from alerts import hearing
    from gateway.store.alarms import PostgresAlarmStore
    from gateway.store.errors import UNAVAILABLE
    from gateway.store.holds import PostgresHoldStore

    async with asyncio.TaskGroup() as tasks:
        work = hearing.run(PostgresHoldStore(pool), PostgresAlarmStore(pool), clock, UNAVAILABLE)
        hearing_again = tasks.create_task(work, name="hearing again")
        try:
            yield
        finally:
            hearing_again.cancel()


@asynccontextmanager
async def _followed(settings: RoleSettings, clock: Clock) -> AsyncIterator[None]:
    """Bands whose wearers are sought report often, on connections of their own: sending must not wait for it."""
    from alerts import follow_loop
    from alerts.following import Pace
    from gateway.store.changes import listen
    from gateway.store.errors import UNAVAILABLE
    from gateway.store.following import PostgresFollowStore

    told = settings.finding
    pace = Pace(
        position_s=told.position_s,
        low_position_s=told.low_position_s,
        low_battery_pct=told.low_battery_pct,
    )
    async with _open_pool(settings, "following", size=2) as pool, asyncio.TaskGroup() as tasks:
        wake = listen(settings.conninfo, ["alarm_change"], application="anxin following listener")
        work = follow_loop.run(PostgresFollowStore(pool), pace, clock, wake, unavailable=UNAVAILABLE)
        following = tasks.create_task(work, name="following")
        try:
            yield
        finally:
            following.cancel()


async def console(settings: RoleSettings) -> None:
    """The pages and the HTTP API; and, since the dispatcher cannot tell that it stands still, the auditor."""
    from dashboards.api import ConsoleServer, create_app
    from dashboards.deps import Deps, MqttInfo
    from devices import names
    from devices.clock import SystemClock
    from gateway.store.alarms import PostgresAlarmStore

    names.prepare()
    host, port = device_address(settings)
    async with _open_pool(settings, "console") as pool, _drawer(settings, pool) as drawer, _audited(settings):
        app = create_app(
            Deps(
                conninfo=settings.conninfo,
                pool=pool,
                alarm_store=PostgresAlarmStore(pool),
                clock=SystemClock(),
                mqtt=MqttInfo(
                    host=host,
                    port=port,
                    kind=settings.broker_kind,
                    per_device=settings.device_accounts,
                ),
                version=version("anxin"),
                demo=drawer,
                secure_cookies=settings.secure_cookies,
                twilio=_webhooks(settings),
                public_url=settings.ways_out.public_url,
                session_rules=_session_rules(settings.sign_in),
                tiles=_tiles(settings),
                test_press_days=settings.test_press_days,
            )
        )
        server = ConsoleServer(app, host=settings.console_listen, port=settings.console_port)
        serving = asyncio.ensure_future(server.serve())
        try:
            while not (server.started or serving.done()):  # noqa: ASYNC110 - uvicorn offers no event
                await asyncio.sleep(0.01)
            if not serving.done():
                await _report(settings, "console", "ready")
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True
            await serving
            raise


def _tiles(settings: RoleSettings) -> Tiles | None:
    from dashboards.deps import Tiles

    said = settings.tiles
    return None if said is None else Tiles(url=said.url, attribution=said.attribution, max_zoom=said.max_zoom)


def _session_rules(told: SignInRules) -> SessionRules:
    from devices.clock import HOUR_MS, MINUTE_MS
    from gateway.store.accounts import SessionRules

    return SessionRules(lasts_ms=round(told.session_hours * HOUR_MS), idle_ms=round(told.idle_minutes * MINUTE_MS))


def _webhooks(settings: RoleSettings) -> TwilioWebhooks | None:
    from dashboards.deps import TwilioWebhooks

    account = settings.twilio
    if account is None:
        return None
    numbers = tuple(number for number in (account.from_, account.voice_from) if number is not None)
    ways_out = settings.ways_out
    return TwilioWebhooks(
        auth_token=account.auth_token,
        numbers=numbers,
        public_url=ways_out.public_url,
        signature=ways_out.signature,
    )


@asynccontextmanager
async def _open_pool(
    settings: RoleSettings, application: str, *, size: int = 8, trusted_s: float = 0.0
) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    from gateway.store.connection import pool

    name = f"anxin {application}"
    async with pool(settings.conninfo, application=name, size=size, trusted_s=trusted_s) as opened:
        yield opened


@asynccontextmanager
async def _audited(settings: RoleSettings) -> AsyncIterator[None]:
    """The auditor at work, on connections of its own: what keeps the console busy must not keep it from looking."""
    from alerts import audit
    from alerts.watchdog import pinger
    from devices.clock import SystemClock
    from gateway.store.alarms import PostgresAlarmStore
    from gateway.store.audit import DutyHours, PostgresAuditStore

    hours = None if settings.desk_hours is None else DutyHours(*settings.desk_hours)
    ping = None if settings.watchdog_url is None else pinger(settings.watchdog_url)
    async with _open_pool(settings, "auditor", size=2) as pool, asyncio.TaskGroup() as tasks:
        store = PostgresAuditStore(pool, unrostered=hours)
        work = audit.run(store=store, alarms=PostgresAlarmStore(pool), clock=SystemClock(), ping=ping)
        auditing = tasks.create_task(work, name="auditor")
        try:
            yield
        finally:
            auditing.cancel()


@asynccontextmanager
async def _drawer(settings: RoleSettings, pool: AsyncConnectionPool[Connection]) -> AsyncIterator[DemoControl | None]:
    if not settings.demo:
        yield None
        return
    from anxin.demo.control import open_drawer
    from devices.clock import SystemClock
    from gateway.store.alarms import PostgresAlarmStore

    async with open_drawer(settings, pool=pool, store=PostgresAlarmStore(pool), clock=SystemClock()) as drawer:
        yield drawer


async def _report(settings: RoleSettings, role: RoleName, state: RoleState, detail: str | None = None) -> None:
    from gateway.store.connection import connect
    from gateway.store.roles import report

    connection = await connect(settings.conninfo, application=f"anxin {role}")
    async with connection:
        await report(connection, role, state, os.getpid(), detail)
