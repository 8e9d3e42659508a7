"""Rule parameters that somebody set, for everyone, a site or a resident: reading, writing, what they once were."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, LiteralString

import msgspec

from alerts.layers import Setting, SettingChange
from devices.refusals import no_such
from devices.registry import Scope
from gateway.store.connection import Connection
from gateway.store.errors import MissingRecord
from gateway.store.registry.writing import writing

_SETTING: Final = (
    "select jsonb_build_object('scope', p.scope, 'key', p.key, 'name', p.name, 'value', p.value,"
    " 'version', c.version, 'by', c.actor, 'at', (extract(epoch from c.at) * 1000)::bigint)::text"
    " from parameter p cross join lateral (select version, actor, at from registry_change"
    " where entity = 'parameter' and key = p.id order by version desc limit 1) c"
)


class Concerned(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with settings: everyone (both None), a site, or a resident of it; ``values`` as the layers give them."""

    site: str | None
    resident: str | None
    values: dict[str, float]


Check = Callable[[Sequence[Concerned]], None]
"""Raises where the values of somebody contradict each other."""


async def common_settings(conn: Connection, *, sites: Sequence[str]) -> list[Setting]:
    """What was set for everyone and for sites; ``sites``: those the reader may see, empty for all."""
    return await _settings(
        conn,
        f"{_SETTING} where p.scope = 'everyone' or (p.scope = 'site' and (%(sites)s::text[] = '{{}}'"
        " or p.key = any(%(sites)s))) order by p.name, p.scope, p.key",
        {"sites": list(sites)},
    )


async def settings_for(conn: Connection, *, site: str | None = None, resident: str | None = None) -> list[Setting]:
    """What was set for somebody: everyone's, their site's, their own."""
    return await _settings(
        conn,
        f"{_SETTING} where p.scope = 'everyone' or p.site = %(site)s or p.resident = %(resident)s order by p.name",
        {"site": site, "resident": resident},
    )


async def values_for(conn: Connection, names: Collection[str], *, site: str, resident: str) -> dict[str, float]:
    """Those of these parameters that somebody set, as they are in force for a resident of a site."""
    cursor = await conn.execute(
        "select distinct on (name) name, value from parameter where name = any(%(names)s)"
        " and (scope = 'everyone' or (scope = 'site' and key = %(site)s)"
        " or (scope = 'resident' and key = %(resident)s))"
        " order by name, array_position(array['resident', 'site', 'everyone'], scope)",
        {"names": list(names), "site": site, "resident": resident},
    )
    return dict(await cursor.fetchall())


async def residents_with_own(conn: Connection, *, sites: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """By parameter, the (id, name) of those residents for whom it was set; narrowed to ``sites``, empty for all."""
    cursor = await conn.execute(
        "select p.name, r.id, r.name from parameter p join resident r on r.id = p.resident"
        " where %(sites)s::text[] = '{}' or r.site = any(%(sites)s) order by p.name, r.name, r.id",
        {"sites": list(sites)},
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for name, key, resident in await cursor.fetchall():
        found.setdefault(name, []).append((key, resident))
    return found


async def change_parameters(
    conn: Connection,
    actor: str,
    scope: Scope,
    key: str,
    values: Mapping[str, float | None],
    *,
    related: Collection[str],
    check: Check,
) -> None:
    """Set these parameters in one layer; None takes a setting back. All or none.

    Args:
        conn: A connection outside a transaction.
        actor: Who changes them.
        scope: The layer.
        key: The site's or resident's id, "" for everyone.
        values: By the name of the parameter.
        related: The parameters that together must make sense, those of ``values`` among them.
        check: Called with everybody whom the change concerns, as it will be.

    Raises:
        MissingRecord: There is no such site or resident.
    """
    async with writing(conn, actor):
        # What contradicts itself may come together from two layers: one change at a time.
        await conn.execute("lock table parameter in share row exclusive mode")
        slot = await _slot_of(conn, scope, key)
        gone = sorted(name for name, value in values.items() if value is None)
        await conn.execute("delete from parameter where scope = %s and key = %s and name = any(%s)", (scope, key, gone))
        kept = {name: value for name, value in values.items() if value is not None}
        await conn.execute(
            "insert into parameter (scope, key, name, value, resident_slot)"
            " select %(scope)s, %(key)s, n, v, %(slot)s"
            " from unnest(%(names)s::text[], %(values)s::float8[]) as t (n, v)"
            " on conflict (id) do update set value = excluded.value where parameter.value <> excluded.value",
            {"scope": scope, "key": key, "slot": slot, "names": list(kept), "values": list(kept.values())},
        )
        check(await _concerned(conn, scope, key, sorted(related)))


async def setting_changes(
    conn: Connection, names: Collection[str], *, site: str | None, resident: str | None
) -> list[SettingChange]:
    """All changes of these parameters for everyone, the site and the resident, in the order of their versions."""
    layers: list[tuple[Scope, str]] = [("everyone", "")]
    layers += [("site", site)] if site is not None else []
    layers += [("resident", resident)] if resident is not None else []
    places = {f"{scope}/{key}/{name}": (scope, key, name) for scope, key in layers for name in names}
    cursor = await conn.execute(
        "select key, (record ->> 'value')::float8, version, actor, (extract(epoch from at) * 1000)::bigint"
        " from registry_change where entity = 'parameter' and key = any(%s) order by version",
        (list(places),),
    )
    return [_change(places[place], *rest) for place, *rest in await cursor.fetchall()]


def _change(place: tuple[Scope, str, str], value: float | None, version: int, by: str | None, at: int) -> SettingChange:
    scope, key, name = place
    return SettingChange(scope=scope, key=key, name=name, value=value, version=version, by=by, at=at)


async def _settings(conn: Connection, statement: LiteralString, params: Mapping[str, object]) -> list[Setting]:
    cursor = await conn.execute(statement, params)
    return [msgspec.json.decode(row[0], type=Setting) for row in await cursor.fetchall()]


async def _slot_of(conn: Connection, scope: Scope, key: str) -> int | None:
    if scope == "everyone":
        return None
    of_resident = scope == "resident"
    statement: LiteralString = "select slot from resident" if of_resident else "select 0 from site"
    row = await (await conn.execute(f"{statement} where id = %s", (key,))).fetchone()
    if row is None:
        raise MissingRecord(no_such(scope))
    return int(row[0]) if of_resident else None


async def _concerned(conn: Connection, scope: Scope, key: str, names: Sequence[str]) -> list[Concerned]:
    """Everybody in whose settings of these parameters the layer has a part; one for each that set some."""
    cursor = await conn.execute(
        "select p.scope, p.key, coalesce(p.site, r.site), p.name, p.value from parameter p"
        " left join resident r on r.id = p.resident where p.name = any(%s) order by p.key",
        (list(names),),
    )
    everyone: dict[str, float] = {}
    sites: dict[str, dict[str, float]] = {}
    residents: dict[str, tuple[str, dict[str, float]]] = {}
    for layer, owner, site, name, value in await cursor.fetchall():
        match layer:
            case "everyone":
                everyone[name] = value
            case "site":
                sites.setdefault(owner, {})[name] = value
            case _:
                residents.setdefault(owner, (site, {}))[1][name] = value
    found = [
        Concerned(site=None, resident=None, values=everyone),
        *(Concerned(site=site, resident=None, values={**everyone, **own}) for site, own in sites.items()),
        *(
            Concerned(site=site, resident=resident, values={**everyone, **sites.get(site, {}), **own})
            for resident, (site, own) in residents.items()
        ),
    ]
    return [each for each in found if scope == "everyone" or key == (each.site if scope == "site" else each.resident)]
