"""What a shift has to do, over HTTP."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.masking import for_reader
from gateway.store.today import today

router = APIRouter(prefix="/api/v1", tags=["today"])


@router.get("/today", summary="What a shift has to do")
async def todays_list(deps: DepsOf, principal: SignedIn, site: str | None = None) -> Response:
    """Checks that wait, buttons to try out, batteries, devices to visit, who is back, hand-overs and who is on duty.

    ``tests``: buttons that were not tried out for ``test_days``, in a drill or by a press closed as ``test``; of those
    that never were only a day's share, in walking order, and ``tests_later`` says how many follow.
    ``batteries``: at 25 % or less, or at 15 % within a day at the pace of the last hours (``empty_at``). ``visits``:
    active alarms of broken, unworn and silent devices. ``back``: whose absence ends today. Doors come in walking
    order. ``counts`` says how many there are of each.
    """
    if site is not None:
        principal.require_site(site, "site")
    sites = principal.sites if site is None else [site]
    now = deps.clock.now_ms()
    await principal.looked("today", site=site)
    async with deps.pool.connection() as conn:
        found = await today(conn, sites, now, test_days=deps.test_press_days)
    counts = {
        "overdue": sum(each.state == "overdue" for each in found.checks),
        "open": sum(each.state == "open" for each in found.checks),
        "tests": len(found.tests),
        "batteries": len(found.batteries),
        "visits": len(found.visits),
        "back": len(found.back),
    }
    answer = {**msgspec.to_builtins(found), "counts": counts}
    return Response(msgspec.json.encode(for_reader(principal, answer)), media_type="application/json")
