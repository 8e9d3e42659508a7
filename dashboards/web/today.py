"""The list of a shift's tasks, each line leading to where it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Literal, NamedTuple

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_ACT, MAY_OPEN, DepsOf, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE, MINUTE_MS, zone
from devices.refusals import no_such
from gateway.store.accounts import accounts
from gateway.store.today import BackToday, Door, LowBattery, TestPress, Today, Visit, today
from gateway.store.upkeep import error_of_job

router = APIRouter(include_in_schema=False)

Block = Literal["", "checks", "tests", "batteries", "visits", "back"]
SHOWN: Final = 8
"""Lines of a block until somebody wants all of it."""
SHEETS: Final = "sheets written"
"""The job of upkeep that writes the emergency sheets."""


class House(NamedTuple):
    """The doors of one building."""

    name: str
    doors: list[Door]


@router.get("/today")
async def todays_list(
    request: Request, deps: DepsOf, principal: SignedIn, site: str = "", whole: Block = "", seen: str = ""
) -> Response:
    """The tasks of one site, or of all that the reader sees; ``whole``: a block that is shown to its end.

    204 while what is shown already, by its stamp, is all there is to see.
    """
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        if site and all(each.id != site for each in sites):
            raise Problem(404, no_such("site"))
        await principal.looked("today", site=site or None)
        found = await today(conn, [site] if site else principal.sites, now, test_days=deps.test_press_days)
        staff = await accounts(conn)
        failed = await error_of_job(conn, SHEETS)
    stamp = stamp_of(found, failed)
    if seen == stamp:
        return Response(status_code=204)
    wording = Wording(language_of(request, principal))
    timezone = next((each.timezone for each in sites if site in ("", each.id)), DEFAULT_TIMEZONE)
    return page(
        request,
        "today.html",
        principal=principal,
        sites=sites,
        site=site,
        several=not site and len(sites) > 1,
        site_names={each.id: each.name for each in sites},
        timezone=timezone,
        day=datetime.fromtimestamp(now / 1000, zone(timezone)).date(),
        whole=whole,
        stamp=stamp,
        found=found,
        counts=counts_of(found),
        shown=SHOWN,
        houses=lambda doors, block: houses_of(wording, doors if whole == block else doors[:SHOWN]),
        cut=lambda items, block: items if whole == block else items[:SHOWN],
        failed=failed,
        names={each.username: each.display_name or each.username for each in staff},
        may_print=principal.account.role in MAY_OPEN,
        may_act=principal.account.role in MAY_ACT,
    )


def counts_of(found: Today) -> dict[str, int]:
    """How many of each kind, in the order in which they press."""
    return {
        "overdue": sum(each.state == "overdue" for each in found.checks),
        "open": sum(each.state == "open" for each in found.checks),
        "visits": len(found.visits),
        "batteries": len(found.batteries),
        "tests": len(found.tests),
        "back": len(found.back),
    }


def stamp_of(found: Today, failed: str | None) -> str:
    """What tells one list from another; another one each minute, by which it counts how long things take."""
    told: Any = (msgspec.structs.replace(found, at=found.at // MINUTE_MS), failed)
    return hashlib.blake2b(msgspec.json.encode(told), digest_size=8).hexdigest()


def houses_of(
    wording: Wording, doors: Sequence[TestPress] | Sequence[LowBattery] | Sequence[Visit] | Sequence[BackToday]
) -> list[House]:
    """Doors by building, in the order in which they come."""
    house = ("community", "building")
    named = groupby(doors, key=lambda door: wording.place({field: door.address.get(field) for field in house}))
    return [House(name, list(there)) for name, there in named]
