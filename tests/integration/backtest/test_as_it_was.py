"""The first run of a back-test is what the gateway really did: the same alarms, by their ids."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm
from alerts.desk import act
from alerts.transitions import Acknowledge, Close, Command, Resolve
from anxin.backtesting.backtest import Report, Request, backtest
from anxin.backtesting.comparison import Pair
from anxin.backtesting.run import Run
from anxin.backtesting.staff import Staff
from anxin.backtesting.turns import SECOND_MS, Turns, chunks, stretch
from devices.clock import SystemClock
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.backtest import alarms_between
from gateway.store.connection import Connection, connect, pool
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import HOME_LAT, HOME_LON, one, rows
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
FAR_LAT = HOME_LAT + 0.009
"""A kilometre from home; the circle is 500 m."""
MINUTE_MS = 60_000
SILENCES = {"missed_check.silent", "device.fault"}


async def asked(conninfo: str, *settings: str, start: int) -> Report:
    """A back-test of everything from a moment on."""
    when = datetime.fromtimestamp(start / 1000, UTC).isoformat()
    async with await connect(conninfo, application="test") as connection:
        return await backtest(connection, Request(when, None, settings), lambda done, total: None)


class Day:
    """Bands that send what makes every kind of alarm come and go within a few seconds."""

    def __init__(self, conninfo: str, band: Client) -> None:
        self._conninfo = conninfo
        self._band = band
        self._seq = 0

    def send(self, device: str, kind: str, t: int, **fields: object) -> None:
        self._seq += 1
        self._band.publish(f"anxin/v1/s1/{device}/{kind}", encoded(t=t, seq=self._seq, **fields))

    async def alarm(self, rule: str, state: str = "open", count: int = 1) -> UUID:
        found = await eventually(
            lambda: rows(
                self._conninfo, "select id from alarm where rule = %s and state = %s limit %s", rule, state, count
            ),
            f"{count} {rule} {state}",
        )
        return UUID(str(found[0][0]))


async def lived(conninfo: str, broker: RunningBroker, desk: AsyncConnectionPool[Connection]) -> None:
    """A walk out and back that somebody takes and closes, presses, a fall, an empty battery, a silence that ends."""
    store = PostgresAlarmStore(desk)

    async def do(alarm: UUID, *commands: Command) -> None:
        for command in commands:
            await act(store, alarm, command, "nurse", NOW())

    with connected(broker, broker.site("s1")) as band:
        async with running_gateway(conninfo, broker):
            day = Day(conninfo, band)
            t = NOW() - 5 * MINUTE_MS
            for device in ("b0", "b1", "b2"):
                day.send(device, "heartbeat", t, battery_pct=80, worn=True, interval_s=1 if device == "b2" else 300)
            for i in range(4):
                day.send("b0", "position", t + i * 20_000, lat=FAR_LAT, lon=HOME_LON, accuracy_m=10)
            wandering = await day.alarm("wandering.zone_exit")
            await do(wandering, Acknowledge())
            for i in range(4, 8):
                day.send("b0", "position", t + i * 20_000, lat=HOME_LAT, lon=HOME_LON, accuracy_m=10)
            await eventually(
                lambda: one(conninfo, "select object ->> 'recovered_at' from alarm where id = %s", wandering), "back"
            )
            await do(wandering, Resolve(), Close(outcome="true_alarm"))
            for i in range(8, 12):
                day.send("b0", "position", t + i * 20_000, lat=FAR_LAT, lon=HOME_LON, accuracy_m=10)
            await day.alarm("wandering.zone_exit")
            day.send("b1", "sos", NOW())
            press = await day.alarm("sos.button")
            await do(press, Acknowledge(), Resolve(), Close(outcome="false_alarm"))
            day.send("b1", "sos", NOW())
            await day.alarm("sos.button")
            day.send("b0", "fall", NOW(), confidence=0.85)  # so sure that nobody is asked
            await day.alarm("fall.device")
            day.send("b1", "heartbeat", NOW(), battery_pct=9)
            await day.alarm("device.battery_low")
            await day.alarm("missed_check.silent")
            day.send("b2", "heartbeat", NOW(), battery_pct=80, interval_s=600)
            await day.alarm("missed_check.silent", "resolved")
            day.send("b1", "heartbeat", NOW() + 1, battery_pct=90)
            await day.alarm("device.battery_low", "resolved")


def raised(conninfo: str) -> int:
    return int(one(conninfo, "select count(*) from alarm"))


def deeds(alarm: Alarm) -> tuple[object, ...]:
    """What became of an alarm, without where and how fast."""
    told = [(entry.event, entry.actor) for entry in alarm.timeline]
    return (alarm.id, alarm.state, alarm.severity, alarm.count, alarm.previous, alarm.case, alarm.evidence, told)


async def repeated(conninfo: str, start: int) -> tuple[list[Alarm], list[Alarm]]:
    """The alarms that really were, and those of a run."""
    end = NOW()
    async with await connect(conninfo, application="test") as connection:
        real = await alarms_between(connection, start, end)
        run, made = Run([], Staff(real)), Turns(end)
        async for chunk in chunks(connection, await stretch(connection, start, end)):
            for turn in made.of(chunk):
                run.take(turn)
    run.finish(end)
    return real, run.alarms(start, end)


async def test_with_nothing_set_both_runs_raise_what_the_gateway_raised(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    began = NOW()
    async with pool(conninfo, application="desk") as desk:
        await lived(conninfo, mosquitto, desk)
    report = await asked(conninfo, start=began)
    count = raised(conninfo)
    live, totals = report.comparison.live, report.comparison.totals
    assert (live.raised, live.same, live.missing, live.other) == (count, count, 0, 0)
    assert totals.alarms == Pair(count, count)
    assert (totals.same, totals.gone, totals.added, totals.earlier, totals.later) == (count, 0, 0, 0, 0)


async def test_a_run_repeats_the_whole_life_of_every_alarm(conninfo: str, mosquitto: RunningBroker) -> None:
    began = NOW()
    async with pool(conninfo, application="desk") as desk:
        await lived(conninfo, mosquitto, desk)
    real, run = await repeated(conninfo, began)
    assert [deeds(alarm) for alarm in run] == [deeds(alarm) for alarm in real]
    assert [alarm.raised_at for alarm in run] == [alarm.raised_at for alarm in real]


async def test_where_the_book_of_batches_is_forgotten_readings_raise_the_same(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    began = NOW()
    async with pool(conninfo, application="desk") as desk:
        await lived(conninfo, mosquitto, desk)
    with psycopg.connect(conninfo) as connection:
        connection.execute("delete from engine_snapshot")
        connection.execute("delete from batch where number < (select max(number) from batch)")
        connection.execute("update batch set now_ms = now_ms + 1000")
    real, run = await repeated(conninfo, began)
    # What staff did within the same second as the readings, nobody can put between them any more.
    first = {(alarm.subject, alarm.rule): alarm for alarm in reversed(real) if alarm.rule not in SILENCES}
    again = {(alarm.subject, alarm.rule): alarm for alarm in reversed(run) if alarm.rule not in SILENCES}
    assert {key: alarm.id for key, alarm in again.items()} == {key: alarm.id for key, alarm in first.items()}
    assert {alarm.id for alarm in run if alarm.rule not in SILENCES} <= {alarm.id for alarm in real}
    # The gateway may have been slow to take readings in, of which nothing is known any more.
    assert all(began <= again[key].raised_at <= alarm.raised_at + SECOND_MS for key, alarm in first.items())
