"""The figures' page."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboards.api.access import MAY_ADMINISTER, MAY_MANAGE, DepsOf, SignedIn
from dashboards.api.figures import sites_in
from dashboards.web.figures import tables
from dashboards.web.figures.period import LONGEST_DAYS, OFFERED, Period, period
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from gateway.store.figures import figures
from gateway.store.registry_records import Site

router = APIRouter(include_in_schema=False)


class Asked(NamedTuple):
    """What an address asks for: a centre or ``""``, the sites to count, those that the account sees, and the period."""

    site: str
    sites: list[str]
    centres: list[Site]
    period: Period


async def _asked(
    deps: DepsOf,
    principal: SignedIn,
    site: str = "",
    days: int | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> Asked:
    """The period goes by the clock of the centre, or of the first that the account sees."""
    sites = sites_in(principal, site)
    async with deps.pool.connection() as conn:
        centres = await sites_of(conn, principal)
    timezone = next((each.timezone for each in centres if not site or each.id == site), DEFAULT_TIMEZONE)
    return Asked(site, sites, centres, period(days, first, last, timezone, deps.clock.now_ms()))


AskedFor = Annotated[Asked, Depends(_asked)]


@router.get("/figures")
async def the_figures(request: Request, deps: DepsOf, principal: SignedIn, asked: AskedFor) -> Response:
    """Counts, shares and waits of a period, as charts with their tables."""
    now = deps.clock.now_ms()
    site, sites, centres, shown = asked
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        found = await figures(conn, sites=sites, from_ms=shown.from_ms, to_ms=shown.to_ms, now=now)
    by_day, by_hour = tables.days(found, wording, shown), tables.hours(found, wording)
    site = site or (centres[0].id if len(centres) == 1 else "")
    target = tables.target_of(found, site)
    return page(
        request,
        "figures.html",
        principal=principal,
        found=found,
        all=found.count(),
        share=tables.share,
        centres=centres,
        site=site,
        period=shown,
        offered=OFFERED,
        longest=LONGEST_DAYS,
        today=dt.date.fromisoformat(wording.local(now, DEFAULT_TIMEZONE)[:10]),
        target=target,
        by_rule=tables.rules(found, wording),
        by_site=tables.sites(found, wording),
        by_day=by_day,
        by_hour=by_hour,
        kinds_of=lambda kinds: tables.kinds_of(kinds, wording),
        busiest=max((cell for row in by_hour.rows for cell in row[1:-1] if isinstance(cell, int)), default=0),
        charts={
            "days": {
                "labels": [row[0] for row in by_day.rows],
                "alarms": [row[1] for row in by_day.rows],
                "untrue": [row[2] for row in by_day.rows],
                "share_60": [row[6] for row in by_day.rows],
                "share_180": [row[9] for row in by_day.rows],
                "target_60": target.within_60_pct,
                "target_180": target.within_180_pct,
            },
            "hours": {
                "labels": [row[0] for row in by_hour.rows],
                "sounded": [round(int(row[-1] or 0) / shown.length, 2) for row in by_hour.rows],
            },
        },
        may_export=principal.account.role in MAY_MANAGE | {"auditor"},
        may_aim=principal.account.role in MAY_ADMINISTER and (bool(site) or not principal.sites),
    )
