"""Who changed a record, when, and from what to what; loaded by the page of the record when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.phones import masked
from dashboards.web.records.found import administers
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import no_such
from devices.registry import ZoneHours
from gateway.store.accounts import accounts
from gateway.store.connection import Connection
from gateway.store.people import Named, names_of
from gateway.store.policies import policy_history
from gateway.store.registry import belongings, find, history, site_of_history
from gateway.store.registry.history import HistoryItem
from gateway.store.registry_records import (
    Contact,
    Device,
    Fence,
    Holiday,
    Household,
    Plan,
    Resident,
    Responder,
    Shift,
    Site,
)
from gateway.store.staff import may_keep, staff_history, staff_member

router = APIRouter(include_in_schema=False)

SHOWN = 30

_KINDS: Final[Mapping[str, type[Resident | Household | Device | Responder | Shift | Site | Plan | Contact | Fence]]] = {
    "contacts": Contact,
    "fences": Fence,
    "residents": Resident,
    "households": Household,
    "devices": Device,
    "responders": Responder,
    "shifts": Shift,
    "sites": Site,
    "plans": Plan,
}
_BELONGING: Final[Mapping[type[object], str]] = {Contact: "contacts", Fence: "fences", Holiday: "holidays"}
_UNSAID: Final = frozenset(
    {"id", "device", "resident", "username", "timezone", "demo", "left_at", "erased_at", "mqtt_password_hash"}
)
"""What says nothing to a reader of the history, or is said by another field."""
_TIMES: Final = frozenset({"until", "from", "to", "accompanied_until"})

_FAMILIES: Final = {
    "status": "status",
    "type": "type",
    "kind": "responder.kind",
    "role": "role",
    "language": "language",
    "holidays": "plan.holidays",
    "remind": "plan.remind",
    "channels": "responder",
}
"""Fields whose value is a code, and where its words stand in the catalogue."""


class Change(NamedTuple):
    """One field in words, before and after; empty for nothing."""

    label: str
    before: str
    after: str


class Version(NamedTuple):
    """One version in words; ``about``: of what, where it is a thing that belongs to the record."""

    at: int
    actor: str | None
    deed: str
    changes: list[Change]
    about: str = ""


class _Log(NamedTuple):
    """The versions of one record; ``belongs``: to the record whose page asks."""

    kind: str
    items: list[HistoryItem]
    belongs: bool = False


@router.get("/records/{kind}/{key}/history")
async def its_history(request: Request, deps: DepsOf, principal: SignedIn, kind: str, key: str) -> Response:
    """The newest versions of a record in words, of a resident and a centre with what belongs to them."""
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        site, logs = await _logs(conn, principal, kind, key)
        centre = None if site is None else await find(conn, Site, site)
        timezone = DEFAULT_TIMEZONE if centre is None else centre.timezone
        homes = await _homes(conn, [item for log in logs for item in log.items])
        staff = {each.username: each.display_name or each.username for each in await accounts(conn)}
    now = deps.clock.now_ms()

    def say(field: str, value: Any) -> str:
        return _said(wording, field, value, homes, lambda t: wording.clock(t, timezone, now))

    newest = sorted(
        ((log.items[i].version, log, i) for log in logs for i in range(min(len(log.items), SHOWN))),
        key=itemgetter(0),
        reverse=True,
    )[:SHOWN]
    return page(
        request,
        "history_list.html",
        principal=principal,
        versions=[_version(wording, log, i, say) for _, log, i in newest],
        names=staff,
        timezone=timezone,
    )


async def _logs(conn: Connection, principal: Principal, kind: str, key: str) -> tuple[str | None, list[_Log]]:
    """The centre of a record, where one clock is meant, and all versions that its page tells of.

    Raises:
        Problem: 404 for what is not there for whoever asks.
    """
    if kind == "staff":
        member = await staff_member(conn, key)
        if not administers(principal) or member is None or not may_keep(principal.account, "auditor", member.sites):
            raise Problem(404, no_such("account"))
        return None, [_Log(kind, await staff_history(conn, key, before=None, limit=SHOWN + 1))]
    if kind == "policies":
        items = await policy_history(conn, key, before=None, limit=SHOWN + 1)
        if not items or not all(each.record is None or _sees(principal, each.record["site"]) for each in items):
            raise Problem(404, no_such("policy"))
        return None, [_Log(kind, items)]
    if kind not in _KINDS:
        raise Problem(404, no_such("kind of record"))
    site = await site_of_history(conn, _KINDS[kind], key)
    if site is None:
        raise Problem(404, no_such("record"))
    principal.require_site(site, "record")
    logs = [_Log(kind, await history(conn, _KINDS[kind], key, before=None, limit=SHOWN + 1))]
    for their_kind, their_key in await belongings(conn, _KINDS[kind], key):
        items = await history(conn, their_kind, their_key, before=None, limit=SHOWN + 1)
        logs.append(_Log(_BELONGING[their_kind], items, belongs=True))
    return site, logs


def _sees(principal: Principal, site: str | None) -> bool:
    return site is None or principal.account.sees(site)


async def _homes(conn: Connection, items: list[HistoryItem]) -> dict[str, Named]:
    named = {each.record.get("household") for each in items if each.record is not None}
    return await names_of(conn, (), {key for key in named if isinstance(key, str)})


def _version(wording: Wording, log: _Log, place: int, say: Callable[[str, Any], str]) -> Version:
    item = log.items[place]
    before = log.items[place + 1].record if place + 1 < len(log.items) else None
    deed = "removed" if item.record is None else "made" if before is None else "changed"
    after = item.record or {}
    changes = [
        Change(_label(wording, log.kind, name), say(name, (before or {}).get(name)), say(name, after.get(name)))
        for name in item.changed
        if name not in _UNSAID
    ]
    told = [each for each in changes if each.before or each.after or deed == "changed"]
    name = str((item.record or before or {}).get("name", ""))
    about = wording.t(f"records.of.{log.kind}", name=name) if log.belongs else ""
    return Version(item.at, item.actor, deed, told, about)


def _label(wording: Wording, kind: str, name: str) -> str:
    """What a field is called; some mean something else in records of one kind."""
    return wording.known(f"field.{kind}.{name}", wording.known(f"field.{name}", name))


def _said(wording: Wording, field: str, value: Any, homes: Mapping[str, Named], clock: Callable[[int], str]) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return wording.t("yes" if value else "no")
    if field == "phone":
        return masked(str(value))
    if field in _TIMES and isinstance(value, int):
        return clock(value)
    if field == "household":
        return homes[value].name if value in homes else str(value)
    if isinstance(value, dict):
        return _parts(wording, field, value)
    if isinstance(value, list):
        between = " → " if field == "polygon" else wording.t("list.comma")
        return between.join(_item(wording, field, each) for each in value)
    return wording.known(f"{_FAMILIES[field]}.{value}", str(value)) if field in _FAMILIES else str(value)


def _item(wording: Wording, field: str, value: Any) -> str:
    if field == "polygon":
        return f"{value[0]:.5f}, {value[1]:.5f}"
    if field == "windows":
        return wording.window(value["from"], value["to"], value["days"], value["by"])
    return wording.known(f"{_FAMILIES[field]}.{value}", str(value)) if field in _FAMILIES else str(value)


def _parts(wording: Wording, field: str, value: Mapping[str, Any]) -> str:
    if field == "address":
        return wording.place(value)
    if field == "home":
        return f"{value['lat']:.5f}, {value['lon']:.5f}"
    if field == "circle":
        return f"{value['lat']:.5f}, {value['lon']:.5f} · {value['radius_m']:g} m"
    if field == "active":
        return wording.zone_hours(msgspec.convert(value, ZoneHours))
    return " · ".join(f"{wording.known(f'{field}.{name}', name)}: {text}" for name, text in value.items() if text)
