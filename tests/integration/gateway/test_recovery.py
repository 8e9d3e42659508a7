"""Design rule 7: the engine comes back as it was, from whatever of its past can still be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from structlog.testing import capture_logs

from alerts.engine import Engine, Rule, What
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS, SystemClock
from devices.kinds import Kind
from devices.payloads import Checkin, Heartbeat, Position, Reading, Sos
from devices.registry import RegistryChange, Sighting
from gateway import recovery
from gateway.assemble import assemble
from gateway.directory import TAKEN, Directory, Route
from gateway.readings import gathered
from gateway.recovery import recover
from gateway.store.batches import BatchRow, Snapshot, begin_epoch, insert_batch, save_snapshot
from gateway.store.check_upkeep import end_windows
from gateway.store.connection import Connection, connect
from gateway.store.errors import AWAY
from gateway.store.registry_log import changes_since, current_version, records_now
from gateway.store.telemetry import store_readings
from tests.support.community import HOME_LAT, HOME_LON, rows, seed_community
from tests.support.gateway import eventually

NOW = SystemClock().now_ms()
START = (NOW // HOUR_MS - 1) * HOUR_MS
"""A full hour: no hour of anybody's routine ends between the last snapshot and the end of a life."""
SIZE = 4


def _route(reading: Reading, slot: int) -> Route:
    return Route(Kind[type(reading).__name__.upper()], "s1", f"b{slot}", slot, None)


class Life:
    """An engine that lives on, and what it leaves in the database."""

    def __init__(self, connection: Connection, epoch: int) -> None:
        self.engine = Engine()
        self._connection = connection
        self._epoch = epoch
        self._batch = 0
        self._pos = 1
        self._version = 0

    async def batch(self, *readings: tuple[Reading, int]) -> None:
        """A batch of readings, each with the slot of its device; what the registry has become is known before."""
        changes = await changes_since(self._connection, self._version)
        if changes:
            self.engine.apply(changes)
            self._version = changes[-1].version
        self._batch += 1
        now = START + self._batch * 60_000
        batch, extras = assemble(gathered((r, now, _route(r, slot)) for r, slot in readings), self._pos)
        self.engine.process(batch, now)
        self.engine.advance(now, START)
        self.engine.commit()
        row = BatchRow(
            self._batch, self._epoch, now, self._pos, self._pos + batch.size - 1, self._version, START
        )  # fmt: skip
        async with self._connection.transaction():
            await store_readings(self._connection, batch, extras)
            await insert_batch(self._connection, row)
        self._pos += batch.size

    async def minutes(self, count: int) -> None:
        """Everybody reports, the first one from far away; somebody's battery runs down."""
        for _ in range(count):
            t = START + (self._batch + 1) * 60_000 - 500
            away = 0.02 if self._batch % 20 > 10 else 0.0
            await self.batch(
                (Position(t=t, lat=HOME_LAT + away, lon=HOME_LON, accuracy_m=5), 0),
                (Heartbeat(t=t, battery_pct=max(2, 40 - self._batch), interval_s=60), 1),
                (Sos(t=t), 2) if self._batch % 9 == 5 else (Heartbeat(t=t, interval_s=120), 2),
            )

    async def keep(self) -> None:
        """Leave a snapshot."""
        snapshot = Snapshot(self._batch, self._version, self.engine.snapshot())
        await save_snapshot(self._connection, Engine.key, snapshot, keep_since_ms=0)


@asynccontextmanager
async def living(conninfo: str) -> AsyncIterator[Life]:
    seed_community(conninfo, size=SIZE)
    async with await connect(conninfo, application="test") as connection:
        yield Life(connection, await begin_epoch(connection))


async def recovered(conninfo: str) -> Engine:
    async with await connect(conninfo, application="test") as connection:
        return (await recover(connection, NOW)).engine


def change(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(statement.encode())


def damage(conninfo: str, which: str) -> list[int]:
    """Flip a bit in the middle of the newest snapshot, or of all; returns their batches, the newest first."""
    limit = "limit 1" if which == "newest" else ""
    chosen = f"(select batch from engine_snapshot order by batch desc {limit})"
    change(
        conninfo,
        "update engine_snapshot set state = set_bit(state, length(state) * 4::bigint, 1 - get_bit(state,"
        f" length(state) * 4::bigint)) where batch in {chosen}",
    )
    return [batch for (batch,) in rows(conninfo, f"select * from {chosen} order by 1 desc")]


@pytest.mark.parametrize("which", ["newest", "all"])
async def test_a_broken_snapshot_is_named_and_the_one_before_it_or_the_day_is_used(conninfo: str, which: str) -> None:
    async with living(conninfo) as life:
        await life.batch((Heartbeat(t=START, battery_pct=3), 3))  # its only word: who begins later does not know it
        await life.minutes(9)
        await life.keep()
        await life.minutes(12)
        change(conninfo, "update resident set status = 'away' where id = 'r1'")
        await life.minutes(3)
        await life.keep()
        await life.minutes(4)
        broken = damage(conninfo, which)
        if which == "newest":  # the older one is the only way back: of what was before it nothing is left
            change(conninfo, "delete from batch where number < 10")
        with capture_logs() as logs:
            engine = await recovered(conninfo)
        assert engine.snapshot() == life.engine.snapshot()
    told = [entry["batch"] for entry in logs if entry["event"] == "engine_snapshot_unreadable"]
    assert told == broken == [25, 10][: len(broken)]


async def test_what_an_engine_of_another_layout_knew_of_routines_is_taken_up(conninfo: str) -> None:
    async with living(conninfo) as life:
        await life.minutes(3)
        routines = life.engine._state.routine
        routines["days"], routines["top"] = 20, 31.5
        await life.keep()
        await life.minutes(2)
        change(conninfo, "update engine_snapshot set engine_key = 'another', state = 'ANXIN0'::bytea || state")
        with capture_logs() as logs:
            engine = await recovered(conninfo)
    found = engine._state.routine[:SIZE]
    assert found[["days", "top"]].tolist() == [(20, 31.5)] * SIZE
    told = [entry["residents"] for entry in logs if entry["event"] == "routines_taken_up"]
    assert set(told) == {SIZE}


async def test_without_a_snapshot_nobody_is_missed_for_what_they_kept_before_the_day_that_is_replayed(
    conninfo: str,
) -> None:
    ends = START + 4 * MINUTE_MS
    async with living(conninfo) as life:
        change(
            conninfo,
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms, grace_ms) select slot, 'p',"
            f" current_date, {START - 30 * MINUTE_MS}, {ends}, 0 from resident where id in ('r1', 'r3')",
        )
        await life.batch((Checkin(t=START), 3))
        await life.minutes(9)
        now = START + 5 * MINUTE_MS + DAY_MS
        async with await connect(conninfo, application="test") as connection:
            engine = (await recover(connection, now)).engine
        missed = [missed_by(one, START + 12 * MINUTE_MS) for one in (life.engine, engine)]
    assert missed == [[1], []]


