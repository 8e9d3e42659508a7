"""A centre in which something happens: who lives there, who works there, who is at hand, as rows of the registry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from alerts.policies import Policy
from gateway.store.connection import Connection

SITE: Final = "north"
TIMEZONE: Final = "Asia/Shanghai"
FOREVER_MS: Final = 4_000_000_000_000
"""A shift from the beginning to this moment covers every story."""

PHONES: Final[dict[str, str]] = {
    "wang": "+8613800000021",
    "li": "+8613800000022",
    "daughter": "+8613800000001",
    "son": "+8613800000002",
    "niece": "+8613800000003",
    "li's son": "+8613800000011",
    "zhang": "+8613900000001",
    "night zhao": "+8613900000002",
    "wu": "+8613900000003",
    "neighbour chen": "+8613700000001",
    "neighbour of another stair": "+8613700000002",
    "grid worker liu": "+8613700000003",
    "grid worker of all": "+8613700000004",
    "grid worker elsewhere": "+8613700000005",
    "volunteer qian": "+8613700000006",
    "landline uncle": "+862155501234",
    "chat": f"chat:{SITE}",
}
"""Everybody who can be told, by the name under which a story speaks of them; residents, where it gives them a phone."""

NAME_OF: Final = {phone: name for name, phone in PHONES.items()}

FAMILY: Final[dict[str, tuple[str, ...]]] = {"wang": ("daughter", "son"), "li": ("li's son",)}
"""Resident → contacts in their order. Both live in building 3, unit 2."""

ADDRESS: Final = {"building": "3", "unit": "2", "floor": "6", "room": "601"}


class Centre:
    """The registry of one site, changed as a story needs it."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    async def furnish(self) -> None:
        """Two residents with bands and family, duty staff and a supervisor, neighbours, grid workers."""
        await self._write("insert into site (id, name, timezone) values (%s, '北苑', %s)", SITE, TIMEZONE)
        await self.resident("wang", "王秀兰")
        await self.resident("li", "李建国")
        for resident, contacts in FAMILY.items():
            for order, contact in enumerate(contacts, 1):
                await self.contact(resident, contact, order=order)
        for username, role in (("zhang", "duty"), ("night zhao", "duty"), ("wu", "supervisor")):
            await self._write(
                "insert into account (id, username, display_name, role, phone) values (%s, %s, %s, %s, %s)",
                username, username, username, role, PHONES[username],
            )  # fmt: skip
        await self.shift("zhang")
        await self.responder("neighbour chen", "neighbour", building="3", unit="2")
        await self.responder("neighbour of another stair", "neighbour", building="3", unit="1")
        await self.responder("grid worker liu", "grid_worker", building="3")
        await self.responder("grid worker of all", "grid_worker")
        await self.responder("grid worker elsewhere", "grid_worker", building="9")
        await self.responder("volunteer qian", "volunteer", building="3")

    async def resident(self, key: str, name: str, *, household: str | None = None, site: str = SITE) -> None:
        """Somebody who wears ``band-<key>``."""
        await self._write(
            "insert into resident (id, site, name, timezone, address, household) values (%s, %s, %s, %s, %s, %s)",
            key, site, name, TIMEZONE, Jsonb(ADDRESS), household,
        )  # fmt: skip
        await self._write("insert into device (id, site) values (%s, %s) on conflict do nothing", f"band-{key}", site)

    async def household(self, key: str) -> None:
        """People who live together, with one box."""
        await self._write("insert into household (id, site, name) values (%s, %s, %s)", key, SITE, key)
        await self._write("insert into device (id, site) values (%s, %s)", f"band-{key}", SITE)

    async def phone(self, resident: str, number: str | None) -> None:
        """The resident's own telephone."""
        await self._write("update resident set phone = %s where id = %s", number, resident)

    async def wears(self, resident: str, device: str | None = None, *, since_ms: int = 0) -> None:
        """What a resident wears at present."""
        await self._write(
            "insert into assignment (device_slot, resident_slot, from_ms) select d.slot, r.slot, %s"
            " from device d, resident r where d.id = %s and r.id = %s",
            since_ms, device or f"band-{resident}", resident,
        )  # fmt: skip

    async def takes_off(self, device: str, *, at_ms: int) -> None:
        """Nobody wears the device from then on."""
        await self._write(
            "update assignment set to_ms = %s where to_ms is null"
            " and device_slot = (select slot from device where id = %s)",
            at_ms, device,
        )  # fmt: skip

    async def promise(self, resident: str, opens_ms: int, closes_ms: int) -> None:
        """A check that a resident has promised for some time (ms)."""
        await self._write(
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms)"
            " select slot, 'plan', '2025-06-15', %s, %s from resident where id = %s",
            opens_ms, closes_ms, resident,
        )  # fmt: skip

    async def kept(self, resident: str) -> Sequence[tuple[Any, ...]]:
        """(by, how) of a resident's checks that were kept, in their order."""
        return await self.rows(
            "select o.kept_by, o.how from check_outcome o join resident r on r.slot = o.resident_slot"
            " where r.id = %s and o.kept_ms is not null order by o.closes_ms",
            resident,
        )

    async def seen(self, resident: str) -> Sequence[tuple[Any, ...]]:
        """(ms, actor, how) of whoever vouched for a resident."""
        return await self.rows(
            "select n.at_ms, n.actor, n.how from sighting_note n join resident r on r.slot = n.resident_slot"
            " where r.id = %s order by n.n",
            resident,
        )

    async def contact(self, resident: str, name: str, *, order: int, **fields: Any) -> None:
        """One of the family."""
        row = {"language": "zh", "can_receive_sms": True, **fields}
        await self._write(
            'insert into contact (id, resident_slot, name, phone, relation, "order", language, can_receive_sms)'
            " select %s, slot, %s, %s, %s, %s, %s, %s from resident where id = %s",
            f"{resident}/{name}", name, PHONES[name], name, order, row["language"], row["can_receive_sms"], resident,
        )  # fmt: skip

    async def no_contact(self, resident: str) -> None:
        """A resident without family."""
        await self._write(
            "delete from contact where resident_slot = (select slot from resident where id = %s)", resident
        )

    async def responder(
        self, name: str, kind: str, *, building: str | None = None, unit: str | None = None, account: str | None = None
    ) -> None:
        """Somebody who can be sent to the door."""
        await self._write(
            "insert into responder (id, site, name, phone, kind, building, unit, account, channels)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, '{sms,call}')",
            name, SITE, name, PHONES[name], kind, building, unit, account,
        )  # fmt: skip

    async def shift(
        self, account: str, *, start: int = 0, end: int = FOREVER_MS, stand_in: str | None = None, role: str = "duty"
    ) -> None:
        """Somebody is on duty from ``start`` to ``end`` (ms)."""
        await self._write(
            "insert into shift (site, account, role, from_ms, to_ms, stand_in) values (%s, %s, %s, %s, %s, %s)",
            SITE, account, role, start, end, stand_in,
        )  # fmt: skip

    async def no_shifts(self) -> None:
        """Nobody keeps a roster, or it is empty."""
        await self._write("delete from shift")

    async def no_supervisor(self) -> None:
        """Nobody leads."""
        await self._write("update account set disabled = true where role = 'supervisor'")

    async def dismiss(self, account: str) -> None:
        """Somebody works here no more."""
        await self._write("update account set disabled = true where id = %s", account)

    async def status(self, resident: str, status: str) -> None:
        """What has become of a resident."""
        await self._write("update resident set status = %s where id = %s", status, resident)

    async def demo(self) -> None:
        """The site is one for showing."""
        await self._write("update site set demo = true")

    async def revoke(self, device: str) -> None:
        """The device hears nothing any more."""
        await self._write("update device set revoked = true where id = %s", device)

    async def says_that_it_is(self, device: str, state: str) -> None:
        """The device's presence, or its last will."""
        await self._write(
            "insert into presence (device, online, received) select slot, %s, now() from device where id = %s"
            " on conflict (device) do update set online = excluded.online",
            state == "online", device,
        )  # fmt: skip

    async def send_commands(self, now: int) -> None:
        """The broker has what was asked of devices."""
        await self._write("update command set state = 'sent', sent_at = %s where state = 'queued'", now)

    async def set_parameter(self, name: str, value: float, *, scope: str = "everyone", key: str = "") -> None:
        """Somebody sets a parameter, for everyone, a site or a resident."""
        await self._write(
            "insert into parameter (scope, key, name, value, resident_slot)"
            " values (%s, %s, %s, %s, (select slot from resident where id = %s))",
            scope, key, name, value, key if scope == "resident" else None,
        )  # fmt: skip

    async def policy(self, policy: Policy) -> None:
        """Somebody writes a policy, or writes it anew."""
        row = msgspec.to_builtins(policy)
        columns = [name for name in row if name != "steps"]
        await self._write("delete from escalation_policy where id = %s", policy.id)
        await self._write(
            f"insert into escalation_policy ({', '.join(columns)}, steps)"
            f" values ({', '.join(['%s'] * len(columns))}, %s)",
            *(row[name] for name in columns),
            Jsonb(row["steps"]),
        )

    async def spoil_plan(self, alarm: UUID, *, mended: bool = False) -> None:
        """An alarm's plan is one that this version cannot read; ``mended``: it can again."""
        change = "plan -> 'spoilt'" if mended else "jsonb_build_object('spoilt', plan)"
        await self._write(f"update escalation_plan set plan = {change} where alarm = %s", alarm)

    async def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """What the database answers."""
        async with self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def until(self, query: str) -> None:
        """Wait until the database answers anything."""
        async with asyncio.timeout(10):
            while not await self.rows(query):  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.01)

    async def _write(self, statement: str, *values: object) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(statement.encode(), values)
