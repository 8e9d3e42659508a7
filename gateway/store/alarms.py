"""Alarms over PostgreSQL: ``alerts.ports.AlarmStore`` and its transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
from psycopg import AsyncCursor
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb, set_json_dumps
from psycopg_pool import AsyncConnectionPool

from alerts.alarm import ACTIVE, Alarm, Place
from alerts.ports import AnotherActive, Concerned, Contact, Message, ResidentCard, Vouched, Whom
from gateway.store.active import ACTIVE_STATES
from gateway.store.checks import keep_open
from gateway.store.connection import Connection
from gateway.store.escalation import EscalationWork
from gateway.store.holds import HoldWork
from gateway.store.sightings import note_sighting

set_json_dumps(msgspec.json.encode)

_ACTIVE: Final = sorted(ACTIVE)

_ABOUT: Final[dict[Whom, LiteralString]] = {
    "resident": "resident = %s",
    "household": "resident is null and object ->> 'household' = %s",
}

_CONTACTS: Final[LiteralString] = (
    "(select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name, 'phone', c.phone,"
    " 'relation', c.relation, 'order', c.\"order\", 'language', c.language, 'can_receive_sms', c.can_receive_sms,"
    " 'holds_key', c.holds_key) order by c.\"order\", c.id), '[]') from contact c where c.resident_slot = r.slot)"
)
"""The contacts of the resident ``r``, in their order."""

_Asked = AsyncCursor[Any] | None
"""A question whose answer was not awaited yet; None: there was nothing to ask."""

_MESSAGE_FIELDS: Final = (
    "id", "attempts", "created_at", "state", "code", "alarm", "site", "resident", "contact", "responder", "account",
    "role", "name", "step", "recipient", "channel", "template", "params", "language", "expires_at", "priority",
    "alarms",
)  # fmt: skip
MESSAGE_COLUMNS: Final = (
    ", ".join(f"message.{field}" for field in _MESSAGE_FIELDS)
    + ", exists (select 1 from site where site.id = message.site and site.demo)"
)


def alarm_from_object(stored: dict[str, Any]) -> Alarm:
    """The alarm of a stored jsonb object."""
    return msgspec.convert(stored, Alarm)


def message_from_row(row: Sequence[Any]) -> Message:
    """The message of a row of ``MESSAGE_COLUMNS``."""
    return msgspec.convert(dict(zip((*_MESSAGE_FIELDS, "demo"), row, strict=True)), Message)


async def _alarms(asked: _Asked) -> list[Alarm]:
    return [] if asked is None else [alarm_from_object(row[0]) for row in await asked.fetchall()]


def _place(lat: float, lon: float, accuracy_m: float | None, t: int) -> Place:
    return Place(lat=lat, lon=lon, accuracy_m=accuracy_m, t=t)


class PostgresAlarmTransaction(EscalationWork, HoldWork):
    """One transaction's work on alarms. ``finish`` must be the last step before COMMIT (design rule 10)."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._changed: dict[UUID, tuple[Alarm, bool]] = {}

    async def lock(self, alarm: UUID) -> Alarm | None:
        """The alarm under a row lock, or None."""
        cursor = await self._connection.execute("select object from alarm where id = %s for update", (alarm,))
        row = await cursor.fetchone()
        return None if row is None else alarm_from_object(row[0])

    async def lock_with_checks(self, alarm: UUID) -> Alarm | None:
        """The alarm under a row lock, or None; of a missed check, with the resident's active ones, in id order."""
        cursor = await self._connection.execute(
            "select object from alarm where id = %(alarm)s or (kind = 'missed_check'"
            f" and state in {ACTIVE_STATES} and resident ="
            " (select resident from alarm where id = %(alarm)s and kind = 'missed_check'))"
            " order by id for update",
            {"alarm": alarm},
        )
        locked = {one.id: one for one in await _alarms(cursor)}
        return locked.get(alarm)

    async def lock_many(self, alarms: Sequence[UUID]) -> dict[UUID, Alarm]:
        """The alarms among these that exist, locked in id order."""
        return {alarm.id: alarm for alarm in await _alarms(await self._ask_many(alarms))}

    async def lock_active(self, subjects_and_rules: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Alarm]:
        """The active alarms of these (subject, rule) pairs, locked in id order."""
        found = await _alarms(await self._ask_active(subjects_and_rules))
        return {(alarm.subject, alarm.rule): alarm for alarm in found}

    async def concerned(
        self,
        *,
        subjects_and_rules: Sequence[tuple[str, str]],
        alarms: Sequence[UUID],
        residents: Sequence[str],
        devices: Sequence[str],
        sites: Sequence[str] = (),
    ) -> Concerned:
        """What a batch of episodes concerns; in a pipeline, all questions leave before the first answer is awaited."""
        active = await self._ask_active(subjects_and_rules)
        many = await self._ask_many(alarms)
        of_residents = await self._ask_of_residents(residents)
        places = await self._ask_last_places(devices)
        rules = await self._ask_rules(sites)
        await self._learn_rules(rules)
        return Concerned(
            [*await _alarms(active), *await _alarms(many)],
            await _alarms(of_residents),
            {} if places is None else {row[0]: _place(*row[1:]) for row in await places.fetchall()},
        )

    async def _ask_active(self, subjects_and_rules: Sequence[tuple[str, str]]) -> _Asked:
        if not subjects_and_rules:
            return None
        subjects, rules = zip(*subjects_and_rules, strict=True)
        return await self._connection.execute(
            "select object from alarm where (subject, rule) in (select * from unnest(%s::text[], %s::text[]))"
            f" and state in {ACTIVE_STATES} order by id for update",
            (list(subjects), list(rules)),
        )

    async def _ask_many(self, alarms: Sequence[UUID]) -> _Asked:
        if not alarms:
            return None
        return await self._connection.execute(
            "select object from alarm where id = any(%s) order by id for update", (list(alarms),)
        )

    async def _ask_of_residents(self, residents: Sequence[str]) -> _Asked:
        if not residents:
            return None
        return await self._connection.execute(
            "select object from alarm where resident = any(%s) and state = any(%s)", (list(residents), _ACTIVE)
        )

    async def _ask_last_places(self, devices: Sequence[str]) -> _Asked:
        if not devices:
            return None
        return await self._connection.execute(
            "select d.id, p.lat, p.lon, p.accuracy_m, (extract(epoch from p.t) * 1000)::int8 from device d,"
            " lateral (select * from position where device = d.slot order by t desc limit 1) p where d.id = any(%s)",
            (list(devices),),
        )

    async def last_ended(self, subjects_and_rules: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Alarm]:
        """The youngest alarm of each of these (subject, rule) pairs that is no longer active, not locked."""
        if not subjects_and_rules:
            return {}
        subjects, rules = zip(*subjects_and_rules, strict=True)
        cursor = await self._connection.execute(
            "select distinct on (subject, rule) object from alarm"
            " where (subject, rule) in (select * from unnest(%s::text[], %s::text[]))"
            " and state in ('resolved', 'closed', 'cancelled') order by subject, rule, raised_at desc, id",
            (list(subjects), list(rules)),
        )
        found = [alarm_from_object(row[0]) for row in await cursor.fetchall()]
        return {(alarm.subject, alarm.rule): alarm for alarm in found}

    async def lock_quiet(
        self, subjects_and_rules: Sequence[tuple[str, str]], alarms: Sequence[UUID] = ()
    ) -> list[Alarm]:
        """The suppressed alarms of these pairs that have not recovered or that are among ``alarms``, in id order."""
        if not subjects_and_rules:
            return []
        subjects, rules = zip(*subjects_and_rules, strict=True)
        cursor = await self._connection.execute(
            "select object from alarm where state = 'suppressed'"
            " and (subject, rule) in (select * from unnest(%s::text[], %s::text[]))"
            " and (object ->> 'recovered_at' is null or id = any(%s)) order by id for update",
            (list(subjects), list(rules), list(alarms)),
        )
        return await _alarms(cursor)

    async def kept_quiet(self, hold: str, *, limit: int) -> list[Alarm]:
        """The suppressed alarms of a hold that have not recovered, locked, in id order."""
        cursor = await self._connection.execute(
            "select object from alarm where state = 'suppressed' and object ->> 'recovered_at' is null"
            " and object -> 'suppression' ->> 'id' = %s order by id limit %s for update",
            (hold, limit),
        )
        return await _alarms(cursor)

    async def active_of_residents(self, residents: Sequence[str]) -> list[Alarm]:
        """All active alarms of these residents, not locked: for ``case`` and for severity in context."""
        return await _alarms(await self._ask_of_residents(residents))

    async def lock_active_of(self, whom: Whom, key: str) -> list[Alarm]:
        """The active alarms of a resident, or of a household as such (``resident`` null), locked in id order."""
        cursor = await self._connection.execute(
            f"select object from alarm where state in {ACTIVE_STATES} and {_ABOUT[whom]} order by id for update",
            (key,),
        )
        return [alarm_from_object(row[0]) for row in await cursor.fetchall()]

    async def vouch(self, resident: str, *, at: int, actor: str, name: str, how: Vouched, note: str | None) -> int:
        """Write down that somebody vouches for a resident at ``at`` (ms); how many promised checks it keeps."""
        await note_sighting(self._connection, resident, at=at, by=actor, how=how, note=note)
        return await keep_open(self._connection, resident, at=at, by=name, how=how, note=note)

    async def insert(self, alarm: Alarm) -> None:
        """Store a new alarm; its change is published at the end."""
        await self._connection.execute(
            "insert into alarm (id, object) values (%s, %s)", (alarm.id, Jsonb(msgspec.to_builtins(alarm)))
        )
        self._note_change(alarm, count_only=False)

    async def save(self, alarm: Alarm, *, count_only: bool = False) -> None:
        """Store a changed alarm (its ``version`` already raised); its change is published at the end."""
        await self._connection.execute(
            "update alarm set object = %s where id = %s", (Jsonb(msgspec.to_builtins(alarm)), alarm.id)
        )
        self._note_change(alarm, count_only=count_only)

    def _note_change(self, alarm: Alarm, *, count_only: bool) -> None:
        earlier = self._changed.get(alarm.id)
        self._changed[alarm.id] = (alarm, count_only and (earlier is None or earlier[1]))

    async def told(self, alarm: UUID) -> list[Message]:
        """The messages of the alarm's case, bundles among them, that were not withdrawn."""
        cursor = await self._connection.execute(
            "with mates as (select mate.id from alarm mate join alarm own using (case_id) where own.id = %s)"
            f" select {MESSAGE_COLUMNS} from message where state <> 'withdrawn'"
            " and (alarm in (select id from mates) or alarms && array(select id from mates)) order by id",
            (alarm,),
        )
        return [message_from_row(row) for row in await cursor.fetchall()]

    async def resident_card(self, resident: str) -> ResidentCard | None:
        """The resident with contacts in their order."""
        cards = await self._cards("r.id = %s", resident)
        return cards[0] if cards else None

    async def household_cards(self, household: str) -> list[ResidentCard]:
        """Everybody who lives in a household, in the order of their ids."""
        return await self._cards("r.household = %s", household)

    async def _cards(self, condition: LiteralString, value: str) -> list[ResidentCard]:
        cursor = await self._connection.execute(
            "select r.id, r.name, r.site, s.name, s.demo, r.status, r.timezone, r.language, r.address,"
            f" coalesce(r.phone, ''), {_CONTACTS}"
            f" from resident r join site s on s.id = r.site where {condition} order by r.id",
            (value,),
        )
        return [
            ResidentCard(
                id=row[0],
                name=row[1],
                site=row[2],
                site_name=row[3],
                demo=row[4],
                status=row[5],
                timezone=row[6],
                language=row[7],
                address={key: str(value) for key, value in row[8].items() if value is not None},
                phone=row[9],
                contacts=msgspec.convert(row[10], tuple[Contact, ...]),
            )
            for row in await cursor.fetchall()
        ]

    async def hold_case(self, case: UUID) -> None:
        """Let nobody else ask until the end whether a case is over: two who end its last alarms wait for each other."""
        await self._connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"case {case}",))

    async def active_among(self, alarms: Sequence[UUID]) -> frozenset[UUID]:
        """Those of these alarms that are active, not locked."""
        cursor = await self._connection.execute(
            f"select id from alarm where id = any(%s) and state in {ACTIVE_STATES}", (list(alarms),)
        )
        return frozenset(row[0] for row in await cursor.fetchall())

    async def finish(self) -> None:
        """Number and announce the changes; nothing but COMMIT may follow."""
        if self._dispatch:
            await self._connection.execute("select pg_notify('dispatch', '')")
        if self._changed:
            changes = list(self._changed.values())
            await self._connection.execute(
                "select publish_alarm_changes(%s::jsonb[], %s::boolean[])",
                (
                    [Jsonb(msgspec.to_builtins(alarm)) for alarm, _ in changes],
                    [count_only for _, count_only in changes],
                ),
            )


class PostgresAlarmStore:
    """Where alarms live.

    ``pipelined``: statements whose answer nobody reads are not waited for, which saves a third of the round trips; what
    they complain of is raised by a later one, at the latest at the end.
    """

    def __init__(self, pool: AsyncConnectionPool[Connection], *, pipelined: bool = False) -> None:
        self._pool = pool
        self._pipelined = pipelined

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresAlarmTransaction]:
        """Begin; commits on a clean exit, rolls back on an exception. Raises ``AnotherActive``."""
        try:
            async with (
                self._pool.connection() as connection,
                connection.pipeline() if self._pipelined else nullcontext(),
                connection.transaction(),
            ):
                work = PostgresAlarmTransaction(connection)
                yield work
                await work.finish()
        except UniqueViolation as error:
            if error.diag.constraint_name == "alarm_active":
                raise AnotherActive("two active alarms of one subject and rule") from error
            raise

    async def next_due(self) -> int | None:
        """When the next pending step or queued message falls due, ms; None when nothing waits."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select least((select min(due_at) from escalation_step where state = 'pending'),"
                " (select min(not_before) from message where state in ('queued', 'sending')))"
            )
            row = await cursor.fetchone()
        return None if row is None or row[0] is None else int(row[0])
