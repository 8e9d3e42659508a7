"""Test mode on a device's page: a part of its own, renewed while it lasts."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import Acting, DepsOf
from dashboards.api.problems import Problem
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import no_such
from gateway.store.registry import find
from gateway.store.registry.drills import DRILL_MINUTES_AT_MOST, drill_of
from gateway.store.registry_records import Device, Site

router = APIRouter(include_in_schema=False)

MINUTES_OFFERED = (1, 3, 5, DRILL_MINUTES_AT_MOST)


@router.get("/devices/{device}/drill")
async def its_drill(request: Request, deps: DepsOf, principal: Acting, device: str) -> Response:
    """Whether the device is being tried out, with the button that begins or ends it."""
    async with deps.pool.connection() as conn:
        found = await find(conn, Device, device)
        if found is None or not principal.account.sees(found.site):
            raise Problem(404, no_such("device"))
        drill = await drill_of(conn, device, deps.clock.now_ms())
        site = await find(conn, Site, found.site)
    return page(
        request,
        "device_drill.html",
        principal=principal,
        device=found,
        drill=drill,
        minutes=MINUTES_OFFERED,
        timezone=DEFAULT_TIMEZONE if site is None else site.timezone,
    )
