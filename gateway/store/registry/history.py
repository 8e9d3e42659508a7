"""What a record was, version by version, and who changed it: read from the log of all changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.store.connection import Connection
from gateway.store.registry.views import VIEWS
from gateway.store.registry_records import (
    Assignment,
    Consent,
    Contact,
    Device,
    Fence,
    Holiday,
    Plan,
    Resident,
    Responder,
    Shift,
    Site,
)

Row = dict[str, Any]

_HIDDEN: Final = frozenset(
    {"slot", "device_slot", "resident_slot", "created_at", "updated_at", "home_lat", "home_lon"}
    | {"circle_lat", "circle_lon", "radius_m", "from_ms", "to_ms", "until_ms", "promised_ms"}
)
_TIMES: Final = ("until", "left_at", "erased_at")
_SECRET: Final[dict[str, str]] = {"device": "credentials", "account": "password"}
"""What changed when nothing that is shown did, by table."""


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One version: who made it when (ms), the record from then on, None for its removal.

    ``changed``: the fields that differ from the version before; of the first, those that were set.
    """

    version: int
    at: int
    actor: str | None
    record: Row | None
    changed: list[str]


class _Names(msgspec.Struct):
    """Public ids by slot or by the store's own id; also of what was removed."""

    residents: dict[int, str]
    devices: dict[int, str]
    accounts: dict[str, str]


async def history(
    conn: Connection, kind: type[object], key: str, *, before: int | None, limit: int
) -> list[HistoryItem]:
    """The newest ``limit`` versions below ``before``, newest first; empty for what never was."""
    return await history_of(conn, VIEWS[kind].table, _SHAPES.get(kind, _plain), key, before=before, limit=limit)


async def history_of(
    conn: Connection,
    table: str,
    shape: Callable[[Row, _Names], Row],
    key: str,
    *,
    before: int | None,
    limit: int,
) -> list[HistoryItem]:
    """As ``history``, of any table whose changes are logged."""
    cursor = await conn.execute(
        "select version, (extract(epoch from at) * 1000)::bigint, actor, record from registry_change"
        " where entity = %s and key = %s and version < coalesce(%s::bigint, 9223372036854775807)"
        " order by version desc limit %s",
        (table, key, before, limit + 1),
    )
    rows = await cursor.fetchall()
    names = await _names(conn, [row[3] for row in rows if row[3] is not None])
    records = [None if row[3] is None else shape(row[3], names) for row in rows]
    records.append(None)
    return [
        HistoryItem(
            version=row[0],
            at=row[1],
            actor=row[2],
            record=records[i],
            changed=_changed(records[i + 1], records[i], _SECRET.get(table)),
        )
        for i, row in enumerate(rows[:limit])
    ]


async def belongings(conn: Connection, kind: type[object], key: str) -> list[tuple[type[object], str]]:
    """What belongs to a record or once did, by kind and key: a resident's contacts and zones, a site's holidays."""
    if kind is Resident:
        whose = (
            "(record ->> 'resident_slot')::integer = (select (record ->> 'slot')::integer from registry_change"
            " where entity = 'resident' and key = %s and record is not null order by version desc limit 1)"
        )
        kinds: tuple[type[object], ...] = (Contact, Fence)
    elif kind is Site:
        whose, kinds = "record ->> 'site' = %s", (Holiday,)
    else:
        return []
    by_table = {VIEWS[each].table: each for each in kinds}
    cursor = await conn.execute(
        f"select distinct entity, key from registry_change where entity = any(%s) and {whose}",
        (list(by_table), key),
    )
    return [(by_table[row[0]], row[1]) for row in await cursor.fetchall()]


