"""The day's list: who is to be called, who is due, who has reported, house by house; and who may be back."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Final, NamedTuple

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards.api.access import MAY_ACT, MAY_EDIT_CONTACTS, DepsOf, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.records.found import manages, sites_of
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE, MINUTE_MS, zone
from devices.refusals import no_such
from gateway.store.absences import Absence, ending_absences
from gateway.store.accounts import accounts
from gateway.store.check_list import Check, CheckState, checks, checks_of_day, waits
from gateway.store.connection import Connection
from gateway.store.registry_records import Site

router = APIRouter(include_in_schema=False)

STATES: Final[tuple[CheckState, ...]] = ("overdue", "open", "kept", "coming", "skipped")
"""In the order in which they call for somebody."""


class House(NamedTuple):
    """The promised checks of one building on one day; those overdue stand above all houses, and are counted here."""

    community: str
    building: str
    due: list[Check]
    kept: list[Check]
    coming: list[Check]
    skipped: list[Check]
    counts: Counter[str]


@router.get("/checks")
async def days_list(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    site: str = "",
    on: Annotated[date | None, Query(alias="date", description="a local day of the site")] = None,
    seen: str = "",
) -> Response:
    """The checks of one site and day; today's of the first site unless others are asked for.

    204 while what is shown already, by its stamp, is all there is to see.
    """
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        centre = _centre(sites, site)
        timezone = centre.timezone if centre else DEFAULT_TIMEZONE
        today = datetime.fromtimestamp(now / 1000, zone(timezone)).date()
        day = on or today
        found = [] if centre is None else await _checks(conn, centre.id, day, now, is_today=day == today)
        absences = [] if centre is None or day != today else await ending_absences(conn, [centre.id], now)
        staff = await accounts(conn)
    stamp = stamp_of(found, absences, now)
    if seen == stamp:
        return Response(status_code=204)
    return page(
        request,
        "checks.html",
        principal=principal,
        sites=sites,
        centre=centre,
        timezone=timezone,
        day=day,
        today=today,
        is_today=day == today,
        yesterday=day - timedelta(days=1),
        tomorrow=day + timedelta(days=1),
        stamp=stamp,
        checks=found,
        states=STATES,
        counts={state: len(_in_state(found, state)) for state in STATES},
        urgent=sorted(_in_state(found, "overdue"), key=lambda each: each.due_at),
        due=any(each.state == "open" for each in found),
        houses=houses_of(found),
        absences=absences,
        names={each.username: each.display_name or each.username for each in staff},
        may_act=principal.account.role in MAY_ACT,
        may_answer=principal.account.role in MAY_EDIT_CONTACTS,
        may_manage=manages(principal),
    )


async def _checks(conn: Connection, site: str, day: date, now: int, *, is_today: bool) -> list[Check]:
    """The checks of a day; today also those of yesterday that wait: midnight settles nothing."""
    if not is_today:
        return await checks_of_day(conn, [site], day, now)
    found = await checks(conn, sites=[site], first=day - timedelta(days=1), last=day, now=now)
    return [each for each in found if each.date == day or waits(each, now)]


def stamp_of(found: Sequence[Check], absences: Sequence[Absence], now: int) -> str:
    """What tells one list from another; another one each minute, by which it counts how long things take."""
    told = msgspec.json.encode((found, absences, now // MINUTE_MS))
    return hashlib.blake2b(told, digest_size=8).hexdigest()


def houses_of(found: Sequence[Check]) -> list[House]:
    """Checks by building, in the order in which they come."""
    houses: dict[tuple[str, str], list[Check]] = {}
    for each in found:
        houses.setdefault((each.community or "", each.building or ""), []).append(each)
    return [
        House(
            community=community,
            building=building,
            due=_in_state(there, "open"),
            kept=_in_state(there, "kept"),
            coming=_in_state(there, "coming"),
            skipped=_in_state(there, "skipped"),
            counts=Counter(each.state for each in there),
        )
        for (community, building), there in houses.items()
    ]


def _in_state(there: Sequence[Check], state: CheckState) -> list[Check]:
    return [each for each in there if each.state == state]


def _centre(sites: list[Site], wanted: str) -> Site | None:
    if wanted and all(each.id != wanted for each in sites):
        raise Problem(404, no_such("site"))
    return next((each for each in sites if not wanted or each.id == wanted), None)
