"""The audit log as a page and as CSV, and on a resident's page who looked at them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from dashboards.api.access import Auditing, DepsOf, Principal
from dashboards.api.audit_log import as_csv, looked_up
from dashboards.web.colleagues import colleagues
from dashboards.web.records.found import administers, card_of, manages, sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE, zone
from gateway.store.audit_reading import Asked, AuditItem, audit_items, names_of_subjects
from gateway.store.connection import Connection
from gateway.store.people import Named, names_of

router = APIRouter(include_in_schema=False)

SHOWN: Final = 100
SHOWN_OF_PERSON: Final = 30
ACTS: Final = (
    "look", "export", "change", "signin", "signin_refused", "locked", "unlocked", "password", "signin_link",
    "sessions_ended",
)  # fmt: skip


class Line(NamedTuple):
    """One entry in words; ``href`` leads to what it is about."""

    item: AuditItem
    deed: str
    about: str
    href: str | None


class Filters(NamedTuple):
    """What the page's form asks for; ``first`` and ``last`` are local days."""

    actor: str
    resident: str
    act: str
    first: date | None
    last: date | None


def filters(
    actor: Annotated[str, Query(max_length=64)] = "",
    resident: Annotated[str, Query(max_length=64)] = "",
    act: Annotated[str, Query(max_length=32)] = "",
    first: Annotated[str, Query(max_length=10)] = "",
    last: Annotated[str, Query(max_length=10)] = "",
) -> Filters:
    """The form's fields; a day that is none counts as not asked for."""
    return Filters(actor.strip(), resident, act if act in ACTS else "", _day(first), _day(last))


FiltersOf = Annotated[Filters, Depends(filters)]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@router.get("/audit")
async def log(request: Request, deps: DepsOf, principal: Auditing, asked: FiltersOf, before: str = "") -> Response:
    """Who looked at whom, signed in, took records out and changed them; newest first."""
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        staff = await colleagues(conn, principal)
    timezone = sites[0].timezone if sites else DEFAULT_TIMEZONE
    items, following = await looked_up(deps, principal, _asked(asked, timezone), before or None, SHOWN)
    async with deps.pool.connection() as conn:
        people = await names_of(conn, {each.resident for each in items} | {asked.resident or None}, ())
        things = await names_of_subjects(conn, {each.subject for each in items})
    names = {each.username: each.display_name or each.username for each in staff}
    return page(
        request,
        "audit.html",
        principal=principal,
        lines=[_line(wording, each, people, names | things) for each in items],
        following=following,
        asked=asked,
        acts=ACTS,
        names=names,
        people=people,
        timezone=timezone,
        may_administer=administers(principal),
        may_manage=manages(principal),
    )


@router.get("/audit.csv")
async def log_as_csv(deps: DepsOf, principal: Auditing, asked: FiltersOf) -> Response:
    """The same in full, for a spreadsheet."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
    return await as_csv(deps, principal, _asked(asked, sites[0].timezone if sites else DEFAULT_TIMEZONE))


@router.get("/people/{resident}/looks")
async def who_looked(request: Request, deps: DepsOf, principal: Auditing, resident: str) -> Response:
    """Who looked at a resident last; loaded by the page of the resident when it is opened."""
    wording = Wording(language_of(request, principal))
    card = await card_of(deps, principal, resident)
    async with deps.pool.connection() as conn:
        asked = Asked(resident=resident, act="look")
        items, _ = await audit_items(conn, asked, sites=principal.sites, limit=SHOWN_OF_PERSON)
        names = await _names(conn, principal)
        things = await names_of_subjects(conn, {each.subject for each in items})
    people = {resident: Named(name=card.resident.name, address={})}
    return page(
        request,
        "person_looks.html",
        principal=principal,
        lines=[_line(wording, each, people, names | things) for each in items if each.what != "audit"],
        names=names,
        resident=resident,
        timezone=card.resident.timezone,
    )


async def _names(conn: Connection, principal: Principal) -> dict[str, str]:
    return {each.username: each.display_name or each.username for each in await colleagues(conn, principal)}


def _asked(asked: Filters, timezone: str) -> Asked:
    return Asked(
        actor=asked.actor or None,
        resident=asked.resident or None,
        act=asked.act or None,
        from_ms=None if asked.first is None else _midnight(asked.first, timezone),
        to_ms=None if asked.last is None else _midnight(asked.last + timedelta(days=1), timezone),
    )


def _midnight(day: date, timezone: str) -> int:
    return max(0, round(datetime(day.year, day.month, day.day, tzinfo=zone(timezone)).timestamp() * 1000))


def _line(wording: Wording, item: AuditItem, people: dict[str, Named], names: dict[str, str]) -> Line:
    """``names``: of colleagues by their user name, and of other subjects by ``entity:key``."""
    what = item.what or ""
    deed = wording.known(f"audit.{item.act}.{what}", wording.known(f"audit.act.{item.act}", item.act))
    about, href = _about(wording, item, people, names)
    return Line(item, deed, about, href)


def _about(
    wording: Wording, item: AuditItem, people: dict[str, Named], names: dict[str, str]
) -> tuple[str, str | None]:
    kind, _, key = (item.subject or "").partition(":")
    record = wording.known(f"audit.record.{kind}", kind) if item.subject else ""
    called = names.get(key, key) if kind == "account" else names.get(item.subject or "")
    if called is not None and kind != "resident":
        record = f"{record} {called}"
    if item.resident is not None:
        known = people.get(item.resident)
        name = known.name if known is not None and known.name else wording.t("card.nobody_known")
        about = f"{name} · {record}" if record and kind != "resident" else name
        return about, f"/alarms/{item.alarm}" if item.alarm else f"/people/{item.resident}"
    if item.alarm:
        return record, f"/alarms/{item.alarm}"
    return record, f"/devices/{key}" if kind == "device" and called is not None else None