async def site_of_history(conn: Connection, kind: type[object], key: str) -> str | None:
    """The site of a record that is or once was; None for what never was."""
    table = VIEWS[kind].table
    cursor = await conn.execute(
        "select record from registry_change where entity = %s and key = %s and record is not null"
        " order by version desc limit 1",
        (table, key),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    if table == "site":
        return key
    if kind is Assignment:
        return await _site_of_slot(conn, "device", row[0]["device_slot"])
    if kind in (Consent, Contact, Fence, Plan):
        return await _site_of_slot(conn, "resident", row[0]["resident_slot"])
    return str(row[0]["site"])


async def _site_of_slot(conn: Connection, table: str, slot: int) -> str | None:
    cursor = await conn.execute(
        "select record ->> 'site' from registry_change"
        " where entity = %s and record ? 'slot' and (record ->> 'slot')::integer = %s"
        " order by version desc limit 1",
        (table, slot),
    )
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


async def _names(conn: Connection, rows: Sequence[Row]) -> _Names:
    return _Names(
        residents=await _keys_of_slots(conn, "resident", _numbers(rows, "resident_slot")),
        devices=await _keys_of_slots(conn, "device", _numbers(rows, "device_slot")),
        accounts=await _usernames(conn, _texts(rows, ("account", "stand_in"))),
    )


def _numbers(rows: Iterable[Row], column: str) -> list[int]:
    return sorted({row[column] for row in rows if isinstance(row.get(column), int)})


def _texts(rows: Sequence[Row], columns: Iterable[str]) -> list[str]:
    return sorted({row[column] for column in columns for row in rows if isinstance(row.get(column), str)})


async def _keys_of_slots(conn: Connection, table: str, slots: Sequence[int]) -> dict[int, str]:
    if not slots:
        return {}
    cursor = await conn.execute(
        "select distinct (record ->> 'slot')::integer, key from registry_change"
        " where entity = %s and record ? 'slot' and (record ->> 'slot')::integer = any(%s)",
        (table, list(slots)),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def _usernames(conn: Connection, accounts: Sequence[str]) -> dict[str, str]:
    if not accounts:
        return {}
    cursor = await conn.execute("select id, username from account where id = any(%s)", (list(accounts),))
    return {row[0]: row[1] for row in await cursor.fetchall()}


def _plain(row: Row, _: _Names) -> Row:
    shown = {name: value for name, value in row.items() if name not in _HIDDEN}
    for name in _TIMES:
        if isinstance(shown.get(name), str):
            shown[name] = round(datetime.fromisoformat(shown[name]).timestamp() * 1000)
    return shown


def _resident(row: Row, names: _Names) -> Row:
    home = row.get("home_lat") is not None and row.get("home_lon") is not None
    return {**_plain(row, names), "home": {"lat": row["home_lat"], "lon": row["home_lon"]} if home else None}


def _assignment(row: Row, names: _Names) -> Row:
    return {
        **_plain(row, names),
        "device": names.devices.get(row["device_slot"]),
        "resident": names.residents.get(row["resident_slot"]),
        "from": row["from_ms"],
        "to": row["to_ms"],
    }


def _contact(row: Row, names: _Names) -> Row:
    return {**_plain(row, names), "resident": names.residents.get(row["resident_slot"])}


def _consent(row: Row, names: _Names) -> Row:
    return {**_contact(row, names), "from": row["from_ms"], "until": row["until_ms"]}


def _fence(row: Row, names: _Names) -> Row:
    round_one = row.get("radius_m") is not None
    circle = {"lat": row["circle_lat"], "lon": row["circle_lon"], "radius_m": row["radius_m"]} if round_one else None
    return {**_plain(row, names), "resident": names.residents.get(row["resident_slot"]), "circle": circle}


def _responder(row: Row, names: _Names) -> Row:
    return {**_plain(row, names), "account": names.accounts.get(row["account"] or "")}


def _shift(row: Row, names: _Names) -> Row:
    return {
        **_plain(row, names),
        "account": names.accounts.get(row["account"]),
        "stand_in": names.accounts.get(row["stand_in"] or ""),
        "from": row["from_ms"],
        "to": row["to_ms"],
    }


def _device(row: Row, names: _Names) -> Row:
    return {"device": row["id"], **_plain(row, names)}


_SHAPES: Final[dict[type[object], Callable[[Row, _Names], Row]]] = {
    Resident: _resident,
    Device: _device,
    Assignment: _assignment,
    Consent: _consent,
    Contact: _contact,
    Fence: _fence,
    Plan: _contact,
    Responder: _responder,
    Shift: _shift,
}
"""How a stored row becomes the record that the API shows; the other kinds are shown as they are."""


def _changed(before: Row | None, after: Row | None, secret: str | None) -> list[str]:
    if after is None:
        return []
    if before is None:
        return sorted(name for name, value in after.items() if value not in (None, {}, [], ""))
    differ = sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))
    return differ or ([secret] if secret else [])
