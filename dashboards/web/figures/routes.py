"""The figures' page."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_ADMINISTER, MAY_MANAGE, DepsOf, Principal, SignedIn
from dashboards.api.figures import sites_in
from dashboards.deps import Deps
from dashboards.web.figures import tables
from dashboards.web.figures.period import LONGEST_DAYS, OFFERED, Period, period
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from gateway.store.figures import figures

router = APIRouter(include_in_schema=False)


async def asked_period(
    deps: Deps, principal: Principal, site: str, days: int | None, first: dt.date | None, last: dt.date | None
) -> Period:
    """The period that an address names, by the clock of its centre, or of the first that the account sees."""
    async with deps.pool.connection() as conn:
        centres = await sites_of(conn, principal)
    timezone = next((each.timezone for each in centres if not site or each.id == site), DEFAULT_TIMEZONE)
    return period(days, first, last, timezone, deps.clock.now_ms())


@router.get("/figures")
async def the_figures(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    site: str = "",
    days: int | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> Response:
    """Counts, shares and waits of a period, as charts with their tables."""
    now = deps.clock.now_ms()
    sites = sites_in(principal, site)
    asked = await asked_period(deps, principal, site, days, first, last)
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        found = await figures(conn, sites=sites, from_ms=asked.from_ms, to_ms=asked.to_ms, now=now)
        centres = await sites_of(conn, principal)
    by_day, by_hour = tables.days(found, wording, asked), tables.hours(found, wording)
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
        period=asked,
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
                "sounded": [round(int(row[-1] or 0) / asked.length, 2) for row in by_hour.rows],
            },
        },
        may_export=principal.account.role in MAY_MANAGE | {"auditor"},
        may_aim=principal.account.role in MAY_ADMINISTER and (bool(site) or not principal.sites),
    )
