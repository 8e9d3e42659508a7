"""The duty roster: a week of shifts, its gaps, who is on duty now; and handing the desk over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from alerts.handover import Handover
from alerts.roster import DAYS_A_WEEK, Span, gaps, week_of
from dashboards.api.access import MAY_ACT, DepsOf, Managing, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.records.found import administers, manages, record, sites_of
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE, zone
from devices.refusals import no_such
from gateway.store.accounts import Account, accounts
from gateway.store.connection import Connection
from gateway.store.handovers import handovers, handovers_of
from gateway.store.registry import find, listing
from gateway.store.registry_records import Shift, Site
from gateway.store.roster import on_duty

router = APIRouter(include_in_schema=False)

AT_MOST: Final = 1000
OFFERS_AT_MOST: Final = 20


class Day(NamedTuple):
    """One local day of the week on show: the shifts that begin in it."""

    day: date
    shifts: list[Shift]


@router.get("/roster")
async def roster(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    site: str = "",
    week: Annotated[date | None, Query(description="any day of it")] = None,
) -> Response:
    """A week of shifts of one site, this week and the first site unless others are asked for."""
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        centre = _centre(sites, site)
        clocks = zone(centre.timezone if centre else DEFAULT_TIMEZONE)
        first = _monday(week or datetime.fromtimestamp(now / 1000, clocks).date())
        span = week_of(first, clocks)
        shifts = [] if centre is None else await _shifts(conn, centre.id, span)
        there = [] if centre is None else await on_duty(conn, centre.id, now)
        staff = await accounts(conn)
        offers = [] if centre is None else await handovers(
            conn, sites=[], site=centre.id, open_only=True, before=None, limit=OFFERS_AT_MOST
        )  # fmt: skip
    days = [first + timedelta(days=n) for n in range(DAYS_A_WEEK)]
    return page(
        request,
        "roster.html",
        principal=principal,
        sites=sites,
        centre=centre,
        timezone=centre.timezone if centre else DEFAULT_TIMEZONE,
        first=first,
        before=first - timedelta(days=DAYS_A_WEEK),
        after=first + timedelta(days=DAYS_A_WEEK),
        days=[Day(day, [each for each in shifts if _day(each, clocks, first) == day]) for day in days],
        gaps=gaps([Span(each.from_ms, each.to_ms) for each in shifts], span) if shifts else [],
        there=there,
        names=_names(staff),
        colleagues=_colleagues(staff, centre),
        offers=offers,
        may_act=principal.account.role in MAY_ACT,
        may_manage=manages(principal),
        may_administer=administers(principal),
    )


@router.get("/roster/{shift}")
async def edit_shift(request: Request, deps: DepsOf, principal: Managing, shift: str) -> Response:
    """One shift, to be changed, stood in for or removed."""
    async with deps.pool.connection() as conn:
        found = await record(conn, principal, Shift, shift)
        centre = await find(conn, Site, found.site)
        staff = await accounts(conn)
    return page(
        request,
        "shift_form.html",
        principal=principal,
        shift=found,
        centre=centre,
        timezone=centre.timezone if centre else DEFAULT_TIMEZONE,
        names=_names(staff),
        colleagues=_colleagues(staff, centre),
    )


@router.get("/handovers/banner")
async def banner(request: Request, deps: DepsOf, principal: SignedIn, seen: str = "") -> Response:
    """The offers that wait for, or come from, whoever looks; 204 while they are those that are shown already."""
    async with deps.pool.connection() as conn:
        offered = await offers_to(conn, principal)
    if seen == offered.stamp:
        return Response(status_code=204)
    return page(request, "handover_banner.html", principal=principal, offered=offered)


class Offered(NamedTuple):
    """The offers that concern somebody: ``stamp`` tells them from others, ``names`` are those of colleagues."""

    offers: list[Handover]
    stamp: str
    names: dict[str, str]


async def offers_to(conn: Connection, principal: Principal) -> Offered:
    """What waits for, or comes from, whoever looks."""
    offers = await handovers_of(conn, principal.account.username)
    return Offered(offers, stamp_of(offers), _names(await accounts(conn)) if offers else {})


def stamp_of(offers: list[Handover]) -> str:
    """What tells one set of offers from another."""
    return ".".join(each.id for each in offers) or "none"


def _centre(sites: list[Site], wanted: str) -> Site | None:
    if wanted and all(each.id != wanted for each in sites):
        raise Problem(404, no_such("site"))
    return next((each for each in sites if not wanted or each.id == wanted), None)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _day(shift: Shift, clocks: ZoneInfo, first: date) -> date:
    """The day under which a shift is shown: that on which it begins, or the first for one from the week before."""
    return max(first, datetime.fromtimestamp(shift.from_ms / 1000, clocks).date())


async def _shifts(conn: Connection, site: str, span: Span) -> list[Shift]:
    """The shifts that touch a time, in the order in which they begin."""
    within = {"site": site, "from": str(span.from_ms), "to": str(span.to_ms)}
    found = await listing(conn, Shift, sites=[site], filters=within, limit=AT_MOST)
    return sorted(found, key=lambda each: (each.from_ms, each.to_ms, each.account))


def _names(staff: list[Account]) -> dict[str, str]:
    return {each.username: each.display_name or each.username for each in staff}


def _colleagues(staff: list[Account], centre: Site | None) -> list[tuple[str, str]]:
    """Who can be on duty at a site, by name."""
    fitting = [each for each in staff if centre and each.role in MAY_ACT and each.sees(centre.id)]
    return sorted(((each.username, each.display_name or each.username) for each in fitting), key=lambda pair: pair[1])
