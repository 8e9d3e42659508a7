"""The implementations of the alarm ports, each with a way to fill its registry."""

from __future__ import annotations

from typing import Protocol

import msgspec
from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm, Place
from alerts.outbox import Outbox
from alerts.ports import AlarmStore, ResidentCard
from gateway.store.alarms import PostgresAlarmStore, alarm_from_object
from gateway.store.connection import Connection
from gateway.store.outbox import PostgresOutbox
from tests.support.alarm_memory import MemoryStore


class World(Protocol):
    """A store, its outbox, and what stands in the registry."""

    @property
    def store(self) -> AlarmStore: ...

    @property
    def outbox(self) -> Outbox: ...

    async def register(self, card: ResidentCard, household: str | None = None) -> None: ...

    async def see(self, device: str, *places: Place) -> None:
        """A registered device was at these places."""
        ...

    async def published(self) -> list[tuple[Alarm, bool]]:
        """Every change with its ``count_only``, in the order of their numbers."""
        ...

    async def message_states(self) -> list[tuple[str, str | None]]:
        """(state, reason) of every message, by id."""
        ...


class MemoryWorld:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.outbox = self.store

    async def register(self, card: ResidentCard, household: str | None = None) -> None:
        self.store.cards[card.id] = card
        if household is not None:
            self.store.households.setdefault(household, set()).add(card.id)

    async def see(self, device: str, *places: Place) -> None:
        self.store.places[device] = max(places, key=lambda place: place.t)

    async def published(self) -> list[tuple[Alarm, bool]]:
        return list(self.store.contents.changes)

    async def message_states(self) -> list[tuple[str, str | None]]:
        return [(message["state"], message["reason"]) for message in self.store.messages()]


class PostgresWorld:
    def __init__(self, pool: AsyncConnectionPool[Connection], *, pipelined: bool = False) -> None:
        self._pool = pool
        self.store = PostgresAlarmStore(pool, pipelined=pipelined)
        self.outbox = PostgresOutbox(pool)

    async def register(self, card: ResidentCard, household: str | None = None) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(
                "insert into site (id, name, demo) values (%s, %s, %s) on conflict do nothing",
                (card.site, card.site_name, card.demo),
            )
            if household is not None:
                await connection.execute(
                    "insert into household (id, site, name) values (%s, %s, %s) on conflict do nothing",
                    (household, card.site, household),
                )
            row = await (
                await connection.execute(
                    "insert into resident (id, site, name, timezone, status, household)"
                    " values (%s, %s, %s, %s, %s, %s)"
                    " on conflict (id) do update set status = excluded.status returning slot",
                    (card.id, card.site, card.name, card.timezone, card.status, household),
                )
            ).fetchone()
            assert row is not None
            for c in card.contacts:
                await connection.execute(
                    'insert into contact (id, resident_slot, name, phone, relation, "order", language, can_receive_sms)'
                    " values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (id) do nothing",
                    (
                        f"{card.id}-{c.id}" if household else c.id,
                        row[0],
                        c.name,
                        c.phone,
                        c.relation,
                        c.order,
                        c.language,
                        c.can_receive_sms,
                    ),
                )

    async def see(self, device: str, *places: Place) -> None:
        async with self._pool.connection() as connection:
            await connection.execute("insert into site (id, name) values ('north', 'North') on conflict do nothing")
            await connection.execute("insert into device (id, site) values (%s, 'north')", (device,))
            for place in places:
                await connection.execute(
                    "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m)"
                    " select 0, slot, to_timestamp(%s / 1000.0), -1, to_timestamp(%s / 1000.0), %s, %s, %s"
                    " from device where id = %s",
                    (place.t, place.t, place.lat, place.lon, place.accuracy_m, device),
                )

    async def published(self) -> list[tuple[Alarm, bool]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("select object, count_only from alarm_change order by n")
            return [(alarm_from_object(row[0]), row[1]) for row in await cursor.fetchall()]

    async def message_states(self) -> list[tuple[str, str | None]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("select state, reason from message order by id")
            return [msgspec.convert(row, tuple[str, str | None]) for row in await cursor.fetchall()]
