"""A past for back-tests: readings as the gateway stored them, in a time whose batches it has forgotten."""

from __future__ import annotations

from typing import Final

import msgspec
import psycopg

from alerts.alarm import Alarm, Outcome
from alerts.transitions import Acknowledge, Close, Command, Resolve, apply
from devices.kinds import Kind
from devices.payloads import Heartbeat, Position, Reading, Sos
from gateway.assemble import assemble
from gateway.directory import Route
from gateway.readings import gathered
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import connect, pool
from gateway.store.telemetry import store_readings
from tests.support.community import HOME_LAT, HOME_LON

PAST: Final = 1_750_000_000_000
"""2025-06-15T23:06:40+08:00."""
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
TRAVEL: Final = 200
"""So long a reading is on its way, ms."""
OUTSIDE_LAT: Final = HOME_LAT + 0.009
"""A kilometre from home; the circle of ``seed_community`` has 500 m."""


class History:
    """What bands ``b0``… of ``seed_community`` have sent since PAST; times in ms after it."""

    def __init__(self, conninfo: str) -> None:
        """Begin where nothing is stored, the registry as old as PAST."""
        self._conninfo = conninfo
        self._readings: list[tuple[Reading, int, Route]] = []
        with psycopg.connect(conninfo) as connection:
            connection.execute("update assignment set from_ms = %s", (PAST - MINUTE,))
            self._slots: dict[str, int] = dict(connection.execute("select id, slot from device").fetchall())
        self.date_changes(-MINUTE)

    def date_changes(self, at: int) -> None:
        """Let what was changed in the registry just now have been changed at a moment, ms after PAST."""
        with psycopg.connect(self._conninfo) as connection:
            connection.execute("alter table registry_change disable trigger guarded")
            connection.execute(
                "update registry_change set at = to_timestamp(%s / 1000.0) where at > now() - interval '1 hour'",
                (PAST + at,),
            )
            connection.execute("alter table registry_change enable always trigger guarded")

    def add(self, device: str, reading: Reading, *, travel: int = TRAVEL) -> None:
        """One reading, its ``t`` in ms since PAST."""
        kind = Kind[type(reading).__name__.upper()]
        route = Route(kind, "s1", device, self._slots[device], None)
        moved = type(reading)(**{**{f: getattr(reading, f) for f in reading.__struct_fields__}, "t": PAST + reading.t})
        self._readings.append((moved, moved.t + travel, route))

    def beats(self, device: str, start: int, end: int, *, every: int = 5 * MINUTE, battery_pct: float = 80) -> None:
        """Heartbeats in ``[start, end)``."""
        for t in range(start, end, every):
            self.add(device, Heartbeat(t=t, battery_pct=battery_pct, worn=True, interval_s=every / SECOND))

    def walk(self, device: str, start: int, seconds: int, *, every: int = 20) -> None:
        """Fixes outside the zone for so long, every 20 s, and then at home for two minutes."""
        for i in range(0, seconds + 120, every):
            lat = OUTSIDE_LAT if i < seconds else HOME_LAT
            self.add(device, Position(t=start + i * SECOND, lat=lat, lon=HOME_LON, accuracy_m=10))

    def press(self, device: str, t: int) -> None:
        """The button."""
        self.add(device, Sos(t=t))

    async def store(self) -> None:
        """Write all of it down in the order of receipt, and one last batch, the only one still in the book."""
        self._readings.sort(key=lambda each: each[1])
        batch, extras = assemble(gathered(self._readings), 1)
        async with await connect(self._conninfo, application="test") as connection:
            await store_readings(connection, batch, extras)
            await connection.execute("insert into gateway_epoch default values")
            await connection.execute(
                "insert into batch (number, epoch, now_ms, first_pos, last_pos, registry_version)"
                " select 1, max(epoch), %s, %s, %s, (select version from registry_version) from gateway_epoch",
                (self._readings[-1][1] + MINUTE, batch.size + 1, batch.size),
            )


async def ended_by_staff(conninfo: str, alarms: list[tuple[Alarm, int, Outcome]]) -> None:
    """Let alarms have been raised in reality, resolved at a moment (ms) and closed with an outcome."""
    async with (
        pool(conninfo, application="test") as connections,
        PostgresAlarmStore(connections).transaction() as work,
    ):
        for raised, at, outcome in alarms:
            alarm = msgspec.structs.replace(raised, state="open", recovered_at=None, timeline=raised.timeline[:1])
            commands: tuple[Command, ...] = (Acknowledge(), Resolve(), Close(outcome=outcome))
            for command in commands:
                after = apply(alarm, command, "nurse", at)
                assert isinstance(after, Alarm), after
                alarm = after
            await work.insert(alarm)