def missed_by(engine: Engine, now: int) -> list[int]:
    """The slots of residents who are missed no longer once somebody has seen them all."""
    seen = [Sighting(id=f"r{slot}", resident_slot=slot, at_ms=now) for slot in range(SIZE)]
    engine.apply([RegistryChange(version=0, entity="sighting", key=each.id, record=each) for each in seen])
    said = engine.advance(now, START)
    over = said[(said["rule"] == Rule.MISSED_CHECK_CHECKIN) & (said["what"] == What.RECOVERED)]
    resident: list[int] = over["resident"].tolist()
    return resident


async def test_stretches_of_any_length_give_the_same_engine(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with living(conninfo) as life:
        for state in ("away", "active", "hospital", "active"):
            await life.minutes(5)
            change(conninfo, f"update resident set status = '{state}' where id = 'r0'")
        await life.minutes(5)
        expected = life.engine.snapshot()
        for readings, batches, changes in ((1, 1, 1), (7, 4, 2), (10_000, 10_000, 10_000)):
            monkeypatch.setattr(recovery, "STRETCH_READINGS", readings)
            monkeypatch.setattr(recovery, "PAGE_BATCHES", batches)
            monkeypatch.setattr(recovery, "CHANGES_AT_ONCE", changes)
            assert (await recovered(conninfo)).snapshot() == expected


async def test_a_database_that_goes_away_meanwhile_is_named_as_ever_so_that_it_is_waited_for(conninfo: str) -> None:
    """``Writer.ask`` asks again what was answered by one of ``AWAY``; an error in a group would end the gateway."""
    hung = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'recovering' and wait_event_type = 'Lock'"
    )
    async with living(conninfo) as life:
        await life.minutes(3)
        async with await connect(conninfo, application="recovering") as connection:
            with psycopg.connect(conninfo) as other:
                other.execute("lock table heartbeat")
                broken, _ = await asyncio.gather(
                    recover(connection, NOW),
                    eventually(lambda: rows(conninfo, hung), "the readings are asked for"),
                    return_exceptions=True,
                )
        assert isinstance(broken, AWAY)
        assert (await recovered(conninfo)).snapshot() == life.engine.snapshot()


async def test_the_registry_as_it_is_says_what_its_whole_history_says(conninfo: str) -> None:
    seed_community(conninfo, size=6)
    for statement in (
        "update device set type = 'pendant', test_from_ms = 1000, test_until_ms = 2000 where id = 'b0'",
        "update device set revoked = true where id = 'b1'",
        "update assignment set to_ms = 5000 where device_slot = 2",
        "insert into household (id, site, name) values ('h', 's1', 'Zhang')",
        "insert into assignment (device_slot, household, from_ms) values (2, 'h', 5000)",
        "update resident set household = 'h', status = 'hospital', home_lat = null where id = 'r3'",
        "delete from assignment where device_slot = 5",
        "delete from device where id = 'b5'",
        "delete from site where id = 'unused'",
    ):
        change(conninfo, statement)
    async with await connect(conninfo, application="test") as connection:
        now = Directory.of(*await records_now(connection, TAKEN))
        history = Directory()
        history.apply(await changes_since(connection, 0))
        assert now.version == history.version == await current_version(connection)
    assert now.sites == history.sites
    assert set(now.sites) == {"s1"}
    for slot in range(6):
        assert now.device(slot) == history.device(slot)
        assert now.resident(slot) == history.resident(slot)
        assert [now.wearer(slot, t) for t in (0, 4_999, 5_000)] == [history.wearer(slot, t) for t in (0, 4_999, 5_000)]
        assert now.route(f"anxin/v1/s1/b{slot}/sos") == history.route(f"anxin/v1/s1/b{slot}/sos")
    assert now.device(5) is None
    assert now.wearer(2, 5_000).household == "h"


async def test_a_log_whose_newest_changes_have_ended_is_no_reason_not_to_start(conninfo: str) -> None:
    async with living(conninfo) as life:
        change(
            conninfo,
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms)"
            " values (0, 'p', '2026-01-01', 1, 2)",
        )
        change(conninfo, "delete from check_window")
        await life.minutes(2)
        change(conninfo, "alter table registry_change disable trigger guarded")
        change(conninfo, "update registry_change set at = at - interval '9 days'")
        change(conninfo, "alter table registry_change enable always trigger guarded")
        async with await connect(conninfo, application="test") as connection:
            assert await end_windows(connection, NOW) == 2
        assert (await recovered(conninfo)).snapshot() == life.engine.snapshot()
