"""Finding residents, contacts, devices and households by whatever the desk has: a name, pinyin, a room, a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Literal, LiteralString, NamedTuple

import msgspec

from devices.names import folded
from devices.phones import phone_digits
from devices.places import PARTS, place_key
from gateway.store.connection import Connection
from gateway.store.search_index import catch_up

Why = Literal["name", "pinyin", "room", "phone", "external_id", "device"]

_FEWEST_DIGITS: Final = 3
"""A shorter part of a phone number is in too many of them."""
_LETTERS: Final = re.compile(r"[a-z]{1,40}")
_ROOM: Final = re.compile(r"[0-9a-z]+(-[0-9a-z]+)*|[^\W_]+-[0-9a-z-]+")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found, and by what. ``resident``: whom it concerns, None for nobody in particular."""

    type: Literal["resident", "contact", "device", "household"]
    id: str
    title: str
    subtitle: str
    site: str
    resident: str | None
    why: Why


class _Test(NamedTuple):
    """A condition on an entry; the earlier in the list, the better the match."""

    why: Why
    condition: LiteralString


async def search(conn: Connection, text: str, *, sites: Sequence[str], limit: int = 20) -> list[Found]:
    """What fits best to ``text``, best first, within ``sites`` (empty: all)."""
    await catch_up(conn)
    tests, wide, params = _tests(text)
    if not tests:
        return []
    params |= {"sites": list(sites), "limit": limit}
    found = await _find(conn, tests, wide, params)
    if not found and "mixed" in params:
        found = await _find(conn, [_Test("pinyin", _MIXED)], [_MIXED], params)
    return found


_MIXED: Final[LiteralString] = "e.typed like %(letters)s and e.spelled ~ %(mixed)s"
"""The first condition is the cheap one: it leaves few entries to the second."""


def _tests(text: str) -> tuple[list[_Test], list[LiteralString], dict[str, Any]]:
    """What an entry is tested for, the best first; wide conditions that hold whenever one of them does."""
    words = folded(text)
    name = words.replace(" ", "")
    if not name:
        return [], [], {}
    ranked: list[tuple[int, _Test]] = []
    wide: list[LiteralString] = []
    params: dict[str, Any] = {"name": name, "name_like": _like(name)}
    digits = phone_digits(words)
    letters = _LETTERS.fullmatch(name.replace("'", "").replace("ü", "v"))
    room = place_key(words)
    if digits is None:
        ranked += [
            (0, _Test("name", "e.name = %(name)s")),
            (2, _Test("name", "e.name like %(name_like)s || '%%'")),
            (5, _Test("name", "e.name like '%%' || %(name_like)s || '%%'")),
        ]
        wide.append("e.name like '%%' || %(name_like)s || '%%'")
    if letters is not None:
        typed = letters.group()
        params |= {"typed": typed, "mixed": _mixed(typed), "letters": "%|" + "%".join(typed) + "%"}
        ranked += [
            (1, _Test("pinyin", "e.typed like '|' || %(typed)s || '|%%'")),
            (1, _Test("pinyin", "e.typed like '%%|' || %(typed)s || '|%%'")),
            (3, _Test("pinyin", "e.typed like '%%|' || %(typed)s || '%%'")),
        ]
        wide.append("e.typed like '%%|' || %(typed)s || '%%'")
    if _ROOM.fullmatch(room):
        params |= {"room": _like(room)}
        ranked += [(1, _Test("room", "e.room like '%% ' || %(room)s || ' %%'"))]
        wide.append("e.room like '%% ' || %(room)s || ' %%'")
        if "-" in room:
            ranked += [(4, _Test("room", "e.room like '%% ' || %(room)s || '-%%'"))]
            wide.append("e.room like '%% ' || %(room)s || '-%%'")
    if digits is not None and len(digits) >= _FEWEST_DIGITS:
        params |= {"digits": digits}
        ranked += [
            (0, _Test("phone", "e.digits = %(digits)s")),
            (2, _Test("phone", "e.digits like '%%' || %(digits)s")),
            (5, _Test("phone", "e.digits like '%%' || %(digits)s || '%%'")),
        ]
        wide.append("e.digits like '%%' || %(digits)s || '%%'")
    params |= {"code": words, "code_like": _like(words)}
    for why, kind in _CODES:
        of_kind: LiteralString = f"e.type = '{kind}' and "
        ranked += [
            (0, _Test(why, of_kind + "e.code = %(code)s")),
            (3, _Test(why, of_kind + "e.code like %(code_like)s || '%%'")),
            (6, _Test(why, of_kind + "e.code like '%%' || %(code_like)s || '%%'")),
        ]
    wide.append("e.code like '%%' || %(code_like)s || '%%'")
    return [test for _, test in sorted(ranked, key=lambda each: each[0])], wide, params


_CODES: Final[tuple[tuple[Why, LiteralString], ...]] = (("external_id", "resident"), ("device", "device"))


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _mixed(typed: str) -> str:
    """A pattern for syllables that are typed in part: ``wangxm``, ``waxi`` for wang xiao ming."""
    return "(^|\n| )" + "([a-z0-9]* )?".join(typed)


async def _find(
    conn: Connection, tests: Sequence[_Test], wide: Sequence[LiteralString], params: dict[str, Any]
) -> list[Found]:
    best: LiteralString = " ".join(f"when {test.condition} then {i}" for i, test in enumerate(tests))
    cursor = await conn.execute(
        "with hit as materialized (select e.*, case " + best + " end as hit from search_entry e"
        f" where ({' or '.join(wide)}) and (cardinality(%(sites)s::text[]) = 0 or e.site = any(%(sites)s))),"
        " best as (select * from hit where hit is not null"
        " order by hit, array_position(array['resident', 'household', 'contact', 'device'], type), name, id limit 200)"
        " select b.hit, b.type, b.id, b.site, b.resident, coalesce(r.name, ''), coalesce(r.status, 'active'),"
        " coalesce(r.address, h.address, '{}'), c.name, c.relation, d.type, h.name from best b"
        " left join resident r on r.id = b.resident left join contact c on b.type = 'contact' and c.id = b.id"
        " left join device d on b.type = 'device' and d.id = b.id"
        " left join household h on b.type = 'household' and h.id = b.id"
        " order by b.hit, coalesce(r.status in ('moved', 'deceased'), false),"
        " array_position(array['resident', 'household', 'contact', 'device'], b.type), b.name, b.id limit %(limit)s",
        params,
    )
    return [_found(tests, _Hit(*row)) for row in await cursor.fetchall()]


class _Hit(NamedTuple):
    """An entry that was found with what it is shown by; ``test`` is the number of the first test that it met."""

    test: int
    type: Literal["resident", "contact", "device", "household"]
    id: str
    site: str
    resident: str | None
    resident_name: str
    status: str
    address: dict[str, Any]
    contact_name: str | None
    relation: str | None
    device_type: str | None
    household_name: str | None


def _found(tests: Sequence[_Test], hit: _Hit) -> Found:
    place = " ".join(str(hit.address[part]) for part in PARTS if hit.address.get(part))
    title, subtitle = {
        "resident": (hit.resident_name, [place, "" if hit.status == "active" else hit.status]),
        "contact": (hit.contact_name or "", [hit.relation or "", hit.resident_name]),
        "device": (hit.id, [hit.device_type or "", hit.resident_name]),
        "household": (hit.household_name or "", [place]),
    }[hit.type]
    return Found(
        type=hit.type,
        id=hit.id,
        title=title,
        subtitle=" · ".join(part for part in subtitle if part),
        site=hit.site,
        resident=hit.resident,
        why=tests[hit.test].why,
    )
