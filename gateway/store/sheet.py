"""What the emergency sheet tells of one centre: alarms, checks, who can go, and a card of everybody."""

from __future__ import annotations

from typing import Any, Final, LiteralString

import msgspec

from devices.registry import ResidentStatus
from gateway.store.active import ACTIVE_STATES
from gateway.store.audit_chain import head_of
from gateway.store.check_list import Check, checks_waiting
from gateway.store.connection import Connection
from gateway.store.house_order import house_order
from gateway.store.registry import find, listing
from gateway.store.registry_records import Responder, Site
from gateway.store.roster import Serving, serving

RESPONDERS_AT_MOST: Final = 500


class SheetContact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the family or neighbourhood, in the order in which they are called."""

    name: str
    phone: str
    relation: str
    holds_key: bool


class SheetCard(msgspec.Struct, frozen=True, kw_only=True):
    """A resident: where they live, how to reach them, what whoever comes must know, whom to call.

    ``card`` as ``registry_records.ResidentFields`` has it.
    """

    resident: str
    name: str
    birth_year: int | None
    phone: str | None
    status: ResidentStatus
    timezone: str
    address: dict[str, Any]
    card: dict[str, Any]
    contacts: list[SheetContact]


class SheetAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that is not settled: what, whose, where, since when (ms) and who has it."""

    id: str
    rule: str
    severity: str
    state: str
    since: int
    drill: bool
    resident: str | None
    name: str | None
    phone: str | None
    address: dict[str, Any]
    assignee: str | None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One centre at ``at`` (ms). ``first``: cards of people with an open alarm or a check that waits; then ``others``.

    Cards come door by door, alarms the worst and then the oldest first. ``audit``: the end of the audit log, None while
    it is empty; on paper it is out of reach of whoever has the database (ADR 42).
    """

    site: Site
    at: int
    alarms: list[SheetAlarm]
    checks: list[Check]
    responders: list[Responder]
    duty: list[Serving]
    first: list[SheetCard]
    others: list[SheetCard]
    audit: str | None = None


_CARDS: Final[LiteralString] = (
    "select jsonb_build_object('resident', r.id, 'name', r.name, 'birth_year', r.birth_year, 'phone', r.phone,"
    " 'status', r.status, 'timezone', r.timezone, 'address', coalesce(nullif(r.address, '{}'), h.address, '{}'),"
    " 'card', r.card, 'contacts', coalesce(c.all, '[]'))::text from resident r"
    " left join household h on h.id = r.household left join (select resident_slot, jsonb_agg(jsonb_build_object("
    "'name', name, 'phone', phone, 'relation', relation, 'holds_key', holds_key) order by \"order\", id) as all"
    " from contact group by resident_slot) c on c.resident_slot = r.slot"
    " where r.site = %s and r.status not in ('moved', 'deceased')"
)
_ALARMS: Final[LiteralString] = (
    "select jsonb_build_object('id', a.id, 'rule', a.rule, 'severity', a.severity, 'state', a.state,"
    " 'since', a.object -> 'event_time', 'drill', a.object -> 'drill', 'resident', r.id,"
    " 'name', coalesce(r.name, h.name), 'phone', r.phone, 'address', coalesce(r.address, h.address, '{}'),"
    " 'assignee', coalesce(nullif(s.display_name, ''), a.object ->> 'assignee'))::text"
    " from alarm a left join resident r on r.id = a.resident left join household h on h.id = a.object ->> 'household'"
    f" left join account s on s.username = a.object ->> 'assignee' where a.site = %s and a.state in {ACTIVE_STATES}"
    " order by array_position(array['critical', 'high', 'medium', 'low'], a.severity), a.raised_at, a.id"
)


async def sheet(conn: Connection, site: str, now: int, *, whole: bool = True) -> Sheet | None:
    """The sheet of a centre as of one moment, ``now`` (ms); None where there is no such centre.

    ``whole`` False: only those who come first have a card.
    """
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        centre = await find(conn, Site, site)
        if centre is None:
            return None
        alarms = [msgspec.json.decode(row[0], type=SheetAlarm) for row in await _rows(conn, _ALARMS, site)]
        checks = await checks_waiting(conn, [site], now)
        cards = [msgspec.json.decode(row[0], type=SheetCard) for row in await _rows(conn, _CARDS, site)]
        responders = await listing(conn, Responder, sites=[site], limit=RESPONDERS_AT_MOST)
        duty = await serving(conn, [site], now)
        head = await head_of(conn)
    urgent = {alarm.resident for alarm in alarms} | {check.resident for check in checks}
    cards.sort(key=lambda card: (*house_order(card.address), card.name, card.resident))
    return Sheet(
        site=centre,
        at=now,
        alarms=alarms,
        checks=checks,
        responders=sorted((each for each in responders if each.active), key=lambda each: (each.kind, each.name)),
        duty=duty,
        first=[card for card in cards if card.resident in urgent],
        others=[card for card in cards if whole and card.resident not in urgent],
        audit=None if head is None else str(head),
    )


async def _rows(conn: Connection, statement: LiteralString, site: str) -> list[tuple[str]]:
    return await (await conn.execute(statement, (site,))).fetchall()
