"""The audit log as it is read: entries and, from the history of records, who changed what; newest first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, LiteralString, NamedTuple, Self

import msgspec

from gateway.store.connection import Connection

_MACHINE: Final[LiteralString] = "('check_window', 'sighting')"
"""What is planned and unplanned by the clock; nobody did it."""


class AuditItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line, ``at`` in ms. An entry has its number ``n`` and ``hash``; a change the ``version`` of the history.

    ``subject``: ``account:…``, ``contact:…``; of a change ``entity:key`` of the record, whose history tells the rest.
    """

    id: str
    at: int
    act: str
    actor: str | None = None
    via: str | None = None
    what: str | None = None
    subject: str | None = None
    resident: str | None = None
    alarm: str | None = None
    site: str | None = None
    purpose: str | None = None
    address: str | None = None
    detail: dict[str, Any] = {}
    n: int | None = None
    version: int | None = None
    hash: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the log; None asks for all. ``act`` ``change``: the history alone; times in ms."""

    site: str | None = None
    actor: str | None = None
    resident: str | None = None
    act: str | None = None
    what: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class AuditCursor(NamedTuple):
    """Where a page ended: everything before it comes next."""

    at: int
    order: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """As ``str`` writes it. Raises ``ValueError`` for anything else."""
        at, order, number = map(int, text.split("-"))
        if not (0 <= at < 2**62 and order in (0, 1) and 0 <= number < 2**62):
            raise ValueError(text)
        return cls(at, order, number)

    def __str__(self) -> str:
        return f"{self.at}-{self.order}-{self.number}"


_ENTRIES: Final[LiteralString] = (
    "select e.at_ms, 1 as part, e.n as number, jsonb_build_object('id', 'e' || e.n, 'at', e.at_ms, 'act', e.act,"
    " 'actor', e.actor, 'via', e.via, 'what', e.what, 'subject', e.subject, 'resident', e.resident, 'alarm', e.alarm,"
    " 'site', e.site, 'purpose', e.purpose, 'address', e.address, 'detail', e.detail, 'n', e.n,"
    " 'hash', encode(e.hash, 'hex'))::text from audit_entry e"
    " where (%(from_ms)s::bigint is null or e.at_ms >= %(from_ms)s)"
    " and (%(to_ms)s::bigint is null or e.at_ms < %(to_ms)s)"
    " and (e.at_ms, 1, e.n) < (%(at)s, %(part)s, %(number)s)"
    " and (%(actor)s::text is null or e.actor = %(actor)s)"
    " and (%(resident)s::text is null or e.resident = %(resident)s)"
    " and (%(act)s::text is null or e.act = %(act)s) and (%(what)s::text is null or e.what = %(what)s)"
    " and (%(site)s::text is null or e.site = %(site)s)"
    " and (cardinality(%(sites)s::text[]) = 0 or e.site = any(%(sites)s) or (e.site is null and exists (select"
    " from account a where a.username = e.actor and cardinality(a.sites) > 0 and a.sites <@ %(sites)s::text[])))"
    " order by e.at_ms desc, e.n desc limit %(limit)s"
)
_OF_RECORD: Final[LiteralString] = (
    "coalesce(case when c.entity = 'site' then c.key end, w.record ->> 'site',"
    " (select r.site from resident r where r.slot = (w.record ->> 'resident_slot')::integer),"
    " (select d.site from device d where d.slot = (w.record ->> 'device_slot')::integer),"
    " (select h.site from household h where h.id = w.record ->> 'household'))"
)
_OF_RESIDENT: Final[LiteralString] = (
    "case when c.entity = 'resident' then c.key"
    " else (select r.id from resident r where r.slot = (w.record ->> 'resident_slot')::integer) end"
)
_CHANGES: Final[LiteralString] = (
    "select (extract(epoch from c.at) * 1000)::bigint as at_ms, 0 as part, c.version as number,"
    " jsonb_build_object('id', 'c' || c.version, 'at', (extract(epoch from c.at) * 1000)::bigint, 'act', 'change',"
    " 'actor', c.actor, 'what', case when c.record is null then 'removed' when exists (select from registry_change b"
    " where b.entity = c.entity and b.key = c.key and b.version < c.version) then 'changed' else 'made' end,"
    " 'subject', c.entity || ':' || c.key, 'resident', x.resident, 'site', x.site, 'version', c.version)::text"
    " from registry_change c cross join lateral (select coalesce(c.record, (select b.record from registry_change b"
    " where b.entity = c.entity and b.key = c.key and b.record is not null and b.version < c.version"
    " order by b.version desc limit 1)) as record) w"
    f" cross join lateral (select {_OF_RECORD} as site, {_OF_RESIDENT} as resident) x"
    f" where c.entity not in {_MACHINE} and c.actor is not null"
    " and (%(from_ms)s::bigint is null or c.at >= to_timestamp(%(from_ms)s / 1000.0))"
    " and (%(to_ms)s::bigint is null or c.at < to_timestamp(%(to_ms)s / 1000.0))"
    " and c.at <= to_timestamp((%(at)s::bigint + 1) / 1000.0)"
    " and ((extract(epoch from c.at) * 1000)::bigint, 0, c.version) < (%(at)s, %(part)s, %(number)s)"
    " and (%(actor)s::text is null or c.actor = %(actor)s)"
    " and (%(resident)s::text is null or x.resident = %(resident)s)"
    " and (%(act)s::text is null or %(act)s = 'change') and %(what)s::text is null"
    " and (%(site)s::text is null or x.site = %(site)s)"
    " and (cardinality(%(sites)s::text[]) = 0 or x.site = any(%(sites)s) or (c.entity = 'account'"
    " and jsonb_array_length(w.record -> 'sites') > 0"
    " and array(select jsonb_array_elements_text(w.record -> 'sites')) <@ %(sites)s::text[]))"
    " order by c.at desc, c.version desc limit %(limit)s"
)
_LAST: Final = AuditCursor(2**62 - 1, 1, 2**62 - 1)


async def audit_items(
    conn: Connection, asked: Asked, *, sites: Sequence[str], before: AuditCursor | None = None, limit: int = 100
) -> tuple[list[AuditItem], AuditCursor | None]:
    """A page within ``sites`` (empty: all), and the cursor of the next one.

    Sign-ins belong to the sites of whose they are; those with a name that nobody has to nobody's site.
    """
    at, part, number = before or _LAST
    cursor = await conn.execute(
        f"select * from (({_ENTRIES}) union all ({_CHANGES})) u order by 1 desc, 2 desc, 3 desc limit %(limit)s",
        {
            **msgspec.structs.asdict(asked),
            "sites": list(sites),
            "at": min(at, 2**52),
            "part": part,
            "number": number,
            "limit": limit + 1,
        },
    )
    rows = await cursor.fetchall()
    shown = rows[:limit]
    items = [msgspec.json.decode(row[3], type=AuditItem) for row in shown]
    return items, AuditCursor(*shown[-1][:3]) if len(rows) > limit else None


async def names_of_subjects(conn: Connection, subjects: Collection[str | None]) -> dict[str, str]:
    """Subject (``entity:key``) → what people call it, as it was called last; nothing for what has no name."""
    cursor = await conn.execute(
        "select distinct on (c.entity, c.key) c.entity || ':' || c.key, coalesce(c.record ->> 'name',"
        " case when c.entity = 'device' then c.key end, c.record ->> 'username',"
        " (select d.id from device d where d.slot = (c.record ->> 'device_slot')::integer))"
        " from registry_change c where c.record is not null and (c.entity, c.key) in"
        " (select split_part(s, ':', 1), substr(s, strpos(s, ':') + 1) from unnest(%s::text[]) s)"
        " order by c.entity, c.key, c.version desc",
        ([each for each in subjects if each and ":" in each],),
    )
    return {subject: name for subject, name in await cursor.fetchall() if name}
